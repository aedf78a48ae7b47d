"""Somebody changes a database in Notion: nothing crashes, nothing is wiped, and it is said once."""

from __future__ import annotations

from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts.models import Contact
from notion_bridge import schemas
from notion_bridge.models import NotionDatabase, PropertyMapping, SyncProblem
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]

ABOUT = {
    "First Name": "Ada",
    "Email": "ada@example.org",
    "Phone": "+442079460958",
    "Company": "Analytical",
    "Contact Type": ["Artist", "Media Contact"],
    "Lead Source": "Event",
    "Tags": ["engines"],
    "Notes": "Some",
}
# field -> its property, and another type that it cannot live in
FIELDS = {
    "company": ("Company", "number"),
    "phone": ("Phone", "checkbox"),
    "lead_source": ("Lead Source", "date"),
    "contact_types": ("Contact Type", "rich_text"),
    "tags": ("Tags", "checkbox"),
    "notes": ("Notes", "number"),
}


@pytest.fixture
def source(notion: Sandbox, settings: Any) -> str:
    return bridge.connect(notion, settings, "contacts")["contacts"]


@pytest.fixture
def page(notion: Sandbox, source: str) -> str:
    return bridge.once("Ada and all about her", notion, lambda: bridge.typed(notion, {"contacts": source}, ABOUT))


def ada() -> Contact:
    return bridge.person("ada@example.org")


def said(field: str) -> Any:
    value = getattr(ada(), field)
    if field == "contact_types":
        return {kind.name for kind in value.all()}
    return str(value)


def all_said() -> dict[str, Any]:
    return {field: said(field) for field in FIELDS}


def trouble(field: str) -> str:
    return PropertyMapping.objects.get(database__kind="contacts", field=field).trouble


def troubles() -> set[str]:
    return {trouble(field) for field in FIELDS}


def test_a_renamed_property_breaks_nothing(page: str, source: str, notion: Sandbox) -> None:
    before = all_said()
    for label, _ in FIELDS.values():
        notion.rename_property(source, label, f"Something else than {label}")
    notion.person_edits(page, {"Job Title": "Countess"})

    bridge.sync(full=True)

    assert (all_said(), ada().job_title, troubles()) == (before, "Countess", {""})


def test_a_renamed_property_goes_on_both_ways(page: str, source: str, notion: Sandbox) -> None:
    notion.rename_property(source, "Company", "Firm")
    notion.person_edits(page, {"Firm": "Difference"})
    bridge.sync()
    pulled = ada().company
    bridge.edit(ada(), company="Engines")

    bridge.sync()

    assert (pulled, notion.values_of(page)["Firm"]) == ("Difference", "Engines")


def test_two_properties_that_swap_their_names_keep_their_fields(page: str, source: str, notion: Sandbox) -> None:
    notion.person_edits(page, {"Job Title": "Countess"})
    notion.rename_property(source, "Company", "Interim")
    notion.rename_property(source, "Job Title", "Company")
    notion.rename_property(source, "Interim", "Job Title")

    bridge.sync(full=True)

    assert (ada().company, ada().job_title) == ("Analytical", "Countess")


def test_a_property_that_vanished_wipes_nothing(page: str, source: str, notion: Sandbox) -> None:
    before = all_said()
    for label, _ in FIELDS.values():
        notion.remove_property(source, label)

    bridge.sync(full=True)

    assert (all_said(), troubles()) == (before, {"vanished"})


def test_a_property_of_another_type_wipes_nothing(page: str, source: str, notion: Sandbox) -> None:
    before = all_said()
    for label, kind in FIELDS.values():
        notion.change_type(source, label, kind)

    bridge.sync(full=True)

    assert (all_said(), troubles()) == (before, {"type_changed"})


@pytest.mark.parametrize(("cause", "kind"), [("property_vanished", None), ("property_retyped", "number")])
def test_a_field_that_stopped_is_reported_once_and_the_others_go_on(
    cause: str, kind: str | None, page: str, source: str, notion: Sandbox
) -> None:
    if kind:
        notion.change_type(source, "Company", kind)
    else:
        notion.remove_property(source, "Company")
    notion.person_edits(page, {"Job Title": "Countess"})

    for _ in range(2):
        bridge.sync(full=True)
    bridge.edit(ada(), last_name="Lovelace", company="New")
    bridge.sync()

    assert [problem.details["field"] for problem in bridge.problems(cause)] == ["company"]
    assert ada().job_title == "Countess"
    assert notion.values_of(page)["Last Name"] == "Lovelace"


def test_a_type_that_was_changed_back_goes_on(page: str, source: str, notion: Sandbox) -> None:
    notion.change_type(source, "Company", "number")
    bridge.sync()
    bridge.edit(ada(), company="New")
    bridge.sync()
    notion.change_type(source, "Company", "rich_text")

    bridge.sync()

    assert ada().company == "New" == notion.values_of(page)["Company"]
    assert bridge.problems("property_retyped") == []
    assert bridge.conflicts() == []


