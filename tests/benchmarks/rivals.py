"""The same work by queues and senders that others built: one job, task or email for each action, as their manuals say.

procrastinate and django-q2 insert the row of the task and nothing else; django-post_office sends the same bytes. Their
tables stand in the same database. What is to be done is queued before the watch starts, as our actions are due before.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import logging
import os
import subprocess
import sys
import uuid
from typing import Any

import psycopg

from tests.benchmarks.crowd import Lap, Watch
from tests.benchmarks.reference import ActionPattern, Letter
from tests.benchmarks.rows import Pattern, ids_in

AT_ONCE = 10  # jobs of procrastinate: a good half more than one at a time
SETTINGS = "tests.benchmarks.rival_settings"


def make_tables_of_procrastinate(database_url: str) -> None:
    import procrastinate

    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=database_url))
    with app.open():
        app.schema_manager.apply_schema()


def make_tables_of_post_office() -> None:
    command = [sys.executable, "manage.py", "migrate", "post_office", "--verbosity", "0"]
    subprocess.run(command, env=os.environ | {"DJANGO_SETTINGS_MODULE": SETTINGS}, check=True)


def task_row(pattern: ActionPattern) -> Pattern:
    """The one row that says what the action was for."""
    return next(row for row in pattern.rows if row.statement.startswith('INSERT INTO "engagement_task"'))


def filled(row: Pattern, pattern: ActionPattern) -> list[Any]:
    """A new task, of no action in particular, for the contact that the pattern names."""
    kept = {pattern.contact_id}
    return row.filled({old: uuid.uuid4() for old in ids_in([row]) if old not in kept})


def do_with_procrastinate(watch: Watch, pattern: ActionPattern, jobs: int) -> Lap:
    return asyncio.run(_procrastinate(watch, pattern, jobs))


async def _procrastinate(watch: Watch, pattern: ActionPattern, jobs: int) -> Lap:
    import procrastinate

    connector = procrastinate.PsycopgConnector(conninfo=pattern.database_url)
    app, row = procrastinate.App(connector=connector), task_row(pattern)

    @app.task(name="create_task")
    async def create_task(number: int) -> None:
        async with connector.pool.connection() as connection:
            await connection.execute(row.statement, filled(row, pattern))

    async with app.open_async():
        await create_task.batch_defer_async(*({"number": number} for number in range(jobs)))
        watch.start()
        await app.run_worker_async(wait=False, listen_notify=False, install_signal_handlers=False, concurrency=AT_ONCE)
        lap = watch.lap(jobs)
        async with connector.pool.connection() as connection:
            await connection.execute("TRUNCATE procrastinate_jobs CASCADE")
    return lap


def do_with_django_q(statement: str, cells: list[Any]) -> None:
    """What the cluster of django-q2 runs for one action, on Django's own connection."""
    from django.db import connection

    connection.ensure_connection()
    psycopg.Cursor(connection.connection).execute(statement, cells)


def send_with_post_office(watch: Watch, letter: Letter, mails: int) -> Lap:
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    import django

    django.setup()
    logging.disable(logging.INFO)  # or it tells of each batch
    from post_office import mail
    from post_office.models import Email

    message = email.message_from_bytes(letter.content, policy=email.policy.default)
    text, html = (message.get_body([kind]) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    Email.objects.all().delete()
    one = {
        "recipients": [letter.recipient],
        "sender": letter.sender,
        "subject": str(message["Subject"]),
        "message": text.get_content(),
        "html_message": html.get_content(),
    }
    mail.send_many([one] * mails)
    watch.start()
    done = 0
    while watch.is_running() and (sent := mail.send_queued()[0]):
        done += sent
    return watch.lap(done)
