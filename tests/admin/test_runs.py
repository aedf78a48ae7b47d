"""Controls on workflows and their steps, each with its reason, and what the pages say about them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.messages import get_messages

from contactflow.core.clock import database_now
from engagement.models import ChannelState, Message
from tests import factories as f
from tests.admin import rows
from workflows.models import ControlEntry, ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db
REASON = {"reason": "She is on holiday"}


def running(**values):
    return f.ScheduledActionFactory(instance=rows.instance(), **values)


def action_in(status, **values):
    action = running(**values)
    finished = f.NOW if status in ("failed", "dead", "skipped", "done", "cancelled") else None
    held = {"lease_until": f.NOW, "token": 1} if status in ("claimed", "sending") else {}
    ScheduledAction.objects.filter(pk=action.pk).update(status=status, finished_at=finished, **held)
    action.refresh_from_db()
    return action


def press(desk, address, row, button, **answers):
    response = desk.post(address.button(row, button), REASON | answers)
    row.refresh_from_db()
    return response


def test_workflow_is_paused(desk, address):
    instance = running().instance

    press(desk, address, instance, "pause")

    assert instance.status == "paused"


def test_paused_workflow_is_resumed(desk, address):
    instance = running().instance
    press(desk, address, instance, "pause")

    press(desk, address, instance, "resume")

    assert instance.status == "active"


def test_workflow_is_cancelled_with_its_steps(desk, address):
    action = running()

    press(desk, address, action.instance, "cancel")

    action.refresh_from_db()
    assert (action.instance.status, action.status) == ("cancelled", "cancelled")


def test_control_keeps_who_and_why(desk, address):
    instance = running().instance

    press(desk, address, instance, "pause")

    entry = ControlEntry.objects.get()
    assert (entry.instance, entry.verb, entry.reason, entry.actor) == (instance, "pause", "She is on holiday", "boss")


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_control_without_a_proper_reason_is_refused(desk, address, reason):
    instance = running().instance

    response = desk.post(address.button(instance, "pause"), {"reason": reason})

    instance.refresh_from_db()
    assert "reason" in response.context["form"].errors
    assert instance.status == "active"


def test_control_that_is_not_possible_any_more_says_why(desk, address):
    instance = running().instance
    press(desk, address, instance, "cancel")

    response = press(desk, address, instance, "pause")

    assert [str(message) for message in get_messages(response.wsgi_request)][-1].startswith("Only an active workflow")
    assert instance.status == "cancelled"


@pytest.mark.parametrize(
    ("status", "buttons"),
    [("active", {"pause", "cancel"}), ("paused", {"resume", "cancel"}), ("completed", set()), ("cancelled", set())],
)
def test_workflow_offers_what_its_state_allows(desk, address, status, buttons):
    instance = rows.instance()
    ended = f.NOW if status in ("completed", "cancelled") else None
    paused = f.NOW if status == "paused" else None
    WorkflowInstance.objects.filter(pk=instance.pk).update(status=status, ended_at=ended, paused_at=paused)

    page = desk.get(address.change(instance)).content.decode()

    assert {name for name in ("pause", "resume", "cancel") if address.button(instance, name) in page} == buttons


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        ("pending", {"skip"}),
        ("claimed", set()),
        ("sending", set()),
        ("done", set()),
        ("failed", {"retry", "skip"}),
        ("ambiguous", {"resolve"}),
        ("dead", {"retry", "skip"}),
        ("skipped", {"retry"}),
        ("cancelled", set()),
    ],
)
def test_step_offers_what_its_state_allows(desk, address, status, buttons):
    action = action_in(status)

    page = desk.get(address.change(action)).content.decode()

    assert {name for name in ("retry", "skip", "resolve") if address.button(action, name) in page} == buttons


@pytest.mark.parametrize("status", ["failed", "dead", "skipped"])
def test_step_is_tried_again(desk, address, status):
    action = action_in(status)

    press(desk, address, action, "retry")

    assert action.status == "pending"


@pytest.mark.parametrize("status", ["pending", "failed", "dead"])
def test_step_is_skipped(desk, address, status):
    action = action_in(status)

    press(desk, address, action, "skip")

    assert action.status == "skipped"


@pytest.mark.parametrize(("sent", "becomes"), [("yes", "done"), ("no", "pending")])
def test_unclear_step_is_settled(desk, address, sent, becomes):
    action = action_in("ambiguous")
    Message.objects.create(
        action=action.pk, contact=action.instance.contact, recipient="ada@example.org", subject="", status="ambiguous"
    )

    press(desk, address, action, "resolve", sent=sent)

    assert action.status == becomes


@pytest.mark.parametrize("sent", ["", "perhaps"])
def test_unclear_step_stays_so_without_an_answer(desk, address, sent):
    action = action_in("ambiguous")

    response = press(desk, address, action, "resolve", sent=sent)

    assert "sent" in response.context["form"].errors
    assert action.status == "ambiguous"


def test_page_of_a_workflow_is_headed_by_its_meaning(desk, address):
    instance = rows.instance()

    page = desk.get(address.change(instance)).content.decode()

    assert f"{instance.template} for Ada" in page
    assert f"{instance.template_id}: {instance.contact_id}" not in page


def test_page_of_a_workflow_lists_its_steps(desk, address):
    action = running()

    page = desk.get(address.change(action.instance)).content.decode()

    assert address.change(action) in page
    assert "due now" in page


def test_page_of_a_step_lists_its_attempts(desk, address):
    attempt = rows.attempt()

    page = desk.get(address.change(attempt.action)).content.decode()

    assert "550 No such user" in page


def test_list_shows_failed_and_given_up_steps_together(desk, address):
    failed, gave_up = action_in("failed"), action_in("dead")
    action_in("done")

    listing = desk.get(f"{address.list(ScheduledAction)}?status__exact=failed&status__exact=dead").context["cl"]

    assert {action.pk for action in listing.result_list} == {failed.pk, gave_up.pk}


def test_due_email_says_that_email_is_paused(desk, address):
    action = running(action_type="send_email", template=f.EngagementTemplateFactory())
    ChannelState.objects.create(channel="email", paused_until=database_now() + dt.timedelta(hours=1))

    page = desk.get(address.change(action)).content.decode()

    assert "waits: email is paused" in page


def test_steps_are_listed_soonest_due_first(desk, address):
    later, sooner = running(due_at=f.NOW + dt.timedelta(hours=1)), running(due_at=f.NOW)

    listing = desk.get(f"{address.list(ScheduledAction)}?status__exact=pending").context["cl"]

    assert [action.pk for action in listing.result_list] == [sooner.pk, later.pk]


def test_cancelling_cannot_be_mistaken_for_going_back(desk, address):
    page = desk.get(address.button(running().instance, "cancel")).content.decode()

    assert "Cancel the workflow" in page
    assert "Go back" in page
