"""How many statements and commits stand behind one contact, one action, one mail, and behind their references."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from engagement import delivery
from tests.benchmarks import client, content, crowd, reference
from tests.benchmarks.content import Installation
from workflows.execution import inside, outside

SAMPLE = 10
MARKS = ("BEGIN", "COMMIT", "ROLLBACK")  # Django notes them, but they pass no wrapper of statements


@dataclass(frozen=True)
class Anatomy:
    """Per piece of work, on average. Commits are those that wrote something."""

    name: str
    statements: float
    reads: float
    writes: float
    savepoints: float
    commits: float
    commits_of_reference: float


def of_everything(installation: Installation, mail_port: int) -> list[Anatomy]:
    contact = content.contact_pattern(installation)
    task, mail = content.task_pattern(installation), content.mail_pattern(installation)
    letter = content.letter(mail_port)
    return [
        _of_contact(
            lambda: _post(installation),
            lambda: crowd.per_second(reference.insert_contacts, contact, clients=1, seconds=0.1),
        ),
        _of_action(
            "one action",
            "create_task",
            lambda: inside.run_inside(limit=SAMPLE),
            lambda: crowd.per_second(reference.do_actions, task, clients=1, seconds=5),
        ),
        _of_action(
            "one mail",
            "send_email",
            lambda: outside.run_outside(deadline=time.monotonic() + 60),
            lambda: crowd.per_second(reference.send_mails, mail, letter, clients=1, seconds=5),
        ),
    ]


def _of_contact(work: Callable[[], object], reference_work: Callable[[], object]) -> Anatomy:
    content.clear()
    commits_of_reference = _commits(reference_work) / Contact.objects.count()
    content.clear()
    return _examine("one contact", work, commits_of_reference)


def _of_action(
    name: str, action_type: str, work: Callable[[], object], reference_work: Callable[[], object]
) -> Anatomy:
    content.clear()
    content.make_due(action_type, SAMPLE)
    commits_of_reference = _commits(reference_work)
    content.clear()
    content.make_due(action_type, SAMPLE)
    return _examine(name, work, commits_of_reference / SAMPLE)


def _post(installation: Installation) -> None:
    caller = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {installation.key}"})
    for _ in range(SAMPLE):
        known = {"email": f"{uuid.uuid4().hex}@example.org"} | client.ARTIST
        caller.post(client.PATH, known, content_type="application/json")


def _commits(work: Callable[[], object]) -> int:
    """How many transactions that wrote something there were; for work without savepoints, which number themselves."""
    before = _next_transaction()
    work()
    return _next_transaction() - before - 1


def _next_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


def _examine(name: str, work: Callable[[], object], commits_of_reference: float) -> Anatomy:
    with CaptureQueriesContext(connection) as captured, _rows_changed() as rows:
        work()
    delivery.release()
    verbs = [query["sql"].split(maxsplit=1)[0].upper() for query in captured.captured_queries]
    counted = _count(verbs, rows)
    kinds = (counted[kind] / SAMPLE for kind in ("statement", "read", "write", "savepoint", "commit"))
    return Anatomy(name, *kinds, commits_of_reference)


@contextmanager
def _rows_changed() -> Iterator[list[int]]:
    """How many rows each statement changed or found, in their order."""
    rows: list[int] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        answer = execute(sql, params, many, context)
        rows.append(context["cursor"].rowcount)
        return answer

    with connection.execute_wrapper(note):
        yield rows


def _count(verbs: list[str], rows: list[int]) -> Counter[str]:
    """A write outside a transaction is its own commit; what changed no row reaches no disk."""
    counted: Counter[str] = Counter(statement=len(verbs))
    changed = iter(rows)
    is_inside = has_written = False
    for verb in verbs:
        writes = verb not in MARKS and next(changed) > 0 and verb in ("INSERT", "UPDATE", "DELETE")
        counted["write"] += writes
        counted["commit"] += (writes and not is_inside) or (verb == "COMMIT" and has_written)
        counted["read"] += verb == "SELECT"
        counted["savepoint"] += verb == "SAVEPOINT"
        has_written = writes or (has_written and verb not in MARKS)
        is_inside = verb == "BEGIN" or (is_inside and verb not in MARKS)
    return counted
