"""Rows that go from one person to the other and come back, and rows that are stored as they are to be made again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models import ManyToOneRel, OneToOneRel
from django.db.models.functions import Now

from contactflow.core import bulk
from contacts.models import Contact, EntityMembership

Ids = dict[str, list[str]]  # by table


def relations() -> Iterator[tuple[type[models.Model], str]]:
    """Whatever belongs to a person: (model, its foreign key). Brands and types are united by `unite`."""
    for relation in Contact._meta.related_objects:
        if isinstance(relation, OneToOneRel) or not isinstance(relation, ManyToOneRel):
            continue  # a person has one of it: its own room decides
        if relation.related_model is not EntityMembership:
            yield relation.related_model, relation.field.name


def counted(*, contact: Contact) -> list[tuple[str, int]]:
    """How much belongs to the person, by what it is called."""
    found = []
    for model, field in relations():
        number = model._base_manager.filter(**{field: contact.pk}).count()
        if number:
            meta = model._meta
            found.append((str(meta.verbose_name if number == 1 else meta.verbose_name_plural), number))
    return found


def move(*, to: UUID, source: UUID) -> Ids:
    """Give all that belongs to `source` to `to`; returns what went."""
    moved: Ids = {}
    for model, field in relations():
        rows = model._base_manager.filter(**{field: source})
        ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
        if ids:
            rows.update(**{f"{field}_id": to}, **_touched(model))
            moved[model._meta.db_table] = ids
    return moved


def move_back(*, to: UUID, source: UUID, moved: Ids) -> None:
    """What went and is still with `source` returns."""
    for model, field in relations():
        if ids := moved.get(model._meta.db_table):
            rows = model._base_manager.filter(pk__in=ids, **{field: source})
            rows.update(**{f"{field}_id": to}, **_touched(model))


def unite(*, to: Contact, source: Contact) -> dict[str, Any]:
    """Types and brands: what only `source` has goes over, behind what `to` has. Returns what went, by link table."""
    types = Contact.contact_types.through.objects
    known = types.filter(contact=to).values("contacttype")
    gone = types.filter(contact=source).exclude(contacttype__in=known)
    type_ids = [str(pk) for pk in gone.values_list("pk", flat=True)]
    gone.update(contact_id=to.pk)
    place = EntityMembership.objects.filter(contact=to).aggregate(last=models.Max("position"))["last"]
    known_brands = list(EntityMembership.objects.filter(contact=to).values_list("business_entity", flat=True))
    positions = {}
    for row in EntityMembership.objects.filter(contact=source).exclude(business_entity__in=known_brands):
        place = 0 if place is None else place + 1
        positions[str(row.pk)] = row.position
        EntityMembership.objects.filter(pk=row.pk).update(contact=to, position=place)
    return {"types": type_ids, "memberships": positions}


def part(*, to: UUID, source: UUID, united: Mapping[str, Any]) -> None:
    """The reverse of `unite`, of what is still there."""
    Contact.contact_types.through.objects.filter(pk__in=united["types"], contact=source).update(contact_id=to)
    for pk, position in united["memberships"].items():
        EntityMembership.objects.filter(pk=pk, contact=source).update(contact_id=to, position=position)


def stored(model: type[models.Model], **wanted: Any) -> list[dict[str, Any]]:
    """The rows as the database holds them, with every column that somebody wrote."""
    table = model._meta.db_table
    ids = [str(pk) for pk in model._base_manager.filter(**wanted).values_list("pk", flat=True)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} AS t WHERE id::text = ANY(%s) ORDER BY id", [ids])  # noqa: S608
        rows = [json.loads(row[0]) for row in cursor.fetchall()]
    written = {field.column for field in bulk.columns(model)}
    return [{name: value for name, value in row.items() if name in written} for row in rows]


def made_again(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert stored rows; a column that came since has its default, one that went since is left out."""
    known = {field.column for field in bulk.columns(model)}
    table = model._meta.db_table
    for row in rows:
        columns = ", ".join(f'"{name}"' for name in row if name in known)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({columns}) "  # noqa: S608
                f"SELECT {columns} FROM jsonb_populate_record(NULL::{table}, %s::jsonb)",
                [json.dumps(row)],
            )


def write_back(model: type[models.Model], *, pk: UUID, values: Mapping[str, Any]) -> None:
    """Give one row these values, as the database held them."""
    names = [field.column for field in bulk.columns(model) if field.column in values]
    if not names:
        return
    table = model._meta.db_table
    columns = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET ({columns}) = "  # noqa: S608
            f"(SELECT {columns} FROM jsonb_populate_record(NULL::{table}, %s::jsonb)) WHERE id = %s",
            [json.dumps(dict(values)), pk],
        )


def _touched(model: type[models.Model]) -> dict[str, Any]:
    """What Notion compares by."""
    return {"updated_at": Now()} if any(field.name == "updated_at" for field in model._meta.concrete_fields) else {}
