"""A person arrives for the first time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import describe, intake, reference_data
from contacts.intake import Arrival, IntakeError, Receipt
from contacts.models import BusinessEntity, Contact, ContactEvent, ContactStatus, ContactType, LeadSource
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("reference_rows")


def arrive(email: str = "ada@example.org", **given: Any) -> Receipt:
    options = {name: given.pop(name) for name in ("source", "event_key", "policy", "kind") if name in given}
    arrival = Arrival(email=email, **given)
    policy = options.pop("policy", intake.ARRIVAL)
    return intake.apply(change=intake.Change(arrival=arrival, **{"source": "api", **options}), policy=policy, now=NOW)


def types_of(contact: Contact) -> list[str]:
    return list(contact.contact_types.values_list("name", flat=True))


def brands_of(contact: Contact) -> list[str]:
    return list(contact.memberships.values_list("business_entity__name", flat=True))


class TestTheContact:
    def test_everything_the_source_knows_is_stored(self) -> None:
        receipt = arrive(
            " Ada@Example.ORG ",
            first_name="Ada",
            last_name="Lovelace",
            phone="+44 20 7946 0958",
            company="Engines",
            job_title="Painter",
            timezone="europe/london",
            locale="en_GB",
            notes="Met at\r\nthe opening.",
            interests=["Drawing"],
            tags=["VIP"],
            custom={"Budget": 5},
            added_on=dt.date(2024, 11, 3),
            lead_source="Referral",
            status="qualified lead",
        )

        contact = Contact.objects.get()
        assert receipt.created
        assert receipt.contact.pk == contact.pk
        assert (contact.email, contact.email_typed) == ("ada@example.org", "Ada@Example.ORG")
        assert (contact.first_name, contact.last_name, contact.phone) == ("Ada", "Lovelace", "+442079460958")
        assert (contact.company, contact.job_title) == ("Engines", "Painter")
        assert (contact.timezone, contact.locale, contact.notes) == ("Europe/London", "en-GB", "Met at\nthe opening.")
        assert (contact.interests, contact.tags, contact.custom) == (["Drawing"], ["VIP"], {"Budget": 5})
        assert (contact.added_on, contact.lead_source.name) == (dt.date(2024, 11, 3), "Referral")
        assert contact.status.name == "Qualified Lead"

    def test_an_address_alone_is_enough(self) -> None:
        contact = arrive().contact

        assert types_of(contact) == ["General Contact"]
        assert brands_of(contact) == ["HigherSelf Core"]
        assert contact.lead_source.name == "Website"
        assert contact.status.name == "Active Lead"

    def test_the_receipt_carries_what_the_database_filled_in(self) -> None:
        receipt = arrive()

        assert isinstance(receipt.contact.created_at, dt.datetime)
        assert isinstance(receipt.event.received_at, dt.datetime)

    def test_arriving_by_api_is_an_interaction(self) -> None:
        assert arrive().contact.last_interaction_at == NOW

    @pytest.mark.parametrize("source", ["csv", "notion", "admin"])
    def test_being_listed_is_no_interaction(self, source: str) -> None:
        assert (
            arrive(
                source=source, policy=intake.BASELINE if source == "csv" else intake.ARRIVAL
            ).contact.last_interaction_at
            is None
        )

    def test_a_bidi_override_in_a_name_does_not_get_in(self) -> None:
        assert arrive(first_name="A\u202eda\nX").contact.first_name == "Ada X"

    def test_a_phone_nobody_can_read_is_kept(self) -> None:
        assert arrive(phone="ask at the desk").contact.phone == "ask at the desk"

    def test_the_locale_of_the_arrival_helps_to_read_its_phone(self) -> None:
        assert arrive(phone="(212) 555-0100", locale="en-US").contact.phone == "+12125550100"

    def test_an_arrival_costs_a_fixed_number_of_queries(self) -> None:
        reference_data.load()

        with CaptureQueriesContext(connection) as queries:
            arrive(contact_types=["Artist", "Business Contact"], tags=["a", "b"], interests=["yoga"])

        assert len(queries) <= 9


class TestTypesAndBrands:
    @pytest.mark.parametrize("named", ["Gallery Contact", "gallery_contact", " GALLERY contact ", "gallery-contact"])
    def test_a_type_is_known_by_name_or_slug(self, named: str) -> None:
        assert types_of(arrive(contact_types=[named]).contact) == ["Gallery Contact"]

    @pytest.mark.parametrize(
        ("kind", "brand"),
        [
            ("Artist", "The 7 Space"),
            ("Gallery Contact", "The 7 Space"),
            ("Business Contact", "AM Consulting"),
            ("Potential Client", "AM Consulting"),
            ("General Contact", "HigherSelf Core"),
            ("Academic Contact", "HigherSelf Core"),
            ("Media Contact", "HigherSelf Core"),
        ],
    )
    def test_each_type_has_its_brand(self, kind: str, brand: str) -> None:
        assert brands_of(arrive(contact_types=[kind]).contact) == [brand]

    def test_several_types_mean_several_brands_in_their_order(self) -> None:
        contact = arrive(contact_types=["Business Contact", "Artist", "Media Contact"]).contact

        assert brands_of(contact) == ["AM Consulting", "The 7 Space", "HigherSelf Core"]

    @pytest.mark.parametrize("about", [{"interests": ["Wellness"]}, {"tags": ["wellness"]}, {"message": "I love yoga"}])
    def test_wellness_leads_to_the_7_space_as_well(self, about: dict[str, Any]) -> None:
        contact = arrive(contact_types=["Business Contact"], **about).contact

        assert brands_of(contact) == ["AM Consulting", "The 7 Space"]

    def test_brands_the_caller_names_are_taken_as_given(self) -> None:
        contact = arrive(contact_types=["Artist"], business_entities=["HigherSelf Core", "am_consulting"]).contact

        assert brands_of(contact) == ["HigherSelf Core", "AM Consulting"]

    def test_a_membership_says_why(self) -> None:
        contact = arrive(contact_types=["Artist"]).contact

        assert describe.because(contact.memberships.get().because) == 'contact type is "Artist"'

    @pytest.mark.parametrize(
        ("about", "kind"),
        [
            ({"email": "ada@art.example.edu"}, "Academic Contact"),
            ({"job_title": "Professor of Art History"}, "Academic Contact"),
            ({"job_title": "PhD candidate"}, "Academic Contact"),
            ({"job_title": "Freelance painter"}, "Artist"),
            ({"job_title": "Ceramic artist"}, "Artist"),
            ({"message": "May I show you my portfolio?"}, "Artist"),
            ({"job_title": "Gallery director"}, "Gallery Contact"),
            ({"company": "Museum of Glass"}, "Gallery Contact"),
            ({"job_title": "Chief Operating Officer"}, "Business Contact"),
            ({"job_title": "CEO"}, "Business Contact"),
            ({"message": "We would like a consultation."}, "Potential Client"),
            ({"source_metadata": {"form": "consultation-request"}}, "Potential Client"),
            ({"job_title": "Staff writer"}, "Media Contact"),
            ({"job_title": "Arts journalist"}, "Media Contact"),
            ({"job_title": "Nurse"}, "General Contact"),
        ],
    )
    def test_a_type_is_inferred_where_none_is_given(self, about: dict[str, Any], kind: str) -> None:
        assert types_of(arrive(**about).contact) == [kind]

    @pytest.mark.parametrize("nothing", [None, (), ("",), (" ", "")])
    def test_types_that_name_nothing_are_none(self, nothing: Any) -> None:
        assert types_of(arrive(contact_types=nothing, job_title="Painter").contact) == ["Artist"]

    def test_the_form_may_name_the_source(self) -> None:
        assert arrive(source_metadata={"form": "workshop signup"}).contact.lead_source.name == "Event"

    def test_a_rule_that_is_switched_off_decides_nothing(self) -> None:
        from contacts.models import ClassificationRule

        ClassificationRule.objects.filter(name="Artist by title").update(active=False)

        assert types_of(arrive(job_title="Painter").contact) == ["General Contact"]

    def test_a_rule_staff_added_decides(self) -> None:
        from contacts.models import RoutingRule

        RoutingRule.objects.create(
            name="Engines",
            field="company",
            words=["engines"],
            business_entity=BusinessEntity.objects.get(slug="am_consulting"),
        )

        contact = arrive(company="Analytical Engines Ltd", contact_types=["Artist"]).contact

        assert brands_of(contact) == ["The 7 Space", "AM Consulting"]


class TestTheEvent:
    def test_it_holds_facts_decisions_and_what_arrived(self) -> None:
        receipt = arrive(
            job_title="Freelance painter",
            message="I love yoga",
            tags=["VIP"],
            lead_source="Event",
            source_metadata={"form": "contact", "utm": "x"},
            payload={"email": "ada@example.org", "extra": [1]},
            policy=intake.EnrolmentPolicy.named(["a"], is_forced=True),
        )

        event = ContactEvent.objects.get()
        assert event.pk == receipt.event.pk
        assert (event.kind, event.source, event.contact_id) == ("new_contact", "api", receipt.contact.pk)
        assert event.facts == {
            "contact_types": ["Artist"],
            "lead_source": "Event",
            "business_entities": ["The 7 Space"],
            "interests": ["wellness"],
            "tags": ["VIP"],
        }
        assert [(one["kind"], one["value"]) for one in event.decisions] == [
            ("contact_type", "Artist"),
            ("interest", "wellness"),
            ("business_entity", "The 7 Space"),
        ]
        assert event.payload == {
            "email": "ada@example.org",
            "extra": [1],
            "message": "I love yoga",
            "source_metadata": {"form": "contact", "utm": "x"},
        }
        assert (event.mode, event.workflows, event.is_forced) == ("named", ["a"], True)
        assert (event.changes, event.outcome, event.processed_at) == ({}, [], None)

    def test_brands_that_were_named_are_decisions_too(self) -> None:
        event = arrive(business_entities=["AM Consulting"], contact_types=["Artist"]).event

        assert {
            "kind": "business_entity",
            "value": "AM Consulting",
            "rule": "",
            "because": {"code": "source_named_it"},
        } in (event.decisions)

    def test_a_baseline_starts_nothing(self) -> None:
        event = arrive(policy=intake.BASELINE, source="csv").event

        event.refresh_from_db()
        assert (event.processed_at, event.outcome, event.mode) == (NOW, [], "baseline")

    def test_a_baseline_about_somebody_known_leaves_its_event_even_where_it_tells_nothing_new(self) -> None:
        known = arrive(company="Engines").contact

        receipt = arrive(company="Engines", policy=intake.BASELINE, source="csv")

        assert (receipt.contact.pk, receipt.created, receipt.changes) == (known.pk, False, {})
        event = ContactEvent.objects.get(pk=receipt.event.pk)
        assert (event.kind, event.processed_at, event.mode) == ("contact_updated", NOW, "baseline")

    def test_what_postgresql_cannot_hold_does_not_reach_it(self) -> None:
        receipt = arrive(payload={"a\0": "b\0\ud800", "n": float("nan")}, custom={"c": "\0x"}, message="\0hi")

        receipt.event.refresh_from_db()
        assert receipt.event.payload == {"a": "b", "n": "nan", "message": "hi"}
        assert Contact.objects.get().custom == {"c": "x"}

    @pytest.mark.parametrize("key", ["x" * 201, "a\nb", "nul\0", "\ud800"])
    def test_a_key_the_column_cannot_hold_still_is_a_key(self, key: str) -> None:
        first = arrive(event_key=key)

        second = arrive(event_key=key)

        assert second.duplicate
        assert second.event.pk == first.event.pk

    def test_the_same_key_twice_changes_nothing(self) -> None:
        first = arrive(event_key="k", first_name="Ada")

        second = arrive("other@example.org", event_key="k", first_name="Eve")

        assert (second.duplicate, second.created, second.changes) == (True, False, {})
        assert second.event.pk == first.event.pk
        assert second.contact.pk == first.contact.pk
        assert Contact.objects.get().first_name == "Ada"

    def test_arrivals_without_a_key_are_events_of_their_own(self) -> None:
        arrive()
        arrive()

        assert ContactEvent.objects.count() == 2

    def test_current_facts_are_those_of_the_newest_arrival(self) -> None:
        receipt = arrive(contact_types=["Media Contact", "Artist"], interests=["yoga"], tags=["VIP"])

        assert intake.current_facts(Contact.objects.get()) == receipt.event.facts


class TestDetails:
    """What is not understood of them turns nobody away."""

    def left_out(self, **given: Any) -> list[str]:
        receipt = arrive(**given)

        (field,) = given
        assert {warning["field"] for warning in receipt.event.warnings} == {field}
        return [warning["message"] for warning in receipt.event.warnings]

    @pytest.mark.parametrize(
        ("field", "limit", "label"),
        [
            ("first_name", 150, "First name"),
            ("last_name", 150, "Last name"),
            ("company", 200, "Company"),
            ("job_title", 200, "Job title"),
            ("notes", 50_000, "Notes"),
            ("message", 50_000, "Message"),
        ],
    )
    def test_a_long_text_is_left_out_naming_field_and_limit(self, field: str, limit: int, label: str) -> None:
        said = self.left_out(**{field: "x" * (limit + 1)})

        assert said == [f"{label}: {limit} characters at most; this has {limit + 1}."]

    @pytest.mark.parametrize("field", ["first_name", "company", "phone", "notes"])
    def test_a_number_is_taken_as_text_and_said(self, field: str) -> None:
        assert self.left_out(**{field: 5})
        assert getattr(Contact.objects.get(), field) == "5"

    @pytest.mark.parametrize("field", ["tags", "interests"])
    def test_a_lone_text_is_one_word(self, field: str) -> None:
        assert self.left_out(**{field: "Chess, at home"})
        assert getattr(Contact.objects.get(), field) == ["Chess, at home"]

    @pytest.mark.parametrize(("field", "limit"), [("tags", 60), ("interests", 100)])
    def test_of_words_only_the_bad_ones_are_left_out(self, field: str, limit: int) -> None:
        assert self.left_out(**{field: ["x" * (limit + 1), 5, "Chess"]})
        assert getattr(Contact.objects.get(), field) == ["Chess"]

    def test_custom_fields_that_are_no_object_are_left_out(self) -> None:
        assert self.left_out(custom=["x"])

    def test_of_what_a_browser_accepts_the_best_language_is_taken(self) -> None:
        assert self.left_out(locale="de-AT,de;q=0.9,en;q=0.5")
        assert Contact.objects.get().locale == "de-AT"

    def test_a_zone_known_before_helps_to_read_a_phone(self) -> None:
        arrive(timezone="Europe/Berlin")

        assert arrive(phone="030 901820").contact.phone == "+4930901820"

    def test_a_zone_that_comes_later_helps_to_read_a_phone_that_is_known(self) -> None:
        arrive(phone="030 901820")

        assert arrive(timezone="Europe/Berlin").contact.phone == "+4930901820"


class TestRefusals:
    def refused(self, **given: Any) -> dict[str, list[str]]:
        with pytest.raises(IntakeError) as refusal:
            arrive(**given)

        assert not Contact.objects.exists()
        assert not ContactEvent.objects.exists()
        return refusal.value.errors

    @pytest.mark.parametrize(
        ("field", "value", "label"),
        [
            ("contact_types", ["Astronaut"], "contact type"),
            ("lead_source", "Astronaut", "lead source"),
            ("business_entities", ["Astronaut"], "business entity"),
            ("status", "Astronaut", "status"),
        ],
    )
    def test_an_unknown_name_is_refused_with_the_allowed_ones(self, field: str, value: Any, label: str) -> None:
        errors = self.refused(**{field: value})

        model = {
            "contact_types": ContactType,
            "lead_source": LeadSource,
            "business_entities": BusinessEntity,
            "status": ContactStatus,
        }[field]
        allowed = ", ".join(model.objects.values_list("name", flat=True))
        assert errors == {field: [f'Unknown {label} "Astronaut". Allowed: {allowed}.']}

    def test_everything_that_is_wrong_is_said_at_once(self) -> None:
        errors = self.refused(email="nobody", lead_source="Mars", contact_types=["Astronaut"], first_name="x" * 200)

        assert set(errors) == {"email", "lead_source", "contact_types"}

    @pytest.mark.parametrize("field", ["contact_types", "business_entities"])
    @pytest.mark.parametrize("value", ["Artist", [1], {"a": 1}])
    def test_a_lone_text_is_no_list(self, field: str, value: Any) -> None:
        assert "as a list of texts" in self.refused(**{field: value})[field][0]

    @pytest.mark.parametrize("kind", ["", "New Contact", "x" * 65, "näh"])
    def test_a_strange_event_name_is_refused(self, kind: str) -> None:
        assert set(self.refused(kind=kind)) == {"kind"}

    def test_the_error_reads_as_sentences(self) -> None:
        with pytest.raises(IntakeError, match=r"^The email address is missing\. Give one like"):
            arrive("")

    def test_without_any_status_it_says_what_to_run(self) -> None:
        ContactStatus.objects.all().delete()

        assert "deploy_contact_workflows" in self.refused()["status"][0]
