from __future__ import annotations

from typing import Any

import pytest

from contacts.models import Contact, ContactEvent
from tests.api.caller import Caller
from workflows.models import WorkflowInstance, WorkflowTemplate

NEW, TRIGGER = "/contact-workflows/new-contact", "/contact-workflows/trigger"
ANSWER = {
    "success",
    "contact_id",
    "contact_email",
    "created",
    "event_id",
    "contact_types",
    "lead_source",
    "business_entities",
    "workflows_triggered",
    "instances",
    "reasons",
    "warnings",
}
ARTIST = {
    "email": "Ada@Example.org",
    "first_name": "Ada",
    "contact_types": ["Artist"],
    "lead_source": "Website",
}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


def test_new_contact_is_created_and_told_what_started(operator: Caller) -> None:
    answer = operator.post(NEW, ARTIST)

    body = answer.json()
    contact = Contact.objects.get()
    assert answer.status_code == 201
    assert set(body) == ANSWER
    assert body["success"] is True
    assert body["created"] is True
    assert (body["contact_id"], body["contact_email"]) == (str(contact.pk), "ada@example.org")
    assert body["event_id"] == str(ContactEvent.objects.get().pk)
    assert body["contact_types"] == ["Artist"]
    assert body["lead_source"] == "Website"
    assert body["business_entities"] == ["The 7 Space"]
    assert sorted(body["workflows_triggered"]) == ["the7space_artist_discovery", "website_lead_nurturing"]


def test_new_contact_is_answered_with_its_instances(operator: Caller) -> None:
    body = operator.post(NEW, ARTIST).json()

    stored = {str(instance.pk): instance for instance in WorkflowInstance.objects.select_related("template")}
    assert len(body["instances"]) == 2
    for instance in body["instances"]:
        assert set(instance) == {"id", "workflow", "status"}
        assert instance["workflow"] == stored[instance["id"]].template.slug
        assert instance["status"] == "active"


def test_new_contact_is_answered_with_a_reason_for_every_workflow(operator: Caller) -> None:
    body = operator.post(NEW, ARTIST).json()

    assert len(body["reasons"]) == 9
    assert all(set(reason) == {"workflow", "matched", "because"} for reason in body["reasons"])
    matched = [reason["workflow"] for reason in body["reasons"] if reason["matched"]]
    assert sorted(matched) == sorted(body["workflows_triggered"])


def test_known_contact_is_answered_200_and_starts_nothing_again(operator: Caller) -> None:
    operator.post(NEW, ARTIST)

    answer = operator.post(NEW, ARTIST | {"email": " ADA@example.ORG "})

    assert answer.status_code == 200
    assert answer.json()["created"] is False
    assert answer.json()["workflows_triggered"] == []
    assert Contact.objects.count() == 1


@pytest.mark.parametrize("address", ["/contact-workflows/new-contact", "/contact-workflows/new-contact/"])
def test_doors_work_with_and_without_a_closing_slash(operator: Caller, address: str) -> None:
    answer = operator.post(address, ARTIST)

    assert answer.status_code == 201


def test_all_promised_fields_of_new_contact_are_taken(operator: Caller) -> None:
    everything: dict[str, Any] = ARTIST | {
        "last_name": "Lovelace",
        "phone": "+44 20 7946 0000",
        "company": "Analytical Engines",
        "job_title": "Painter",
        "business_entities": ["AM Consulting"],
        "interests": ["wellness"],
        "tags": ["VIP"],
        "message": "Hello\nthere",
        "timezone": "Europe/London",
        "locale": "en-GB",
        "custom": {"studio": "north"},
        "source_metadata": {"form": "artists"},
    }

    answer = operator.post(NEW, everything)

    contact = Contact.objects.get()
    assert answer.status_code == 201
    assert (contact.last_name, contact.company, contact.timezone) == (
        "Lovelace",
        "Analytical Engines",
        "Europe/London",
    )
    assert contact.custom == {"studio": "north"}
    assert answer.json()["business_entities"] == ["AM Consulting"]
    assert ContactEvent.objects.get().payload["message"] == "Hello\nthere"


