"""A known person arrives again, and colleagues edit."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import describe, intake
from contacts.intake import Arrival, IntakeError, Receipt
from contacts.models import Contact, ContactEvent
from tests.contacts.test_intake import arrive, brands_of, types_of
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("reference_rows")


def amend(contact: Contact, **given: Any) -> Receipt:
    arrival = Arrival(**{"email": contact.email, **given})
    return intake.amend(contact=contact, arrival=arrival, source="admin", now=NOW)


class TestArrivingAgain:
    @pytest.mark.parametrize("typed", ["ada@example.org", "ADA@EXAMPLE.ORG", "  Ada@example.org "])
    def test_whatever_the_case_it_is_the_same_person(self, typed: str) -> None:
        first = arrive("Ada@Example.org")

        again = arrive(typed)

        assert (again.created, again.contact.pk) == (False, first.contact.pk)
        assert Contact.objects.get().email_typed == "Ada@Example.org"

    def test_it_is_an_update_that_says_what_changed(self) -> None:
        arrive(first_name="Ada", company="Engines", tags=["VIP"], contact_types=["Artist"], lead_source="Website")

        again = arrive(
            first_name="Ada",
            company="Difference Engines",
            job_title="Painter",
            tags=["Hot"],
            contact_types=["Business Contact"],
            lead_source="Event",
            status="Active Client",
            custom={"Budget": 5},
            added_on=dt.date(2024, 1, 2),
        )

        assert again.event.kind == "contact_updated"
        assert (
            again.changes
            == again.event.changes
            == {
                "added_on": [None, "2024-01-02"],
                "business_entities": [["The 7 Space"], ["The 7 Space", "AM Consulting"]],
                "company": ["Engines", "Difference Engines"],
                "contact_types": [["Artist"], ["Artist", "Business Contact"]],
                "custom.Budget": [None, 5],
                "job_title": ["", "Painter"],
                "lead_source": ["Website", "Event"],
                "status": ["Active Lead", "Active Client"],
                "tags": [["VIP"], ["VIP", "Hot"]],
            }
        )

    def test_what_changed_is_stored(self) -> None:
        arrive(first_name="Ada", custom={"Budget": 5, "Colour": "red"})

        arrive(first_name="Augusta", custom={"Budget": 7}, interests=["Drawing"])

        contact = Contact.objects.get()
        assert (contact.first_name, contact.interests) == ("Augusta", ["Drawing"])
        assert contact.custom == {"Budget": 7, "Colour": "red"}

    @pytest.mark.parametrize(
        "empty",
        [
            {},
            {"first_name": "", "company": "  ", "phone": "", "notes": "\n"},
            {"tags": [], "interests": [], "contact_types": [], "business_entities": []},
            {"lead_source": "", "status": ""},
            {"custom": {}},
            {"custom": {"Budget": "", "Colour": None}},
            {"timezone": "", "locale": ""},
        ],
    )
    def test_what_is_empty_erases_nothing(self, empty: dict[str, Any]) -> None:
        known = {
            "first_name": "Ada",
            "company": "Engines",
            "phone": "+12865550112",
            "notes": "Met once.",
            "tags": ["VIP"],
            "interests": ["Drawing"],
            "contact_types": ["Artist"],
            "lead_source": "Event",
            "status": "Active Client",
            "custom": {"Budget": 5, "Colour": "red"},
            "timezone": "Europe/Berlin",
            "locale": "de",
        }
        arrive(**known)

        again = arrive(**empty)

        assert again.changes == {}
        contact = Contact.objects.get()
        assert [contact.first_name, contact.company, contact.tags] == ["Ada", "Engines", ["VIP"]]
        assert types_of(contact) == ["Artist"]

    def test_a_tag_in_another_case_is_not_new(self) -> None:
        arrive(tags=["VIP"])

        assert arrive(tags=["vip"]).changes == {}

    def test_only_columns_that_changed_are_written(self) -> None:
        arrive(first_name="Ada")
        Contact.objects.update(last_name="Lovelace")

        with CaptureQueriesContext(connection) as queries:
            arrive(first_name="Augusta", source="notion")

        (update,) = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "contacts_contact"')]
        assert '"first_name"' in update
        assert '"updated_at"' in update
        assert '"last_name" =' not in update

    def test_an_arrival_without_news_leaves_the_contact_untouched(self) -> None:
        first = arrive(first_name="Ada", source="notion").contact

        arrive(first_name="Ada", source="notion")

        assert Contact.objects.get().updated_at == first.updated_at
        assert ContactEvent.objects.count() == 2

    def test_types_that_are_known_are_not_inferred_anew(self) -> None:
        arrive(contact_types=["Business Contact"])

        again = arrive(job_title="Painter")

        assert types_of(again.contact) == ["Business Contact"]

    def test_a_known_source_is_not_inferred_anew(self) -> None:
        arrive(lead_source="Referral")

        assert arrive(source_metadata={"form": "workshop"}).contact.lead_source.name == "Referral"

    def test_an_interest_found_later_brings_its_brand(self) -> None:
        arrive(contact_types=["Business Contact"])

        again = arrive(message="Do you offer meditation?")

        assert again.changes == {
            "business_entities": [["AM Consulting"], ["AM Consulting", "The 7 Space"]],
            "interests": [[], ["wellness"]],
        }

    def test_brands_that_were_taken_as_given_stay_so(self) -> None:
        arrive(contact_types=["Artist"], business_entities=["AM Consulting"])

        again = arrive(company="Engines")

        assert brands_of(again.contact) == ["AM Consulting"]

    def test_brands_named_later_are_added_after_the_known_ones(self) -> None:
        arrive(contact_types=["Artist"])

        again = arrive(business_entities=["HigherSelf Core", "The 7 Space"])

        assert brands_of(again.contact) == ["The 7 Space", "HigherSelf Core"]

    def test_an_arrival_never_lifts_do_not_contact(self) -> None:
        arrive(status="Do Not Contact")

        again = arrive(status="Active Client", first_name="Ada")

        assert Contact.objects.get().status.slug == "do_not_contact"
        assert again.changes == {"first_name": ["", "Ada"]}

    def test_an_arrival_may_set_do_not_contact(self) -> None:
        arrive(status="Active Client")

        again = arrive(status="do_not_contact")

        assert again.changes == {"status": ["Active Client", "Do Not Contact"]}
        assert Contact.objects.get().status.blocks_contact

    def test_the_facts_are_those_of_the_whole_contact(self) -> None:
        arrive(contact_types=["Artist"], tags=["VIP"], lead_source="Event")

        facts = arrive(contact_types=["Media Contact"]).event.facts

        assert facts["contact_types"] == ["Artist", "Media Contact"]
        assert (facts["tags"], facts["lead_source"]) == (["VIP"], "Event")


class TestAmending:
    def test_a_colleague_may_erase(self) -> None:
        contact = arrive(first_name="Ada", tags=["VIP"], notes="x", custom={"a": 1}, contact_types=["Artist"]).contact

        receipt = amend(contact, first_name="", tags=[], notes="", custom={}, contact_types=["Media Contact"])

        stored = Contact.objects.get()
        assert (stored.first_name, stored.tags, stored.notes, stored.custom) == ("", [], "", {})
        assert types_of(stored) == ["Media Contact"]
        assert receipt.changes["contact_types"] == [["Artist"], ["Media Contact"]]

    def test_what_is_not_given_stays(self) -> None:
        contact = arrive(first_name="Ada", company="Engines", contact_types=["Artist"]).contact

        receipt = amend(contact, first_name="Augusta")

        assert receipt.changes == {"first_name": ["Ada", "Augusta"]}
        assert Contact.objects.get().company == "Engines"

    def test_an_edit_is_an_event_that_may_start_workflows(self) -> None:
        contact = arrive().contact

        event = amend(contact, company="Engines").event

        assert (event.kind, event.source, event.processed_at) == ("contact_updated", "admin", None)
        assert event.facts == intake.current_facts(contact)

    def test_a_new_type_brings_its_brand(self) -> None:
        contact = arrive(contact_types=["Artist"]).contact

        amend(contact, contact_types=["Artist", "Business Contact"])

        assert brands_of(contact) == ["The 7 Space", "AM Consulting"]

    def test_brands_are_set_as_given_in_their_order(self) -> None:
        contact = arrive(contact_types=["Artist", "Business Contact"]).contact

        receipt = amend(contact, business_entities=["HigherSelf Core", "The 7 Space"])

        assert brands_of(contact) == ["HigherSelf Core", "The 7 Space"]
        assert receipt.changes["business_entities"] == [
            ["The 7 Space", "AM Consulting"],
            ["HigherSelf Core", "The 7 Space"],
        ]

    def test_brands_taken_away_altogether_are_routed_anew(self) -> None:
        contact = arrive(contact_types=["Artist"], business_entities=["AM Consulting"]).contact

        amend(contact, business_entities=[])

        assert brands_of(contact) == ["The 7 Space"]

    def test_the_source_may_be_cleared(self) -> None:
        contact = arrive(lead_source="Event").contact

        amend(contact, lead_source="")

        assert Contact.objects.get().lead_source is None

    def test_a_colleague_may_lift_do_not_contact(self) -> None:
        contact = arrive(status="Do Not Contact").contact

        amend(contact, status="Active Lead")

        assert not Contact.objects.get().status.blocks_contact

    def test_the_address_may_change(self) -> None:
        contact = arrive("old@example.org").contact

        receipt = amend(contact, email=" New@Example.org")

        stored = Contact.objects.get()
        assert (stored.email, stored.email_typed) == ("new@example.org", "New@Example.org")
        assert receipt.changes == {"email": ["old@example.org", "new@example.org"]}

    def test_the_address_of_another_contact_is_refused(self) -> None:
        arrive("taken@example.org")
        contact = arrive("mine@example.org").contact

        with pytest.raises(IntakeError, match="Another contact has this email address"):
            amend(contact, email="TAKEN@example.org")

    def test_what_is_wrong_is_refused_as_at_arrival(self) -> None:
        contact = arrive().contact

        with pytest.raises(IntakeError) as refusal:
            amend(contact, timezone="Mars", status="Astronaut")

        assert set(refusal.value.errors) == {"timezone", "status"}

    def test_a_contact_that_is_gone_is_refused(self) -> None:
        contact = arrive().contact
        Contact.objects.all().delete()

        with pytest.raises(IntakeError, match="gone"):
            amend(contact, first_name="Ada")


class TestEvents:
    def record(self, email: str = "ada@example.org", kind: str = "consultation_completed", **given: Any) -> Receipt:
        return intake.record_event(**{"email": email, "kind": kind, "source": "api", "now": NOW, **given})

    def test_an_unknown_address_creates_the_contact(self) -> None:
        receipt = self.record(contact_types=["Business Contact"], lead_source="Referral", metadata={"call": 1})

        assert receipt.created
        assert types_of(receipt.contact) == ["Business Contact"]
        assert brands_of(receipt.contact) == ["AM Consulting"]
        assert (receipt.event.kind, receipt.event.payload["metadata"]) == ("consultation_completed", {"call": 1})

    def test_an_unknown_address_may_be_triggered_like_a_new_contact(self) -> None:
        assert self.record(kind="manual_trigger").event.kind == "manual_trigger"

    def test_what_the_call_gives_holds_for_the_event_and_changes_nothing(self) -> None:
        arrive(contact_types=["Media Contact"], lead_source="Website")
        before = Contact.objects.get()

        receipt = self.record(
            contact_types=["Artist"], lead_source="Event", business_entities=["AM Consulting", "The 7 Space"]
        )

        assert receipt.event.facts == {
            "contact_types": ["Artist"],
            "lead_source": "Event",
            "business_entities": ["AM Consulting", "The 7 Space"],
            "interests": [],
            "tags": [],
        }
        contact = Contact.objects.get()
        assert (types_of(contact), brands_of(contact)) == (["Media Contact"], ["HigherSelf Core"])
        assert contact.lead_source == before.lead_source
        assert (receipt.created, receipt.changes) == (False, {})

    def test_given_types_bring_their_brands_for_the_event(self) -> None:
        arrive(contact_types=["Media Contact"])

        receipt = self.record(contact_types=["Artist"])

        assert receipt.event.facts["business_entities"] == ["The 7 Space", "HigherSelf Core"]
        assert [describe.because(one["because"]) for one in receipt.event.decisions] == ['contact type is "Artist"']

    def test_without_anything_given_the_facts_are_the_contacts(self) -> None:
        contact = arrive(contact_types=["Artist"], tags=["VIP"]).contact

        assert self.record().event.facts == intake.current_facts(contact)

    def test_a_known_contact_keeps_the_events_name(self) -> None:
        arrive()

        assert self.record(kind="new_contact").event.kind == "new_contact"

    def test_something_that_happened_is_an_interaction(self) -> None:
        arrive(source="notion")

        self.record()

        assert Contact.objects.get().last_interaction_at == NOW

    def test_a_trigger_pulled_by_hand_is_none(self) -> None:
        arrive(source="notion")

        self.record(kind="manual_trigger")

        assert Contact.objects.get().last_interaction_at is None

    def test_the_same_key_twice_is_one_event(self) -> None:
        arrive()
        first = self.record(event_key="k")

        second = self.record(event_key="k", kind="engagement_detected")

        assert (second.duplicate, second.event.pk) == (True, first.event.pk)

    def test_the_request_is_kept_for_enrolment(self) -> None:
        assert self.record(policy=intake.EnrolmentPolicy(is_forced=True)).event.is_forced

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"email": "nobody"}, "email"),
            ({"contact_types": ["Astronaut"]}, "contact_types"),
            ({"lead_source": "Telepathy"}, "lead_source"),
            ({"business_entities": ["Acme"]}, "business_entities"),
            ({"kind": "Bad Name"}, "kind"),
        ],
    )
    def test_bad_input_is_refused(self, given: dict[str, Any], field: str) -> None:
        with pytest.raises(IntakeError) as refusal:
            self.record(**given)

        assert set(refusal.value.errors) == {field}
        assert not ContactEvent.objects.exists()
