"""A touch yields to other emails and ends when the contact replied, converted or is not to be written to."""

from __future__ import annotations

import datetime as dt

import pytest

from contacts.models import Contact
from engagement.models import Message, MessageEvent
from tests.factories import (
    NOW,
    ContactEventFactory,
    ContactFactory,
    EngagementTemplateFactory,
    ScheduledActionFactory,
    StepFactory,
)
from tests.workflows import world
from workflows.models import PlannedTouch, ScheduledAction

pytestmark = pytest.mark.django_db

SENT_BEFORE = {"reason": {"code": "yields_to_sent"}}
DUE_AFTER = {"reason": {"code": "yields_to_due"}}


@pytest.fixture
def contact() -> Contact:
    return ContactFactory(first_name="Ada")


def touch(contact: Contact, *, due_in: float = 0, day: int = 1) -> ScheduledAction:
    step = StepFactory(action_type="schedule_follow_up", target=None)
    return ScheduledActionFactory(
        instance__contact=contact,
        instance__version=step.version,
        instance__started_at=world.database_now() - dt.timedelta(days=day),
        step=step,
        occurrence=day,
        action_type="follow_up",
        template=EngagementTemplateFactory(),
        due_at=world.database_now() + dt.timedelta(hours=due_in),
    )


def email(contact: Contact, *, due_in: float) -> ScheduledAction:
    return ScheduledActionFactory(
        instance__contact=contact,
        step__action_type="send_email",
        step__target=None,
        step__template=EngagementTemplateFactory(),
        due_at=world.database_now() + dt.timedelta(hours=due_in),
    )


def sent(contact: Contact, *, hours_ago: float) -> Message:
    at = world.database_now() - dt.timedelta(hours=hours_ago)
    return Message.objects.create(
        contact=contact, recipient=contact.email, subject="Hello", status="sent", created_at=at, sent_at=at
    )


def outcome(action: ScheduledAction) -> tuple[str, dict[str, str]]:
    world.run_due()
    action.refresh_from_db()
    return action.status, action.result


def test_a_touch_without_other_emails_goes_out(contact: Contact) -> None:
    assert outcome(touch(contact))[0] == "done"


@pytest.mark.parametrize(("hours_ago", "status"), [(1, "skipped"), (19.9, "skipped"), (20.1, "done"), (70, "done")])
def test_a_touch_yields_to_an_email_before(contact: Contact, hours_ago: float, status: str) -> None:
    sent(contact, hours_ago=hours_ago)

    assert outcome(touch(contact))[0] == status


@pytest.mark.parametrize(("due_in", "status"), [(0.5, "skipped"), (19.9, "skipped"), (20.1, "done")])
def test_a_touch_yields_to_an_email_after(contact: Contact, due_in: float, status: str) -> None:
    email(contact, due_in=due_in)

    assert outcome(touch(contact))[0] == status


def test_the_reason_says_which_email(contact: Contact) -> None:
    sent(contact, hours_ago=2)

    assert outcome(touch(contact)) == ("skipped", SENT_BEFORE)


def test_a_touch_yields_to_the_next_touch(contact: Contact) -> None:
    touch(contact, due_in=10, day=2)

    assert outcome(touch(contact)) == ("skipped", DUE_AFTER)


def test_of_two_touches_at_once_one_goes_out(contact: Contact) -> None:
    first, second = touch(contact), touch(contact)
    ScheduledAction.objects.update(due_at=NOW, next_attempt_at=NOW)

    world.run_due()

    first.refresh_from_db(), second.refresh_from_db()
    assert sorted([first.status, second.status]) == ["done", "skipped"]


def test_emails_to_others_do_not_matter(contact: Contact) -> None:
    sent(ContactFactory(), hours_ago=1)

    assert outcome(touch(contact))[0] == "done"


def test_emails_of_a_cancelled_workflow_do_not_matter(contact: Contact) -> None:
    planned = email(contact, due_in=3)
    type(planned.instance).objects.filter(pk=planned.instance_id).update(status="cancelled", ended_at=NOW)

    assert outcome(touch(contact))[0] == "done"


def test_a_planned_email_does_not_yield_to_a_touch(contact: Contact) -> None:
    touch(contact, due_in=3)

    assert outcome(email(contact, due_in=0))[0] == "done"


def test_touches_end_when_the_contact_replied(contact: Contact) -> None:
    action = touch(contact)
    MessageEvent.objects.create(message=sent(contact, hours_ago=23), type="replied", at=world.database_now())

    assert outcome(action) == ("skipped", {"reason": {"code": "contact_replied"}})


def test_touches_end_when_the_contact_converted(contact: Contact) -> None:
    action = touch(contact)
    ContactEventFactory(contact=contact, kind="converted", processed_at=NOW)

    assert outcome(action) == ("skipped", {"reason": {"code": "contact_converted"}})


def test_a_reply_from_before_the_start_does_not_end_them(contact: Contact) -> None:
    message = sent(contact, hours_ago=100)
    MessageEvent.objects.create(message=message, type="replied", at=world.database_now() - dt.timedelta(hours=99))

    assert outcome(touch(contact))[0] == "done"


def test_a_skipped_touch_completes_the_instance(contact: Contact) -> None:
    sent(contact, hours_ago=1)
    action = touch(contact)

    world.run_due()

    action.instance.refresh_from_db()
    assert action.instance.status == "completed"


def test_touches_planned_after_a_pause_keep_their_distance_from_the_shifted_start(contact: Contact) -> None:
    step = StepFactory(action_type="schedule_follow_up", target=None, delay_hours=24)
    PlannedTouch.objects.create(step=step, day=3, template=EngagementTemplateFactory())
    started = world.database_now() - dt.timedelta(days=6)
    plan = ScheduledActionFactory(
        instance__contact=contact,
        instance__version=step.version,
        instance__started_at=started,
        step=step,
        due_at=started + dt.timedelta(days=5, hours=24),  # five days of pause
    )

    world.run_due()

    planned = plan.instance.actions.get(action_type="follow_up")
    assert planned.due_at == started + dt.timedelta(days=5 + 3)
