"""Two requests at the very same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from contacts import defaults, intake
from contacts.intake import Arrival, Receipt
from contacts.models import Contact, ContactEvent
from tests.contacts import listed
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _reference_rows() -> None:
    defaults.load()


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls together, each on a connection of its own."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            together.wait(timeout=10)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(timeout=30) for future in [threads.submit(run, call) for call in calls]]


def receive(**given: Any) -> Receipt:
    key = given.pop("event_key", None)
    return intake.receive(
        arrival=Arrival(**{"email": "ada@example.org", **given}), source="api", now=NOW, event_key=key
    )


@pytest.mark.parametrize("round_", range(5))
def test_two_identical_requests_give_one_contact_and_one_event(round_: int) -> None:
    receipts = at_once(*[lambda: receive(event_key="same", contact_types=["Artist"])] * 2)

    assert Contact.objects.count() == 1
    assert ContactEvent.objects.count() == 1
    assert sorted(receipt.duplicate for receipt in receipts) == [False, True]
    assert len({receipt.event.pk for receipt in receipts}) == 1


def test_two_requests_without_a_key_give_one_contact_and_lose_nothing() -> None:
    receipts = at_once(
        lambda: receive(first_name="Ada", tags=["VIP"], contact_types=["Artist"]),
        lambda: receive(last_name="Lovelace", tags=["Hot"], contact_types=["Business Contact"]),
    )

    contact = Contact.objects.get()
    assert sorted(receipt.created for receipt in receipts) == [False, True]
    assert (contact.first_name, contact.last_name, sorted(contact.tags)) == ("Ada", "Lovelace", ["Hot", "VIP"])
    assert contact.contact_types.count() == 2
    assert contact.memberships.count() == 2
    assert ContactEvent.objects.count() == 2


def test_two_updates_of_a_known_contact_lose_nothing() -> None:
    receive()

    at_once(*[lambda tag=tag: receive(tags=[tag]) for tag in ("a", "b", "c", "d")])

    assert sorted(Contact.objects.get().tags) == ["a", "b", "c", "d"]


def test_one_key_for_two_people_lets_only_one_in() -> None:
    receipts = at_once(
        lambda: receive(email="ada@example.org", event_key="same"),
        lambda: receive(email="eve@example.org", event_key="same"),
    )

    assert Contact.objects.count() == 1
    assert ContactEvent.objects.count() == 1
    assert {receipt.contact.pk for receipt in receipts} == {Contact.objects.get().pk}


def test_an_event_for_somebody_just_arriving_finds_them() -> None:
    at_once(
        receive,
        lambda: intake.record_event(
            email="ada@example.org", kind="engagement_detected", source="api", now=NOW, event_key="e"
        ),
    )

    assert Contact.objects.count() == 1
    assert ContactEvent.objects.count() == 2


def test_lists_that_name_the_same_people_in_another_order_do_not_wait_for_each_other() -> None:
    people = [(f"k{number}", Arrival(email=f"p{number}@example.org")) for number in range(60)]

    at_once(
        lambda: listed.take_in(people),
        lambda: listed.take_in(people[::-1]),
        lambda: [receive(email=arrival.email) for _, arrival in people[::7]],
    )

    assert Contact.objects.count() == 60
    assert ContactEvent.objects.filter(source="csv").count() <= 60


def test_a_caller_who_rolls_back_leaves_nothing() -> None:
    with transaction.atomic():
        receive()
        transaction.set_rollback(True)

    assert not Contact.objects.exists()
    assert not ContactEvent.objects.exists()
