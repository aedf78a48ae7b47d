"""What is measured: who competes in which table."""

from __future__ import annotations

import contextlib
import math
import pickle
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import close_old_connections, connection, transaction
from django.db.models import Max
from django.test import override_settings
from django_q.tasks import async_task

from contactflow.core.clock import database_now
from engagement.models import Task
from tests.benchmarks import client, content, crowd, reference, rivals, stand
from tests.benchmarks.content import OPEN, Installation
from tests.benchmarks.contest import Contestant
from workflows import heartbeat, pump
from workflows.models import ScheduledAction

CLIENTS = 4
WORKERS = 2  # the default, and so the connections of their reference
WARM_UP = 100  # actions: each worker loads the last of its code, as the clusters of the others do
PATIENCE = 60  # seconds for the first action of the last request
INTENTS = "SEND_INTENTS"  # how many mails of a process may be under way at once, where an operator sets it for bulk
MANY = 10


@dataclass(frozen=True)
class Sizes:
    """How much of everything; SIZE scales it."""

    rounds: int
    seconds: float  # for each contestant and round at most
    actions: int
    mails: int
    tasks: int  # for the queues of others, one each
    latency_seconds: float
    lines: int

    @classmethod
    def scaled(cls, size: float) -> Sizes:
        return cls(
            rounds=3 if size >= 0.3 else 1,
            seconds=max(0.5, 2 * size),
            actions=max(60, round(3000 * size)),
            mails=max(30, round(800 * size)),
            tasks=max(60, round(800 * size)),
            latency_seconds=max(2.0, 30 * size),
            lines=max(200, round(100_000 * size)),
        )


def contacts(pattern: reference.ContactPattern, sizes: Sizes, ours: client.Door, bare: client.Door) -> list[Contestant]:
    def post(door: client.Door, clients: int) -> float:
        return crowd.per_second(client.keep_posting, door, clients=clients, seconds=sizes.seconds)

    def insert(clients: int) -> float:
        return crowd.per_second(reference.insert_contacts, pattern, clients=clients, seconds=sizes.seconds)

    def of(clients: int) -> list[Contestant]:
        view, psycopg = f"bare DRF view, {clients} at a time", f"psycopg without HTTP, {clients} at a time"
        return [
            Contestant(f"API, {clients} at a time", lambda: post(ours, clients), {view: 0.6, psycopg: None}),
            Contestant(view, lambda: post(bare, clients)),
            Contestant(psycopg, lambda: insert(clients)),
        ]

    for door in (ours, bare):
        post(door, CLIENTS)  # a server that just started loads the last of its code and opens its connections
    return [*of(CLIENTS), *of(1)]


