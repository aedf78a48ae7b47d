"""The lines of a list that could not be taken in, each with its number and reason, to be corrected and imported."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contacts.imports import REJECTION_COLUMNS
from workflows.models import ImportLine, ImportRun

AT_ONCE = 500


class CannotWrite(Exception):
    """The file cannot be written there; the message says why and what to do."""

    permanent = True


def lines(run: ImportRun) -> Iterator[ImportLine]:
    """In the order of the file, never held as a whole."""
    field = "became" if run.applied_at else "foreseen"
    after = 0
    while rows := list(run.lines.filter(**{field: ImportLine.Became.REJECTED}, position__gt=after)[:AT_ONCE]):
        yield from rows
        after = rows[-1].position


def table(run: ImportRun) -> Iterator[list[Any]]:
    """With a header, as an import reads it."""
    yield [*REJECTION_COLUMNS, *run.header]
    for row in lines(run):
        yield [row.number, row.reason, *row.cells]


def make_room(path: Path, *, beside: Path) -> None:
    """Take away the file of an earlier run, and see whether a new one can be written. Raises CannotWrite."""
    if path.exists() and path.samefile(beside):
        raise CannotWrite(f"{path} is the list itself. Give another file with --rejects FILE.")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise CannotWrite(
            f"Rejected lines cannot be written to {path}: no file can be made there. Say where with --rejects FILE."
        )
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be replaced: {error.strerror}. Say where with --rejects FILE.") from error


def write(run: ImportRun, path: Path) -> None:
    """People's data, so for its owner alone; never through a link that somebody else made there."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # The byte-order mark makes spreadsheets read it as UTF-8, as it does in Notion's own export.
    with os.fdopen(handle, "w", encoding="utf-8-sig", errors="replace", newline="") as file:
        csv.writer(file).writerows(table(run))
