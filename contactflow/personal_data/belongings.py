"""What is kept about people, found through the models: rows that point at them, rows that point at those, and so on.

A new table with a foreign key on that way belongs to it without being named here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import ForeignObjectRel, Model, QuerySet

from contactflow.models import AuditEntry
from contacts.models import BusinessEntity, Contact, ContactType, EntityMembership, FormerAddress, Suppression
from workflows.models import ImportLine

NAMED_BY: dict[type[Model], type[Model]] = {
    EntityMembership: BusinessEntity,
    Contact.contact_types.through: ContactType,
}
"""Rows that only say that people and these belong together are called as they are."""


def rows_of(*, contacts: Collection[Any]) -> list[QuerySet[Any]]:
    """Of each table, the rows that belong to these people (ids of contacts), themselves first."""
    found: dict[type[Model], set[Any]] = {Contact: set(contacts)}
    waiting: list[type[Model]] = [Contact]
    while waiting:
        model = waiting.pop(0)
        for relation in _pointing_at(model):
            child = relation.related_model
            rows = child._base_manager.filter(**{f"{relation.field.name}__in": found[model]})
            fresh = set(rows.values_list("pk", flat=True)) - found.get(child, set())
            if fresh:
                found.setdefault(child, set()).update(fresh)
                waiting.append(child)
    for rows in _naming(contacts):
        if named := set(rows.values_list("pk", flat=True)):
            found.setdefault(rows.model, set()).update(named)
    return [model._base_manager.filter(pk__in=keys) for model, keys in found.items()]


def counted(*, contacts: Collection[Any]) -> list[tuple[str, int]]:
    """How much is kept, by what it is called; people themselves left out."""
    counts = [(rows.model, rows.count()) for rows in rows_of(contacts=contacts)[1:]]
    return [(name_of(model, number), number) for model, number in counts]


def name_of(model: type[Model], number: int) -> str:
    """What the rows of a table are called, one or many of them."""
    target = NAMED_BY.get(model, model)
    return str(target._meta.verbose_name if number == 1 else target._meta.verbose_name_plural)


def addresses_of(*, contacts: Collection[Any]) -> set[str]:
    """Every address they have or had, normalised."""
    former = FormerAddress.objects.filter(contact__in=contacts).values_list("email", flat=True)
    return {*Contact.objects.filter(pk__in=contacts).values_list("email", flat=True), *former}


def _pointing_at(model: type[Model]) -> list[ForeignObjectRel]:
    relations = model._meta.get_fields(include_hidden=True)
    return [one for one in relations if isinstance(one, ForeignObjectRel) and not one.many_to_many]


def _naming(contacts: Collection[Any]) -> list[QuerySet[Any]]:
    """Rows that name them, whether or not they point at somebody."""
    emails = addresses_of(contacts=contacts)
    lines = ImportLine.objects.filter(person__in=emails)
    blocked = Suppression.objects.filter(email__in=emails)
    return [AuditEntry.objects.filter(contact_key__in=contacts), lines, blocked]
