"""What people of the team did with a contact."""

from __future__ import annotations

import datetime as dt

import pytest

from engagement import alerts, tasking, touches
from engagement.models import HumanTouch
from tests.factories import NOW, BusinessEntityFactory, ContactFactory, TargetFactory

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def person():
    return ContactFactory()


@pytest.fixture
def gallery():
    return BusinessEntityFactory(slug="gallery")


def task(person, brand=None):
    return tasking.create_task(
        action_id=None, title="Call", target=None, contact=person, business_entity=brand, now=NOW
    )


def alert(person, brand=None):
    return alerts.raise_alert(
        action_id=None, title="Look", target=TargetFactory(), contact=person, business_entity=brand, now=NOW
    )


def told():
    return [(one.kind, one.colleague, one.business_entity, one.reference) for one in HumanTouch.objects.order_by("at")]


def test_colleague_who_does_a_task_touches_its_contact(person, gallery):
    made = task(person, gallery)

    tasking.set_status(task=made, status="done", now=NOW, by="ada")

    assert told() == [("task_done", "ada", gallery, made.pk)]


@pytest.mark.parametrize("status", ["in_progress", "on_hold", "cancelled"])
def test_task_that_is_not_done_touches_nobody(person, status):
    tasking.set_status(task=task(person), status=status, now=NOW, by="ada")

    assert told() == []


def test_machine_that_closes_a_task_touches_nobody(person):
    tasking.set_status(task=task(person), status="done", now=NOW)

    assert told() == []


def test_task_done_twice_is_one_touch(person):
    made = task(person)
    for _ in range(2):
        tasking.set_status(task=made, status="done", now=NOW, by="ada")

    assert len(told()) == 1


def test_task_of_nobody_touches_nobody():
    tasking.set_status(task=task(None), status="done", now=NOW, by="ada")

    assert told() == []


def test_first_who_acknowledges_an_alert_touches_its_contact(person, gallery):
    raised = alert(person, gallery)

    for colleague in ("ada", "grace"):
        alerts.acknowledge(alert=raised, by=colleague, now=NOW)

    assert told() == [("alert_acknowledged", "ada", gallery, raised.pk)]


@pytest.mark.parametrize("kind", touches.BY_HAND)
def test_what_happened_elsewhere_is_logged(person, kind):
    touches.log(
        contact=person, kind=kind, business_entity=None, at=NOW - HOUR, colleague="ada", note="Likes blue", now=NOW
    )

    stored = HumanTouch.objects.get()
    assert (stored.kind, stored.at, stored.note) == (kind, NOW - HOUR, "Likes blue")


def test_what_is_still_to_come_is_not_logged(person):
    with pytest.raises(touches.NotYet):
        touches.log(contact=person, kind="met", business_entity=None, at=NOW + HOUR, colleague="ada", now=NOW)


def test_last_of_each_kind_is_known(person):
    for kind, at in (("called", NOW - 2 * HOUR), ("called", NOW - HOUR), ("met", NOW)):
        touches.log(contact=person, kind=kind, business_entity=None, at=at, colleague="ada", now=NOW)

    assert [(kind, one.at) for kind, one in touches.last_of(person.pk).items()] == [
        ("met", NOW),
        ("called", NOW - HOUR),
    ]
