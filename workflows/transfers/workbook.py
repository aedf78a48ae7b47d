"""The first sheet of an Excel file on standard input -> CSV, in a process of its own that may take so much.

First how many rows there may be, then each. Where it cannot be read it ends with 1 and says why. It knows no Django.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
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


def main(source: BinaryIO, target: TextIO) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        _refuse_bomb(source)
        _write(source, csv.writer(target))
    except MemoryError:
        sys.exit(TOO_LARGE)
    except Exception:  # noqa: BLE001 - whatever a broken or hostile file makes the reader raise
        sys.exit(CANNOT_OPEN)


def _refuse_bomb(source: BinaryIO) -> None:
    with zipfile.ZipFile(source) as packed:
        sizes = [(part.filename.lower(), part.file_size) for part in packed.infolist()]
    is_held = any(name.endswith(end) and size > most for name, size in sizes for end, most in MAX_HELD.items())
    if is_held or sum(size for _, size in sizes) > MAX_UNPACKED:
        sys.exit(TOO_LARGE)


def _write(source: BinaryIO, target: Any) -> None:
    import openpyxl  # noqa: PLC0415 - after the limits are set

    source.seek(0)
    book = openpyxl.load_workbook(source, read_only=True, data_only=True, keep_links=False)
    if not book.worksheets:
        sys.exit("The Excel file has no sheet with a table.")
    sheet = book.worksheets[0]
    target.writerow([sheet.max_row or 0])
    sheet.reset_dimensions()  # which some programs write wrongly
    for row in sheet.iter_rows(values_only=True):
        cells = [_cell(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        target.writerow(cells)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time(0) else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a telephone number, say, that Excel took for one
    return str(value)


if __name__ == "__main__":
    main(sys.stdin.buffer, io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="replace", newline=""))
