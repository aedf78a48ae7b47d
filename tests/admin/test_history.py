"""The story of a workflow, the lists of what ran, and their downloads."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contactflow.core.clock import database_now
from contacts.models import ContactEvent
from engagement.models import Message
from tests import factories as f
from tests.admin import rows
from workflows import controls
from workflows.admin.executions import export, history
from workflows.models import ActionAttempt, ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db
LATER = {"code": "refused_for_now", "said": "451 later"}
HOUR = dt.timedelta(hours=1)


def step(instance=None, **values):
    return f.ScheduledActionFactory(instance=instance or rows.instance(), **values)


def told(action):
    return history.of_step(ScheduledAction.objects.select_related("instance__contact", "step").get(pk=action.pk))


def csv_of(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (dt.timedelta(seconds=20), "less than a minute"),
        (dt.timedelta(minutes=1), "1 minute"),
        (dt.timedelta(hours=2, minutes=5), "2 hours 5 minutes"),
        (dt.timedelta(days=1, hours=3, minutes=9), "1 day 3 hours"),
    ],
)
def test_lengths_of_time_in_words(length, said):
    assert history.duration(length) == said


@pytest.mark.parametrize(("behind", "said"), [(HOUR / 120, ""), (2 * HOUR, "2 hours later than planned")])
def test_lateness_is_told_from_a_minute_on(behind, said):
    action = step(status="done", finished_at=f.NOW + behind)

    assert told(action).late == said


def test_touch_that_stepped_back_says_for_what():
    action = step(
        action_type="follow_up",
        occurrence=3,
        template=rows.email(),
        due_at=f.NOW + 3 * 24 * HOUR,
        status="skipped",
        finished_at=f.NOW,
        result={"reason": {"code": "yields_to_sent"}},
    )

    assert told(action).because == [
        (
            "Stepped back for another email, since two within 20 hours are too many. "
            "Another email went to the contact within 20 hours."
        )
    ]


def test_step_left_out_by_a_colleague_names_them():
    action = step(status="skipped", finished_at=f.NOW, result={"reason": "On holiday", "by": "ada"})

    assert told(action).because == ["Left out by ada: On holiday"]


def test_step_shifted_by_a_pause_says_by_how_much():
    action = step(due_at=f.NOW + 50 * HOUR)

    assert told(action).because == [
        "Planned 2 days 2 hours later than at the start, because the workflow was on hold meanwhile."
    ]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("retry", "Refused for now once"), ("paused", "cost this step no attempt"), ("crashed", "A worker stopped once")],
)
def test_attempts_say_what_held_it_up(outcome, words):
    action = step()
    ActionAttempt.objects.create(action=action, number=1, token=1, outcome=outcome, reason=LATER)

    (sentence,) = told(action).because

    assert words in sentence


def test_failed_step_explains_itself():
    action = step(
        status="failed",
        finished_at=f.NOW,
        cause="mailbox_unknown",
        reason={"code": "mailbox_unknown", "said": "550 5.1.1 No such user"},
    )

    assert told(action).trouble.title == "The mailbox does not exist"


def test_held_step_names_what_is_missing():
    action = step(status="failed", finished_at=f.NOW, cause="held: company", result={"missing": ["company"]})

    assert told(action).trouble.title == "Held: the contact has no company"


@pytest.mark.parametrize(("key", "page"), [("task", "/task/"), ("alert", "/alert/")])
def test_result_leads_to_what_was_made(key, page):
    made, kind = (rows.task(), "create_task") if key == "task" else (rows.alert(), "send_notification")
    action = step(status="done", finished_at=f.NOW, action_type=kind, result={key: str(made.pk)})

    (way,) = told(action).results

    assert page in way.address
    assert str(made.pk) in way.address


def test_email_leads_to_its_message():
    action = step(status="done", finished_at=f.NOW, result={"response": "250 OK"})
    message = Message.objects.create(
        action=action.pk, contact=action.instance.contact, recipient="a@example.org", subject="Hi", status="sent"
    )

    one = told(action)

    assert str(message.pk) in one.results[0].address
    assert one.said == "The mail server said: 250 OK"


def test_story_is_in_order_of_time_with_what_colleagues_did_in_between():
    instance = rows.instance()
    version = instance.version
    done = step(instance, status="done", finished_at=f.NOW, step=version.steps.get())
    later = step(instance, due_at=f.NOW + 100 * HOUR, step=f.StepFactory(version=version))
    controls.pause(instance=instance, reason="Holiday", actor="ada", now=f.NOW + HOUR)

    lines = history.of_instance(instance).lines

    assert [line.step.action.pk if line.step else line.control.reason for line in lines] == [
        done.pk,
        "Holiday",
        later.pk,
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "active"}, "Under way. Next: Task"),
        ({"status": "paused", "paused_at": f.NOW}, "On hold since"),
        ({"status": "completed", "ended_at": f.NOW}, "Completed"),
        ({"status": "cancelled", "ended_at": f.NOW}, "Cancelled"),
        ({"status": "failed", "ended_at": f.NOW}, "went wrong"),
    ],
)
def test_state_of_a_workflow_in_words(change, words):
    instance = rows.instance()
    step(instance, step=instance.version.steps.get())
    WorkflowInstance.objects.filter(pk=instance.pk).update(**change)
    instance.refresh_from_db()

    assert words in history.of_instance(instance).state


def test_who_put_it_on_hold_and_why_stands_at_the_top():
    instance = rows.instance()
    controls.pause(instance=instance, reason="She is on holiday.", actor="ada", now=f.NOW)

    assert "by ada: She is on holiday. Nothing happens" in history.of_instance(instance).state


def test_story_asks_as_often_for_many_steps_as_for_one():
    def queries(instance):
        with CaptureQueriesContext(connection) as captured:
            history.of_instance(instance)
        return len(captured)

    def running(count):
        instance = rows.instance()
        for _ in range(count):
            action = step(instance, step=f.StepFactory(version=instance.version, target=rows.target()))
            ActionAttempt.objects.create(action=action, number=1, token=action.step_id)
        return instance

    assert queries(running(9)) == queries(running(2))


def test_page_tells_why_it_started_and_leads_to_the_event(desk, address):
    instance = rows.instance()
    event = ContactEvent.objects.get(pk=instance.event_id)

    text = desk.get(address.change(instance)).content.decode()

    assert address.change(event) in text
    assert "What happened, and what comes" in text


def test_attempts_are_folded_below_their_step(desk, address):
    attempt = rows.attempt()

    text = desk.get(address.change(attempt.action.instance)).content.decode()

    assert "<details" in text
    assert "550 No such user" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"started_at_from": "2026-03-02", "started_at_to": "2026-03-02"}, True),
        ({"started_at_to": "2026-03-01"}, False),
        ({"started_at_from": "2026-03-03"}, False),
        ({"started_at_from": "rubbish", "started_at_to": "2026-02-30"}, True),
    ],
)
def test_workflows_of_some_days(desk, address, query, found):
    rows.instance()

    listing = desk.get(address.list(WorkflowInstance), query).context["cl"]

    assert bool(listing.result_list) is found


def test_workflows_with_a_step_for_a_target(desk, address):
    action = step()
    rows.instance()

    listing = desk.get(address.list(WorkflowInstance), {"target": action.target_id}).context["cl"]

    assert [row.pk for row in listing.result_list] == [action.instance_id]


@pytest.mark.parametrize("model", [WorkflowInstance, ScheduledAction, ActionAttempt])
@pytest.mark.parametrize(("word", "found"), [("lovelace", True), ("ada love", True), ("babbage", False)])
def test_search_finds_by_any_part_of_the_contact(desk, address, model, word, found):
    attempt = rows.attempt()
    contact = attempt.action.instance.contact
    contact.last_name = "Lovelace"
    contact.save()

    listing = desk.get(address.list(model), {"q": word}).context["cl"]

    assert bool(listing.result_list) is found


def test_steps_that_are_over_are_listed_newest_first(desk, address):
    older, newer = (
        step(due_at=f.NOW + hours * HOUR, status="done", finished_at=f.NOW + hours * HOUR) for hours in (0, 1)
    )

    listing = desk.get(f"{address.list(ScheduledAction)}?status__exact=done").context["cl"]

    assert [row.pk for row in listing.result_list] == [newer.pk, older.pk]


@pytest.mark.parametrize("name", ["workflowinstance", "scheduledaction"])
def test_export_has_every_row_in_words(desk, name):
    action = step()

    lines = csv_of(desk.get(reverse(f"admin:workflows_{name}_export")))

    assert len(lines) == 2
    assert action.instance.contact.email in lines[1]
    assert action.instance.template.name in lines[1]


def test_export_keeps_to_the_filters(desk):
    failed = step(status="failed", finished_at=f.NOW)
    step()

    lines = csv_of(desk.get(reverse("admin:workflows_scheduledaction_export"), {"status__exact": "failed", "p": 3}))

    assert [line[-1] for line in lines[1:]] == [str(failed.pk)]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "|", "\uff1d", " ="])
def test_cell_that_looks_like_a_formula_is_defused(sign):
    assert export.defused(f"{sign}cmd()") == f"'{sign}cmd()"


@pytest.mark.parametrize(("value", "said"), [(None, ""), (3, "3"), ("plain", "plain"), ("a=b", "a=b")])
def test_other_cells_stay_as_they_are(value, said):
    assert export.defused(value) == said


def test_long_export_says_where_it_is_cut(desk, monkeypatch):
    monkeypatch.setattr(export, "LIMIT", 2)
    for _ in range(3):
        rows.instance()

    lines = csv_of(desk.get(reverse("admin:workflows_workflowinstance_export")))

    assert len(lines) == 4
    assert lines[-1][0].startswith("Cut here, after 2 lines")


def test_export_asks_as_often_for_many_rows_as_for_one(desk):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            csv_of(desk.get(reverse("admin:workflows_scheduledaction_export")))
        return len(captured)

    step()
    queries()
    with_one = queries()
    for _ in range(4):
        step()

    assert queries() == with_one


def test_export_is_for_who_may_look(client):
    user = f.UserFactory()
    client.force_login(user)

    assert client.get(reverse("admin:workflows_scheduledaction_export")).status_code == 403


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("active", "Under way"),
        ("paused", "On hold"),
        ("completed", "Finished"),
        ("cancelled", "Stopped"),
        ("failed", "Ended with a failure"),
    ],
)
def test_list_says_in_words_where_somebody_stands(desk, address, status, words):
    ended = {"ended_at": f.NOW} if status in ("completed", "cancelled", "failed") else {}
    held = {"paused_at": f.NOW} if status == "paused" else {}
    f.WorkflowInstanceFactory(status=status, **ended, **held)

    table = desk.get(address.list(WorkflowInstance)).content.decode().partition("<tbody")[2]

    assert words in table


def test_list_says_what_comes_next_and_until_when_it_waits(desk, address):
    later = step(step__title="Call them")
    sooner = step(later.instance, step__title="Look at the portfolio")
    soon = database_now() + HOUR
    ScheduledAction.objects.filter(pk=sooner.pk).update(due_at=soon, next_attempt_at=soon)
    ScheduledAction.objects.filter(pk=later.pk).update(due_at=soon + HOUR, next_attempt_at=soon + HOUR)

    table = desk.get(address.list(WorkflowInstance)).content.decode().partition("<tbody")[2]

    assert "Task “Look at the portfolio”, waiting until" in table
    assert "Call them" not in table


def test_versions_to_filter_by_are_named_after_their_workflow(desk, address):
    version = rows.instance().version

    page = desk.get(address.list(WorkflowInstance)).content.decode()

    assert f"{version.template.name}, version {version.number}" in page
    assert f"{version.template.slug} v{version.number}" not in page
