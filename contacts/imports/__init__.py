"""A list of people -> arrivals, line by line: Notion's own export, or any file with those column names.

Nothing is stored here, and never more than one record is held.
"""

from __future__ import annotations

from contacts.imports.columns import REJECTION_COLUMNS, Columns, Line
from contacts.imports.reading import FileRefused, Record, Records

__all__ = ["REJECTION_COLUMNS", "Columns", "FileRefused", "Line", "Record", "Records"]
