"""Who may be written to, and why not."""

from __future__ import annotations

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from contactflow.core.reasons import Reason
from contacts import consent, describe, intake
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
    def test_it_forbids_contact_and_leaves_an_event_that_starts_nothing(self, person: Contact) -> None:
        ContactStatusFactory(slug="do_not_contact")

        changed = consent.do_not_contact(contact=person, source="asked on the phone", now=NOW)

        event = ContactEvent.objects.get()
        assert changed
        assert person.status.blocks_contact
        assert not consent.may_contact(contact=person).allowed
        assert event.changes == {"status": ["Active Lead", "Do Not Contact"]}
        assert (event.payload, event.mode, event.workflows) == ({"how": "asked on the phone"}, "only", [])

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


def verdict(person: Contact, brand=None, **about) -> str:
    """The code of why (not)."""
    return consent.may_contact(contact=person, business_entity=brand, **about).reason.code


class TestMarketing:
    def test_a_brand_may_ask_for_a_recorded_yes(self, person: Contact) -> None:
        careful = BusinessEntityFactory(requires_consent=True)

        assert verdict(person, careful) == "consent_missing"
        consent.grant(contact=person, source="form", now=NOW, business_entity=careful)
        assert verdict(person, careful) == "consent_given"

    def test_an_answer_passes_over_what_holds_for_marketing(self, person: Contact) -> None:
        careful = BusinessEntityFactory(requires_consent=True)
        consent.choose(contact=person, source="page", now=NOW, refused_kinds=["welcome"])

        assert verdict(person, careful, is_marketing=False, kind="welcome") == "nothing_against"
        consent.withdraw(contact=person, source="link", now=NOW)
        assert verdict(person, careful, is_marketing=False) == "nothing_against"

    @pytest.mark.parametrize("reason", ["bounced", "complained", "manual", "erased", "limit"])
    def test_no_answer_passes_over_a_suppression(self, person: Contact, reason: str) -> None:
        consent.suppress(email=person.email, reason=reason)

        assert verdict(person, is_marketing=False) == "address_suppressed"

    def test_no_answer_passes_over_do_not_contact(self, person: Contact) -> None:
        ContactStatusFactory(slug="do_not_contact")
        consent.do_not_contact(contact=person, source="asked", now=NOW)

        assert verdict(person, is_marketing=False) == "status_blocks"

    def test_a_suppression_may_be_for_marketing_alone(self, person: Contact) -> None:
        consent.suppress(email=person.email, reason="unsubscribed", scope="marketing")

        assert verdict(person) == "address_suppressed"
        assert verdict(person, is_marketing=False) == "nothing_against"

    def test_what_waits_for_confirmation_is_no_yes(self, person: Contact) -> None:
        consent.ask(contact=person, source="form", now=NOW)

        assert verdict(person) == "consent_pending"
        consent.grant(contact=person, source="confirmed", now=LATER, actor=consent.PERSON)
        assert verdict(person) == "consent_given"

    @pytest.mark.parametrize("record", [consent.grant, consent.withdraw])
    def test_who_types_in_an_address_changes_no_word_of_its_owner(self, person: Contact, record) -> None:
        record(contact=person, source="link", now=NOW)

        assert consent.ask(contact=person, source="form", now=LATER) is None

    def test_the_words_agreed_to_are_kept_as_they_were_shown(self, person: Contact) -> None:
        consent.grant(
            contact=person, source="form", now=NOW, wording="Yes, write to me.", wording_version="3",
            basis="consent", actor="ada",
        )  # fmt: skip

        kept = Consent.objects.get()
        assert (kept.wording, kept.wording_version, kept.basis, kept.actor) == (
            "Yes, write to me.",
            "3",
            "consent",
            "ada",
        )


class TestChoices:
    def test_a_pause_ends_by_itself(self, person: Contact) -> None:
        consent.choose(contact=person, source="page", now=NOW, paused_until=dt.datetime.now(dt.UTC) + dt.timedelta(1))
        assert verdict(person) == "paused"

        consent.choose(contact=person, source="page", now=LATER, paused_until=NOW)
        assert verdict(person) == "nothing_against"

    def test_kinds_are_refused_by_category(self, person: Contact) -> None:
        consent.choose(contact=person, source="page", now=NOW, refused_kinds=["lead_source"])

        assert verdict(person, kind="lead_source") == "kind_refused"
        assert verdict(person, kind="welcome") == "nothing_against"

    def test_the_newest_choice_for_the_brand_holds_beside_that_for_every_brand(self, person: Contact) -> None:
        brand, other = BusinessEntityFactory(), BusinessEntityFactory(slug="am_consulting")
        consent.choose(contact=person, source="page", now=NOW, business_entity=brand, refused_kinds=["welcome"])
        consent.choose(contact=person, source="page", now=NOW, refused_kinds=["information"])
        consent.choose(contact=person, source="page", now=LATER, business_entity=brand)

        assert verdict(person, brand, kind="welcome") == "nothing_against"
        assert verdict(person, brand, kind="information") == "kind_refused"
        assert verdict(person, other, kind="information") == "kind_refused"


