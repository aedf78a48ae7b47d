"""What is measured: who competes in which table."""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import close_old_connections, connection
from django.db.models import Max

from contactflow.core.clock import database_now
from tests.benchmarks import client, content, crowd, reference, stand
from tests.benchmarks.content import Installation
from tests.benchmarks.contest import Contestant
from workflows import heartbeat, pump
from workflows.models import ScheduledAction

CLIENTS = 4
WORKERS = 2  # the default, and so the connections of their reference
PATIENCE = 60  # seconds for the first action of the last request
OPEN = ("pending", "claimed", "sending")


@dataclass(frozen=True)
class Sizes:
    """How much of everything; SIZE scales it."""

    rounds: int
    seconds: float  # for each contestant and round at most
    actions: int
    mails: int
    latency_seconds: float

    @classmethod
    def scaled(cls, size: float) -> Sizes:
        return cls(
            rounds=3 if size >= 0.3 else 1,
            seconds=max(1.0, 3 * size),
            actions=max(60, round(1500 * size)),
            mails=max(30, round(300 * size)),
            latency_seconds=max(5.0, 60 * size),
        )


def contacts(installation: Installation, sizes: Sizes, door: client.Door) -> list[Contestant]:
    pattern = content.contact_pattern(installation)
    seconds = sizes.seconds

    def api(clients: int) -> float:
        return crowd.per_second(client.keep_posting, door, clients=clients, seconds=seconds)

    def bare(clients: int) -> float:
        return crowd.per_second(reference.insert_contacts, pattern, clients=clients, seconds=seconds)

    api(CLIENTS)  # a server that just started loads the last of its code and opens its connections
    return [
        Contestant(f"API, {CLIENTS} clients", lambda: api(CLIENTS), beside=f"psycopg, {CLIENTS} connections"),
        Contestant(f"psycopg, {CLIENTS} connections", lambda: bare(CLIENTS)),
        Contestant("API, 1 client", lambda: api(1), beside="psycopg, 1 connection"),
        Contestant("psycopg, 1 connection", lambda: bare(1)),
    ]


def contacts_while_served(sizes: Sizes, door: client.Door) -> list[Contestant]:
    """With the workers running, which do meanwhile what is due at once."""
    return [
        Contestant(
            f"API, {CLIENTS} clients",
            lambda: crowd.per_second(client.keep_posting, door, clients=CLIENTS, seconds=sizes.seconds),
        )
    ]


def actions(installation: Installation, sizes: Sizes) -> list[Contestant]:
    pattern, number, seconds = content.task_pattern(installation), sizes.actions, sizes.seconds

    def bare(clients: int) -> float:
        content.make_due(pattern.action_type, number)
        return crowd.per_second(reference.do_actions, pattern, clients=clients, seconds=seconds)

    return [
        Contestant(
            "engine, 1 process", lambda: in_this_process("create_task", number, seconds), "psycopg, 1 connection"
        ),
        Contestant("psycopg, 1 connection", lambda: bare(1)),
        Contestant(
            "engine, default workers", lambda: by_workers("create_task", number, seconds), "psycopg, 2 connections"
        ),
        Contestant("psycopg, 2 connections", lambda: bare(WORKERS)),
    ]


def mails(installation: Installation, sizes: Sizes, mailbox: stand.Mailbox) -> list[Contestant]:
    pattern, letter = content.mail_pattern(installation), content.letter(mailbox.port)
    number, seconds = sizes.mails, sizes.seconds

    def bare(clients: int) -> float:
        content.make_due(pattern.action_type, number)
        return crowd.per_second(reference.send_mails, pattern, letter, clients=clients, seconds=seconds)

    def without_writes() -> float:
        return crowd.per_second(reference.send_bare, letter, clients=1, seconds=sizes.seconds / 2)

    return [
        Contestant(
            "engine, 1 process", lambda: in_this_process("send_email", number, seconds), "smtplib + psycopg, 1 of each"
        ),
        Contestant("smtplib + psycopg, 1 of each", lambda: bare(1)),
        Contestant(
            "engine, default workers", lambda: by_workers("send_email", number, seconds), "smtplib + psycopg, 2 of each"
        ),
        Contestant("smtplib + psycopg, 2 of each", lambda: bare(WORKERS)),
        Contestant("smtplib, nothing written", without_writes),
    ]


