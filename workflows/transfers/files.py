"""The uploaded file, whatever its kind -> a header and records, one after another."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from typing import IO, Any, Final, Protocol

from django.conf import settings

from contacts.imports import FileRefused, Records, Rejected
from workflows.models import ImportRun
from workflows.transfers import workbook

Record = tuple[int, list[str]] | Rejected

ZIP, OLD_OFFICE, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
MAX_COLUMNS: Final = 200


class Table(Protocol):
    header: list[str]
    total_lines: int

    def close(self) -> None: ...

    def __iter__(self) -> Iterator[Record]: ...


def refuse_other_kinds(stream: IO[bytes]) -> None:
    """Judged by its first bytes. Raises FileRefused, in a sentence that says what to do."""
    stream.seek(0)
    start = stream.read(4096)
    if not start:
        raise FileRefused("The file is empty.")
    if start.startswith(OLD_OFFICE):
        raise FileRefused(
            "This is an old Excel file (.xls), or one with a password. Save it as .xlsx without a password, or as CSV."
        )
    if start.startswith(PDF):
        raise FileRefused("This is a PDF. Export the list as CSV or Excel (.xlsx) and choose that file.")
    if b"\0" in start and not start.startswith((ZIP, b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused("This is no list but a binary file. Choose a CSV, TSV or Excel (.xlsx) file.")


@contextlib.contextmanager
def opened(stream: IO[bytes]) -> Iterator[Table]:
    """Raises FileRefused."""
    refuse_other_kinds(stream)
    stream.seek(0)
    is_workbook = stream.read(4) == ZIP
    stream.seek(0)
    table: Table = Workbook(stream) if is_workbook else Records(stream)
    try:
        if len(table.header) > MAX_COLUMNS:
            raise FileRefused(f"The file has {len(table.header)} columns; {MAX_COLUMNS} at most. Remove some.")
        if not any(table.header):
            raise FileRefused("The first line has no names. Put the names of the columns into the first line.")
        yield table
    finally:
        table.close()


class Workbook:
    """The first sheet of an Excel file, read by another process, which dies rather than take too much."""

    def __init__(self, stream: IO[bytes]) -> None:
        command = [sys.executable, "-m", workbook.__name__]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=settings.BASE_DIR, stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._said = self._lines()
        try:
            self.total_lines: int = next(self._said)["total"]
            self.header = [name.strip() for name in next(self._said)[1]]
        except (StopIteration, FileRefused) as error:
            self.close()
            raise error if isinstance(error, FileRefused) else FileRefused("The file is empty.") from None

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __iter__(self) -> Generator[Record, None, None]:
        yield from self._said

    def _lines(self) -> Generator[Any, None, None]:
        for line in self._process.stdout or ():
            said = json.loads(line)
            if "refused" in said:
                raise FileRefused(said["refused"])
            yield said
        if self._process.wait() != 0:
            raise FileRefused(workbook.TOO_LARGE)


@contextlib.contextmanager
def stored(run: ImportRun) -> Iterator[IO[bytes]]:
    """The file as it was uploaded, on the disk of whoever works on it; gone when it is closed."""
    with tempfile.TemporaryFile() as copy:
        copy.writelines(run.content())
        copy.flush()
        yield copy
