"""Statements that run again and again, planned once for a connection instead of at every call.

Django binds parameters in the client, where nothing can be prepared. States belong into the SQL as literals, since a
plan for any parameter uses no partial index.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import psycopg
from django.db import connection

# Those told to keep to one plan. By itself PostgreSQL plans a large statement about few rows anew each time, as it
# takes ten rows of a parameter for granted where it does not know them; planning the intent of a mail costs three times
# what its execution does.
Cursor = psycopg.RawCursor[tuple[Any, ...]]
_told: WeakSet[psycopg.Connection[Any]] = WeakSet()


Values = Mapping[str, Any] | Sequence[Any]


def rows(sql: str, values: Values) -> list[tuple[Any, ...]]:
    """Run it within the connection's transaction; what it returns."""
    _keep_to_plans()
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        return _fetched(_execute(cursor, sql, values))


def together(*statements: tuple[str, Values]) -> list[list[tuple[Any, ...]]]:
    """`rows` of several, one after the other, in a single trip to the database. None fails alone."""
    _keep_to_plans()
    with connection.wrap_database_errors:
        with connection.connection.pipeline():
            cursors = [_execute(psycopg.RawCursor(connection.connection), *one) for one in statements]
        return [_fetched(cursor) for cursor in cursors]


def few(recordset: str) -> str:
    """The `many` rows that a call of json_to_recordset makes, for a statement that finds what they name by its ids.

    The planner expects a hundred of it, for whom it would rather read whole tables. Of each limit that it does not
    know it expects a tenth: here one.
    """
    return f"(SELECT * FROM (SELECT * FROM {recordset} LIMIT %(many)s) AS ten LIMIT %(many)s)"  # noqa: S608  ours


def _keep_to_plans() -> None:
    connection.ensure_connection()
    if connection.connection not in _told and not connection.in_atomic_block:  # which could undo it
        connection.connection.execute("SET plan_cache_mode = force_generic_plan")
        _told.add(connection.connection)


def _execute(cursor: Cursor, sql: str, values: Values) -> Cursor:
    numbered, names = _numbered(sql)
    given = [values[name] for name in names] if isinstance(values, Mapping) else values
    return cursor.execute(numbered, given, prepare=True)


def _fetched(cursor: Cursor) -> list[tuple[Any, ...]]:
    return cursor.fetchall() if cursor.description else []


_PLACE = re.compile(r"%(?:\((\w+)\)s|(s)|%)")


@lru_cache(maxsize=512)
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """With the places for values as PostgreSQL knows them, and their names in this order; none where they have none.

    psycopg does that too, but reads long statements, and such of many values, anew at every call.
    """
    places: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if found[2] or found[1] not in places:
            places.append(found[1] or "")
        return f"${places.index(found[1]) + 1 if found[1] else len(places)}"

    return _PLACE.sub(number, sql).encode(), tuple(places) if any(places) else ()
