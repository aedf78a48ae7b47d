"""Alerts, tasks, targets and channels in the admin."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.messages import get_messages

from contactflow.core.clock import database_now
from engagement.admin.messages import as_text
from engagement.models import Alert, ChannelState, Target, Task
from tests import factories as f
from tests.admin import browser, rows

pytestmark = pytest.mark.django_db


def test_alert_is_acknowledged_by_whoever_pressed_the_button(desk, address):
    alert = rows.alert()

    desk.post(address.button(alert, "acknowledge"))

    alert.refresh_from_db()
    assert alert.acknowledged_by == "boss"


def test_acknowledged_alert_has_no_button(desk, address):
    alert = rows.alert()
    desk.post(address.button(alert, "acknowledge"))

    page = desk.get(address.change(alert)).content.decode()

    assert address.button(alert, "acknowledge") not in page


def test_chosen_alerts_are_acknowledged_together(desk, address):
    chosen, left_open = [rows.alert(), rows.alert()], rows.alert()

    desk.post(
        address.list(Alert),
        {"action": "acknowledge_chosen", "_selected_action": [str(alert.pk) for alert in chosen]},
    )

    assert list(Alert.objects.filter(acknowledged_at=None)) == [left_open]


def test_reader_acknowledges_nothing_from_the_list(reading_room, address):
    alert = rows.alert()

    reading_room.post(address.list(Alert), {"action": "acknowledge_chosen", "_selected_action": [str(alert.pk)]})

    alert.refresh_from_db()
    assert alert.acknowledged_at is None


@pytest.mark.parametrize(("state", "shown"), [("open", "waiting"), ("acknowledged", "seen")])
def test_alerts_are_filtered_by_state(desk, address, state, shown):
    waiting, seen = rows.alert(), rows.alert()
    Alert.objects.filter(pk=waiting.pk).update(title="waiting")
    Alert.objects.filter(pk=seen.pk).update(title="seen", acknowledged_at=f.NOW)

    listing = desk.get(address.list(Alert), {"state": state}).context["cl"]

    assert [alert.title for alert in listing.result_list] == [shown]


def test_alert_says_whom_it_reached(desk, address):
    page = desk.get(address.change(rows.alert())).content.decode()

    assert "team@example.org" in page


def test_task_done_in_the_form_knows_when(desk, address):
    task = rows.task()

    browser.submit(desk, address.change(task), "task_form", status="done")

    task.refresh_from_db()
    assert task.status == "done"
    assert task.completed_at is not None


def test_task_begun_again_is_no_longer_complete(desk, address):
    task = rows.task()
    browser.submit(desk, address.change(task), "task_form", status="done")

    browser.submit(desk, address.change(task), "task_form", status="in_progress")

    task.refresh_from_db()
    assert (task.status, task.completed_at) == ("in_progress", None)


def test_task_form_changes_what_was_typed_and_nothing_else(desk, address):
    task = rows.task()
    before = Task.objects.values().get()

    browser.submit(desk, address.change(task), "task_form", title="Call her", effort_hours="1.5")

    after = Task.objects.values().get()
    assert {name for name in after if after[name] != before[name]} == {"title", "effort_hours", "updated_at"}


def test_task_can_be_made_by_hand(desk, address):
    browser.submit(desk, address.add(Task), "task_form", title="Call her", status="in_progress")

    task = Task.objects.get()
    assert (task.title, task.status, task.source) == ("Call her", "in_progress", "manual")


def test_task_is_done_by_its_button(desk, address):
    task = rows.task()

    desk.post(address.button(task, "finish"))

    task.refresh_from_db()
    assert task.status == "done"
    assert address.button(task, "finish") not in desk.get(address.change(task)).content.decode()


def test_chosen_tasks_are_done_together(desk, address):
    chosen, cancelled, left_open = rows.task(), rows.task(), rows.task()
    Task.objects.filter(pk=cancelled.pk).update(status="cancelled")

    desk.post(address.list(Task), {"action": "finish_chosen", "_selected_action": [str(chosen.pk), str(cancelled.pk)]})

    statuses = [Task.objects.get(pk=task.pk).status for task in (chosen, cancelled, left_open)]
    assert statuses == ["done", "cancelled", "to_do"]


def test_task_is_not_deleted_but_cancelled(desk, address):
    task = rows.task()

    response = desk.post(address.delete(task), {"post": "yes"})

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("due", "titles"),
    [("overdue", {"late"}), ("today", set()), ("open", {"late", "early"}), ("", {"late", "early", "finished"})],
)
def test_tasks_are_filtered_by_what_is_due(desk, address, due, titles):
    now = database_now()
    Task.objects.create(title="late", due_at=now - dt.timedelta(hours=1))
    Task.objects.create(title="early", due_at=now + dt.timedelta(hours=25))
    Task.objects.create(title="finished", due_at=now - dt.timedelta(hours=1), status="done", completed_at=now)

    listing = desk.get(address.list(Task), {"due": due}).context["cl"]

    assert {task.title for task in listing.result_list} == titles


def test_target_without_anybody_says_so(desk, address):
    f.TargetFactory()

    page = desk.get(address.list(Target)).content.decode()

    assert "Nobody: alerts reach no one" in page


def test_addresses_of_a_target_are_typed_one_per_line(desk, address):
    target = f.TargetFactory()

    browser.submit(desk, address.change(target), "target_form", extra_emails="a@example.org\n\n b@example.org \n")

    target.refresh_from_db()
    assert target.extra_emails == ["a@example.org", "b@example.org"]


def test_address_of_a_target_that_is_none_is_refused(desk, address):
    target = f.TargetFactory()

    response = browser.submit(desk, address.change(target), "target_form", extra_emails="a@example.org\nnobody")

    errors = response.context["adminform"].form.errors
    assert errors["extra_emails"] == ["Line 2: nobody is not an email address."]


def test_person_without_an_address_is_pointed_out(desk, address):
    target, mute = f.TargetFactory(), f.UserFactory(username="mute", email="")
    target.people.add(mute)

    response = browser.submit(desk, address.change(target), "target_form")

    assert "mute (no email address)" in desk.get(address.list(Target)).content.decode()
    assert any("No email address: mute." in str(said) for said in get_messages(response.wsgi_request))


def test_alert_keeps_its_lines(desk, address):
    alert = rows.alert()
    Alert.objects.filter(pk=alert.pk).update(message="one\ntwo")

    page = desk.get(address.change(alert)).content.decode()

    assert as_text("one\ntwo") in page


def test_paused_channel_is_resumed(desk, address):
    channel = rows.channel()

    desk.post(address.button(channel, "resume"))

    assert ChannelState.objects.get().paused_until is None


def test_running_channel_has_nothing_to_resume(desk, address):
    channel = ChannelState.objects.create(channel="email")

    page = desk.get(address.change(channel)).content.decode()

    assert address.button(channel, "resume") not in page


@pytest.mark.parametrize("model", [Task, Alert])
def test_the_most_urgent_come_first_when_sorted_by_priority(desk, address, model):
    needed = {"target": f.TargetFactory()} if model is Alert else {}
    for priority in ("low", "urgent", "high", "medium"):
        model.objects.create(title=priority, priority=priority, **needed)
    everybodys = {"whose": "all"}
    columns = desk.get(address.list(model), everybodys).context["cl"].list_display

    answer = desk.get(address.list(model), {**everybodys, "o": f"-{columns.index('urgency')}"})

    assert [row.priority for row in answer.context["cl"].result_list] == ["urgent", "high", "medium", "low"]
