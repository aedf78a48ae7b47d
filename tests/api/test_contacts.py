from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from contacts import consent
from contacts.models import Contact, ContactEvent, ContactStatus
from engagement import touches
from tests import factories
from tests.api.caller import Caller

CONTACTS, EVENTS = "/api/v1/contacts/", "/api/v1/events/"
PROMISED = {
    "id",
    "email",
    "first_name",
    "last_name",
    "phone",
    "company",
    "job_title",
    "contact_types",
    "lead_source",
    "business_entities",
    "status",
    "tags",
    "interests",
    "timezone",
    "locale",
    "custom",
    "notes",
    "created_at",
    "last_interaction_at",
    "last_touches",
}
ADA: dict[str, Any] = {
    "email": "Ada@Example.org",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "phone": "+442079460000",
    "company": "Analytical Engines",
    "job_title": "Painter",
    "contact_types": ["Artist", "Business Contact"],
    "lead_source": "Event",
    "business_entities": ["The 7 Space", "AM Consulting"],
    "status": "Qualified Lead",
    "tags": ["VIP"],
    "interests": ["wellness"],
    "timezone": "Europe/London",
    "locale": "en-GB",
    "custom": {"studio": "north"},
    "notes": "Met at the fair.\nLikes blue.",
}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ada(operator: Caller) -> dict[str, Any]:
    created: dict[str, Any] = operator.post(CONTACTS, ADA).json()
    return created


def test_contact_is_created_and_shown_with_all_that_is_promised(operator: Caller) -> None:
    answer = operator.post(CONTACTS, ADA)

    shown = answer.json()
    assert answer.status_code == 201
    assert set(shown) == PROMISED
    assert {name: shown[name] for name in ADA} == ADA | {"email": "ada@example.org"}


def test_created_contact_is_shown_the_same_alone_and_in_the_list(operator: Caller, ada: dict[str, Any]) -> None:
    alone = operator.get(f"{CONTACTS}{ada['id']}").json()
    listed = operator.get(CONTACTS).json()["results"]

    assert alone == ada
    assert listed == [ada]


def test_times_have_an_offset(ada: dict[str, Any]) -> None:
    assert ada["created_at"].endswith(("Z", "+00:00"))


def test_contact_leaves_an_event_that_waits_to_be_enrolled(ada: dict[str, Any]) -> None:
    event = ContactEvent.objects.get()

    assert (event.kind, event.source, event.processed_at) == ("new_contact", "api", None)
    assert event.payload["email"] == "Ada@Example.org"


