"""The pages that are measured, and the statements behind them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import connection
from django.test import Client
from django.urls import reverse

from contacts.models import Contact
from workflows.models import ScheduledAction, WorkflowInstance

FLOOR = "contacts_contacttype"  # a list of seven rows: what any page of the admin costs
SLOW = 0.02  # seconds after which a statement's plan is kept


@dataclass(frozen=True)
class Place:
    name: str
    address: str


@dataclass
class Statement:
    sql: str
    parameters: Any
    seconds: float
    plan: list[str] = field(default_factory=list)


def places() -> list[Place]:
    """The floor first, then what people open most, then every list."""
    return [Place("floor: contact types", _list(FLOOR)), *_pages(), *_searches(), *_filtered(), *_lists()]


def statements_of(client: Client, place: Place) -> tuple[int, list[Statement]]:
    """How many statements the page asks, and those that take long, slowest first, each with its plan."""
    heard: list[Statement] = []
    with _listening(heard):
        client.get(place.address)
    slow = sorted((one for one in heard if one.seconds >= SLOW), key=lambda one: -one.seconds)
    for one in slow:
        one.plan = _plan(one)
    return len(heard), slow


def _pages() -> Iterator[Place]:
    yield Place("Today", reverse("admin:index"))
    heavy = Contact.objects.get(email="person1@company1.example")
    ordinary = Contact.objects.order_by("-created_at", "-id")[1000]
    yield Place("contact with 10,000 entries", _change(heavy))
    yield Place("contact", _change(ordinary))
    yield Place("instance", _change(WorkflowInstance.objects.order_by("-started_at", "-id")[1000]))
    yield Place("step", _change(ScheduledAction.objects.filter(status="failed").order_by("due_at").first()))
    for name in ("workflows_failures", "engagement_task_board", "workflows_why"):
        yield Place(name.replace("_", " "), reverse(f"admin:{name}"))


def _searches() -> Iterator[Place]:
    people = _list("contacts_contact")
    yield Place("search: Ada Lovelace, nobody", f"{people}?q=Ada+Lovelace")
    yield Place("search: part of an address", f"{people}?q=person77712")
    yield Place("search: a company", f"{people}?q=Company+1234+Ltd")
    yield Place("search: a first name of many", f"{people}?q=hilma")
    palette = f"{reverse('admin:search')}?extended=1&s="
    yield Place("palette: a name", f"{palette}hilma")
    yield Place("palette: part of an address", f"{palette}son77712")
    yield Place("palette: nobody", f"{palette}zzyzx")
    instances = _list("workflows_workflowinstance")
    yield Place("search in executions", f"{instances}?q=person77712")


def _filtered() -> Iterator[Place]:
    yield Place("contacts of a type", f"{_list('contacts_contact')}?contact_types__id__exact=1")
    yield Place("failed steps", f"{_list('workflows_scheduledaction')}?status__exact=failed")
    yield Place("executions on hold", f"{_list('workflows_workflowinstance')}?status__exact=paused")
    yield Place("held emails", f"{_list('engagement_message')}?status__exact=held")


def _lists() -> Iterator[Place]:
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label):
        meta = model._meta
        name = f"{meta.app_label}_{meta.model_name}"
        if name != FLOOR:
            yield Place(f"list: {meta.verbose_name_plural}", _list(name))


def _list(name: str) -> str:
    return reverse(f"admin:{name}_changelist")


def _change(row: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(row.pk)])


@contextmanager
def _listening(heard: list[Statement]) -> Iterator[None]:
    def listen(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, parameters, many, context)
        finally:
            heard.append(Statement(sql, parameters, time.perf_counter() - began))

    with connection.execute_wrapper(listen):
        yield


def _plan(statement: Statement) -> list[str]:
    if not statement.sql.lstrip().upper().startswith(("SELECT", "WITH")):
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement.sql}", statement.parameters)
        return [line for (line,) in cursor.fetchall()]


def percentile(figures: Sequence[float], share: float) -> float:
    """The smallest figure that so large a share of them does not exceed."""
    ordered = sorted(figures)
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)]
