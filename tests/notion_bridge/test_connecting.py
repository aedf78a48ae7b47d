"""Which database is which, what it lacks, and what happens when somebody changes its schema."""

from __future__ import annotations

from typing import Any

import pytest

from contactflow.core.clock import database_now
from notion_bridge import schemas
from notion_bridge.client import connect
from notion_bridge.models import PropertyMapping, SyncProblem
from notion_bridge.schemas import Misconfigured
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


def name_contacts(settings: Any, named: str) -> None:
    settings.NOTION_DATABASES = {"contacts": named, "tasks": "", "instances": ""}


def mapping(field: str) -> PropertyMapping:
    return PropertyMapping.objects.get(database__kind="contacts", field=field)


# Naming a database


def test_a_database_is_named_by_its_own_id(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)

    bridge.sync()

    assert bridge.database().data_source_id == ids["contacts"]


def test_a_database_is_named_by_the_id_of_its_data_source(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    database_id = settings.NOTION_DATABASES["contacts"]
    name_contacts(settings, ids["contacts"])

    bridge.sync()

    assert (bridge.database().database_id, bridge.database().data_source_id) == (database_id, ids["contacts"])


@pytest.mark.parametrize(
    "spelling",
    [
        "{plain}",
        "{dashed}",
        "  {dashed} ",
        "https://www.notion.so/team/{plain}?v=0123456789abcdef0123456789abcdef",
        "https://www.notion.so/Contacts-and-Profiles-{plain}",
        "https://app.notion.com/p/team/{dashed}?v=1#x",
    ],
)
def test_a_database_is_named_by_what_people_copy(spelling: str, notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    dashed = settings.NOTION_DATABASES["contacts"]
    name_contacts(settings, spelling.format(plain=dashed.replace("-", ""), dashed=dashed))

    bridge.sync()

    assert bridge.database().data_source_id == ids["contacts"]


def test_several_data_sources_are_a_choice_that_is_explained(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    other = notion.add_data_source(settings.NOTION_DATABASES["contacts"], "Archive", {"Name": "title"})

    with pytest.raises(Misconfigured, match="several data sources") as refusal:
        bridge.sync()

    assert {ids["contacts"], other} <= set(str(refusal.value).replace(",", " ").replace(".", " ").split())


def test_the_data_source_chosen_of_several_is_used(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    notion.add_data_source(settings.NOTION_DATABASES["contacts"], "Archive", {"Name": "title"})
    name_contacts(settings, ids["contacts"])

    bridge.sync()

    assert bridge.database().data_source_id == ids["contacts"]


def test_an_id_that_nobody_shared_is_explained(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    name_contacts(settings, "0123456789abcdef0123456789abcdef")

    with pytest.raises(Misconfigured):
        bridge.sync()

    assert len(bridge.problems("database_out_of_reach")) == 1


def test_no_database_at_all_is_explained(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    name_contacts(settings, "")

    with pytest.raises(Misconfigured, match="No database is named"):
        bridge.sync()


def test_another_database_starts_with_a_baseline_of_its_own(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    other = notion.standard_databases()["contacts"]
    name_contacts(settings, other.database_id)

    bridge.sync()

    assert notion.pages_of(other.data_source_id) == [bridge.page_of(contact)]


def test_the_title_and_the_mapping_are_known_after_connecting(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)

    bridge.sync()

    assert bridge.database().title == "Contacts & Profiles"
    assert not PropertyMapping.objects.filter(property_id="").exists()


def test_properties_called_otherwise_are_guessed(notion: Sandbox, settings: Any) -> None:
    made = notion.create_database(
        "Leute", {"Full name": "title", "E-Mail": "email", "Telefon": "phone_number", "Organisation": "rich_text"}
    )
    bridge.connect(notion, settings)
    name_contacts(settings, made.database_id)
    notion.person_creates(made.data_source_id, {"E-Mail": "ada@example.org", "Organisation": "Analytical"})

    bridge.sync(push=False)

    assert bridge.person("ada@example.org").company == "Analytical"


# What it lacks


def lacking(notion: Sandbox, settings: Any) -> str:
    """A database of people with two properties; its data source."""
    made = notion.create_database("People", {"First Name": "title", "Email": "email"})
    bridge.connect(notion, settings)
    name_contacts(settings, made.database_id)
    return made.data_source_id


def test_missing_properties_are_reported_in_one_go(notion: Sandbox, settings: Any) -> None:
    lacking(notion, settings)

    bridge.sync(push=False)
    bridge.sync(push=False)

    (problem,) = bridge.problems("property_missing")
    assert {"Last Name", "Contact ID"} <= set(problem.details["fields"])
    assert "Email" not in problem.details["fields"]


def test_people_are_pulled_without_the_missing_properties(notion: Sandbox, settings: Any) -> None:
    source = lacking(notion, settings)
    notion.person_creates(source, {"First Name": "Ada", "Email": "ada@example.org"})

    bridge.sync()

    assert bridge.person("ada@example.org").first_name == "Ada"


def test_missing_properties_are_added_at_a_click(notion: Sandbox, settings: Any) -> None:
    source = lacking(notion, settings)
    page = notion.person_creates(source, {"First Name": "Ada", "Email": "ada@example.org"})
    bridge.sync(push=False)

    added = schemas.add_missing(database=bridge.database(), notion=connect(), now=database_now())
    bridge.sync()

    assert {"Last Name", "Contact Type", "Contact ID"} <= set(added)
    assert notion.values_of(page)["Contact ID"] == str(bridge.person("ada@example.org").pk)
    assert bridge.problems("property_missing") == []


def test_nothing_is_added_where_nothing_is_missing(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    bridge.sync()
    notion.requests.clear()

    assert schemas.add_missing(database=bridge.database(), notion=connect(), now=database_now()) == []
    assert notion.requests.writes() == 0


@pytest.mark.parametrize("kind", ["contacts", "tasks", "instances"])
def test_a_database_is_created_with_everything_it_needs(kind: str, notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)

    database = schemas.create_database(
        kind=kind, parent_page_id=notion.parent_page, notion=connect(), now=database_now()
    )

    assert database.data_source_id in notion.workspace.sources
    assert not PropertyMapping.objects.filter(database=database, property_id="").exists()
    assert not SyncProblem.objects.filter(cause="property_missing").exists()


def test_a_created_database_is_synchronised_without_a_setting(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    name_contacts(settings, "")
    made = schemas.create_database(
        kind="contacts", parent_page_id=notion.parent_page, notion=connect(), now=database_now()
    )
    bridge.arrive("ada@example.org")

    bridge.sync()

    assert len(notion.pages_of(made.data_source_id)) == 1


# Mapping by hand


def test_a_field_mapped_to_another_property_is_filled_there(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    contact = bridge.arrive("ada@example.org", company="Analytical")
    bridge.sync()
    notion.add_property(ids["contacts"], "Firm", "rich_text")
    schemas.refresh(database=bridge.database(), notion=connect(), now=database_now())
    firm = next(one for one, known in bridge.database().schema.items() if known["name"] == "Firm")

    schemas.choose(row=mapping("company"), property_id=firm, now=database_now())
    bridge.sync()

    values = notion.values_of(bridge.page_of(contact))
    assert (values["Firm"], values["Company"]) == ("Analytical", "Analytical")


def test_a_field_mapped_to_a_filled_property_takes_over_what_is_there(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    notion.add_property(ids["contacts"], "Firm", "rich_text")
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Firm": "Analytical"})
    bridge.sync()
    firm = next(one for one, known in bridge.database().schema.items() if known["name"] == "Firm")

    schemas.choose(row=mapping("company"), property_id=firm, now=database_now())
    bridge.sync()

    assert bridge.person("ada@example.org").company == "Analytical"


def test_a_field_mapped_to_nothing_is_left_alone_on_both_sides(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    contact = bridge.arrive("ada@example.org", company="Old")
    bridge.sync()

    schemas.choose(row=mapping("company"), property_id="", now=database_now())
    bridge.edit(contact, company="New")
    bridge.sync(full=True)

    contact.refresh_from_db()
    assert (contact.company, notion.values_of(bridge.page_of(contact))["Company"]) == ("New", "Old")


def test_a_field_cannot_live_in_a_property_of_the_wrong_type(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    bridge.sync()

    with pytest.raises(ValueError, match="cannot live"):
        schemas.choose(row=mapping("company"), property_id=mapping("date_added").property_id, now=database_now())


def test_a_field_cannot_be_mapped_to_what_is_gone(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    bridge.sync()

    with pytest.raises(ValueError, match="no such property"):
        schemas.choose(row=mapping("company"), property_id="nope", now=database_now())
