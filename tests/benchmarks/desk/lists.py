"""Every way to look at the long lists: each filter, sorted by each column, searches, deep pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.test import Client

from contactflow.models import AuditEntry
from contacts.models import Consent, Contact, ContactEvent
from engagement.models import Alert, Message, Task
from tests.benchmarks.desk.places import Place, list_of
from workflows.models import ActionAttempt, ControlEntry, ScheduledAction, WorkflowInstance

LONG = (
    Contact, ContactEvent, Consent, WorkflowInstance, ScheduledAction, ActionAttempt, ControlEntry, Message, Task,
    Alert, AuditEntry,
)  # fmt: skip
SEARCHES = {
    "one": "person77712@",
    "thousands": "hilma",
    "nobody": "zzyzxq",
    "two letters": "ad",
    "words": "Ada Company 12",
}
MOST_CHOICES = 5  # of one filter


def looked_at(client: Client) -> Iterator[Place]:
    """For each long list, what its own page offers."""
    for model in LONG:
        if model in admin.site._registry:
            yield from (replace(place, is_named=False) for place in _of(client, model))


def _of(client: Client, model: Any) -> Iterator[Place]:
    name, address = str(model._meta.verbose_name_plural), list_of(model)
    changelist = client.get(address).context_data["cl"]  # type: ignore[attr-defined]  # a page of the admin
    yield Place(f"{name}, of a brand", address, is_of_brand=True)
    for page in sorted({20, changelist.paginator.num_pages}):
        if 1 < page <= changelist.paginator.num_pages:
            yield Place(f"{name}, page {page}", f"{address}?p={page}")
    if changelist.search_fields:
        for found, words in SEARCHES.items():
            yield Place(f"{name}, search: {found}", f"{address}?{urlencode({'q': words})}")
        yield Place(f"{name}, search of a brand", f"{address}?q=hilma", is_of_brand=True)
    for query in _filters(changelist):
        yield Place(f"{name}, {query}", f"{address}?{query}")
        yield Place(f"{name}, {query}, of a brand", f"{address}?{query}", is_of_brand=True)
    for query in _orders(changelist):
        yield Place(f"{name}, sorted: {query}", f"{address}?{query}")


def _filters(changelist: Any) -> Iterator[str]:
    for filter_ in changelist.filter_specs:
        for choice in filter_.choices(changelist):
            form = choice.get("form")
            for name, field in form.fields.items() if form else ():
                for value in _values(field):
                    yield urlencode({name: value})
            if form is None and not choice.get("selected"):
                yield str(choice["query_string"]).removeprefix("?")


def _values(field: forms.Field) -> Sequence[object]:
    if isinstance(field, forms.DateField):
        return [dt.date.today() - dt.timedelta(days=days) for days in (1, 400)]  # noqa: DTZ011  about so long ago
    offered = [value for value, _ in getattr(field, "choices", ()) if value not in ("", None)]
    step = max(1, -(-len(offered) // MOST_CHOICES))
    return offered[::step]


def _orders(changelist: Any) -> Iterator[str]:
    for number, name in enumerate(changelist.list_display):
        is_offered = changelist.sortable_by is None or name in changelist.sortable_by
        if is_offered and changelist.get_ordering_field(name):
            yield f"o={number}"
            yield f"o=-{number}"
