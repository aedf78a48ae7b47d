"""Statements that run again and again, planned once for a connection instead of at every call.

Django binds parameters in the client, where nothing can be prepared. States belong into the SQL as literals, since a
plan for any parameter uses no partial index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def rows(sql: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run it within the connection's transaction; what it returns."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, values, prepare=True)
        return cursor.fetchall() if cursor.description else []
