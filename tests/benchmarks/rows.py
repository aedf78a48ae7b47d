"""Rows that Contactflow wrote, as a pattern for writing the like with bare psycopg."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

Replacements = Mapping[Any, Any]


@dataclass(frozen=True)
class Pattern:
    """Rows of one table: one INSERT that writes all of them."""

    statement: str
    cells: tuple[Any, ...]

    def filled(self, replacements: Replacements) -> list[Any]:
        """The parameters, with ids and texts replaced by those of the copy."""
        return [replacements.get(cell, cell) if isinstance(cell, uuid.UUID | str) else cell for cell in self.cells]


_HANGING = """
    WITH RECURSIVE hanging AS (
        SELECT 'contacts_contact'::regclass::oid AS id
        UNION
        SELECT fk.conrelid FROM pg_constraint AS fk JOIN hanging ON fk.confrelid = hanging.id WHERE fk.contype = 'f'
    )
    SELECT id::regclass::text FROM hanging ORDER BY id <> 'contacts_contact'::regclass, 1
"""

_GENERATED = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attgenerated <> ''"


def filled(connection: psycopg.Connection[Any]) -> list[str]:
    """The table of contacts, and those that hang on it by foreign keys; without the empty ones."""
    tables = [table for (table,) in connection.execute(_HANGING).fetchall()]
    return [table for table in tables if connection.execute(f"SELECT FROM {table} LIMIT 1").fetchone() is not None]  # type: ignore[arg-type]  # names of ours


def read(connection: psycopg.Connection[Any], table: str, where: str, *parameters: Any) -> Pattern:
    """What stands in the table, but for keys that it numbers itself and columns that it generates."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(sql.SQL("SELECT * FROM {} WHERE {}").format(sql.Identifier(table), sql.SQL(where)), parameters)
        described = cursor.description or []
        found = cursor.fetchall()
    made = {name for (name,) in connection.execute(_GENERATED, [table]).fetchall()}
    made |= {column.name for column in described if column.name == "id" and _is_number(column.type_code)}
    kept = [at for at, column in enumerate(described) if column.name not in made]
    if not found:
        raise SystemExit(f"Nothing was written to {table}: the reference has nothing to copy.")
    return Pattern(
        statement=_insert(connection, table, [described[at].name for at in kept], len(found)),
        cells=tuple(_cell(row[at], described[at].type_code) for row in found for at in kept),
    )


def ids_in(patterns: Sequence[Pattern]) -> list[uuid.UUID]:
    """Every id in them, each once."""
    return list({cell for pattern in patterns for cell in pattern.cells if isinstance(cell, uuid.UUID)})


def _insert(connection: psycopg.Connection[Any], table: str, columns: Sequence[str], rows: int) -> str:
    one_row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(columns)))
    return (
        sql.SQL("INSERT INTO {} ({}) VALUES {}")
        .format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([one_row] * rows),
        )
        .as_string(connection)
    )


def _is_number(type_code: int) -> bool:
    return type_code in {psycopg.postgres.types[name].oid for name in ("int2", "int4", "int8")}


def _cell(value: Any, type_code: int) -> Any:
    is_json = value is not None and type_code == psycopg.postgres.types["jsonb"].oid
    return Jsonb(value) if is_json else value
