"""Work in turns: what a worker leaves, the next takes up, and no line is done twice."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django_q.models import OrmQ

from contactflow.models import AuditEntry
from contacts import defaults
from contacts.models import Contact, ContactEvent
from tests import factories as f
from workflows.models import ImportRun
from workflows.models.transfers import Lost, NotPossible
from workflows.transfers import pipeline, runs

pytestmark = pytest.mark.django_db
HEADER = "Email,First Name\n"
PEOPLE = HEADER + "".join(f"person{number}@example.org,Ada\n" for number in range(6))


@pytest.fixture
def reference_rows(db):
    """Where other processes see them: not in a transaction of the file."""
    defaults.load()


@pytest.fixture
def ready(preview, monkeypatch):
    """A checked list whose lines are applied by hand, two at a time."""
    run = preview(PEOPLE)
    monkeypatch.setattr(pipeline, "JUDGED_AT_ONCE", 2)
    monkeypatch.setattr(runs, "AT_ONCE", 0)
    runs.apply(run=run, start_workflows=False)
    run.refresh_from_db()
    return run


def work(run: ImportRun, seconds: float = 10.0) -> ImportRun:
    runs.work(kind="importrun", run_id=run.pk, seconds=seconds)
    run.refresh_from_db()
    return run


def die(run: ImportRun, **more):
    """A worker took the run and stopped without a word; its lease has run out."""
    held = ImportRun.objects.claim(run.pk)
    long_ago = {"lease_until": Now() - dt.timedelta(seconds=1), "queued_at": Now() - dt.timedelta(minutes=5)}
    ImportRun.objects.filter(pk=run.pk).update(**{**long_ago, **more})
    return held


def test_short_turn_is_followed_by_another(ready):
    work(ready, seconds=-1)

    assert (ready.state, ready.cursor, ready.token) == (ImportRun.State.APPLYING, 0, None)


def test_run_somebody_holds_is_left_to_them(ready):
    ImportRun.objects.claim(ready.pk)

    assert runs.work(kind="importrun", run_id=ready.pk) is False


def test_dead_worker_is_followed_by_another_and_no_line_is_applied_twice(ready):
    held = die(ready)
    pipeline.judge(held, now=dt.datetime(2026, 11, 23, tzinfo=dt.UTC))
    die(ready, lease_until=Now() - dt.timedelta(seconds=1))

    work(ready)

    assert ready.state == ImportRun.State.DONE
    assert ready.applied["created"] == Contact.objects.count() == ContactEvent.objects.count() == 6


def test_worker_that_comes_back_too_late_undoes_its_batch(ready):
    late = die(ready)
    ImportRun.objects.claim(ready.pk)

    with pytest.raises(Lost):
        pipeline.judge(late, now=dt.datetime(2026, 11, 23, tzinfo=dt.UTC))

    assert not Contact.objects.exists()


def test_pump_takes_up_what_nobody_works_on(ready):
    die(ready)

    runs.run_pump_step(time.monotonic() + 10)

    ready.refresh_from_db()
    assert ready.state == ImportRun.State.DONE


def test_pump_leaves_alone_what_was_queued_just_now(ready):
    runs.run_pump_step(time.monotonic() + 10)

    ready.refresh_from_db()
    assert ready.cursor == 0


def test_run_that_kills_three_workers_is_parked_with_a_reason(ready):
    for _ in range(3):
        die(ready)

    work(ready)

    assert ready.state == ImportRun.State.FAILED
    assert "stopped three times" in ready.trouble
    assert "line 1 of 6" in ready.trouble


def test_unexpected_trouble_is_said_and_what_was_applied_stays(ready, monkeypatch):
    whole = pipeline._take_in
    calls = []

    def break_at_third(*args):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("unexpected")
        return whole(*args)

    monkeypatch.setattr(pipeline, "_take_in", break_at_third)

    work(ready)

    assert ready.state == ImportRun.State.FAILED
    assert Contact.objects.count() == ready.cursor == 4


def test_failed_run_goes_on_where_it_stopped(ready):
    held = ImportRun.objects.claim(ready.pk)
    pipeline.judge(held, now=dt.datetime(2026, 11, 23, tzinfo=dt.UTC))
    held.fail("The server was switched off.")
    ready.refresh_from_db()

    runs.go_on(run=ready)
    work(ready)

    assert ready.applied["created"] == Contact.objects.count() == 6


def test_silent_database_leaves_the_run_to_the_next(ready, monkeypatch):
    def unreachable(*args, **options):
        raise OperationalError("gone")

    monkeypatch.setitem(runs.STEPS, ImportRun.State.APPLYING, unreachable)

    with pytest.raises(OperationalError):
        runs.work(kind="importrun", run_id=ready.pk)

    ready.refresh_from_db()
    assert ready.state == ImportRun.State.APPLYING


def test_cancelled_run_stops_and_says_how_far_it_came(ready):
    held = ImportRun.objects.claim(ready.pk)
    pipeline.judge(held, now=dt.datetime(2026, 11, 23, tzinfo=dt.UTC))

    runs.cancel(run=ready)
    work(ready)

    assert (ready.state, ready.cursor, Contact.objects.count()) == (ImportRun.State.CANCELLED, 2, 2)


def test_contact_changed_after_the_preview_is_said(preview):
    run = preview(PEOPLE)
    runs.apply(run=preview("Email,First Name\nperson0@example.org,Grace\n"), start_workflows=False)

    runs.apply(run=run, start_workflows=False)

    run.refresh_from_db()
    line = run.lines.get(position=1)
    assert (line.foreseen, line.became, line.differs) == ("created", "updated", True)
    assert run.applied["differs"] == 1


def test_what_a_worker_stores_is_written_down_as_done_by_whoever_said_yes(preview, monkeypatch):
    run, colleague = preview(PEOPLE), f.UserFactory(username="grace")
    monkeypatch.setattr(runs, "AT_ONCE", 0)
    runs.apply(run=run, start_workflows=False, by=colleague)

    work(run)

    told = AuditEntry.objects.filter(table="contacts_contact", verb="created")
    assert set(told.values_list("actor", "user", "path")) == {("grace", colleague.pk, f"import {run.pk}")}
    assert told.count() == 6


@pytest.mark.django_db(transaction=True)
def test_who_imports_is_not_taken_for_whoever_comes_next(preview):
    runs.apply(run=preview(PEOPLE), start_workflows=False, by=f.UserFactory(username="grace"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('contactflow.actor', true)")
        left = cursor.fetchone()[0]

    assert AuditEntry.objects.filter(actor="grace").exists()
    assert not left


@pytest.mark.django_db(transaction=True)
def test_worker_that_is_killed_in_the_middle_loses_and_doubles_nothing(preview, live_environment, monkeypatch):
    """kill -9 of a real process at its work, with the database running on."""
    run = preview(HEADER + "".join(f"person{number}@example.org,Ada\n" for number in range(900)))
    monkeypatch.setattr(runs, "AT_ONCE", 0)
    runs.apply(run=run, start_workflows=False)
    code = f"from workflows.transfers import runs; runs.work(kind='importrun', run_id='{run.pk}', seconds=60)"
    worker = subprocess.Popen([sys.executable, "manage.py", "shell", "--no-imports", "-c", code], env=live_environment)
    while not ImportRun.objects.get(pk=run.pk).cursor and worker.poll() is None:
        pass

    worker.kill()
    worker.wait()
    killed_at = ImportRun.objects.get(pk=run.pk).cursor
    ImportRun.objects.filter(pk=run.pk).update(lease_until=Now() - dt.timedelta(seconds=1))
    work(run, seconds=60)

    assert 0 < killed_at < 900
    assert (run.state, run.applied["created"]) == (ImportRun.State.DONE, 900)
    assert Contact.objects.count() == ContactEvent.objects.count() == 900


def test_run_is_applied_once(preview):
    run = preview(PEOPLE)
    runs.apply(run=run, start_workflows=False)

    with pytest.raises(NotPossible, match="the import is done"):
        runs.apply(run=run, start_workflows=False)


@pytest.mark.django_db(transaction=True)
def test_long_list_is_left_to_a_worker(upload, monkeypatch):
    run = upload(PEOPLE)
    monkeypatch.setattr(runs, "AT_ONCE", 1)
    OrmQ.objects.all().delete()  # that it should be read; it was short

    runs.check(run=run, fields=run.fields)

    assert ImportRun.objects.get(pk=run.pk).cursor == 0
    assert OrmQ.objects.count() == 1
