"""Goals and conversions over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from contacts.models import ContactEvent
from engagement.models import Conversion, Goal
from tests import factories as f

if TYPE_CHECKING:
    from tests.api.caller import Caller

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/conversions/"


@pytest.fixture
def goal() -> Goal:
    f.ContactFactory(email="ada@example.org")
    about = {"slug": "booking", "name": "Booking", "events": ["booked"], "value": 10, "currency": "EUR"}
    return Goal.objects.create(business_entity=f.BusinessEntityFactory(), **about)


def reached(**values: Any) -> dict[str, Any]:
    return {"contact_email": "ada@example.org", "goal": "booking"} | values


def test_goals_are_read(reader: Caller, goal: Goal) -> None:
    (told,) = reader.get("/api/v1/goals/").json()["results"]

    assert (told["slug"], told["business_entity"], told["value"]) == ("booking", "The 7 Space", 10.0)
    assert reader.get("/api/v1/goals/booking/").json()["events"] == ["booked"]


def test_conversion_is_recorded_and_told(operator: Caller, reader: Caller, goal: Goal) -> None:
    answer = operator.post(ADDRESS, reached(value=99.5, note="order 7"))

    assert answer.status_code == 201
    assert ContactEvent.objects.filter(kind="converted").count() == 1
    (told,) = reader.get(f"{ADDRESS}?contact_email=ada@example.org&goal=booking").json()["results"]
    assert (told["value"], told["currency"], told["source"], told["note"]) == (99.5, "EUR", "api", "order 7")


def test_same_key_is_answered_with_the_same_conversion(operator: Caller, goal: Goal) -> None:
    first, second = (operator.post(ADDRESS, reached(key="order-7")) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


def test_one_that_does_not_count_again_is_answered_with_the_first(operator: Caller, goal: Goal) -> None:
    Goal.objects.update(counting="once")
    first, second = (operator.post(ADDRESS, reached()) for _ in range(2))

    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])
    assert Conversion.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"contact_email": "nobody@example.org"}, "contact_email"),
        ({"contact_email": ""}, "contact_email"),
        ({"goal": "unknown"}, "goal"),
        ({"goal": None}, "goal"),
        ({"value": -1}, "value"),
        ({"value": "NaN"}, "value"),
        ({"currency": "Euro"}, "currency"),
        ({"currency": "eu"}, "currency"),
        ({"at": "2999-01-01T00:00:00Z"}, "at"),
        ({"at": "2150-01-01T00:00:00Z"}, "at"),
        ({"key": "x" * 101}, "key"),
        ({"other": 1}, "other"),
    ],
)
def test_what_is_wrong_is_named(operator: Caller, goal: Goal, wrong: dict[str, Any], field: str) -> None:
    answer = operator.post(ADDRESS, reached(**wrong))

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Conversion.objects.exists()


def test_reader_records_nothing(reader: Caller, goal: Goal) -> None:
    assert reader.post(ADDRESS, reached()).status_code == 403
