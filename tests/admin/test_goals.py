"""Goals in the admin: what their form refuses, and recording one on a person's page."""

from __future__ import annotations

import pytest

from contacts.models import Contact
from engagement.models import Conversion, Goal
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def goal():
    about = {"slug": "booking", "name": "Booking", "events": ["booked"]}
    return Goal.objects.create(business_entity=f.BusinessEntityFactory(), **about)


def form(**values):
    brand = f.BusinessEntityFactory()
    about = {"name": "Booking", "slug": "booking", "business_entity": brand.pk, "active": "on", "window_days": 30}
    return about | {"reached_by": "event", "events": "booked", "counting": "every"} | values


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"events": ""}, "Name at least one event."),
        ({"events": "Exhibition booked"}, "lower-case"),
        ({"events": "converted"}, "lower-case"),
        ({"reached_by": "status"}, "Choose the status."),
        ({"reached_by": "workflow"}, "Give the slug"),
        ({"counting": "spaced"}, "how many days"),
        ({"currency": "Euro"}, "3 characters"),
        ({"currency": "eur"}, "such as EUR"),
        ({"window_days": 0}, "greater than or equal to 1"),
        ({"value": -1}, "greater than or equal to 0"),
    ],
)
def test_form_says_what_is_missing(desk, address, values, said):
    page = desk.post(address.add(Goal), form(**values))

    assert page.status_code == 200
    assert said in page.content.decode()
    assert not Goal.objects.exists()


def test_goal_is_added(desk, address):
    desk.post(address.add(Goal), form(value="12.50", currency="EUR"))

    assert Goal.objects.get().events == ["booked"]


def test_colleague_records_it_on_the_persons_page(desk, address, goal):
    person = f.ContactFactory(email="ada@example.org")

    desk.post(address.button(person, "convert"), {"goal": goal.pk, "value": "12", "note": "by phone"})

    found = Conversion.objects.get()
    assert (found.source, found.actor, found.value, found.note) == ("hand", "boss", 12, "by phone")
    page = desk.get(address.change(person)).content.decode()
    assert "Goal reached: Booking" in page
    assert "by phone" in page


def test_goal_that_is_still_to_come_is_refused(desk, address, goal):
    person = f.ContactFactory()

    answer = desk.post(address.button(person, "convert"), {"goal": goal.pk, "at": "2150-01-01T00:00"}, follow=True)

    assert "still to come" in answer.content.decode()
    assert not Conversion.objects.exists()
    assert Contact.objects.exists()
