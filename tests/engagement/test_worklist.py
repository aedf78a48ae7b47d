"""What lies before a person."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement import alerts, tasking, worklist
from engagement.models import Alert, Target, Task
from engagement.worklist import Scope
from tests import factories as f

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def task(title: str = "Call her", **values) -> Task:
    values = {"action_id": None, "target": None, "contact": None, "now": f.NOW} | values
    return tasking.create_task(title=title, **values)


def titles(rows) -> list[str]:
    return [row.title for row in rows]


@pytest.fixture
def me():
    return f.UserFactory(username="me")


@pytest.fixture
def my_target(me) -> Target:
    target = f.TargetFactory(slug="mine")
    target.people.add(me)
    return target


@pytest.fixture
def everything(me, my_target) -> None:
    tasking.change(task=task("taken by me"), values={"assignee": me}, now=f.NOW)
    task("of my team", target=my_target)
    tasking.change(
        task=task("taken by another", target=f.TargetFactory(slug="theirs")),
        values={"assignee": f.UserFactory(username="another")},
        now=f.NOW,
    )


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (Scope.MINE, {"taken by me"}),
        (Scope.TEAM, {"of my team"}),
        (Scope.UNASSIGNED, {"of my team"}),
        (Scope.ALL, {"taken by me", "of my team", "taken by another"}),
        ("nonsense", {"taken by me", "of my team", "taken by another"}),
    ],
)
def test_tasks_are_narrowed_to_whose_they_are(me, everything, scope, seen):
    found = worklist.tasks_of(Task.objects.all(), scope=scope, user=me)

    assert set(titles(found)) == seen


def test_board_puts_what_is_due_first_on_top():
    task("late", due_at=f.NOW + HOUR)
    task("early", due_at=f.NOW)
    task("whenever")

    to_do, *others = worklist.board(Task.objects.all(), now=f.NOW)

    assert titles(to_do.tasks) == ["early", "late", "whenever"]
    assert not any(column.tasks for column in others)


def test_board_shows_what_was_done_today_and_nothing_done_before():
    tasking.set_status(task=task("today"), status="done", now=f.NOW)
    tasking.set_status(task=task("last week"), status="done", now=f.NOW - dt.timedelta(days=7))
    tasking.set_status(task=task("not needed"), status="cancelled", now=f.NOW)

    columns = worklist.board(Task.objects.all(), now=f.NOW)

    assert [(column.status.value, titles(column.tasks)) for column in columns] == [
        ("to_do", []),
        ("in_progress", []),
        ("on_hold", []),
        ("done", ["today"]),
    ]


def test_column_holds_so_many_and_says_that_there_are_more(monkeypatch):
    monkeypatch.setattr(worklist, "COLUMN_HOLDS", 2)
    for _ in range(3):
        task()

    to_do = worklist.board(Task.objects.all(), now=f.NOW)[0]

    assert (len(to_do.tasks), to_do.is_cut) == (2, True)


@pytest.mark.parametrize(
    ("text", "found"),
    [("portfolio", True), ("ADA", True), ("ada portfolio", True), ("ada call", False), ("byron", True), ("  ", True)],
)
def test_words_are_looked_for_in_the_title_and_the_person(text, found):
    ada = f.ContactFactory(first_name="Ada", last_name="Byron", email="countess@example.org")
    task("Portfolio review", contact=ada)

    matching = worklist.matching(Task.objects.all(), text=text)

    assert matching.exists() is found


def test_version_of_the_tasks_stays_while_nothing_happens():
    task()

    assert worklist.tasks_version(now=f.NOW) == worklist.tasks_version(now=f.NOW)


@pytest.mark.parametrize(
    "deed",
    [
        lambda made: task("another"),
        lambda made: tasking.set_status(task=made, status="done", now=f.NOW + HOUR),
        lambda made: tasking.change(task=made, values={"due_at": f.NOW}, now=f.NOW + HOUR),
    ],
    ids=["made", "moved", "changed"],
)
def test_version_of_the_tasks_changes_with_a_task(deed):
    made = task()
    before = worklist.tasks_version(now=f.NOW)

    deed(made)

    assert worklist.tasks_version(now=f.NOW) != before


def test_version_changes_when_a_task_is_committed_behind_the_newest():
    task(now=f.NOW + HOUR)
    before = worklist.tasks_version(now=f.NOW)

    task("committed late", now=f.NOW)

    assert worklist.tasks_version(now=f.NOW) != before


def test_version_changes_every_minute_so_that_due_in_words_stays_true():
    assert worklist.tasks_version(now=f.NOW) != worklist.tasks_version(now=f.NOW + dt.timedelta(minutes=1))


def raised(target: Target) -> Alert:
    return alerts.raise_alert(action_id=None, title="Look", target=target, contact=None, now=f.NOW)


def test_version_of_the_alerts_changes_when_one_is_raised_or_acknowledged(my_target):
    empty = worklist.alerts_version(now=f.NOW)

    alert = raised(my_target)
    with_one = worklist.alerts_version(now=f.NOW)
    alerts.acknowledge(alert=alert, by="me", now=f.NOW)

    assert len({empty, with_one, worklist.alerts_version(now=f.NOW)}) == 3


def test_version_costs_one_query(my_target):
    with CaptureQueriesContext(connection) as captured:
        worklist.tasks_version(now=f.NOW)

    assert len(captured) == 1


def test_bell_counts_the_open_alerts_for_my_roles(me, my_target):
    newest = [raised(my_target), raised(my_target)][-1]
    alerts.acknowledge(alert=raised(my_target), by="me", now=f.NOW)
    raised(f.TargetFactory(slug="theirs"))

    bell = worklist.bell(user=me)

    assert (bell.count, bell.newest, bell.is_cut) == (2, newest, False)


def test_bell_counts_no_further_than_it_shows(me, my_target, monkeypatch):
    monkeypatch.setattr(worklist, "BELL_COUNTS_TO", 1)
    for _ in range(3):
        raised(my_target)

    assert worklist.bell(user=me).is_cut


def test_bell_of_somebody_without_a_role_is_silent(me):
    raised(f.TargetFactory(slug="theirs"))

    bell = worklist.bell(user=me)

    assert (bell.count, bell.newest) == (0, None)


def test_alerts_for_nobody_are_those_of_targets_without_people_and_addresses(my_target):
    for_nobody = raised(f.TargetFactory(slug="empty", extra_emails=[]))
    raised(f.TargetFactory(slug="address", extra_emails=["a@example.org"]))
    raised(my_target)

    assert list(worklist.addressed_to_nobody(Alert.objects.all())) == [for_nobody]


def test_test_alert_goes_the_way_of_a_real_one(my_target, me):
    alert = alerts.raise_test(target=my_target, by="boss", now=f.NOW)

    assert [delivery.address for delivery in alert.deliveries.all()] == [me.email]
    assert "Test alert" in alert.title