@pytest.mark.parametrize(
    ("change", "field", "mentions"),
    [
        ({"first": "Ada"}, "first", "first_name"),
        ({"contact_types": ["Painter"]}, "contact_types", "Gallery Contact"),
        ({"lead_source": "Fax"}, "lead_source", "Referral"),
        ({"business_entities": ["Acme"]}, "business_entities", "HigherSelf Core"),
        ({"email": "nobody"}, "email", "@"),
        ({"email": None}, "email", "null"),
        ({"email": ""}, "email", "blank"),
        ({"email": 5}, "email", "text"),
        ({"contact_types": "Artist"}, "contact_types", "list"),
        ({"contact_types": {"0": "Artist"}}, "contact_types", "list"),
        ({"contact_types": [1]}, "contact_types", "text"),
        ({"status": "Active Lead"}, "status", "first_name"),
        ({"workflows": ["website_lead_nurturing"]}, "workflows", "Unknown field"),
    ],
)
def test_wrong_new_contact_is_refused_naming_the_field(
    operator: Caller, change: dict[str, Any], field: str, mentions: str
) -> None:
    answer = operator.post(NEW, ARTIST | change)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert list(answer.json()["errors"]) == [field]
    assert mentions in " ".join(answer.json()["errors"][field])
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"locale": "!"}, "locale"),
        ({"first_name": True}, "first_name"),
        ({"first_name": ["Ada"]}, "first_name"),
        ({"first_name": "a" * 151}, "first_name"),
        ({"tags": ["a"] * 5000}, "tags"),
        ({"tags": ["a" * 61]}, "tags"),
        ({"tags": {"a": 1}}, "tags"),
        ({"interests": [None]}, "interests"),
        ({"custom": "studio"}, "custom"),
        ({"custom": {"a": "b" * 70_000}}, "custom"),
        ({"source_metadata": 5}, "source_metadata"),
        ({"message": {"text": "Hello"}}, "message"),
    ],
)
def test_detail_that_is_not_understood_is_left_out_and_said(
    operator: Caller, change: dict[str, Any], field: str
) -> None:
    answer = operator.post(NEW, ARTIST | change)

    assert answer.status_code == 201
    assert [warning["field"] for warning in answer.json()["warnings"]] == [field]
    assert ContactEvent.objects.get().warnings == answer.json()["warnings"]


def test_all_that_is_wrong_is_said_at_once(operator: Caller) -> None:
    answer = operator.post(NEW, {"first": "Ada", "lead_source": 5})

    assert set(answer.json()["errors"]) == {"first", "lead_source", "email"}


def test_null_and_empty_values_say_nothing(operator: Caller) -> None:
    operator.post(NEW, ARTIST | {"company": "Analytical Engines", "tags": ["VIP"]})

    operator.post(NEW, ARTIST | {"company": "", "tags": [], "first_name": None, "custom": None})

    contact = Contact.objects.get()
    assert (contact.first_name, contact.company, contact.tags) == ("Ada", "Analytical Engines", ["VIP"])


@pytest.mark.parametrize("name", ["Zoë", "王秀英", "Владимир", "أحمد", "🎨 Ada"])
def test_names_in_any_script_arrive_whole(operator: Caller, name: str) -> None:
    operator.post(NEW, ARTIST | {"first_name": name})

    assert Contact.objects.get().first_name == name


def test_unicode_domain_is_taken(operator: Caller) -> None:
    answer = operator.post(NEW, ARTIST | {"email": "ada@bücher.example"})

    assert answer.status_code == 201
    assert answer.json()["contact_email"] == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "email", ["áda@example.org", "ada@exa mple.org", "ada\u202e@example.org", "@", "a@b@c.example"]
)
def test_odd_address_is_refused_with_a_sentence(operator: Caller, email: str) -> None:
    answer = operator.post(NEW, ARTIST | {"email": email})

    assert answer.status_code == 400
    assert answer.json()["errors"]["email"][0].endswith(".")


def test_trigger_is_answered_202_with_the_same_shape(operator: Caller) -> None:
    operator.post(NEW, ARTIST)

    answer = operator.post(TRIGGER, {"contact_email": "ada@example.org", "trigger_event": "consultation_completed"})

    assert answer.status_code == 202
    assert set(answer.json()) == ANSWER
    assert answer.json()["created"] is False


def test_trigger_for_an_unknown_address_creates_the_contact(operator: Caller) -> None:
    answer = operator.post(
        TRIGGER,
        {
            "contact_email": "new@example.org",
            "trigger_event": "consultation_completed",
            "contact_types": ["Business Contact"],
            "metadata": {"room": 4},
        },
    )

    assert answer.json()["created"] is True
    assert "am_consulting_proposal_follow_up" in answer.json()["workflows_triggered"]
    assert Contact.objects.get().email == "new@example.org"


