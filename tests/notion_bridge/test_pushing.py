"""What changes here and how it reaches Notion: one write for each page that changed, and none besides."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts.models import Contact
from notion_bridge.models import PageLink, SyncEntry
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.workflows import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    found = bridge.in_step(notion, settings, "contacts")
    notion.requests.clear()
    return found


def values(notion: Sandbox, contact: Contact) -> dict[str, Any]:
    return notion.values_of(bridge.page_of(contact))


# Created here


def test_somebody_who_arrives_here_gets_a_page(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive(
        "ada@example.org",
        first_name="Ada",
        last_name="Lovelace",
        phone="+442079460958",
        contact_types=("Artist",),
        business_entities=("The 7 Space",),
        lead_source="Referral",
        status="Qualified Lead",
        tags=("engines", "poetry"),
        company="Analytical",
        job_title="Countess",
        notes="First line.\nSecond, with 🎨.",
        added_on=dt.date(2026, 1, 5),
    )

    bridge.sync()

    assert values(notion, contact) == {
        "First Name": "Ada",
        "Last Name": "Lovelace",
        "Email": "ada@example.org",
        "Phone": "+442079460958",
        "Contact Type": ["Artist"],
        "Lead Source": "Referral",
        "Business Entity": [one.business_entity.name for one in contact.memberships.all()],
        "Status": "Qualified Lead",
        "Tags": contact.tags,
        "Company": "Analytical",
        "Job Title": "Countess",
        "Notes": "First line.\nSecond, with 🎨.",
        "Date Added": "2026-01-05",
        "Last Interaction": values(notion, contact)["Last Interaction"],
        "Contact ID": str(contact.pk),
    }


def test_new_people_and_their_workflows_take_one_write_each(notion: Sandbox, ids: dict[str, str]) -> None:
    for number in range(5):
        bridge.arrive(f"p{number}@example.org")

    bridge.sync()

    pages = [len(notion.pages_of(source)) for source in ids.values()]
    assert pages[0] == 5
    assert notion.requests.writes() == sum(pages)


def test_missing_options_are_created_by_writing(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org", tags=("never seen",))

    bridge.sync()

    assert "never seen" in values(notion, contact)["Tags"]
    assert bridge.problems("option_added") == []


def test_a_page_that_was_created_is_in_the_history(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")

    bridge.sync()

    entries = SyncEntry.objects.filter(link__contact=contact)
    assert [(one.direction, one.what) for one in entries] == [("to_notion", "created")]


# Changed here


def test_a_field_changed_here_changes_in_notion(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org", first_name="Ada")
    bridge.sync()
    texts = {
        "first_name": "Augusta",
        "last_name": "King",
        "email": "augusta@example.org",
        "phone": "+442079460958",
        "company": "Difference",
        "job_title": "Analyst",
        "notes": "הערה 🧮\n\nתשע",
        "status": "Active Client",
        "lead_source": "Event",
    }
    lists = {"contact_types": ("Media Contact",), "business_entities": ("AM Consulting",), "tags": ("one", "two")}
    bridge.edit(contact, **texts, **lists, added_on=dt.date(2025, 12, 31))

    bridge.sync()

    expected = texts | {name: list(words) for name, words in lists.items()} | {"added_on": "2025-12-31"}
    labels = {"contact_types": "Contact Type", "business_entities": "Business Entity", "added_on": "Date Added"}
    shown = values(notion, contact)
    assert {name: shown[labels.get(name, name.replace("_", " ").title())] for name in expected} == expected


def test_a_field_emptied_here_is_emptied_in_notion(notion: Sandbox, ids: dict[str, str]) -> None:
    about = {"first_name": "A", "last_name": "L", "company": "C", "job_title": "J", "notes": "N"}
    about |= {"phone": "+442079460958", "lead_source": "Event"}
    contact = bridge.arrive("ada@example.org", **about)
    bridge.sync()
    bridge.edit(contact, **dict.fromkeys(about, ""))

    bridge.sync()

    shown = values(notion, contact)
    assert {name: said for name in about if (said := shown[name.replace("_", " ").title()])} == {
        "first_name": "ada@example.org"  # a page without a title has nothing to click on
    }


def test_tags_emptied_here_are_emptied_in_notion(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org", tags=("one",))
    bridge.sync()
    bridge.edit(contact, tags=())

    bridge.sync()

    assert values(notion, contact)["Tags"] == []


def test_many_changes_of_one_person_are_one_write(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    for number in range(5):
        bridge.edit(contact, company=f"Company {number}", job_title=f"Job {number}")
    notion.requests.clear()

    bridge.sync()

    assert notion.requests.writes() == 1
    assert values(notion, contact)["Company"] == "Company 4"


def test_as_many_writes_as_people_changed(notion: Sandbox, ids: dict[str, str]) -> None:
    people = [bridge.arrive(f"p{number}@example.org") for number in range(6)]
    bridge.sync()
    for contact in people[:4]:
        bridge.edit(contact, company="New")
    notion.requests.clear()

    bridge.sync()

    assert notion.requests.writes() == 4


def test_a_change_that_was_undone_is_no_write(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org", company="Old")
    bridge.sync()
    bridge.edit(contact, company="New")
    bridge.edit(contact, company="Old")
    notion.requests.clear()

    bridge.sync()

    assert notion.requests.writes() == 0


def test_only_what_changed_is_written(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org", company="Old", notes="Some")
    bridge.sync()
    bridge.edit(contact, company="New")

    bridge.sync()

    entry = SyncEntry.objects.get(link__contact=contact, what="changed")
    assert entry.fields == {"company": ["Old", "New"]}


def test_an_edit_in_notion_right_before_our_write_survives(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org", company="Old")
    bridge.sync()
    bridge.edit(contact, company="New")
    notion.person_edits(bridge.page_of(contact), {"Job Title": "Countess"})

    bridge.sync(pull=False)

    contact.refresh_from_db()
    assert contact.job_title == "Countess"
    assert values(notion, contact)["Company"] == "New"


def test_an_interaction_here_is_dated_in_notion(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    at = dt.datetime(2026, 11, 1, 9, 30, tzinfo=dt.UTC)
    Contact.objects.filter(pk=contact.pk).update(last_interaction_at=at, updated_at=database_now())

    bridge.sync()

    assert values(notion, contact)["Last Interaction"].startswith("2026-11-01T09:30")


def test_pulling_alone_writes_nothing(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.arrive("ada@example.org")

    bridge.sync(push=False)

    assert notion.requests.writes() == 0


def test_pushing_alone_after_the_first_pull_reads_no_list(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.arrive("ada@example.org")

    bridge.sync(pull=False)

    assert notion.requests.queries() == 0
    assert len(notion.pages_of(ids["contacts"])) == 1


def test_pushing_alone_at_first_pulls_so_that_nobody_is_doubled(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.arrive("ada@example.org")

    bridge.sync(pull=False)

    assert len(notion.pages_of(ids["contacts"])) == 1


# A first meeting of somebody who is on both sides


def test_somebody_on_both_sides_becomes_one(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], {"Email": "Ada@Example.org"})
    contact = bridge.arrive("ada@example.org")

    bridge.sync()

    assert bridge.page_of(contact) == page
    assert (Contact.objects.count(), len(notion.pages_of(ids["contacts"]))) == (1, 1)


def test_a_first_meeting_fills_what_either_side_lacks(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Company": "Analytical"})
    contact = bridge.arrive("ada@example.org", last_name="Lovelace")

    bridge.sync()

    contact.refresh_from_db()
    assert contact.company == "Analytical"
    assert notion.values_of(page)["Last Name"] == "Lovelace"
    assert bridge.conflicts() == []


def test_a_first_meeting_unites_lists(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Tags": ["theirs"]})
    contact = bridge.arrive("ada@example.org", tags=("ours",))

    bridge.sync()

    contact.refresh_from_db()
    assert set(contact.tags) == set(notion.values_of(page)["Tags"]) == {"ours", "theirs"}


def test_a_first_meeting_of_two_values_keeps_both_in_a_conflict(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Company": "Theirs"})
    contact = bridge.arrive("ada@example.org", company="Ours")

    bridge.sync()

    contact.refresh_from_db()
    (conflict,) = [one for one in bridge.conflicts() if one.field == "company"]
    assert (contact.company, conflict.local, conflict.remote) == ("Theirs", "Ours", "Theirs")


def test_a_first_meeting_starts_no_workflow(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})
    contact = bridge.arrive("ada@example.org")
    contact.events.update(processed_at=database_now())

    bridge.sync()

    assert not contact.workflow_instances.exists()


# Nothing to do


def test_three_idle_passes_take_one_query_for_each_database_and_no_write(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    notion.person_creates(
        ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"], "Phone": "030 1234567"}
    )
    world.arrive(email="bob@example.org", contact_types=("Artist",))
    bridge.sync()

    for _ in range(3):
        bridge.let_pass(notion, minutes=5)
        notion.requests.clear()
        bridge.sync()

        assert (notion.requests.queries(), notion.requests.writes()) == (3, 0)


def test_an_idle_turn_of_the_monitoring_takes_one_query_for_each_database(notion: Sandbox, settings: Any) -> None:
    bridge.in_step(notion, settings)
    world.arrive(email="bob@example.org", contact_types=("Artist",))
    bridge.sync()
    bridge.watch()
    bridge.turn()

    for _ in range(3):
        bridge.let_pass(notion, minutes=4)
        notion.requests.clear()
        bridge.turn()

        assert (len(notion.requests), notion.requests.queries()) == (3, 3)


def test_nothing_waits_after_a_pass(notion: Sandbox, ids: dict[str, str]) -> None:
    world.arrive(email="bob@example.org", contact_types=("Artist",))

    bridge.sync()

    assert not PageLink.objects.exclude(wanted_at=None).exists()
