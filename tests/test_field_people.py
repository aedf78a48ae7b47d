"""People as they are in the field: numbers, zones, searches, addresses, details that are wrong, tags."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from contactflow.models import ApiKey
from contacts.models import Contact, ContactEvent
from tests import factories as f
from tests.api.caller import Caller
from tests.matrix import matrix

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]
NEW, CONTACTS = "/contact-workflows/new-contact", "/api/v1/contacts/"


@pytest.fixture
def operator(db: None) -> Caller:
    return Caller(ApiKey.objects.issue(name="field", scope="operate")[1], Client(raise_request_exception=False))


def arrived(door: Caller, **told: Any) -> Contact:
    answer = door.post(NEW, {"email": "ada@example.org", **told})
    assert answer.status_code in (200, 201), answer.content
    return Contact.objects.get(email="ada@example.org")


class TestPhones:
    @matrix(
        "typed",
        [
            "+49 30 1234567 Tel",
            "+43 1 234567 DW 12",
            "+41 44 123 45 67 int. 12",
            "+33 1 23 45 67 89 poste 4",
            "+1 212 555 0100 x5",
            "+49 30 1234567 (mobil)",
            "+49 30 1234567/68",
            "+49 30 1234567 oder 0171 2345678",
            "+49 30 1234567;ext=12",
            "1-800-FLOWERS",
            "4.47946E+11",
        ],
    )
    def test_what_is_more_than_a_number_stays_as_typed(self, operator: Caller, typed: str) -> None:
        assert arrived(operator, phone=typed, locale="en-US").phone == typed

    @matrix(
        "typed, stored",
        [
            ("+49 (0)30 / 1234-567", "+49301234567"),
            ("(+49) 30.1234567", "+49301234567"),
            ("0049 30 1234567", "+49301234567"),
        ],
    )
    def test_a_number_with_its_usual_signs_is_read(self, operator: Caller, typed: str, stored: str) -> None:
        assert arrived(operator, phone=typed).phone == stored

    @matrix(
        "zone, typed, stored",
        [
            ("Asia/Calcutta", "098765 43210", "+919876543210"),
            ("Europe/Kiev", "044 279 1234", "+380442791234"),
            ("US/Eastern", "(212) 555-0100", "+12125550100"),
            ("GB", "020 7946 0958", "+442079460958"),
            ("Iceland", "545 1234", "+3545451234"),
            ("CET", "030 1234567", "030 1234567"),
        ],
    )
    def test_former_names_of_zones_have_their_country(
        self, operator: Caller, zone: str, typed: str, stored: str
    ) -> None:
        assert arrived(operator, phone=typed, timezone=zone).phone == stored

    def test_a_zone_known_before_reads_a_phone_that_comes_later(self, operator: Caller) -> None:
        arrived(operator, timezone="Asia/Calcutta")

        assert arrived(operator, phone="098765 43210").phone == "+919876543210"

    def test_and_a_zone_that_comes_later_reads_the_phone(self, operator: Caller) -> None:
        contact = arrived(operator, phone="030 1234567")

        operator.patch(f"{CONTACTS}{contact.pk}/", {"timezone": "Europe/Berlin"})

        contact.refresh_from_db()
        assert contact.phone == "+49301234567"

    def test_the_zone_says_the_country_where_the_language_does_not_fit(self, operator: Caller) -> None:
        assert arrived(operator, phone="030 1234567", locale="en-US", timezone="Europe/Berlin").phone == "+49301234567"


class TestDetails:
    def test_a_lead_is_stored_with_what_was_not_understood_beside_it(self, operator: Caller) -> None:
        answer = operator.post(
            NEW,
            {"email": "ada@example.org", "timezone": "GMT+1", "locale": "de-DE,de;q=0.9", "phone": 498912345},
        )

        contact, event = Contact.objects.get(), ContactEvent.objects.get()
        assert answer.status_code == 201
        assert (contact.timezone, contact.locale, contact.phone[-9:]) == ("", "de-DE", "498912345")
        assert {one["field"] for one in answer.json()["warnings"]} == {"timezone", "locale", "phone"}
        assert event.warnings == answer.json()["warnings"]

    def test_the_event_shows_them_to_staff(self, operator: Caller, client: Any) -> None:
        arrived(operator, timezone="GMT+1")
        client.force_login(f.UserFactory(is_superuser=True))

        event = ContactEvent.objects.get()
        assert "Unknown time zone" in client.get(f"/admin/contacts/contactevent/{event.pk}/change/").content.decode()
        assert "Unknown time zone" in client.get(f"/admin/contacts/contact/{event.contact_id}/change/").content.decode()

    def test_the_resource_of_contacts_takes_a_lead_too(self, operator: Caller) -> None:
        answer = operator.post(CONTACTS, {"email": "ada@example.org", "locale": "?", "tags": "VIP"})

        assert answer.status_code == 201
        assert {one["field"] for one in answer.json()["warnings"]} == {"locale", "tags"}
        assert answer.json()["tags"] == ["VIP"]

    @matrix(
        "told",
        [
            {"contact_types": ["Painter"]},
            {"lead_source": "Instagram"},
            {"business_entities": ["Acme"]},
            {"email": "nobody"},
            {"favourite": "blue"},
        ],
    )
    def test_what_decides_and_what_nobody_knows_is_refused(self, operator: Caller, told: dict[str, Any]) -> None:
        answer = operator.post(NEW, {"email": "ada@example.org", "timezone": "GMT+1", **told})

        assert answer.status_code == 400
        assert set(answer.json()["errors"]) == set(told)

    @matrix(
        "told",
        [{"timezone": "GMT+1"}, {"locale": "de-DE,de;q=0.9"}, {"phone": 49}, {"tags": "VIP"}, {"notes": "a" * 50_001}],
    )
    def test_an_edit_is_refused_since_somebody_can_correct_it(self, operator: Caller, told: dict[str, Any]) -> None:
        contact = arrived(operator)

        answer = operator.patch(f"{CONTACTS}{contact.pk}/", told)

        assert answer.status_code == 400
        assert set(answer.json()["errors"]) == set(told)

    @matrix("name", ["utm_source", "utm_campaign", "UTM_Medium", "gclid", "fbclid", "msclkid", "ttclid", "li_fat_id"])
    def test_parameters_of_campaigns_go_to_the_source_metadata(self, operator: Caller, name: str) -> None:
        arrived(operator, **{name: "spring", "source_metadata": {"form": "contact"}})

        stored = ContactEvent.objects.latest("received_at").payload["source_metadata"]
        assert stored == {name: "spring", "form": "contact"}

    def test_so_do_they_at_the_other_doors(self, operator: Caller) -> None:
        operator.post(CONTACTS, {"email": "ada@example.org", "gclid": "1"})
        told = {"contact_email": "ada@example.org", "trigger_event": "engagement_detected", "utm_source": "mail"}
        operator.post("/contact-workflows/trigger", told)

        first, second = ContactEvent.objects.order_by("received_at")
        assert first.payload["source_metadata"] == {"gclid": "1"}
        assert second.payload["metadata"] == {"utm_source": "mail"}
