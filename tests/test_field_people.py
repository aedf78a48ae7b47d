"""People as they are in the field: numbers, zones, searches, addresses, details that are wrong, tags."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from contactflow.models import ApiKey
from contacts.models import Contact, ContactEvent
from engagement import tasking
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

    @matrix("metadata", ["spring", ["a"], 5, True])
    def test_an_event_whose_metadata_are_no_object_is_taken(self, operator: Caller, metadata: Any) -> None:
        told = {"contact_email": "ada@example.org", "trigger_event": "engagement_detected", "metadata": metadata}
        answer = operator.post("/contact-workflows/trigger", told)

        assert answer.status_code == 202
        assert [one["field"] for one in answer.json()["warnings"]] == ["metadata"]
        assert ContactEvent.objects.latest("received_at").payload["metadata"] == metadata

    @matrix("metadata", ["spring", ["a"], 5])
    def test_so_is_a_lead_whose_source_metadata_are_none(self, operator: Caller, metadata: Any) -> None:
        answer = operator.post(NEW, {"email": "ada@example.org", "source_metadata": metadata})

        assert answer.status_code in (200, 201)
        assert [one["field"] for one in answer.json()["warnings"]] == ["source_metadata"]


PEOPLE = {
    "jurgen": {
        "first_name": "J\u00fcrgen",
        "last_name": "Stra\u00dfer",
        "phone": "+49301234567",
        "company": "Route 66 2000",
    },
    "zoe": {"first_name": "Zoe\u0308", "last_name": "M\u00fcller", "phone": "+12125550100"},
    "typed": {"first_name": "Lukasz", "last_name": "Mueller", "phone": "(030) 98 76 543 ext. 2"},
    "ivan": {"first_name": "\u0418\u0432\u0430\u043d", "phone": "+74951234567"},
}


class TestSearch:
    """In lists, the palette and the API alike."""

    @pytest.fixture(autouse=True)
    def _people(self) -> None:
        for name, told in PEOPLE.items():
            f.ContactFactory(email=f"{name}+news@example.org", **told)

    def found(self, words: str) -> set[str]:
        people = Contact.objects.search(words)
        return {person.email.partition("+")[0] for person in people}

    @matrix(
        "words, name",
        [
            ("Jurgen", "jurgen"),
            ("J\u00dcRGEN", "jurgen"),
            ("Juergen", "jurgen"),
            ("Ju\u0308rgen", "jurgen"),
            ("strasser", "jurgen"),
            ("Stra\u00dfer j\u00fcrg", "jurgen"),
            ("Zo\u00eb", "zoe"),
            ("Zoe\u0308", "zoe"),
            ("zoe muller", "zoe"),
            ("\u0141ukasz", "typed"),
            ("\u0438\u0432\u0430\u043d", "ivan"),
            ("route 66", "jurgen"),
            ("66 2000", "jurgen"),
            ("zoe+news@EXAMPLE.org", "zoe"),
        ],
    )
    def test_case_and_accents_make_no_difference(self, words: str, name: str) -> None:
        assert self.found(words) == {name}

    @matrix("words", ["M\u00fcller", "Mueller", "MULLER"])
    def test_an_umlaut_may_be_written_out(self, words: str) -> None:
        assert "zoe" in self.found(words)

    @matrix(
        "words, name",
        [
            ("+49 30 1234567", "jurgen"),
            ("+49 (0)30 / 123-4567", "jurgen"),
            ("0049301234567", "jurgen"),
            ("030 1234567", "jurgen"),
            ("030/123 45 67", "jurgen"),
            ("(030) 12-34-567", "jurgen"),
            ("1234567 J\u00fcrgen", "jurgen"),
            ("\u202a+49 30 1234567\u202c", "jurgen"),
            ("\uff0b\uff14\uff19 30 1234567", "jurgen"),
            ("+4930123", "jurgen"),
            ("(212) 555-0100", "zoe"),
            ("1-212-555-0100", "zoe"),
            ("212.555.0100", "zoe"),
            ("+49 30 9876543", "typed"),
            ("030 9876543", "typed"),
            ("8 (495) 123-45-67", "ivan"),
        ],
    )
    def test_a_number_is_found_in_any_spelling(self, words: str, name: str) -> None:
        assert self.found(words) == {name}

    @matrix("words", ["%", "_", "\\", "\0", "1234567 nobody", "+49 30 7654321"])
    def test_what_nobody_has_finds_nobody(self, words: str) -> None:
        assert self.found(words) == ({*PEOPLE} if words == "\0" else set())

    @matrix("words", ["Jurgen", "030 1234567"])
    def test_every_list_palette_and_api_find_the_same(self, operator: Caller, client: Any, words: str) -> None:
        client.force_login(f.UserFactory(is_superuser=True))
        jurgen = Contact.objects.get(first_name="J\u00fcrgen")
        event = f.ContactEventFactory(contact=jurgen)

        answer = operator.client.get(CONTACTS, {"search": words}, headers={"Authorization": f"Bearer {operator.key}"})
        assert [one["id"] for one in answer.json()["results"]] == [str(jurgen.pk)]
        assert [one.pk for one in self.listed(client, "contacts/contact", words)] == [jurgen.pk]
        assert [one.pk for one in self.listed(client, "contacts/contactevent", words)][:1] == [event.pk]
        assert str(jurgen.pk) in client.get("/admin/search/", {"s": words}).content.decode()

    @matrix(
        "place",
        [
            "engagement/task", "engagement/alert", "engagement/message", "workflows/controlentry", "contacts/consent",
            "notion_bridge/pagelink", "notion_bridge/syncconflict", "workflows/scheduledaction",
        ],
    )  # fmt: skip
    def test_no_list_about_people_minds_a_number(self, client: Any, place: str) -> None:
        client.force_login(f.UserFactory(is_superuser=True))

        assert list(self.listed(client, place, "+49 30 / 1234567")) == []

    def test_a_task_is_found_by_the_number_of_its_contact(self, client: Any) -> None:
        client.force_login(f.UserFactory(is_superuser=True))
        jurgen = Contact.objects.get(first_name="J\u00fcrgen")
        task = tasking.create_task(action_id=None, contact=jurgen, title="Call back", target=None, now=f.NOW)

        assert list(self.listed(client, "engagement/task", "call 030 123 45 67")) == [task]

    def test_it_stands_on_one_index(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Contact.objects.search("Jurgen 030 1234567").explain()

        assert "contact_search" in plan

    def listed(self, client: Any, place: str, words: str) -> Any:
        page = client.get(f"/admin/{place}/", {"q": words})
        assert page.status_code == 200
        return page.context["cl"].result_list


class TestAddressesInQueries:
    @pytest.fixture(autouse=True)
    def _ada(self, operator: Caller) -> None:
        operator.post(NEW, {"email": "ada+news@example.com"})
        f.ContactFactory(email="ada.news@example.com")

    @matrix(
        "query", ["ada+news@example.com", "ada%2Bnews@example.com", "ada+news%40example.com", "Ada+News@EXAMPLE.com+"]
    )
    def test_a_plus_is_meant(self, operator: Caller, query: str) -> None:
        answer = operator.get(f"{CONTACTS}?email={query}")

        assert [one["email"] for one in answer.json()["results"]] == ["ada+news@example.com"]

    @matrix("resource", ["events", "workflow-instances", "messages", "tasks", "alerts"])
    def test_so_it_is_for_every_filter_by_address(self, operator: Caller, resource: str) -> None:
        ada = Contact.objects.get(email="ada+news@example.com")
        tasking.create_task(action_id=None, contact=ada, title="Call", target=None, now=f.NOW)

        found = operator.get(f"/api/v1/{resource}/?contact_email=ada+news@example.com").json()["results"]

        assert {one["contact_email"] for one in found} <= {"ada+news@example.com"}
        assert found or resource in ("messages", "alerts")

    def test_a_page_leads_to_the_next_one_of_the_same_address(self, operator: Caller) -> None:
        for _ in range(2):
            operator.post(NEW, {"email": "ada+news@example.com"})

        page = operator.get("/api/v1/events/?contact_email=ada+news@example.com&page_size=1").json()

        assert operator.get(page["next"].partition("testserver")[2]).json()["results"]

    def test_a_plus_in_a_search_still_parts_words(self, operator: Caller) -> None:
        assert len(operator.get(f"{CONTACTS}?search=news+ada").json()["results"]) == 2


MARKS: dict[str, Any] = {
    "tags": ["VIP", "Berlin, Germany"],
    "interests": ["Yoga"],
    "custom": {"Size": "Large", "Count": 5, "Colours": ["red", "blue"]},
}


class TestMarks:
    @pytest.fixture(autouse=True)
    def _people(self) -> None:
        f.ContactFactory(email="marked@example.org", **MARKS)
        f.ContactFactory(email="other@example.org", tags=["VIPs"], custom={"Size": "small"})

    @matrix(
        "query",
        [
            "tags=VIP",
            "tags=vip",
            "tags=VIP&tags=Berlin,%20Germany",
            "interests=yoga",
            "custom=Size=Large",
            "custom=size=large&custom=count",
            "custom=Count=5",
            "custom=Colours=blue",
            "tags=VIP&interests=Yoga&custom=Colours",
        ],
    )
    def test_people_are_filtered_by_what_they_are_marked_with(self, operator: Caller, client: Any, query: str) -> None:
        client.force_login(f.UserFactory(is_superuser=True))

        answer = operator.get(f"{CONTACTS}?{query}").json()

        assert [one["email"] for one in answer["results"]] == ["marked@example.org"]
        page = client.get(f"/admin/contacts/contact/?{query}")
        assert [one.email for one in page.context["cl"].result_list] == ["marked@example.org"]

    @matrix(
        "query",
        ["tags=Nobody", "tags=VIP&tags=Nobody", "tags=%00", "custom=Size=", "custom==", "interests={}", "tags=%25"],
    )
    def test_what_nobody_has_finds_nobody(self, operator: Caller, client: Any, query: str) -> None:
        client.force_login(f.UserFactory(is_superuser=True))

        answer = operator.get(f"{CONTACTS}?{query}")

        assert answer.status_code == 400 or answer.json()["results"] == []
        assert client.get(f"/admin/contacts/contact/?{query}").status_code < 500

    def test_it_stands_on_an_index(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")

        assert "contact_marks" in Contact.objects.marked(tags=["VIP"]).order_by().explain()


class TestTrigger:
    """A workflow that asks for a tag."""

    @pytest.fixture
    def workflow(self) -> Any:
        version = f.WorkflowVersionFactory(events=["new_contact"], tags=["Newsletter"])
        version.template.current_version = version
        version.template.active = True
        version.template.save()
        return version.template

    @pytest.fixture
    def page(self, client: Any, workflow: Any) -> Any:
        client.force_login(f.UserFactory(is_superuser=True))
        return lambda **said: client.get(f"/admin/workflows/workflowtemplate/{workflow.pk}/dry-run/", said)

    def test_the_dry_run_proposes_somebody_with_the_tag(self, page: Any) -> None:
        form = page().context["example"]

        assert (form.initial["interest"], form.initial["tag"]) == ("", "Newsletter")

    def test_who_has_the_tag_would_start(self, page: Any) -> None:
        assert page(example="yes", first_name="Robin", tag="newsletter").context["verdict"].matched

    def test_who_has_it_as_an_interest_would_not_and_is_told_what_is_asked(self, page: Any) -> None:
        answer = page(example="yes", first_name="Robin", interest="Newsletter")

        assert not answer.context["verdict"].matched
        assert "needs the tag Newsletter" in answer.content.decode()

    def test_the_api_takes_an_example_with_tags(self, operator: Caller, workflow: Any) -> None:
        asked = {"example": {"tags": ["Newsletter"]}}

        assert operator.post(f"/api/v1/workflow-templates/{workflow.slug}/simulate/", asked).status_code == 200
