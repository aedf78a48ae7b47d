"""Statements that run again and again, planned once for a connection instead of at every call.

Django binds parameters in the client, where nothing can be prepared. States belong into the SQL as literals, since a
plan for any parameter uses no partial index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakSet

import psycopg
from django.db import connection

# Those told to keep to one plan. By itself PostgreSQL plans a large statement about few rows anew each time, as it
# takes ten rows of a parameter for granted where it does not know them; planning the intent of a mail costs three times
# what its execution does.
_told: WeakSet[psycopg.Connection[Any]] = WeakSet()


def rows(sql: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run it within the connection's transaction; what it returns."""
    connection.ensure_connection()
    if connection.connection not in _told and not connection.in_atomic_block:  # which could undo it
        connection.connection.execute("SET plan_cache_mode = force_generic_plan")
        _told.add(connection.connection)
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, values, prepare=True)
        return cursor.fetchall() if cursor.description else []
