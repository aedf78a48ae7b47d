"""Entries of the trail in words: fields by their labels, choices and other rows by their names."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils import dateparse, timezone
from django.utils.text import capfirst

from contactflow.models import AuditEntry
from contacts import describe
from contacts.models import Consent
from engagement.models import TemplateVersion
from workflows.models import PlannedTouch, Step, WorkflowVersion

HIDDEN = "***"
GONE = "deleted since"
# What the name of a row needs beside the row itself.
BESIDE: Mapping[type[models.Model], tuple[str, ...]] = {
    Consent: ("contact", "business_entity"),
    Permission: ("content_type",),
    PlannedTouch: ("template",),
    Step: ("version__template",),
    TemplateVersion: ("template",),
    WorkflowVersion: ("template",),
}
Names = Mapping[type[models.Model], Mapping[str, str]]


@dataclass(frozen=True)
class Line:
    """One field: what it was, what it became. A member of a list was only added or only removed."""

    field: str
    before: str = ""
    after: str = ""
    manner: str = "changed"
    """changed, added, removed, hidden (nobody may read it) or forgotten (it was kept about somebody who is deleted)"""

    def __str__(self) -> str:
        match self.manner:
            case "added" | "removed":
                return f"{self.field}: {self.manner} {self.after or self.before}"
            case "hidden":
                return f"{self.field}: changed; what it was and is is not kept"
            case "forgotten":
                return f"{self.field}: forgotten with the person"
        return f"{self.field}: {self.before} → {self.after}"


@dataclass(frozen=True)
class Told:
    entry: AuditEntry
    thing: str
    """What kind of thing it is: contact, workflow, ..."""
    name: str
    address: str
    """Its page; empty where it has none, or is gone."""
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        return f"{self.entry.get_verb_display()} {self.thing} {self.name}".strip()


def tell(entries: Iterable[AuditEntry]) -> list[Told]:
    """In words; a bounded number of queries, whatever the number of entries."""
    known, entries = {model._meta.db_table: model for model in apps.get_models()}, list(entries)
    names = _names(entries, known)
    return [_told(entry, known.get(entry.table), names) for entry in entries]


def _told(entry: AuditEntry, model: type[models.Model] | None, names: Names) -> Told:
    if model is None:  # a table that is no more
        lines = tuple(Line(name, str(pair[0]), str(pair[1])) for name, pair in entry.changes.items())
        return Told(entry, entry.table.replace("_", " "), entry.label, "", lines)
    present = names[model].get(entry.object_id)
    lines = tuple(line for name, pair in entry.changes.items() for line in _lines(model, name, pair, names))
    order = [_label(field) for field in _fields(model)]
    lines = tuple(sorted(lines, key=lambda line: order.index(line.field) if line.field in order else len(order)))
    name = present or entry.label
    return Told(entry, str(model._meta.verbose_name), name, _address(model, entry.object_id) if present else "", lines)


def _lines(model: type[models.Model], name: str, pair: list[Any], names: Names) -> list[Line]:
    field = _field(model, name)
    before, after = pair
    label = _label(field) if field is not None else name.replace("_", " ").capitalize()
    if HIDDEN in (before, after):
        return [Line(label, manner="hidden")]
    if before is None and after is None:
        return [Line(label, manner="forgotten")]
    if field is not None and field.many_to_many:
        said = names[field.related_model].get(str(before if after is None else after), GONE)
        return [Line(label, after=said, manner="added") if before is None else Line(label, said, manner="removed")]
    if isinstance(before, dict) and isinstance(after, dict):
        changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return [Line(f"{label}, {key}", _value(before.get(key)), _value(after.get(key))) for key in changed]
    return [Line(label, _said(field, before, names), _said(field, after, names))]


def _said(field: Any, value: Any, names: Names) -> str:
    if field is None or value in (None, "", [], {}):
        return _value(value)
    if field.many_to_one:
        return names[field.related_model].get(str(value), GONE)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return _moment(value) if isinstance(field, models.DateTimeField) else _value(value)


def _value(value: Any) -> str:
    if value in (None, "", [], {}):
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_value(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value(part)}" for name, part in value.items())
    return str(value)


def _moment(value: str) -> str:
    at = dateparse.parse_datetime(str(value))
    if at is None:
        return str(value)
    return describe.moment(at if timezone.is_aware(at) else at.replace(tzinfo=dt.UTC))


def _fields(model: type[models.Model]) -> tuple[Any, ...]:
    return (*model._meta.concrete_fields, *model._meta.many_to_many)


def _field(model: type[models.Model], name: str) -> Any:
    return next((field for field in _fields(model) if name in (getattr(field, "column", None), field.name)), None)


def _label(field: Any) -> str:
    return capfirst(str(field.verbose_name))


def _address(model: type[models.Model], pk: str) -> str:
    if not admin.site.is_registered(model):
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[quote(pk)])


def _names(entries: Iterable[AuditEntry], known: Mapping[str, type[models.Model]]) -> Names:
    """What every row that an entry is about, or mentions, is called now: one query for each kind of row."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for entry in entries:
        if (model := known.get(entry.table)) is None:
            continue
        wanted[model].add(entry.object_id)
        for name, pair in entry.changes.items():
            field = _field(model, name)
            if field is not None and (field.many_to_one or field.many_to_many):
                wanted[field.related_model] |= {value for value in pair if value is not None}
    names: dict[type[models.Model], Mapping[str, str]] = defaultdict(dict)
    for model, keys in wanted.items():
        names[model] = _called(model, keys)
    return names


def _called(model: type[models.Model], keys: Iterable[Any]) -> dict[str, str]:
    rows = model._base_manager.select_related(*BESIDE.get(model, ()))
    found = rows.filter(pk__in=[key for key in keys if _fits(model, key)])
    return {str(row.pk): _name(row) for row in found}


def _fits(model: type[models.Model], key: Any) -> bool:
    try:
        model._meta.pk.to_python(key)
    except (ValidationError, TypeError, ValueError):
        return False
    return True


def _name(row: Any) -> str:
    if isinstance(row, User):
        return row.get_full_name() or row.username
    if isinstance(row, Step):
        return f"{row} of {row.version.template}"
    if isinstance(row, WorkflowVersion):
        return f"{row.number} of {row.template}"
    if isinstance(row, Consent):
        brand = row.business_entity or "every brand"
        return f"for {row.channel} from {brand}: {row.contact}"
    return str(row)
