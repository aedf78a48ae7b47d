"""A file on its way into an import: bounded as it arrives, stored, and read, whatever its kind, record by record."""

from __future__ import annotations

import contextlib
import csv
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, Final, cast

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

from contacts.imports import FileRefused, Record, Records
from workflows.models import ImportRun
from workflows.transfers import workbook

ZIP: Final = b"PK\x03\x04"
OTHER_KINDS: Final = {
    b"\xd0\xcf\x11\xe0": "This is an old Excel file (.xls), or one with a password. "
    "Save it as .xlsx without a password, or as CSV.",
    b"%PDF": "This is a PDF. Export the list as CSV or Excel (.xlsx) and choose that file.",
}
MAX_COLUMNS: Final = 200
MAX_BYTES: Final = 50_000_000  # 100,000 lines have about 20 MB
TOO_LARGE = "The file is larger than 50 MB. Split it, or remove columns that nobody needs here."


class LimitedUpload(TemporaryFileUploadHandler):
    """Keeps no more than an import may have; what comes beyond is read and thrown away, so that we can say why.

    A file that comes to another page, or from somebody who may not import, ends the reading of the body.
    """

    def new_file(self, *args: Any, **options: Any) -> None:
        if not _is_wanted(self.request):
            raise StopUpload(connection_reset=True)
        super().new_file(*args, **options)
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received += len(raw_data)
        if self._received > MAX_BYTES:
            if self.request is not None:
                self.request.META["UPLOAD_TOO_LARGE"] = True
            raise StopUpload
        super().receive_data_chunk(raw_data, start)


def _is_wanted(request: Any) -> bool:
    page = request.resolver_match
    is_there = page is not None and page.view_name == settings.UPLOAD_PAGE
    return bool(is_there and request.user.is_staff and request.user.has_perms(settings.UPLOAD_PERMISSIONS))


def refuse_other_kinds(file: BinaryIO) -> None:
    """Nothing of it is read but its first bytes. Raises FileRefused."""
    file.seek(0)
    start = file.read(4096)
    for signature, refusal in OTHER_KINDS.items():
        if start.startswith(signature):
            raise FileRefused(refusal)
    if not start:
        raise FileRefused("The file is empty.")
    if b"\0" in start and not start.startswith((ZIP, b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused("This is no list but a binary file. Choose a CSV, TSV or Excel (.xlsx) file.")


@contextlib.contextmanager
def table_of(run: ImportRun) -> Iterator[Records | Workbook]:
    """The file as it was uploaded, on the disk of whoever works on it, to be read. Raises FileRefused."""
    with tempfile.TemporaryFile() as copy:
        copy.writelines(run.content())
        copy.seek(0)
        is_workbook = copy.read(4) == ZIP
        copy.seek(0)
        table = Workbook(copy) if is_workbook else Records(copy)
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
        command = [sys.executable, "-W", "ignore", "-m", workbook.__name__]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=settings.BASE_DIR, stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._records = self._read(cast(IO[bytes], self._process.stdout), cast(IO[bytes], self._process.stderr))
        try:
            self.total_lines = int(next(self._records).cells[0])
            self.header = [name.strip() for name in next(self._records).cells]
        except (StopIteration, FileRefused) as error:
            self.close()
            raise error if isinstance(error, FileRefused) else FileRefused("The file is empty.") from None

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __iter__(self) -> Iterator[Record]:
        return self._records

    def _read(self, told: IO[bytes], trouble: IO[bytes]) -> Iterator[Record]:
        """First how many rows there may be, then each that says anything."""
        rows = csv.reader(io.TextIOWrapper(told, encoding="utf-8", newline=""))
        for number, cells in enumerate(rows):
            if any(cell.strip() for cell in cells):
                yield Record(number, cells)
        if (ended := self._process.wait()) != 0:
            raise FileRefused((trouble.read().decode().strip() if ended == 1 else "") or workbook.TOO_LARGE)
