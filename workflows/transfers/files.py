"""The uploaded file, whatever its kind -> a header and records, one after another."""

from __future__ import annotations

import datetime as dt
import tempfile
import zipfile
from collections.abc import Generator, Iterator
from typing import IO, Any, BinaryIO, Final, Protocol

from contacts.imports import FileRefused, Records, Rejected
from workflows.models import ImportRun

Record = tuple[int, list[str]] | Rejected

ZIP, OLD_OFFICE, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
MAX_UNPACKED = 400_000_000
MAX_COLUMNS: Final = 200
CANNOT_OPEN = (
    "The file cannot be opened as an Excel file. Open it in Excel and save it again as .xlsx, or as CSV UTF-8."
)


class Opened(Protocol):
    header: list[str]
    total_lines: int

    @property
    def lines_read(self) -> int: ...

    def close(self) -> None: ...

    def __iter__(self) -> Iterator[Record]: ...


def open_file(stream: BinaryIO) -> Opened:
    """Raises FileRefused, in a sentence that says what to do."""
    stream.seek(0)
    start = stream.read(8)
    if not start:
        raise FileRefused("The file is empty.")
    if start.startswith(OLD_OFFICE):
        raise FileRefused(
            "This is an old Excel file (.xls), or one with a password. Save it as .xlsx without a password, or as CSV."
        )
    if start.startswith(PDF):
        raise FileRefused("This is a PDF. Export the list as CSV or Excel (.xlsx) and choose that file.")
    opened: Opened = Workbook(stream) if start.startswith(ZIP) else _text(stream)
    if len(opened.header) > MAX_COLUMNS:
        opened.close()
        raise FileRefused(f"The file has {len(opened.header)} columns; {MAX_COLUMNS} at most. Remove some.")
    if sum(bool(name) for name in opened.header) == 0:
        opened.close()
        raise FileRefused("The first line has no names. Put the names of the columns into the first line.")
    return opened


def _text(stream: BinaryIO) -> Records:
    stream.seek(0)
    start = stream.read(4096)
    is_wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    if b"\0" in start and not is_wide:
        raise FileRefused("This is no list but a binary file. Choose a CSV, TSV or Excel (.xlsx) file.")
    return Records(stream)


class Workbook:
    """The first sheet of an Excel file, row by row, never held as a whole."""

    def __init__(self, stream: BinaryIO) -> None:
        self._refuse_bomb(stream)
        try:
            self._book, self._rows = self._open(stream)
            self.header = [name.strip() for name in self._first()]
        except FileRefused:
            raise
        except Exception as error:  # whatever a broken or hostile file makes the reader raise
            raise FileRefused(CANNOT_OPEN) from error
        self.total_lines = max(self._sheet_length, self._number)

    @property
    def lines_read(self) -> int:
        return self._number

    def close(self) -> None:
        self._book.close()

    def __iter__(self) -> Generator[Record, None, None]:
        try:
            for cells in self._cells():
                if any(cell.strip() for cell in cells):
                    yield self._number, cells
        except FileRefused:
            raise
        except Exception as error:  # as above, further down in the file
            raise FileRefused(CANNOT_OPEN) from error
        finally:
            self.close()

    def _open(self, stream: BinaryIO) -> tuple[Any, Iterator[tuple[Any, ...]]]:
        import openpyxl  # noqa: PLC0415 - half a second that only Excel files cost

        stream.seek(0)
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            raise FileRefused("The Excel file has no sheet with a table.")
        sheet = book.worksheets[0]
        self._sheet_length = sheet.max_row or 0
        sheet.reset_dimensions()  # which some programs write wrongly
        self._number = 0
        return book, sheet.iter_rows(values_only=True)

    def _first(self) -> list[str]:
        for cells in self._cells():
            if any(cell.strip() for cell in cells):
                return cells
        raise FileRefused("The file is empty.")

    def _cells(self) -> Iterator[list[str]]:
        for row in self._rows:
            self._number += 1
            cells = [_cell(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            yield cells

    def _refuse_bomb(self, stream: BinaryIO) -> None:
        try:
            with zipfile.ZipFile(stream) as packed:
                unpacked = sum(part.file_size for part in packed.infolist())
        except zipfile.BadZipFile as error:
            raise FileRefused(CANNOT_OPEN) from error
        if unpacked > MAX_UNPACKED:
            raise FileRefused("The Excel file is too large when unpacked. Save it as CSV UTF-8, or split it.")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time(0) else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a telephone number, say, that Excel took for one
    return str(value)


def stored(run: ImportRun) -> IO[bytes]:
    """The file as it was uploaded, on the disk of whoever works on it; gone when it is closed."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    numbers = list(run.chunks.values_list("number", flat=True))
    for number in numbers:  # one after another: the whole is never in memory
        copy.write(bytes(run.chunks.values_list("data", flat=True).get(number=number)))
    return copy
