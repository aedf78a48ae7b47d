"""What a colleague reads in the alerts and tasks that workflows make."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from contactflow.core.reasons import Reason
from contacts.models import Contact
from engagement import delivery
from engagement.models import Alert, Task
from tests.factories import (
    NOW,
    BusinessEntityFactory,
    ContactEventFactory,
    ContactFactory,
    ContactStatusFactory,
    EngagementTemplateFactory,
    ScheduledActionFactory,
    TargetFactory,
)
from workflows import actions
from workflows.models import ScheduledAction

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Contact:
    return ContactFactory(
        first_name="Ada",
        last_name="Lovelace",
        email="ada@example.org",
        phone="+442079460018",
        job_title="Director",
        company="Analytical Engines",
    )


def action_for(contact: Contact, **fields: object) -> ScheduledAction:
    return ScheduledActionFactory(
        instance__contact=contact,
        instance__because={"code": "lead_source", "has": ["Referral"]},
        instance__version__template__name="VIP treatment",
        **fields,
    )


def perform(action: ScheduledAction) -> dict[str, Any]:
    return actions.of(action.action_type).perform_many([action], NOW)[0]


def alert(action: ScheduledAction) -> Alert:
    return Alert.objects.get(pk=perform(action)["alert"])


def task(action: ScheduledAction) -> Task:
    return Task.objects.get(pk=perform(action)["task"])


def test_an_alert_is_headed_by_the_workflow_and_the_person(ada: Contact) -> None:
    action = action_for(ada, step__action_type="send_notification", step__title="")

    assert alert(action).title == "VIP treatment: Ada Lovelace"


def test_an_alert_for_somebody_without_a_name_is_headed_by_the_address() -> None:
    action = action_for(ContactFactory(email="x@example.org"), step__action_type="send_notification", step__title="")

    assert alert(action).title == "VIP treatment: x@example.org"


def test_an_alert_says_who_it_is_and_why_it_came(ada: Contact) -> None:
    message = alert(action_for(ada, step__action_type="send_notification")).message

    assert message.splitlines() == [
        "Ada Lovelace",
        "ada@example.org",
        "+442079460018",
        "Director · Analytical Engines",
        "Started because: lead source Referral",
    ]


def test_what_is_not_known_leaves_no_gap() -> None:
    action = action_for(ContactFactory(email="x@example.org"), step__action_type="send_notification")

    assert alert(action).message == "x@example.org\nStarted because: lead source Referral"


def test_words_of_the_step_come_first(ada: Contact) -> None:
    action = action_for(
        ada, step__action_type="send_notification", step__title="A VIP!", step__description="Call at once."
    )

    made = alert(action)

    assert (made.title, made.message) == ("A VIP!", "Call at once.")


@pytest.mark.parametrize(("given", "used"), [("urgent", "urgent"), ("", "medium")])
def test_priority_is_the_steps_or_medium(ada: Contact, given: str, used: str) -> None:
    action = action_for(ada, step__action_type="send_notification", step__priority=given)

    assert alert(action).priority == used


def test_the_brand_goes_along(ada: Contact) -> None:
    action = action_for(ada, instance__business_entity=BusinessEntityFactory())

    assert task(action).business_entity == action.instance.business_entity


def test_performing_twice_makes_one(ada: Contact) -> None:
    notice, work = action_for(ada, step__action_type="send_notification"), action_for(ada)

    for _ in range(2):
        alert(notice), task(work)

    assert (Alert.objects.count(), Task.objects.count()) == (1, 1)


def test_a_task_knows_where_it_comes_from(ada: Contact) -> None:
    action = action_for(ada)

    made = task(action)

    assert (made.action, made.source, made.contact) == (action.pk, "workflow", ada)


def test_an_alert_without_a_target_is_a_fault_of_ours(ada: Contact) -> None:
    action = action_for(ada, step__action_type="send_notification", step__target=TargetFactory())
    action.target = None

    with pytest.raises(ValueError, match="nobody to alert"):
        perform(action)


@pytest.mark.parametrize("action_type", ["create_task", "send_notification", "send_email", "follow_up"])
def test_who_may_not_be_contacted_keeps_everything_from_happening(action_type: str) -> None:
    blocked = ContactFactory(status=ContactStatusFactory(slug="do_not_contact"))
    action = action_for(blocked)
    action.action_type = action_type

    assert actions.of(action_type).why_not(action) == Reason.of("status_blocks", status="Do Not Contact")


@pytest.mark.parametrize("action_type", ["create_task", "send_notification", "send_email", "follow_up"])
def test_everybody_else_gets_what_was_promised(ada: Contact, action_type: str) -> None:
    action = action_for(ada)
    action.action_type = action_type

    assert actions.of(action_type).why_not(action) is None


def test_an_email_says_what_came_with_the_event_and_only_then_reads_it(ada: Contact) -> None:
    event = ContactEventFactory(contact=ada, payload={"metadata": {"tier": "gold"}})
    email = EngagementTemplateFactory(words=("Your {{ event.tier }} place", "Hello"), level="standard")
    action = action_for(ada, step__action_type="send_email", step__template=email, instance__event=event)
    order = actions.of("send_email").order(action)
    plain = EngagementTemplateFactory(slug="plain", words=("Your place", "Our event. Come!"), level="standard")
    assert order is not None
    unasked = replace(order, action_id=uuid4(), template=plain, facts=lambda: pytest.fail("read the event"))

    drafts = [made[0] for made in delivery.prepare([order, unasked], now=NOW) if not isinstance(made, Exception)]

    assert [draft.rendered.subject for draft in drafts] == ["Your gold place", "Your place"]


def test_a_task_says_what_came_with_the_event_under_any_name(ada: Contact) -> None:
    event = ContactEventFactory(contact=ada, payload={"metadata": {"Table for": "two"}})
    title = 'Lay {{ event["Table for"] }}'

    action = action_for(ada, step__action_type="create_task", step__title=title, instance__event=event)

    assert task(action).title == "Lay two"
