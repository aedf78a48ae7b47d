"""How many statements and commits stand behind one contact, one action, one mail."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from engagement import delivery
from tests.benchmarks import client, content
from tests.benchmarks.content import Installation
from workflows import execution

SAMPLE = 10


@dataclass(frozen=True)
class Anatomy:
    """Per piece of work, on average."""

    name: str
    statements: float
    reads: float
    writes: float
    savepoints: float
    commits: float


def of_everything(installation: Installation) -> list[Anatomy]:
    return [
        _examine("one contact", lambda: _post(installation), SAMPLE),
        _examine_actions("one action", "create_task", lambda: execution.run_inside(limit=SAMPLE)),
        _examine_actions("one mail", "send_email", lambda: execution.run_outside(deadline=time.monotonic() + 60)),
    ]


def _examine_actions(name: str, action_type: str, work: Callable[[], object]) -> Anatomy:
    content.clear()
    content.make_due(action_type, SAMPLE)
    return _examine(name, work, SAMPLE)


def _post(installation: Installation) -> None:
    caller = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {installation.key}"})
    for _ in range(SAMPLE):
        known = {"email": f"{uuid.uuid4().hex}@example.org"} | client.ARTIST
        caller.post(client.PATH, known, content_type="application/json")


def _examine(name: str, work: Callable[[], object], number: int) -> Anatomy:
    with CaptureQueriesContext(connection) as captured:
        work()
    delivery.release()
    counted = _count([query["sql"].split(maxsplit=1)[0].upper() for query in captured.captured_queries])
    kinds = (counted[kind] / number for kind in ("statement", "read", "write", "savepoint", "commit"))
    return Anatomy(name, *kinds)


def _count(verbs: list[str]) -> Counter[str]:
    """A write outside a transaction is its own commit; a transaction that wrote nothing reaches no disk."""
    counted: Counter[str] = Counter(statement=len(verbs))
    is_inside = has_written = False
    for verb in verbs:
        if verb in ("INSERT", "UPDATE", "DELETE"):
            counted["write"] += 1
            counted["commit"] += not is_inside
            has_written = True
        elif verb == "SELECT":
            counted["read"] += 1
        elif verb == "SAVEPOINT":
            counted["savepoint"] += 1
        elif verb == "BEGIN":
            is_inside, has_written = True, False
        elif verb == "COMMIT":
            counted["commit"] += has_written
            is_inside = False
    return counted