def test_contact_who_exists_is_filled_not_doubled(operator: Caller, ada: dict[str, Any]) -> None:
    answer = operator.post(CONTACTS, {"email": "ADA@example.org", "company": "Engines Ltd", "last_name": ""})

    assert answer.status_code == 200
    assert answer.json()["id"] == ada["id"]
    assert answer.json()["company"] == "Engines Ltd"
    assert answer.json()["last_name"] == "Lovelace"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"status": "Sleeping"}, "status"),
        ({"contact_types": ["Painter"]}, "contact_types"),
        ({"nickname": "Ada"}, "nickname"),
        ({"owner": 1}, "owner"),
        ({"email_typed": "x"}, "email_typed"),
        ({"message": "x"}, "message"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_wrong_contact_is_refused_naming_the_field(
    operator: Caller, ada: dict[str, Any], method: str, change: dict[str, Any], field: str
) -> None:
    path = CONTACTS if method == "POST" else f"{CONTACTS}{ada['id']}/"

    answer = operator.send(method, path, {"email": "x@example.org"} | change)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert operator.get(f"{CONTACTS}{ada['id']}/").json() == ada


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("first_name", "Augusta", "Augusta"),
        ("first_name", "", ""),
        ("last_name", None, ""),
        ("phone", "", ""),
        ("email", "Countess@Example.org", "countess@example.org"),
        ("contact_types", ["Media Contact"], ["Media Contact"]),
        ("contact_types", [], []),
        ("lead_source", "Referral", "Referral"),
        ("lead_source", None, None),
        ("lead_source", "", None),
        ("status", "Do Not Contact", "Do Not Contact"),
        ("tags", [], []),
        ("tags", ["Hot"], ["Hot"]),
        ("interests", None, []),
        ("timezone", "", ""),
        ("locale", "de", "de"),
        ("custom", {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        ("custom", None, {}),
        ("notes", "", ""),
        ("business_entities", ["HigherSelf Core"], ["HigherSelf Core"]),
    ],
)
def test_one_field_is_set_and_the_others_stay(
    operator: Caller, ada: dict[str, Any], field: str, value: Any, shown: Any
) -> None:
    answer = operator.patch(f"{CONTACTS}{ada['id']}/", {field: value})

    assert answer.status_code == 200
    assert answer.json()[field] == shown
    unchanged = PROMISED - {field, "business_entities", "last_interaction_at"}
    assert {name: answer.json()[name] for name in unchanged} == {name: ada[name] for name in unchanged}


def test_empty_change_changes_nothing(operator: Caller, ada: dict[str, Any]) -> None:
    answer = operator.patch(f"{CONTACTS}{ada['id']}/", {})

    assert answer.status_code == 200
    assert answer.json()["first_name"] == "Ada"


def test_contact_can_be_put_back_as_it_was_read(operator: Caller, ada: dict[str, Any]) -> None:
    answer = operator.put(f"{CONTACTS}{ada['id']}/", ada)

    assert answer.status_code == 200
    assert answer.json() == ada


def test_put_empties_what_it_leaves_out(operator: Caller, ada: dict[str, Any]) -> None:
    answer = operator.put(f"{CONTACTS}{ada['id']}/", {"email": "ada@example.org", "first_name": "Ada"})

    assert answer.status_code == 200
    assert (answer.json()["last_name"], answer.json()["tags"], answer.json()["custom"]) == ("", [], {})
    assert answer.json()["status"] == "Qualified Lead"


def test_put_needs_the_address(operator: Caller, ada: dict[str, Any]) -> None:
    answer = operator.put(f"{CONTACTS}{ada['id']}/", {"first_name": "Ada"})

    assert list(answer.json()["errors"]) == ["email"]


def test_address_of_another_contact_is_refused(operator: Caller, ada: dict[str, Any]) -> None:
    operator.post(CONTACTS, {"email": "other@example.org"})

    answer = operator.patch(f"{CONTACTS}{ada['id']}/", {"email": "OTHER@example.org"})

    assert answer.status_code == 400
    assert "email" in answer.json()["errors"]


def test_id_cannot_be_changed(operator: Caller, ada: dict[str, Any]) -> None:
    answer = operator.patch(f"{CONTACTS}{ada['id']}/", {"id": "00000000-0000-0000-0000-000000000001"})

    assert answer.json()["id"] == ada["id"]


def test_change_leaves_an_event(operator: Caller, ada: dict[str, Any]) -> None:
    operator.patch(f"{CONTACTS}{ada['id']}/", {"company": "Engines Ltd"})

    event = ContactEvent.objects.get(kind="contact_updated")
    assert event.changes["company"] == ["Analytical Engines", "Engines Ltd"]


def test_contact_is_deleted_with_all_that_hangs_on_it(operator: Caller, ada: dict[str, Any]) -> None:
    contact = Contact.objects.get(pk=ada["id"])
    factories.ScheduledActionFactory(instance__contact=contact)

    answer = operator.delete(f"{CONTACTS}{ada['id']}/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Contact.objects.exists()
    assert operator.get(f"{CONTACTS}{ada['id']}/").status_code == 404


def test_deleting_does_not_lift_the_ban_on_contact(operator: Caller, ada: dict[str, Any]) -> None:
    Contact.objects.update(status=ContactStatus.objects.get(slug="do_not_contact"))

    operator.delete(f"{CONTACTS}{ada['id']}/")

    assert consent.kept_out(emails=["ada@example.org"])


@pytest.mark.parametrize("typed", ["ada@example.org", "ADA@EXAMPLE.ORG", "%20ada@example.org%20", "Ada%40example.org"])
def test_contact_is_found_by_address_however_typed(reader: Caller, operator: Caller, typed: str) -> None:
    operator.post(CONTACTS, ADA)
    operator.post(CONTACTS, {"email": "other@example.org"})

    found = reader.get(f"{CONTACTS}?email={typed}").json()

    assert [contact["email"] for contact in found["results"]] == ["ada@example.org"]
    assert found["count"] == 1


def test_contact_is_found_by_unicode_domain(reader: Caller, operator: Caller) -> None:
    operator.post(CONTACTS, {"email": "ada@bücher.example"})

    assert reader.get(f"{CONTACTS}?email=ada@bücher.example").json()["count"] == 1


@pytest.mark.parametrize("typed", ["nobody@example.org", "nonsense", "@", "a@b@c", "'; DROP TABLE", "%F0%9F%8E%A8"])
def test_unknown_address_finds_nothing(reader: Caller, ada: dict[str, Any], typed: str) -> None:
    answer = reader.get(f"{CONTACTS}?email={typed}")

    assert answer.json()["results"] == []


@pytest.mark.parametrize(
    ("words", "finds"),
    [
        ("ada", True),
        ("LOVE", True),
        ("ada lovelace", True),
        ("lovelace ada", True),
        ("engines", True),
        ("example.org", True),
        ("ada babbage", False),
        ("100%25", False),
        ("_da", False),
        ("%5C", False),
        ("a" * 200, False),
    ],
)
def test_search_finds_parts_of_names_addresses_and_companies(
    reader: Caller, ada: dict[str, Any], words: str, finds: bool
) -> None:
    found = reader.get(f"{CONTACTS}?search={words}").json()["results"]

    assert bool(found) is finds


@pytest.mark.parametrize(
    ("query", "field"),
    [("email=%00", "email"), ("search=a%00b", "search"), ("search=" + "a" * 201, "search"), ("emial=x", "emial")],
)
def test_filter_that_cannot_be_meant_is_refused(reader: Caller, query: str, field: str) -> None:
    answer = reader.get(f"{CONTACTS}?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_list_of_contacts_needs_no_query_per_row(
    reader: Caller, operator: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        operator.post(CONTACTS, ADA | {"email": f"ada{number}@example.org"})
    reader.get(CONTACTS)

    with django_assert_num_queries(5):  # key, count, contacts, types, memberships with brands
        assert len(reader.get(CONTACTS).json()["results"]) == 12


def test_events_tell_what_every_workflow_said(reader: Caller, operator: Caller) -> None:
    operator.post("/contact-workflows/new-contact", {"email": "ada@example.org", "contact_types": ["Artist"]})

    (event,) = reader.get(f"{EVENTS}?contact_email=Ada@example.org").json()["results"]

    assert {"id", "contact_email", "kind", "source", "received_at", "outcome"} <= set(event)
    assert (event["contact_email"], event["kind"], event["source"]) == ("ada@example.org", "new_contact", "api")
    assert len(event["outcome"]) == 9
    assert set(event["outcome"][0]) == {"workflow", "matched", "because"}


def test_events_of_others_are_left_out(reader: Caller) -> None:
    factories.ContactEventFactory()

    assert reader.get(f"{EVENTS}?contact_email=nobody@example.org").json()["results"] == []


def test_event_is_shown_alone(reader: Caller) -> None:
    event = factories.ContactEventFactory()

    assert reader.get(f"{EVENTS}{event.pk}").json()["id"] == str(event.pk)


def test_list_of_events_needs_no_query_per_row(
    reader: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    factories.ContactEventFactory.create_batch(8)
    reader.get(EVENTS)

    with django_assert_num_queries(3):  # key, count, events with their contacts
        assert len(reader.get(EVENTS).json()["results"]) == 8


def test_last_touch_of_each_kind_is_told(operator: Caller, ada: dict[str, Any]) -> None:
    person, earlier = Contact.objects.get(pk=ada["id"]), factories.NOW - dt.timedelta(hours=1)
    for kind, at in (("called", factories.NOW), ("called", earlier), ("met", earlier)):
        touches.log(contact=person, kind=kind, business_entity=None, at=at, colleague="ada", now=factories.NOW)

    told = operator.get(f"{CONTACTS}{ada['id']}/").json()["last_touches"]

    moments = {kind: dt.datetime.fromisoformat(moment) for kind, moment in told.items()}
    assert moments == {"called": factories.NOW, "met": earlier}