def commits(installation: Installation) -> float:
    return crowd.per_second(reference.commit, installation.database_url, clients=1, seconds=1.0)


@dataclass(frozen=True)
class Latency:
    """Seconds, one for each request."""

    answers: list[float]
    first_actions: list[float]


def latency(sizes: Sizes, door: client.Door, *, per_second: float) -> Latency:
    """From sending a request to the attempt of its first immediate action, by one clock: the machine's."""
    calls = client.post_steadily(door, per_second=per_second, seconds=sizes.latency_seconds)
    expected = round(per_second * sizes.latency_seconds)
    started = _first_attempts({call.contact_id for call in calls}, expected)
    return Latency(
        answers=[call.seconds for call in calls],
        first_actions=[started[call.contact_id] - call.sent_at for call in calls],
    )


def percentile(values: list[float], share: float) -> float:
    """The value that so many are not above (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@contextlib.contextmanager
def workers() -> Iterator[None]:
    with stand.workers(_anyone_alive):
        yield


def in_this_process(action_type: str, number: int, seconds: float) -> float:
    content.make_due(action_type, number)
    began = time.monotonic()
    pump.run(max_seconds=seconds)
    return _done() / (time.monotonic() - began)


def by_workers(action_type: str, number: int, seconds: float) -> float:
    """From the commit that made them due to the last one done in time, by the database's clock."""
    with workers():
        content.make_due(action_type, number)
        began = database_now()
        _wait_until_done(seconds)
        done, last = _done(), ScheduledAction.objects.aggregate(last=Max("finished_at"))["last"]
        content.call_off()  # so that the workers end now
    return done / float((last - began).total_seconds())


def _anyone_alive() -> bool:
    close_old_connections()
    return any(worker.fresh for worker in heartbeat.all_health())


def _wait_until_done(seconds: float) -> None:
    """Or until the time is up; but for one action there is always time."""
    began = time.monotonic()
    while ScheduledAction.objects.filter(status__in=OPEN).exists():
        waited = time.monotonic() - began
        if waited > PATIENCE or (waited > seconds and ScheduledAction.objects.filter(status="done").exists()):
            return
        time.sleep(0.05)


def _done() -> int:
    """Actions done; that any other end was reached ends the run."""
    ended = Counter(ScheduledAction.objects.exclude(status__in=OPEN).values_list("status", flat=True))
    if set(ended) != {"done"}:
        raise SystemExit(f"The actions ended as {dict(ended)}, not all as done: the figure would mean nothing.")
    return ended["done"]


_FIRST_ATTEMPTS = """
    SELECT instance.contact_id, extract(epoch FROM min(attempt.started_at))::float8
    FROM workflows_actionattempt AS attempt
    JOIN workflows_scheduledaction AS action ON action.id = attempt.action_id
    JOIN workflows_workflowinstance AS instance ON instance.id = action.instance_id
    WHERE action.due_at = instance.started_at
    GROUP BY instance.contact_id
"""


def _first_attempts(contact_ids: set[str], expected: int) -> dict[str, float]:
    if len(contact_ids) != expected:
        raise SystemExit(
            f"Of {expected} requests only {len(contact_ids)} were answered: the figure would mean nothing."
        )
    give_up = time.monotonic() + PATIENCE
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_FIRST_ATTEMPTS)
            started: dict[str, float] = {str(contact_id): at for contact_id, at in cursor.fetchall()}
        if started.keys() >= contact_ids:
            return started
        if time.monotonic() > give_up:
            raise SystemExit("Some contacts' first action was never started: look at the workers' messages above.")
        time.sleep(0.2)
