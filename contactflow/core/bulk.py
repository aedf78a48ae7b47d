"""Many rows in one statement, and one row in the same: what is written often, without building SQL each time."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

from contactflow.core import prepared


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model that leave the same columns to the database, which are set on them afterwards."""
    if not rows:
        return
    left = _left(rows[0])
    statement, names = _insert(type(rows[0]), left)
    returned = prepared.rows(statement, [_recordset(rows, names)])
    for row, values in zip(rows, returned if left else [()] * len(rows), strict=True):
        for name, value in zip(left, values, strict=True):
            setattr(row, name, value)
        row._state.adding, row._state.db = False, connection.alias


def insert_once(rows: Sequence[models.Model], *, key: str) -> list[Any]:
    """Insert those whose `key` no stored row has; the ids of the rows that stand there, in their order."""
    if not rows:
        return []
    statement, names = _insert(type(rows[0]), _left(rows[0]))
    statement = statement.partition(" RETURNING ")[0] + " ON CONFLICT DO NOTHING RETURNING id"
    new = {pk for (pk,) in prepared.rows(statement, [_recordset(rows, names)])}
    known = [getattr(row, key) for row in rows if row.pk not in new]
    stored = (
        dict(type(rows[0])._default_manager.filter(**{f"{key}__in": known}).values_list(key, "pk")) if known else {}
    )
    return [row.pk if row.pk in new else stored[getattr(row, key)] for row in rows]


def insert_together(*groups: Sequence[models.Model]) -> None:
    """`insert` for several models in one statement, in which rows may refer to each other; nothing is read back."""
    parts, values = [], []
    for rows in filter(None, groups):
        statement, names = _insert(type(rows[0]), _left(rows[0]))
        parts.append(statement.partition(" RETURNING ")[0])
        values.append(_recordset(rows, names))
        for row in rows:
            row._state.adding, row._state.db = False, connection.alias
    if parts:
        before = ", ".join(f"part_{number} AS ({part})" for number, part in enumerate(parts[:-1]))
        prepared.rows(f"WITH {before} {parts[-1]}" if before else parts[-1], values)


def update(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write these fields of rows of one model, which are there; `updated_at` is noted where the model has it."""
    if not rows:
        return
    statement, names = _update(type(rows[0]), tuple(fields))
    with connection.cursor() as cursor:
        cursor.execute(statement, [_recordset(rows, names)])


def columns(model: type[models.Model]) -> list[Any]:
    """The fields that hold what somebody wrote; not those that the database generates."""
    return [field for field in model._meta.concrete_fields if not field.generated]


def _left(row: models.Model) -> tuple[str, ...]:
    """The columns that the database fills."""
    return tuple(
        field.attname
        for field in columns(type(row))
        if isinstance(value := getattr(row, field.attname), DatabaseDefault) or (value is None and field.primary_key)
    )


# JSON knows arrays, objects and nulls, and one parameter serves any number of rows: the statement is always the same.
@functools.cache
def _insert(model: type[models.Model], left: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    given = [field for field in columns(model) if field.attname not in left]
    table, names = model._meta.db_table, ", ".join(f'"{field.column}"' for field in given)
    statement = (
        f'INSERT INTO "{table}" ({names}) '  # noqa: S608  # names of our own tables and columns
        f'SELECT {names} FROM jsonb_populate_recordset(NULL::"{table}", %s::jsonb)'
    )
    if left:
        returned = [str(field.column) for field in columns(model) if field.attname in left]
        statement += f" RETURNING {', '.join(returned)}"
    return statement, tuple(field.attname for field in given)


@functools.cache
def _update(model: type[models.Model], fields: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    meta = model._meta
    written, table = [meta.get_field(name) for name in fields], meta.db_table
    assigned = [f'"{field.column}" = given."{field.column}"' for field in written]  # type: ignore[union-attr]  # no relations back
    if any(field.name == "updated_at" for field in meta.concrete_fields):
        assigned.append('"updated_at" = clock_timestamp()')
    statement = (
        f'UPDATE "{table}" AS stored SET {", ".join(assigned)} '  # noqa: S608  # as above
        f'FROM jsonb_populate_recordset(NULL::"{table}", %s::jsonb) AS given WHERE stored.id = given.id'
    )
    return statement, ("id", *[field.attname for field in written])  # type: ignore[union-attr]  # as above


def _recordset(rows: Sequence[models.Model], names: Sequence[str]) -> str:
    columns = {name: type(rows[0])._meta.get_field(name).column for name in names}  # type: ignore[union-attr]  # as above
    values = [{column: getattr(row, name) for name, column in columns.items()} for row in rows]
    return json.dumps(values, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
