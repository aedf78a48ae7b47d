"""Which property holds which field, chosen by staff."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from contacts.models import Contact
from notion_bridge.models import NotionDatabase, PropertyMapping
from tests.admin import browser
from tests.notion_bridge import bridge
from tests.notion_bridge.admin.colleagues import colleague, said
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def database(ids: dict[str, str], notion: Sandbox) -> NotionDatabase:

    def build() -> None:
        notion.add_property(ids["contacts"], "Nickname", "rich_text")
        notion.add_property(ids["contacts"], "Shoe Size", "number")
        bridge.sync()

    bridge.once("two more properties", notion, build)
    return bridge.database()


def row(field: str) -> PropertyMapping:
    return PropertyMapping.objects.get(field=field, database__kind="contacts")


def property_id(database: NotionDatabase, name: str) -> str:
    database.refresh_from_db()
    return next(one for one, seen in database.schema.items() if seen["name"] == name)


def names_in(values: browser.Values) -> dict[str, str]:
    """The name of each field's controls in the form, by field."""
    prefixes = {values[name][0]: name.removesuffix("-id") for name in values if name.endswith("-id")}
    return {one.field: prefixes[str(one.pk)] for one in PropertyMapping.objects.filter(pk__in=prefixes)}


def choose(client: Client, page: str, **chosen: str) -> Any:
    values: dict[str, Any] = browser.form_on(client, page, "notiondatabase_form")
    names = names_in(values)
    changes = {f"{names[field]}-{'rule' if what in RULES else 'held_by'}": what for field, what in chosen.items()}
    return client.post(page, {**values, **changes})


RULES = ("notion", "contactflow", "newest", "ask")


def options_of(client: Client, page: str, field: str) -> list[str]:
    formset = client.get(page).context["inline_admin_formsets"][0].formset
    form = next(one for one in formset.forms if one.instance.field == field)
    return [label for _, label in form.fields["held_by"].choices]


def test_only_suitable_properties_are_offered(desk: Client, address: Any, database: NotionDatabase) -> None:
    offered = options_of(desk, address.change(database), "company")

    assert "Nickname (text)" in offered
    assert "Not synchronised" in offered
    assert not any(label.startswith(("Shoe Size", "Email")) for label in offered)


def test_a_field_is_mapped_to_another_property(
    desk: Client, address: Any, database: NotionDatabase, notion: Sandbox
) -> None:
    choose(desk, address.change(database), company=property_id(database, "Nickname"))

    assert row("company").property_name == "Nickname"
    assert row("company").by_staff


def test_the_next_pass_reads_the_new_property(
    desk: Client, address: Any, database: NotionDatabase, notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Nickname": "Enchantress"})
    bridge.sync()
    choose(desk, address.change(database), company=property_id(database, "Nickname"))

    bridge.sync(full=True)

    assert Contact.objects.get().company == "Enchantress"


def test_two_fields_swap_their_properties(desk: Client, address: Any, database: NotionDatabase) -> None:
    company, job = row("company").property_id, row("job_title").property_id

    choose(desk, address.change(database), company=job, job_title=company)

    assert (row("company").property_id, row("job_title").property_id) == (job, company)


def test_two_fields_cannot_share_a_property(desk: Client, address: Any, database: NotionDatabase) -> None:
    before = row("job_title").property_id

    response = choose(desk, address.change(database), job_title=row("company").property_id)

    assert "Company is held by this property already." in response.content.decode()
    assert row("job_title").property_id == before


def test_a_field_is_left_out(desk: Client, address: Any, database: NotionDatabase) -> None:
    choose(desk, address.change(database), phone="")

    assert (row("phone").property_id, row("phone").by_staff) == ("", True)


def test_the_rule_of_a_field_is_chosen(desk: Client, address: Any, database: NotionDatabase) -> None:
    choose(desk, address.change(database), company="ask")

    assert row("company").rule == "ask"
    assert not row("company").by_staff


def test_saving_without_a_change_changes_nothing(desk: Client, address: Any, database: NotionDatabase) -> None:
    before = list(PropertyMapping.objects.order_by("pk").values())

    choose(desk, address.change(database))

    assert list(PropertyMapping.objects.order_by("pk").values()) == before


def test_the_rule_of_what_only_contactflow_changes_is_fixed(
    desk: Client, address: Any, database: NotionDatabase
) -> None:
    choose(desk, address.change(database), last_interaction="notion")

    assert row("last_interaction").rule == "contactflow"


def test_a_property_that_vanished_is_shown_with_its_remedy(
    desk: Client, address: Any, database: NotionDatabase, notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.remove_property(ids["contacts"], "Phone")
    bridge.sync()

    page = desk.get(address.change(database)).content.decode()

    assert "The property “Phone” is gone from Notion." in page
    assert "Phone (gone)" in options_of(desk, address.change(database), "phone")


def test_a_field_whose_property_vanished_is_mapped_anew(
    desk: Client, address: Any, database: NotionDatabase, notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.remove_property(ids["contacts"], "Phone")
    bridge.sync()

    choose(desk, address.change(database), phone=property_id(database, "Nickname"))

    assert (row("phone").property_name, row("phone").trouble) == ("Nickname", "")


def test_a_property_with_another_type_keeps_its_field_standing(
    desk: Client, address: Any, database: NotionDatabase, notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.change_type(ids["contacts"], "Tags", "rich_text")
    bridge.sync()

    choose(desk, address.change(database), company="ask")

    assert row("tags").trouble == "type_changed"
    assert "has the type text now, not multi-select" in desk.get(address.change(database)).content.decode()


def test_missing_properties_are_added_with_one_button(
    desk: Client, address: Any, notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.remove_property(ids["contacts"], "Phone")
    bridge.sync()

    response = desk.post(address.button(bridge.database(), "add_properties"), follow=True)

    assert said(response) == ["Added in Notion: Phone."]
    assert row("phone").property_id


def test_the_button_is_gone_when_nothing_is_missing(desk: Client, address: Any, database: NotionDatabase) -> None:
    page = desk.get(address.change(database)).content.decode()

    assert address.button(database, "add_properties") not in page


def test_a_notion_that_refuses_is_told(desk: Client, address: Any, database: NotionDatabase, notion: Sandbox) -> None:
    choose(desk, address.change(database), phone="")
    notion.revoke_key()

    *_, sentence = said(desk.post(address.button(database, "add_properties"), follow=True))

    assert "NOTION_API_KEY" in sentence


def test_whoever_may_only_look_sees_the_names_of_the_properties(address: Any, database: NotionDatabase) -> None:
    onlooker = colleague("notion_bridge.view_notiondatabase")

    page = onlooker.get(address.change(database)).content.decode()

    assert "Company (text)" in page
    assert "<select" not in page
    assert onlooker.post(address.change(database), {}).status_code == 403


def test_a_database_is_neither_made_nor_deleted_here(desk: Client, address: Any, database: NotionDatabase) -> None:
    assert desk.get(address.add(NotionDatabase)).status_code == 403
    assert desk.post(address.delete(database), {"post": "yes"}).status_code == 403


def test_the_list_says_which_database_needs_a_look(
    desk: Client, address: Any, database: NotionDatabase, notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.remove_property(ids["contacts"], "Phone")
    bridge.sync()

    page = desk.get(address.list(NotionDatabase)).content.decode()

    assert page.count("Needs a look") == 1
    assert page.count("In order") == 2
