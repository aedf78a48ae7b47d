"""Goals: how they are reached, how often it counts, and to what it is owed."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal
from typing import Any

import pytest

from contacts import intake
from contacts.models import Contact, ContactEvent, EntityMembership
from engagement import defaults, goals
from engagement.models import Conversion, Goal, HumanTouch, Message
from tests import factories as f
from workflows import goals as workflow_goals

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
LONG_AGO = f.NOW - 300 * DAY


def goal(**values: Any) -> Goal:
    about = {"slug": "booking", "name": "Booking", "events": ["booked"], "business_entity": f.BusinessEntityFactory()}
    made = Goal.objects.create(**about | values)
    Goal.objects.update(created_at=LONG_AGO, looked_until=LONG_AGO)
    return Goal.objects.get(pk=made.pk)


@pytest.fixture
def person() -> Contact:
    one: Contact = f.ContactFactory(email="ada@example.org")
    EntityMembership.objects.create(contact=one, business_entity=f.BusinessEntityFactory())
    return one


def happens(person: Contact, kind: str = "booked", **about: Any) -> intake.Receipt:
    return intake.record_event(email=person.email, kind=kind, source="api", now=f.NOW, **about)


def look() -> int:
    return goals.run_pump_step(time.monotonic() + 0.5)


def record(person: Contact, made: Goal, at: dt.datetime = f.NOW, **values: Any) -> list[Conversion]:
    key = f"{made.slug}:{at.isoformat()}"
    reached = goals.Reached(goal=made, contact=person.pk, at=at, **{"source": "hand", "key": key} | values)
    return goals.record([reached], now=f.NOW)


def test_event_of_its_name_reaches_it_once_however_often_one_looks(person: Contact) -> None:
    goal(value=100, currency="EUR")
    happens(person)
    happens(person, "something_else")

    assert (look(), look()) == (1, 0)
    found = Conversion.objects.get()
    assert (found.source, found.value, found.currency) == ("event", Decimal(100), "EUR")


def test_events_of_one_moment_are_all_looked_at(person: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goals, "AT_ONCE", 2)
    goal()
    for _ in range(5):
        happens(person)
    ContactEvent.objects.update(received_at=f.NOW)

    assert look() == 5


def test_event_says_its_own_value(person: Contact) -> None:
    goal(value=100)
    happens(person, metadata={"value": "12.505", "currency": "usd"})
    look()

    assert Conversion.objects.get().value == Decimal("12.50")
    assert Conversion.objects.get().currency == "USD"


@pytest.mark.parametrize("value", ["many", -5, True, [1], "nan", "1e99", None])
def test_value_that_is_none_leaves_what_the_goal_says(person: Contact, value: object) -> None:
    goal(value=100)
    happens(person, metadata={"value": value})
    look()

    assert Conversion.objects.get().value == Decimal(100)


def test_event_of_another_brand_reaches_nothing(person: Contact) -> None:
    goal()
    other = f.BusinessEntityFactory(slug="other")
    happens(person, business_entities=[other.name])

    assert look() == 0


def test_what_happened_before_the_goal_was_made_is_not_counted(person: Contact) -> None:
    happens(person)
    goal()
    Goal.objects.update(created_at=f.NOW + 365 * DAY)

    assert look() == 0


def test_status_reaches_it_when_it_becomes_so(person: Contact) -> None:
    client = f.ContactStatusFactory(slug="active_client")
    goal(reached_by="status", events=[], status=client)

    intake.amend(
        contact=person, arrival=intake.Arrival(email=person.email, status=client.name), source="api", now=f.NOW
    )

    assert look() == 1
    assert Conversion.objects.get().source == "status"


def test_what_a_list_says_of_the_past_reaches_nothing(person: Contact) -> None:
    client = f.ContactStatusFactory(slug="active_client")
    goal(reached_by="status", events=[], status=client)
    arrival = intake.Arrival(email=person.email, status=client.name)

    intake.receive(arrival=arrival, source="csv", now=f.NOW, policy=intake.BASELINE)

    assert look() == 0


def test_completed_workflow_reaches_it(person: Contact) -> None:
    instance = f.WorkflowInstanceFactory(contact=person, status="completed", ended_at=f.NOW)
    f.WorkflowInstanceFactory(contact=person, status="cancelled", ended_at=f.NOW, reentry_key="again")
    goal(reached_by="workflow", events=[], workflow=instance.template.slug)

    assert workflow_goals.run_pump_step(time.monotonic() + 1) == 1
    assert workflow_goals.run_pump_step(time.monotonic() + 1) == 0
    assert Conversion.objects.get().source == "workflow"


@pytest.mark.parametrize(("counting", "days", "counted"), [("once", None, 1), ("every", None, 3), ("spaced", 7, 2)])
def test_it_counts_as_the_goal_says(person: Contact, counting: str, days: int | None, counted: int) -> None:
    made = goal(counting=counting, every_days=days)

    for ago in (10, 2, 1):
        record(person, made, f.NOW - ago * DAY)

    assert Conversion.objects.count() == counted


def test_same_key_is_the_same_conversion(person: Contact) -> None:
    made = goal()

    assert [len(record(person, made, key="order-1")) for _ in range(2)] == [1, 0]


def test_nobody_reaches_a_goal_in_the_future(person: Contact) -> None:
    with pytest.raises(goals.NotYet):
        record(person, goal(), f.NOW + DAY)


def test_conversion_leaves_an_event_that_workflows_start_by(person: Contact) -> None:
    record(person, goal(value=5, currency="EUR"))

    event = ContactEvent.objects.get(kind="converted")
    assert event.processed_at is None
    assert event.payload["metadata"]["goal"] == "booking"
    assert event.facts["business_entities"] == ["The 7 Space"]


def test_event_of_a_conversion_reaches_no_goal(person: Contact) -> None:
    record(person, goal())
    goal(slug="any", events=["converted"])

    assert look() == 0


def clicked(person: Contact, at: dt.datetime, label: str = "human") -> Message:
    version = f.EngagementTemplateFactory().current_version
    sent: Message = Message.objects.create(
        contact=person,
        recipient=person.email,
        subject="S",
        text="",
        html="",
        status="sent",
        sent_at=at,
        version=version,
    )
    sent.events.create(type="clicked", at=at, label=label)
    return sent


def test_it_is_owed_to_the_last_touch_or_click_with_the_first_beside(person: Contact) -> None:
    first = clicked(person, f.NOW - 5 * DAY)
    HumanTouch.objects.create(contact=person, kind="called", at=f.NOW - 2 * DAY, colleague="max")
    clicked(person, f.NOW - DAY, label="machine")
    clicked(person, f.NOW - 40 * DAY)

    owed = record(person, goal(window_days=30))[0].attribution

    assert (owed["model"], owed["window_days"]) == ("last_touch", 30)
    assert owed["last"]["kind"] == "called"
    assert owed["first"]["message"] == str(first.pk)
    assert owed["first"]["email"] == first.version.template.slug  # type: ignore[union-attr]  # it has one


def test_it_is_owed_to_a_workflow_by_its_slug(person: Contact) -> None:
    action = f.ScheduledActionFactory(instance__contact=person)
    message = clicked(person, f.NOW - DAY)
    Message.objects.filter(pk=message.pk).update(action=action.pk)

    assert record(person, goal())[0].attribution["last"]["workflow"] == action.instance.template.slug


def test_without_any_it_is_owed_to_nothing(person: Contact) -> None:
    assert record(person, goal())[0].attribution["last"] is None


def test_fresh_deployment_has_the_goals_of_its_brands(deployed: None) -> None:
    assert Goal.objects.filter(business_entity__slug="am_consulting").count() == 4
    Goal.objects.filter(slug="revenue").update(name="Turnover", active=False)

    defaults.load()

    assert Goal.objects.get(slug="revenue").name == "Turnover"
    assert Goal.objects.count() == 12
