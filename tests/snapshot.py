"""The rows that something made, to put them back a hundred times faster than they were made."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

Rows = dict[str, bytes]  # by table, as COPY writes them


def made_by(work: Callable[[], None]) -> Rows:
    """Do it, and remember the tables that changed by it."""
    before = _all()
    work()
    return {table: rows for table, rows in _all().items() if rows != before.get(table)}


def restore(kept: Rows) -> None:
    """As if it had been done again, with the same ids and moments; no trigger fires."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, rows in kept.items():
            cursor.execute(f'DELETE FROM "{table}"')
            with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                copy.write(rows)
        cursor.execute("SET LOCAL session_replication_role = origin")


def _all() -> Rows:
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
                found[table] = b"".join(bytes(part) for part in copy)
    return found
