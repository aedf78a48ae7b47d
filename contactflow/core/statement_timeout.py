"""Questions to the database that may take so long and no longer: what is asked for somebody who waits at a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.utils import OperationalError
from psycopg.errors import QueryCanceled


class QueryTooSlow(Exception):
    """The answer would take longer than anybody is asked to wait."""


@contextmanager
def statement_timeout(*, milliseconds: int) -> Iterator[None]:
    """A transaction in which no question may take longer. Raises QueryTooSlow; what was asked before it is undone."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            (before,) = cursor.fetchone()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{milliseconds}ms"])
            yield
            # Where a transaction stands around this one, its own limit holds again; an error brings it back, too.
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise QueryTooSlow("There is too much to look through.") from error
        raise