def test_a_type_that_was_changed_back_wipes_nothing_although_notion_lost_the_values(
    page: str, source: str, notion: Sandbox
) -> None:
    before, schema = all_said(), {known["name"]: known for known in bridge.database().schema.values()}
    for label, kind in FIELDS.values():
        notion.change_type(source, label, kind)
    bridge.sync(full=True)
    for label, _ in FIELDS.values():
        notion.change_type(source, label, schema[label]["type"], schema[label]["options"])
        notion.person_edits(page, {label: [] if schema[label]["type"] == "multi_select" else None})

    bridge.sync(full=True)

    assert (all_said(), troubles()) == (before, {""})
    assert all(notion.values_of(page)[label] for label, _ in FIELDS.values())


def test_a_property_added_in_the_place_of_one_that_vanished_can_be_mapped(
    page: str, source: str, notion: Sandbox
) -> None:
    notion.remove_property(source, "Company")
    bridge.sync()
    notion.add_property(source, "Company", "rich_text")
    bridge.sync()
    row = PropertyMapping.objects.get(database__kind="contacts", field="company")
    fresh = next(one for one, known in bridge.database().schema.items() if known["name"] == "Company")

    schemas.choose(row=row, property_id=fresh, now=database_now())
    bridge.sync()

    assert ada().company == "Analytical" == notion.values_of(page)["Company"]
    assert bridge.problems("property_vanished") == []


def test_a_vanished_address_stops_no_one_who_is_known(page: str, source: str, notion: Sandbox) -> None:
    notion.remove_property(source, "Email")
    notion.person_edits(page, {"Company": "Difference"})

    bridge.sync(full=True)

    assert (ada().email, ada().company) == ("ada@example.org", "Difference")


def test_without_the_property_for_our_id_nobody_is_created(page: str, source: str, notion: Sandbox) -> None:
    notion.remove_property(source, "Contact ID")
    bridge.watch()
    bridge.turn()
    bridge.arrive("bob@example.org")

    bridge.turn()

    assert notion.pages_of(source) == [page]
    assert trouble("contact_id") == "vanished"


def test_a_property_that_vanished_after_the_last_look_holds_up_no_other(
    page: str, source: str, notion: Sandbox
) -> None:
    bridge.watch()
    bridge.turn()
    notion.remove_property(source, "Company")
    bridge.edit(ada(), company="New", job_title="Countess")

    bridge.turn(poll=False)
    told = notion.values_of(page)["Job Title"]
    NotionDatabase.objects.update(schema_seen_at=None)
    bridge.turn(poll=False)

    assert told == "Countess"
    assert trouble("company") == "vanished"


def test_an_option_removed_from_the_schema_is_taken_from_nobody(page: str, source: str, notion: Sandbox) -> None:
    before = all_said()
    for label, option in (("Contact Type", "Artist"), ("Lead Source", "Event"), ("Tags", "engines")):
        notion.remove_option(source, label, option)

    for _ in range(2):
        bridge.sync(full=True)

    assert all_said() == before
    assert SyncProblem.objects.filter(cause="option_removed").count() == 3


def test_an_option_removed_after_the_last_look_is_taken_from_nobody(page: str, source: str, notion: Sandbox) -> None:
    bridge.watch()
    bridge.turn()
    notion.remove_option(source, "Contact Type", "Artist")
    notion.person_edits(page, {"Company": "Difference"})

    bridge.turn()

    assert said("contact_types") == {"Artist", "Media Contact"}
    assert ada().company == "Difference"


def test_an_option_taken_off_one_page_is_taken_off_here(page: str, source: str, notion: Sandbox) -> None:
    notion.person_edits(page, {"Contact Type": ["Media Contact"]})

    bridge.sync()

    assert said("contact_types") == {"Media Contact"}


def test_a_renamed_option_wipes_nothing(page: str, source: str, notion: Sandbox) -> None:
    notion.rename_option(source, "Lead Source", "Event", "Happening")

    bridge.sync(full=True)

    assert said("lead_source") == "Event"
    assert notion.values_of(page)["Lead Source"] == "Happening"


def test_a_status_property_without_the_option_is_a_reported_limit(notion: Sandbox, settings: Any) -> None:
    made = notion.create_database(
        "People",
        [
            ("First Name", "title"),
            ("Email", "email"),
            ("Status", "status", ("Active Lead", "Active Client")),
            ("Contact ID", "rich_text"),
        ],
    )
    bridge.connect(notion, settings, "contacts")
    settings.NOTION_DATABASES = {"contacts": made.database_id, "tasks": "", "instances": ""}
    contact = bridge.arrive("ada@example.org", status="Former Client")

    bridge.sync()

    assert len(bridge.problems("limit")) == 1
    contact.refresh_from_db()
    assert contact.status.name == "Former Client"


def test_a_status_property_with_the_option_is_written(notion: Sandbox, settings: Any) -> None:
    made = notion.create_database(
        "People",
        [
            ("First Name", "title"),
            ("Email", "email"),
            ("Status", "status", ("Active Lead", "Active Client")),
            ("Contact ID", "rich_text"),
        ],
    )
    bridge.connect(notion, settings, "contacts")
    settings.NOTION_DATABASES = {"contacts": made.database_id, "tasks": "", "instances": ""}
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    bridge.edit(contact, status="Active Client")

    bridge.sync()

    assert notion.values_of(bridge.page_of(contact))["Status"] == "Active Client"
