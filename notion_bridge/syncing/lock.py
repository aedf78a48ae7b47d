"""One process at a time works on Notion: the budget of requests is small, and no page is ever handled twice at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from django.db import connection

LOCK = 0x4E6F74696F6E  # "Notion": any number, the same for every process


class Busy(Exception):
    """Another process works on Notion."""


@contextlib.contextmanager
def single(*, patience: float = 0) -> Iterator[bool]:
    """Whether this process may work on Notion now; waits that many seconds for whoever does.

    The lock belongs to the database session, so it goes with the process that held it.
    """
    end = time.monotonic() + patience
    while not (mine := _lock("pg_try_advisory_lock")) and time.monotonic() < end:
        time.sleep(0.2)
    try:
        yield mine
    finally:
        if mine:
            _lock("pg_advisory_unlock")


def _lock(function: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [LOCK])  # two names, both above
        return bool(cursor.fetchone()[0])
