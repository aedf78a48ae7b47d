"""An address somebody was known by still finds them, and nobody else can have it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from contactflow.core.clock import database_now
from contacts import addresses, intake
from contacts.models import Contact, FormerAddress
from tests import factories as f
from tests.contacts import listed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reference")]


@pytest.fixture
def reference() -> None:
    f.ContactStatusFactory()
    f.BusinessEntityFactory(is_fallback=True)
    f.ContactTypeFactory(is_fallback=True)
    f.LeadSourceFactory(is_fallback=True)


def known_as(address: str) -> Contact:
    person = f.ContactFactory(email="now@example.org")
    FormerAddress.objects.create(contact=person, email=address)
    return person


def arrive(address: str, company: str = "New") -> intake.Receipt:
    return intake.receive(
        arrival=intake.Arrival(email=address, company=company), source="api", now=database_now(), policy=intake.BASELINE
    )


def test_a_former_address_finds_the_person() -> None:
    person = known_as("then@example.org")

    assert addresses.find(email="then@example.org") == person


def test_an_arrival_by_a_former_address_makes_nobody_new() -> None:
    person = known_as("then@example.org")

    receipt = arrive("Then@Example.org")

    assert (receipt.contact.pk, receipt.created) == (person.pk, False)
    assert Contact.objects.get().company == "New"


def test_an_arrival_by_a_former_address_leaves_the_present_one() -> None:
    known_as("then@example.org")

    arrive("then@example.org")

    assert Contact.objects.get().email == "now@example.org"


def test_an_event_for_a_former_address_is_the_persons() -> None:
    person = known_as("then@example.org")

    receipt = intake.record_event(email="then@example.org", kind="met", source="api", now=database_now())

    assert receipt.contact.pk == person.pk


def test_a_list_with_both_addresses_speaks_of_one_person() -> None:
    person = known_as("then@example.org")
    arrivals = [
        ("1", intake.Arrival(email="then@example.org", contact_types=("Artist",), tags=("a",))),
        ("2", intake.Arrival(email="now@example.org", contact_types=("Artist",), tags=("b",))),
    ]

    listed.take_in(arrivals)

    person.refresh_from_db()
    assert set(person.tags) == {"a", "b"}
    assert person.contact_types.count() == 1


def test_an_arrival_takes_as_many_statements_as_it_did() -> None:
    arrive("new@example.org")
    known_as("then@example.org")

    with CaptureQueriesContext(connection) as by_present:
        arrive("now@example.org")
    with CaptureQueriesContext(connection) as by_former:
        arrive("then@example.org", "Newer")

    assert len(by_former) <= len(by_present)


def test_nobody_else_can_get_a_former_address() -> None:
    known_as("then@example.org")

    with pytest.raises(IntegrityError), transaction.atomic():
        f.ContactFactory(email="then@example.org")


def test_the_person_can_take_their_former_address_again() -> None:
    person = known_as("then@example.org")

    intake.amend(contact=person, arrival=intake.Arrival(email="then@example.org"), source="admin", now=database_now())

    assert addresses.find(email="then@example.org") == person


def test_another_person_is_told_whose_the_address_was() -> None:
    known_as("then@example.org")
    other = f.ContactFactory()

    with pytest.raises(intake.IntakeError, match="was merged with somebody who had this email address"):
        intake.amend(
            contact=other, arrival=intake.Arrival(email="then@example.org"), source="admin", now=database_now()
        )


def test_a_present_address_cannot_become_anybody_elses_former_one() -> None:
    person, other = f.ContactFactory(), f.ContactFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        FormerAddress.objects.create(contact=person, email=other.email)


def test_a_million_contacts_are_not_read_for_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = addresses.holders(emails=["a@example.org"]).explain()

    assert "Seq Scan on contacts_contact" not in plan


@pytest.mark.django_db(transaction=True)
def test_an_arrival_that_waited_for_a_merge_finds_the_kept_person() -> None:
    kept, dropped = f.ContactFactory(email="now@example.org"), f.ContactFactory(email="then@example.org")
    found: list[Any] = []

    def late() -> None:
        found.append(arrive("then@example.org").contact.pk)
        connection.close()

    with transaction.atomic():
        Contact.objects.select_for_update().get(pk=dropped.pk)
        thread = threading.Thread(target=late)
        thread.start()
        thread.join(0.5)  # it waits for the row
        dropped.delete()
        FormerAddress.objects.create(contact=kept, email="then@example.org")
    thread.join(10)

    assert found == [kept.pk]
