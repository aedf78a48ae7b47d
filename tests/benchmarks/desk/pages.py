"""What is measured, and the statements behind each page."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.test import Client

from contacts import brands
from contacts.models import BusinessEntity
from tests.benchmarks.desk import lists
from tests.benchmarks.desk.places import Place, named

SLOW = 0.02  # seconds after which a statement's plan is kept


@dataclass
class Statement:
    sql: str
    parameters: Any
    seconds: float
    plan: list[str] = field(default_factory=list)


def places(client: Client) -> Iterator[Place]:
    """What people open most by name, then the long lists in every way they can be looked at."""
    yield from named(client)
    yield from lists.looked_at(client)


def choose_brand(client: Client) -> None:
    """From now on the client's person looks at one brand."""
    session = client.session
    session[brands.KEY] = BusinessEntity.objects.earliest("position", "name").pk
    session.save()


def statements_of(client: Client, place: Place) -> tuple[int, list[Statement]]:
    """How many statements the page asks, and those that take long, slowest first, each with its plan."""
    heard: list[Statement] = []
    with _listening(heard):
        answer = client.post(place.address, dict(place.posted)) if place.posted else client.get(place.address)
    if answer.status_code != 200:
        raise SystemExit(f"{place.name}: {place.address} answered {answer.status_code}")
    slow = sorted((one for one in heard if one.seconds >= SLOW), key=lambda one: -one.seconds)
    for one in slow:
        one.plan = _plan(one)
    return len(heard), slow


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