class TestSuppressionList:
    def test_a_suppression_may_end_by_itself(self, person: Contact) -> None:
        consent.suppress(email=person.email, reason="bounced", until=dt.datetime.now(dt.UTC) - dt.timedelta(1))

        assert verdict(person) == "nothing_against"
        assert consent.suppression_of(email=person.email) is None

    @pytest.mark.parametrize(
        ("first", "then", "stays"),
        [
            ({"reason": "limit"}, {"reason": "complained"}, "complained"),
            ({"reason": "bounced", "until": LATER}, {"reason": "manual"}, "manual"),
            ({"reason": "bounced", "until": dt.datetime(2999, 1, 1, tzinfo=dt.UTC)}, {"reason": "manual"}, "manual"),
            ({"reason": "unsubscribed", "scope": "marketing"}, {"reason": "bounced"}, "bounced"),
            ({"reason": "complained"}, {"reason": "bounced"}, "complained"),
            ({"reason": "complained"}, {"reason": "unsubscribed", "scope": "marketing"}, "complained"),
            ({"reason": "complained"}, {"reason": "bounced", "until": LATER}, "complained"),
        ],
    )
    def test_what_weighs_more_stays(self, first, then, stays: str) -> None:
        consent.suppress(email="ada@example.org", **first)
        consent.suppress(email="Ada@example.org", **then)

        assert Suppression.objects.get().reason == stays

    def test_a_colleague_lifts_it_and_the_timeline_says_why(self, person: Contact) -> None:
        blocked = consent.suppress(email=person.email, reason="bounced")

        assert consent.lift_suppression(suppression=blocked, why="New mailbox", colleague="ada")

        assert verdict(person) == "nothing_against"
        assert ContactEvent.objects.get(contact=person).payload == {"how": "New mailbox", "colleague": "ada"}
        assert not consent.lift_suppression(suppression=blocked, why="Twice", colleague="ada")

    def test_an_erased_address_is_known_by_its_hash_whatever_the_present_key(self, person: Contact, settings) -> None:
        consent.suppress(email=person.email, reason="erased")
        consent.hash_suppressions(emails=[person.email])
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]

        assert "ada" not in Suppression.objects.get().email
        assert consent.suppression_of(email="ADA@example.org").reason == "erased"
        assert consent.kept_out(emails=["ada@example.org", "max@example.org"]) == {"ada@example.org"}
        assert consent.unreadable_hashes() == 0
        settings.SECRET_KEY_FALLBACKS = []
        assert consent.unreadable_hashes() == 1

    @pytest.mark.parametrize("source", ["csv", "notion", "api"])
    def test_nobody_is_brought_back_past_a_suppression(self, source: str) -> None:
        ContactStatusFactory()
        consent.suppress(email="ada@example.org", reason="erased")
        consent.hash_suppressions(emails=["ada@example.org"])

        arrival = intake.Arrival(email="Ada@Example.org", permission={"": "yes"})
        person = intake.receive(arrival=arrival, source=source, now=NOW).contact

        assert Suppression.objects.get().email == "ada@example.org"
        assert verdict(person) == verdict(person, is_marketing=False) == "address_suppressed"

    def test_what_was_hashed_with_a_salt_before_is_still_known(self) -> None:
        ContactStatusFactory()
        with connection.cursor() as cursor:
            cursor.execute("SELECT contacts_address_hash('ada@example.org')")
            Suppression.objects.create(email=cursor.fetchone()[0], reason="manual")

        person = intake.receive(arrival=intake.Arrival(email="Ada@example.org"), source="api", now=NOW).contact

        assert verdict(person) == "address_suppressed"


@pytest.mark.parametrize("record", [consent.withdraw, consent.ask])
def test_a_list_never_raises_a_permission(person: Contact, record) -> None:
    record(contact=person, source="link", now=NOW)
    arrival = intake.Arrival(email=person.email, permission={"": "yes"})

    intake.receive(arrival=arrival, source="csv", now=LATER)

    assert not consent.may_contact(contact=person).allowed