@contextlib.contextmanager
def bare_server(pattern: reference.ContactPattern) -> Iterator[int]:
    """The bare view behind the same web server; yields its port."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(pickle.dumps(pattern))
        file.flush()
        settings = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.bare_settings", "BENCHMARK_PATTERN": file.name}
        with stand.web_server(**settings) as port:
            yield port


def contacts_while_served(sizes: Sizes, door: client.Door) -> list[Contestant]:
    """With the workers running, which do meanwhile what is due at once."""
    return [
        Contestant(
            f"API, {CLIENTS} at a time",
            lambda: crowd.per_second(client.keep_posting, door, clients=CLIENTS, seconds=sizes.seconds),
        )
    ]


def actions(installation: Installation, sizes: Sizes) -> list[Contestant]:
    pattern = content.action_pattern(installation, "create_task")

    def bare(clients: int) -> float:
        content.make_due(pattern.action_type, sizes.actions)
        return crowd.per_second(reference.do_actions, pattern, clients=clients, seconds=sizes.seconds)

    def procrastinate() -> float:
        content.bring_back(pattern.contact_id)
        return crowd.per_second(rivals.do_with_procrastinate, pattern, sizes.tasks, clients=1)

    goals = {"psycopg, 1 connection": 2.0, "procrastinate, 10 jobs at once": 2.5, "django-q2, 2 workers": 10.0}
    return [
        Contestant("engine, 1 process", lambda: in_this_process("create_task", sizes.actions, sizes.seconds), goals),
        Contestant(
            "engine, 2 workers",
            lambda: by_workers("create_task", sizes.actions, sizes.seconds),
            {"psycopg, 2 connections": 2.0, "procrastinate, 10 jobs at once": 2.5, "django-q2, 2 workers": 10.0},
        ),
        Contestant("psycopg, 1 connection", lambda: bare(1)),
        Contestant("psycopg, 2 connections", lambda: bare(WORKERS)),
        Contestant("procrastinate, 10 jobs at once", procrastinate),
        Contestant("django-q2, 2 workers", lambda: _by_django_q(pattern, sizes.tasks)),
    ]


def mails(installation: Installation, sizes: Sizes, mailbox: stand.Mailbox) -> list[Contestant]:
    pattern, letter = content.action_pattern(installation, "send_email"), content.letter(mailbox.port)
    number, seconds = sizes.mails, sizes.seconds

    def engine(intents: int) -> float:
        with override_settings(**{INTENTS: intents}):
            return in_this_process("send_email", number, seconds)

    def bare(clients: int) -> float:
        content.make_due(pattern.action_type, number)
        return crowd.per_second(reference.send_mails, pattern, letter, clients=clients, seconds=seconds)

    def post_office() -> float:
        return crowd.per_second(rivals.send_with_post_office, letter, number, clients=1, seconds=seconds)

    ones, twos = "smtplib + psycopg, 1 of each", "smtplib + psycopg, 2 of each"
    return [
        Contestant("engine, 1 process, 1 intent", lambda: engine(1), {ones: 0.5}),
        Contestant(f"engine, 1 process, {MANY} intents", lambda: engine(MANY), {"django-post_office, 1 process": 1.0}),
        Contestant("engine, 2 workers, 1 intent", lambda: by_workers("send_email", number, seconds), {twos: 0.5}),
        Contestant(ones, lambda: bare(1)),
        Contestant(twos, lambda: bare(WORKERS)),
        Contestant("django-post_office, 1 process", post_office),
        Contestant(
            "smtplib, nothing written",
            lambda: crowd.per_second(reference.send_bare, letter, clients=1, seconds=seconds / 2),
        ),
        Contestant(
            "bare socket: what the sink takes",
            lambda: crowd.per_second(reference.fill_sink, letter, clients=1, seconds=seconds / 2),
        ),
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
    return content.done() / (time.monotonic() - began)


def by_workers(action_type: str, number: int, seconds: float) -> float:
    """From the commit that made them due to the last one done in time, by the database's clock."""
    with workers():
        content.make_due(action_type, WARM_UP)
        _wait_until_done(PATIENCE)
        before = content.done()
        content.make_due(action_type, number)
        began = database_now()
        _wait_until_done(seconds)
        done, last = content.done() - before, ScheduledAction.objects.aggregate(last=Max("finished_at"))["last"]
        content.call_off()  # so that the workers end now
    return done / float((last - began).total_seconds())


def _by_django_q(pattern: reference.ActionPattern, tasks: int) -> float:
    """Its own cluster with our settings: from the commit that queued the tasks to the row of the last one."""
    row = rivals.task_row(pattern)

    def queue(number: int) -> None:
        with transaction.atomic():
            for _ in range(number):
                async_task("tests.benchmarks.rivals.do_with_django_q", row.statement, rivals.filled(row, pattern))

    content.bring_back(pattern.contact_id)
    queue(WORKERS)
    with stand.process("django-q2", ["manage.py", "qcluster"], lambda: Task.objects.count() == WORKERS):
        before = WORKERS
        queue(tasks)
        began = time.monotonic()
        while Task.objects.count() < before + tasks:
            if time.monotonic() > began + PATIENCE:
                raise SystemExit("django-q2 did not get its tasks done: the figure would mean nothing.")
            time.sleep(0.02)
        return tasks / (time.monotonic() - began)


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
