"""Who may be written to, and why not."""

from __future__ import annotations

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from contactflow.core.reasons import Reason
from contacts import consent, describe
from contacts.models import Consent, Contact, ContactEvent, ContactStatus, Suppression
from tests.factories import NOW, BusinessEntityFactory, ContactFactory, ContactStatusFactory

pytestmark = pytest.mark.django_db

LATER = NOW + dt.timedelta(hours=1)


def forbid_elsewhere(person: Contact) -> bool:
    """Do Not Contact, on a connection of its own."""
    try:
        return consent.do_not_contact(contact=person, source="asked", now=NOW)
    finally:
        connection.close()


def wait_until_somebody_waits_for_a_lock() -> None:
    until = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


@pytest.fixture
def person() -> Contact:
    return ContactFactory(email="ada@example.org")


class TestMayContact:
    def test_without_any_record_a_person_may_be_written_to(self, person: Contact) -> None:
        verdict = consent.may_contact(contact=person)

        assert (verdict.allowed, verdict.reason.code) == (True, "nothing_against")

    def test_a_status_may_forbid_it(self) -> None:
        person = ContactFactory(status=ContactStatusFactory(slug="do_not_contact"))

        verdict = consent.may_contact(contact=person)

        assert (verdict.allowed, verdict.reason) == (False, Reason.of("status_blocks", status="Do Not Contact"))

    def test_it_judges_what_is_stored_not_what_was_loaded(self, person: Contact) -> None:
        Contact.objects.update(status=ContactStatusFactory(slug="do_not_contact"))

        assert not consent.may_contact(contact=person).allowed

    def test_somebody_who_was_deleted_is_not_written_to(self, person: Contact) -> None:
        Contact.objects.filter(pk=person.pk).delete()

        assert consent.may_contact(contact=person) == consent.Verdict(False, Reason.of("contact_gone"))

    @pytest.mark.parametrize("entered", ["ada@example.org", "Ada@Example.ORG"])
    @pytest.mark.parametrize("reason", Suppression.Reason.values)
    def test_a_suppressed_address_receives_nothing(self, person: Contact, entered: str, reason: str) -> None:
        Suppression.objects.create(email=entered, reason=reason)

        verdict = consent.may_contact(contact=person)

        assert not verdict.allowed
        assert verdict.reason == Reason.of("address_suppressed", why=reason)

    def test_a_suppressed_address_says_nothing_of_other_channels(self, person: Contact) -> None:
        consent.suppress(email=person.email, reason="bounced")

        assert consent.may_contact(contact=person, channel="phone").allowed

    def test_withdrawn_consent_forbids_it(self, person: Contact) -> None:
        consent.withdraw(contact=person, source="unsubscribed", now=NOW)

        verdict = consent.may_contact(contact=person)

        assert describe.permission(verdict.reason) == "consent for email from every brand was withdrawn on 2026-03-02"

    def test_the_newest_record_holds(self, person: Contact) -> None:
        consent.withdraw(contact=person, source="unsubscribed", now=NOW)
        consent.grant(contact=person, source="came back", now=LATER)

        assert consent.may_contact(contact=person) == consent.Verdict(True, Reason.of("consent_given"))

    def test_of_two_at_one_moment_the_later_entry_holds(self, person: Contact) -> None:
        consent.grant(contact=person, source="form", now=NOW)
        consent.withdraw(contact=person, source="form", now=NOW)

        assert not consent.may_contact(contact=person).allowed

    def test_withdrawn_from_one_brand_holds_for_that_brand(self, person: Contact) -> None:
        gallery, consulting = BusinessEntityFactory(slug="gallery"), BusinessEntityFactory(slug="consulting")

        consent.withdraw(contact=person, source="link", now=NOW, business_entity=gallery)

        assert not consent.may_contact(contact=person, business_entity=gallery).allowed
        assert consent.may_contact(contact=person, business_entity=consulting).allowed
        assert consent.may_contact(contact=person).allowed

    def test_withdrawn_from_every_brand_holds_for_each(self, person: Contact) -> None:
        consent.withdraw(contact=person, source="link", now=NOW)

        assert not consent.may_contact(contact=person, business_entity=BusinessEntityFactory()).allowed

    def test_consent_to_a_brand_after_leaving_all_holds_for_that_brand(self, person: Contact) -> None:
        gallery, consulting = BusinessEntityFactory(slug="gallery"), BusinessEntityFactory(slug="consulting")
        consent.withdraw(contact=person, source="link", now=NOW)

        consent.grant(contact=person, source="form", now=LATER, business_entity=gallery)

        assert consent.may_contact(contact=person, business_entity=gallery).allowed
        assert not consent.may_contact(contact=person, business_entity=consulting).allowed

    def test_channels_are_apart(self, person: Contact) -> None:
        consent.withdraw(contact=person, source="asked", now=NOW, channel="phone")

        assert consent.may_contact(contact=person).allowed
        assert not consent.may_contact(contact=person, channel="phone").allowed

    def test_consent_lifts_neither_status_nor_suppression(self, person: Contact) -> None:
        consent.suppress(email=person.email, reason="complained")

        consent.grant(contact=person, source="form", now=NOW)

        assert not consent.may_contact(contact=person).allowed

    def test_records_keep_how_and_when(self, person: Contact) -> None:
        consent.withdraw(contact=person, source="x" * 300, now=NOW)

        record = Consent.objects.get()
        assert (record.state, record.source, record.recorded_at) == ("withdrawn", "x" * 200, NOW)


