"""What changes rarely is read once per process, and kept until the database says that it changed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connection

Value = TypeVar("Value")

_CURRENT = "SELECT clock_timestamp(), (SELECT value FROM contacts_configrevision)"


class Kept(Generic[Value]):
    """Whatever `read` reads from tables whose triggers renew the revision (`config_changed`, in the migrations).

    The revision is asked for before the tables are read, so that nothing is kept longer than it holds: what is newer
    than its revision is read once more. What is kept is shared by all threads: nobody changes it.
    """

    def __init__(self, read: Callable[[uuid.UUID | None], Value]) -> None:
        self._read = read
        self._kept: tuple[uuid.UUID, Value] | None = None

    def at(self, revision: uuid.UUID | None) -> Value:
        """What held at a revision that was asked for in this transaction, or a moment ago. None: nothing is kept."""
        kept = self._kept
        if kept is not None and kept[0] == revision:
            return kept[1]
        value = self._read(revision)
        self._kept = None if revision is None else (revision, value)
        return value

    def now(self) -> Value:
        """What holds now, for one cheap statement."""
        return self.at(now_and_revision()[1])


def now_and_revision() -> tuple[dt.datetime, uuid.UUID | None]:
    """The database's time, as contactflow.core.clock tells it, and the revision of this moment, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_CURRENT)
        moment, revision = cursor.fetchone()
    return moment, revision
