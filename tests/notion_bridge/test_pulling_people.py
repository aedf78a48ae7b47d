"""People who are typed, edited and emptied in Notion, and what becomes of them here."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts.models import Contact, ContactEvent
from notion_bridge import baseline
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from workflows.models import WorkflowInstance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]

FULL = {
    "First Name": "Ada",
    "Last Name": "Lovelace",
    "Email": "ada@example.org",
    "Phone": "+44 20 7946 0958",
    "Contact Type": ["Artist", "Media Contact"],
    "Lead Source": "Referral",
    "Business Entity": ["The 7 Space"],
    "Status": "Qualified Lead",
    "Tags": ["engines", "poetry"],
    "Company": "Analytical",
    "Job Title": "Countess",
    "Notes": "First line.\nSecond line, with an emoji: 🎨",
    "Date Added": dt.date(2026, 1, 5),
}


def ada() -> Contact:
    return bridge.person("ada@example.org")


def slugs() -> set[str]:
    return set(WorkflowInstance.objects.values_list("template__slug", flat=True))


# The first pull


def test_the_first_pull_leaves_an_event_for_everybody(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], FULL)

    bridge.sync(push=False)

    event = ContactEvent.objects.get(contact=ada())
    assert (event.source, event.kind, event.mode) == ("notion", "new_contact", "baseline")


def test_the_first_pull_takes_over_every_field(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], FULL)

    bridge.sync()

    found = ada()
    assert (found.first_name, found.last_name, found.phone) == ("Ada", "Lovelace", "+442079460958")
    assert {kind.name for kind in found.contact_types.all()} == {"Artist", "Media Contact"}
    assert found.lead_source is not None
    assert (found.lead_source.name, found.status.name) == ("Referral", "Qualified Lead")
    assert "The 7 Space" in [one.business_entity.name for one in found.memberships.all()]
    assert set(found.tags) >= {"engines", "poetry"}
    assert (found.company, found.job_title, found.notes) == ("Analytical", "Countess", FULL["Notes"])
    assert found.added_on == dt.date(2026, 1, 5)


def test_what_the_first_pull_took_over_stands_in_notion_unchanged(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    before = notion.values_of(page)

    bridge.sync()

    after = notion.values_of(page)
    assert after["Contact ID"] == str(ada().pk)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"Contact ID", "Phone", "Business Entity", "Last Interaction"}


def test_a_page_of_the_first_pull_takes_one_write_at_most(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    for number in range(3):
        notion.person_creates(ids["contacts"], FULL | {"Email": f"p{number}@example.org"})

    bridge.sync()

    assert notion.requests.count("PATCH") == 3


def test_the_first_pull_foresees_what_starting_would_mean(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], FULL)
    bridge.sync()

    foreseen = baseline.foresee(now=database_now())

    assert (foreseen.people, foreseen.starting) == (1, 1)
    assert foreseen.by_workflow["the7space_artist_discovery"] == 1
    assert foreseen.emails > 0
    assert not WorkflowInstance.objects.exists()


def test_what_starts_with_another_event_is_not_foreseen_for_the_baseline(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    business = {"Contact Type": ["Business Contact"], "Business Entity": ["AM Consulting"]}
    notion.person_creates(ids["contacts"], FULL | business)
    bridge.sync()

    foreseen = baseline.foresee(now=database_now())

    assert "am_consulting_lead_qualification" in foreseen.by_workflow
    assert not {"am_consulting_proposal_follow_up", "higherself_content_engagement"} & set(foreseen.by_workflow)
    assert baseline.start(now=database_now()) == foreseen.workflows


def test_staff_may_start_the_workflows_of_the_baseline_later(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    foreseen = baseline.foresee(now=database_now())

    started = baseline.start(now=database_now())

    assert started == foreseen.workflows
    assert slugs() == set(foreseen.by_workflow)


def test_starting_the_baseline_twice_starts_nothing_more(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    baseline.start(now=database_now())

    assert baseline.start(now=database_now()) == 0
    assert baseline.foresee(now=database_now()).people == 0


def test_the_first_pull_starts_workflows_when_asked_to(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], FULL)

    bridge.sync(start_workflows=True)

    assert "the7space_artist_discovery" in slugs()
    assert WorkflowInstance.objects.filter(template__slug="the7space_artist_discovery").count() == 1


def test_start_workflows_reaches_those_of_an_earlier_first_pull(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], FULL)
    bridge.sync()

    bridge.sync(start_workflows=True)

    assert "the7space_artist_discovery" in slugs()


def test_somebody_who_came_later_is_not_part_of_the_baseline(notion: Sandbox, settings: Any) -> None:
    ids = bridge.in_step(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], FULL)

    bridge.sync()

    assert baseline.people().count() == 0


# Afterwards


def test_an_edit_in_notion_is_an_event_with_notion_as_its_source(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    notion.person_edits(page, {"Company": "Difference"})

    bridge.sync()

    event = ContactEvent.objects.filter(contact=ada(), kind="contact_updated").get()
    assert event.source == "notion"
    assert event.changes["company"] == ["Analytical", "Difference"]
    assert event.processed_at is not None


def test_an_edit_in_notion_may_start_a_workflow(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], {"First Name": "Ada", "Email": "ada@example.org"})
    bridge.sync()
    notion.person_edits(page, {"Contact Type": ["Artist"]})

    bridge.sync()

    event = ContactEvent.objects.filter(contact=ada(), kind="contact_updated").get()
    assert {"workflow": "the7space_artist_discovery"}.items() <= {
        "workflow": next(one["workflow"] for one in event.outcome if "artist" in one["workflow"])
    }.items()


def test_a_page_written_below_its_properties_is_no_change(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    notion.person_writes_content(page)

    bridge.sync()

    assert not ContactEvent.objects.filter(kind="contact_updated").exists()


def test_a_field_changed_in_notion_changes_here(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    edits = {
        "First Name": "Augusta",
        "Last Name": "King",
        "Email": "augusta@example.org",
        "Phone": "+442079460000",
        "Status": "Active Client",
        "Lead Source": "Event",
        "Company": "Difference",
        "Job Title": "Analyst",
        "Notes": "מכונה אנליטית, محرك تحليلي 🧮\n\nEnd.",
        "Date Added": dt.date(2025, 12, 31),
    }
    notion.person_edits(page, edits)

    bridge.sync()

    found = Contact.objects.get()
    assert found.lead_source is not None
    names = ("first_name", "last_name", "email", "phone")
    more = (found.company, found.job_title, found.notes, found.added_on)
    values = [*(getattr(found, name) for name in names), found.status.name, found.lead_source.name, *more]
    assert dict(zip(edits, values, strict=True)) == edits
    assert {label: notion.values_of(page)[label] for label in edits} == {k: str(value) for k, value in edits.items()}


def test_a_field_emptied_in_notion_is_emptied_here(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    texts = ("First Name", "Last Name", "Phone", "Company", "Job Title", "Notes")
    notion.person_edits(page, dict.fromkeys(texts) | {"Lead Source": None, "Tags": []})

    bridge.sync()

    found = ada()
    assert (found.lead_source, found.tags) == (None, [])
    assert {getattr(found, label.lower().replace(" ", "_")) for label in texts} == {""}
    assert not any(notion.values_of(page)[label] for label in (*texts, "Lead Source", "Tags"))


def test_types_emptied_in_notion_are_emptied_here(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    notion.person_edits(page, {"Contact Type": []})

    bridge.sync()

    assert not ada().contact_types.exists()
    assert notion.values_of(page)["Contact Type"] == []


def test_brands_emptied_in_notion_are_those_the_rules_give(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL | {"Business Entity": ["AM Consulting"]})
    bridge.sync()
    notion.person_edits(page, {"Business Entity": []})

    bridge.sync()

    brands = {one.business_entity.name for one in ada().memberships.all()}
    assert brands == set(notion.values_of(page)["Business Entity"]) == {"The 7 Space", "HigherSelf Core"}


def test_an_emptied_address_is_reported_and_kept(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    notion.person_edits(page, {"Email": None, "Company": "Difference"})

    bridge.sync()

    assert ada().company == "Difference"
    assert [problem.details["field"] for problem in bridge.problems("value_refused")] == ["email"]


def test_an_emptied_status_is_put_back(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    notion.person_edits(page, {"Status": None})

    bridge.sync()

    assert notion.values_of(page)["Status"] == ada().status.name == "Qualified Lead"
    assert [conflict.field for conflict in bridge.conflicts()] == ["status"]


def test_an_emptied_date_falls_back_to_the_day_of_arrival(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    notion.person_edits(page, {"Date Added": None})

    bridge.sync()

    assert ada().added_on is None
    assert notion.values_of(page)["Date Added"] == ada().created_at.date().isoformat()


def test_what_only_contactflow_writes_is_put_back(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], FULL)
    bridge.sync()
    notion.person_edits(page, {"Contact ID": "tampered"})

    bridge.sync()

    assert notion.values_of(page)["Contact ID"] == str(ada().pk)
    assert [(conflict.field, conflict.winner) for conflict in bridge.conflicts()] == [("contact_id", "contactflow")]