def test_trigger_holds_its_types_for_the_event_alone(operator: Caller) -> None:
    operator.post(NEW, ARTIST)

    answer = operator.post(
        TRIGGER,
        {
            "contact_email": "ada@example.org",
            "trigger_event": "consultation_completed",
            "contact_types": ["Business Contact"],
        },
    )

    assert answer.json()["contact_types"] == ["Business Contact"]
    assert list(Contact.objects.get().contact_types.values_list("name", flat=True)) == ["Artist"]


def test_trigger_starts_just_the_workflows_it_names(operator: Caller) -> None:
    operator.post(NEW, ARTIST)

    answer = operator.post(
        TRIGGER,
        {
            "contact_email": "ada@example.org",
            "trigger_event": "manual_trigger",
            "workflows": ["website_lead_nurturing"],
            "force": True,
        },
    )

    assert answer.json()["workflows_triggered"] == ["website_lead_nurturing"]


@pytest.mark.parametrize(
    ("change", "field", "mentions"),
    [
        ({"email": "x@example.org"}, "email", "contact_email"),
        ({"contact_email": "nobody"}, "contact_email", "@"),
        ({"contact_email": 5}, "contact_email", "text"),
        ({"trigger_event": "Consultation Completed"}, "trigger_event", "lower-case"),
        ({"trigger_event": 5}, "trigger_event", "text"),
        ({"trigger_event": ""}, "trigger_event", "blank"),
        ({"trigger_event": "a" * 65}, "trigger_event", "64"),
        ({"workflows": ["no_such"]}, "workflows", "website_lead_nurturing"),
        ({"workflows": "website_lead_nurturing"}, "workflows", "list"),
        ({"contact_types": ["Painter"]}, "contact_types", "Artist"),
        ({"lead_source": "Fax"}, "lead_source", "Website"),
        ({"business_entities": ["Acme"]}, "business_entities", "The 7 Space"),
        ({"force": "yes"}, "force", "true or false"),
        ({"force": 1}, "force", "true or false"),
    ],
)
def test_wrong_trigger_is_refused_naming_the_field(
    operator: Caller, change: dict[str, Any], field: str, mentions: str
) -> None:
    answer = operator.post(TRIGGER, {"contact_email": "x@example.org", "trigger_event": "manual_trigger"} | change)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert mentions in " ".join(answer.json()["errors"][field])
    assert not Contact.objects.exists()


def test_status_counts_what_is_there(operator: Caller) -> None:
    operator.post(NEW, ARTIST)

    body = operator.get("/contact-workflows/status").json()

    assert (body["active_workflows"], body["total_contacts_processed"]) == (2, 1)
    assert [set(execution) for execution in body["recent_executions"]] == [
        {"contact_email", "workflow", "status", "at"}
    ] * 2
    assert body["recent_executions"][0]["contact_email"] == "ada@example.org"
    assert body["system_status"] == "degraded"
    assert "worker" in body["problems"][0]


def test_templates_are_listed_with_their_steps(reader: Caller) -> None:
    templates = reader.get("/contact-workflows/templates").json()["templates"]

    named = {template["slug"]: template for template in templates}
    discovery = named["the7space_artist_discovery"]
    assert len(templates) == 9
    assert discovery["business_entity"] == "The 7 Space"
    assert discovery["active"] is True
    assert discovery["version"] == 1
    assert discovery["triggers"]["contact_types"] == ["Artist", "Gallery Contact"]
    assert [(step["action_type"], step["delay_hours"], step["target"]) for step in discovery["steps"]] == [
        ("send_notification", 0, "gallery_curator"),
        ("create_task", 2, "gallery_team"),
        ("send_email", 24, None),
        ("create_task", 48, "social_media_team"),
    ]
    assert (discovery["steps"][1]["title"], discovery["steps"][1]["category"], discovery["steps"][1]["priority"]) == (
        "Artist Portfolio Review",
        "CURATION",
        "high",
    )
    assert discovery["steps"][2]["template"] == "artist_welcome"


def test_touches_of_a_sequence_are_listed(reader: Caller) -> None:
    template = reader.get("/api/v1/workflow-templates/website_lead_nurturing").json()

    assert [touch["day"] for touch in template["steps"][0]["touches"]] == [1, 7, 14]


def test_templates_are_read_anew_each_time(reader: Caller) -> None:
    reader.get("/contact-workflows/templates")
    WorkflowTemplate.objects.filter(slug="website_lead_nurturing").update(name="Another name")

    templates = reader.get("/contact-workflows/templates").json()["templates"]

    assert "Another name" in [template["name"] for template in templates]
