"""The first sheet of an Excel file on standard input -> lines of JSON, in a process of its own that may take so much.

First {"total": rows}, then [number, cells] for each row, {"refused": why} where it cannot be read. It knows no Django.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import zipfile
from typing import Any, BinaryIO, Final, TextIO

MEMORY: Final = 320 << 20
SECONDS: Final = 300  # of the processor
MAX_UNPACKED: Final = 400_000_000
# What the reader holds in memory as a whole, by the end of its name.
MAX_HELD: Final = {"sharedstrings.xml": 64_000_000, "styles.xml": 8_000_000}
CANNOT_OPEN: Final = (
    "The file cannot be opened as an Excel file. Open it in Excel and save it again as .xlsx, or as CSV UTF-8."
)
TOO_LARGE: Final = "The Excel file is too large when unpacked. Save it as CSV UTF-8, or split it."


class Refused(Exception):
    """In words for whoever uploaded it."""

    permanent = True


def main(source: BinaryIO, target: TextIO) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        _refuse_bomb(source)
        _write(source, target)
    except Refused as refusal:
        _say(target, {"refused": str(refusal)})
    except MemoryError:
        _say(target, {"refused": TOO_LARGE})
    except Exception:  # noqa: BLE001 - whatever a broken or hostile file makes the reader raise
        _say(target, {"refused": CANNOT_OPEN})


def _refuse_bomb(source: BinaryIO) -> None:
    with zipfile.ZipFile(source) as packed:
        parts = packed.infolist()
    too_much = sum(part.file_size for part in parts) > MAX_UNPACKED
    for end, limit in MAX_HELD.items():
        too_much = too_much or any(part.filename.lower().endswith(end) and part.file_size > limit for part in parts)
    if too_much:
        raise Refused(TOO_LARGE)


def _write(source: BinaryIO, target: TextIO) -> None:
    import openpyxl  # noqa: PLC0415 - after the limits are set

    source.seek(0)
    book = openpyxl.load_workbook(source, read_only=True, data_only=True, keep_links=False)
    if not book.worksheets:
        raise Refused("The Excel file has no sheet with a table.")
    sheet = book.worksheets[0]
    _say(target, {"total": sheet.max_row or 0})
    sheet.reset_dimensions()  # which some programs write wrongly
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [_cell(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if any(cell.strip() for cell in cells):
            _say(target, [number, cells])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time(0) else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a telephone number, say, that Excel took for one
    return str(value)


def _say(target: TextIO, what: object) -> None:
    target.write(json.dumps(what) + "\n")


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout)
