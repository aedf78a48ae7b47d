"""Everything about one person, as a program reads it (JSON) and as they read it themselves (a page of its own)."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Field, ForeignKey, GeneratedField, Model, QuerySet
from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.text import capfirst

from contactflow.personal_data import belongings
from contacts.models import BusinessEntity, Contact

FORMAT = "contactflow-person-1"
LEFT_OUT = (BinaryField, GeneratedField)  # pieces of files, and what is made of other columns
Row = dict[str, Any]


@dataclass(frozen=True)
class PersonExport:
    """`tables` holds, by name of the table, its rows with every column; the person's own row comes first."""

    contact: Contact
    made_at: dt.datetime
    zone: str
    tables: Mapping[str, Sequence[Row]]
    labels: Mapping[str, tuple[str, Mapping[str, str]]]
    """For each table what it and its columns are called."""

    def as_json(self) -> str:
        told = {
            "format": FORMAT,
            "made_at": self.made_at,
            "timezone": self.zone,
            "contact": self.contact.pk,
            "tables": self.tables,
        }
        return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)

    def as_html(self) -> str:
        """One file that needs nothing else; times are those of the person's zone."""
        with timezone.override(ZoneInfo(self.zone)):
            context = {"export": self, "sections": [self._section(name) for name in self.tables]}
            return render_to_string("contactflow/person_export.html", context)

    def _section(self, table: str) -> dict[str, Any]:
        title, labels = self.labels[table]
        rows = [[(labels[name], _words(value)) for name, value in row.items()] for row in self.tables[table]]
        return {"title": title, "rows": [[(label, words) for label, words in row if words] for row in rows]}


def of(*, contact: Contact, now: dt.datetime) -> PersonExport:
    """Gathered through the models, so that no table is forgotten."""
    rows = belongings.rows_of(contacts=[contact.pk])
    own = {one.model for one in rows}
    return PersonExport(
        contact=contact,
        made_at=now,
        zone=_zone(contact),
        tables={one.model._meta.label_lower: _told(one, own) for one in rows},
        labels={one.model._meta.label_lower: _labels(one.model) for one in rows},
    )


def _zone(contact: Contact) -> str:
    """The person's, else their brand's, else ours."""
    brand = BusinessEntity.objects.filter(memberships__contact=contact).order_by("memberships__position").first()
    for name in (contact.timezone, brand.timezone if brand else ""):
        try:
            return ZoneInfo(name).key if name else settings.TIME_ZONE
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return settings.TIME_ZONE


def _fields(model: type[Model]) -> list[Field[Any, Any]]:
    return [one for one in model._meta.concrete_fields if not isinstance(one, LEFT_OUT)]


def _labels(model: type[Model]) -> tuple[str, Mapping[str, str]]:
    title = capfirst(belongings.name_of(model, 2))
    return title, {one.name: capfirst(str(one.verbose_name)) for one in _fields(model)}


def _told(rows: QuerySet[Any], own: Iterable[type[Model]]) -> list[Row]:
    """Every column; whatever a row points at beyond the person's own rows is told by its name."""
    fields = _fields(rows.model)
    told = [{one.name: getattr(row, one.attname) for one in fields} for row in rows.order_by("pk")]
    for field in fields:
        if not isinstance(field, ForeignKey):
            continue
        target = field.related_model
        if target in own:
            continue
        names = _names(target, {row[field.name] for row in told})
        for row in told:
            row[field.name] = names.get(row[field.name], row[field.name])
    return told


def _names(model: type[Model], keys: Iterable[Any]) -> dict[Any, str]:
    names: dict[Any, str] = defaultdict(str)
    return names | {row.pk: str(row) for row in model._base_manager.filter(pk__in=[one for one in keys if one])}


def _words(value: Any) -> str:
    """A value as people read it; empty for one that says nothing."""
    if isinstance(value, dt.datetime):
        return formats.date_format(timezone.localtime(value), "j F Y, G:i:s")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1) if value else ""
    return "" if value is None else str(value)
