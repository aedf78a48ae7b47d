"""A CSV file -> arrivals, line by line: Notion's own export, or any file with those column names.

Nothing is stored here, and never more than one record is held.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import BinaryIO

from contacts.imports.columns import EMAIL, REJECTION_COLUMNS, Columns, Line
from contacts.imports.reading import FileRefused, Records, Rejected

__all__ = ["REJECTION_COLUMNS", "Columns", "FileRefused", "Line", "Records", "Rejected", "Table"]


class Table:
    """An open CSV file whose columns are known by their names. Iterating yields its lines in order; the stream has to
    be seekable and stays open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._records = Records(stream)
        self.header = self._records.header
        self.total_lines = self._records.total_lines
        self._columns = Columns.by_name(self.header)
        if EMAIL not in self._columns.fields:
            self._records.close()
            found = ", ".join(name for name in self.header if name) or "none"
            raise FileRefused(f'There is no column "Email". Columns found: {found}. Rename the right one.')

    @property
    def lines_read(self) -> int:
        """How many physical lines were read so far, for a progress bar."""
        return self._records.lines_read

    def __iter__(self) -> Generator[Line | Rejected, None, None]:
        records = self._records.__iter__()
        with contextlib.closing(records):
            for record in records:
                yield record if isinstance(record, Rejected) else self._columns.understand(*record)