class TestDoNotContact:
    def test_it_forbids_contact_and_leaves_a_processed_event(self, person: Contact) -> None:
        ContactStatusFactory(slug="do_not_contact")

        changed = consent.do_not_contact(contact=person, source="asked on the phone", now=NOW)

        event = ContactEvent.objects.get()
        assert changed
        assert person.status.blocks_contact
        assert not consent.may_contact(contact=person).allowed
        assert event.changes == {"status": ["Active Lead", "Do Not Contact"]}
        assert (event.payload, event.processed_at) == ({"how": "asked on the phone"}, NOW)

    def test_twice_is_once(self, person: Contact) -> None:
        ContactStatusFactory(slug="do_not_contact")
        consent.do_not_contact(contact=person, source="asked", now=NOW)

        assert not consent.do_not_contact(contact=person, source="asked", now=LATER)
        assert ContactEvent.objects.count() == 1

    def test_a_status_of_the_staffs_own_may_stand_for_it(self, person: Contact) -> None:
        gone = ContactStatus.objects.create(slug="gone", name="Gone", blocks_contact=True)

        consent.do_not_contact(contact=person, source="asked", now=NOW)

        assert Contact.objects.get().status == gone

    @pytest.mark.django_db(transaction=True)
    def test_beside_a_change_of_the_status_it_holds(self, person: Contact) -> None:
        ContactStatusFactory(slug="do_not_contact")
        qualified = ContactStatusFactory(slug="qualified_lead")

        with ThreadPoolExecutor(1) as threads:
            with transaction.atomic():
                Contact.objects.update(status=qualified)
                asked = threads.submit(forbid_elsewhere, person)
                wait_until_somebody_waits_for_a_lock()
            changed = asked.result(timeout=10)

        assert changed
        assert ContactEvent.objects.get().changes == {"status": ["Qualified Lead", "Do Not Contact"]}

    def test_without_a_status_that_blocks_it_says_what_to_do(self, person: Contact) -> None:
        with pytest.raises(consent.NoBlockingStatus, match="contact statuses"):
            consent.do_not_contact(contact=person, source="asked", now=NOW)


class TestSuppressing:
    def test_the_first_reason_stays(self) -> None:
        consent.suppress(email=" Ada@Example.org", reason="bounced", detail="550")

        again = consent.suppress(email="ada@example.org", reason="manual")

        assert (again.email, again.reason, again.detail) == ("ada@example.org", "bounced", "550")

    def test_an_address_entered_by_hand_in_another_case_is_found(self) -> None:
        by_hand = Suppression.objects.create(email="Ada@Example.org", reason="manual")

        assert consent.suppress(email="ada@example.org", reason="bounced") == by_hand


@pytest.mark.parametrize(
    ("known", "arriving", "stays"),
    [
        ("active_lead", "inactive", "inactive"),
        ("active_lead", "do_not_contact", "do_not_contact"),
        ("do_not_contact", "active_lead", "do_not_contact"),
        ("do_not_contact", "do_not_contact", "do_not_contact"),
    ],
)
def test_the_strictest_permission_wins(known: str, arriving: str, stays: str) -> None:
    statuses = {slug: ContactStatusFactory(slug=slug) for slug in (known, arriving)}

    assert consent.strictest(known=statuses[known], arriving=statuses[arriving]).slug == stays
