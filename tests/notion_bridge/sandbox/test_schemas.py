"""Databases and data sources: their schema, and changes of it from either side."""

from __future__ import annotations

from typing import Any

import pytest
from notion_client import Client

from tests.notion_bridge.observed import Ids, Sandbox
from tests.notion_bridge.sandbox.callers import Caller, text
from tests.notion_bridge.sandbox.conftest import COLUMNS

SECTION_8 = {
    "contacts": {
        "First Name": "title",
        "Last Name": "rich_text",
        "Email": "email",
        "Phone": "phone_number",
        "Contact Type": "multi_select",
        "Lead Source": "select",
        "Business Entity": "multi_select",
        "Status": "select",
        "Tags": "multi_select",
        "Company": "rich_text",
        "Job Title": "rich_text",
        "Notes": "rich_text",
        "Date Added": "date",
        "Last Interaction": "date",
        "Contact ID": "rich_text",
    },
    "tasks": {
        "Task Name": "title",
        "Task ID": "rich_text",
        "Status": "select",
        "Description": "rich_text",
        "Priority": "select",
        "Category": "select",
        "Due Date": "date",
        "Assigned To": "rich_text",
        "Contact Email": "email",
        "Business Entity": "select",
        "Source": "select",
    },
    "instances": {
        "Instance Name": "title",
        "Instance ID": "rich_text",
        "Workflow": "select",
        "Status": "select",
        "Contact Email": "email",
        "Business Entity": "select",
        "Trigger Event": "rich_text",
        "Current Step": "rich_text",
        "Start Date": "date",
        "End Date": "date",
        "Execution Results": "rich_text",
    },
}


def types(source: dict[str, Any]) -> dict[str, str]:
    return {name: prop["type"] for name, prop in source["properties"].items()}


def option_names(source: dict[str, Any], name: str) -> list[str]:
    prop = source["properties"][name]
    return [option["name"] for option in prop[prop["type"]]["options"]]


@pytest.mark.parametrize("kind", SECTION_8)
def test_standard_database_has_its_columns(notion: Sandbox, client: Client, kind: str) -> None:
    made = notion.standard_databases()[kind]

    assert types(client.data_sources.retrieve(made.data_source_id)) == SECTION_8[kind]


def test_standard_databases_know_their_options(notion: Sandbox, client: Client) -> None:
    made = notion.standard_databases()

    tasks = client.data_sources.retrieve(made["tasks"].data_source_id)
    instances = client.data_sources.retrieve(made["instances"].data_source_id)

    assert option_names(tasks, "Status") == ["To Do", "In Progress", "On Hold", "Done", "Cancelled"]
    assert option_names(tasks, "Priority") == ["Low", "Medium", "High", "Urgent"]
    assert option_names(tasks, "Source") == ["Workflow", "Manual"]
    assert option_names(instances, "Status") == ["Active", "Completed", "Error", "On Hold", "Cancelled"]


class TestDatabases:
    def test_database_lists_its_data_sources(self, client: Client, ids: Ids) -> None:
        found = client.databases.retrieve(ids.database_id)

        assert found["data_sources"] == [{"id": ids.data_source_id, "name": "Everything"}]
        assert "properties" not in found

    def test_database_with_two_data_sources_lists_both(self, notion: Sandbox, client: Client, ids: Ids) -> None:
        second = notion.add_data_source(ids.database_id, "Second", {"Name": "title"})

        found = client.databases.retrieve(ids.database_id)["data_sources"]

        assert [one["id"] for one in found] == [ids.data_source_id, second]

    def test_data_source_knows_what_it_lies_in(self, notion: Sandbox, client: Client, ids: Ids) -> None:
        found = client.data_sources.retrieve(ids.data_source_id)

        assert found["parent"] == {"type": "database_id", "database_id": ids.database_id}
        assert found["database_parent"] == {"type": "page_id", "page_id": notion.parent_page}
        assert found["title"][0]["plain_text"] == "Everything"

    def test_database_is_made_with_its_first_data_source(self, notion: Sandbox, client: Client) -> None:
        made = client.databases.create(
            parent={"type": "page_id", "page_id": notion.parent_page},
            title=[text("People")],
            initial_data_source={
                "properties": {
                    "Name": {"title": {}},
                    "Kind": {"select": {"options": [{"name": "A", "color": "red"}, {"name": "B"}]}},
                    "Email": {"email": {}},
                }
            },
        )

        source = client.data_sources.retrieve(made["data_sources"][0]["id"])
        assert made["title"][0]["plain_text"] == "People"
        assert types(source) == {"Name": "title", "Kind": "select", "Email": "email"}
        assert option_names(source, "Kind") == ["A", "B"]

    def test_created_database_takes_pages(self, notion: Sandbox, client: Client) -> None:
        made = client.databases.create(parent={"page_id": notion.parent_page}, title=[text("Plain")])

        page = client.pages.create(
            parent={"data_source_id": made["data_sources"][0]["id"]}, properties={"Name": {"title": [text("x")]}}
        )

        assert page["object"] == "page"

    @pytest.mark.parametrize(
        ("properties", "complaint"),
        [
            ({"Email": {"email": {}}}, "Title is not provided"),
            ({"A": {"title": {}}, "B": {"title": {}}}, "Only one title"),
            ({"A": {"title": {}}, "B": {}}, "exactly one type"),
            ({"A": {"title": {}}, "B": {"email": {}, "url": {}}}, "exactly one type"),
            ({"A": {"title": {}}, "B": {"email": None}}, "should be an object"),
            ({"A": {"title": {}}, "B": {"email": {}, "size": 1}}, "size should be not present"),
            ({"A": {"title": {}}, "B": {"status": {}}}, "can not be created with the API"),
            ({"A": {"title": {}}, "B": {"select": {"options": [{"name": "a,b"}]}}}, "commas not allowed"),
            ({"A": {"title": {}}, "B": {"select": {"options": [{"name": "x" * 101}]}}}, "≤ `100`"),
            ({"A": {"title": {}}, "B": {"select": {"options": [{"name": "x", "color": "mauve"}]}}}, "color should be"),
            ({"A": {"title": {}}, "B": {"select": {"options": [{"name": "x"}, {"name": "x"}]}}}, "unique"),
            ({"A": {"title": {}}, "B": {"select": {"options": [{"name": str(at)} for at in range(101)]}}}, "≤ `100`"),
        ],
    )
    def test_malformed_schema_is_refused(
        self, notion: Sandbox, raw: Caller, properties: dict[str, Any], complaint: str
    ) -> None:
        body = {"parent": {"page_id": notion.parent_page}, "initial_data_source": {"properties": properties}}

        reply = raw.post("databases", body)

        assert (reply.status, reply.code) == (400, "validation_error")
        assert complaint in reply.message

    def test_properties_belong_below_the_initial_data_source(self, notion: Sandbox, raw: Caller) -> None:
        reply = raw.post("databases", {"parent": {"page_id": notion.parent_page}, "properties": {}})

        assert "body.properties should be not present" in reply.message

    def test_parent_has_to_be_shared(self, notion: Sandbox, raw: Caller) -> None:
        notion.unshare(notion.parent_page)

        assert raw.post("databases", {"parent": {"page_id": notion.parent_page}}).status == 404


class TestChangesByTheApi:
    def test_property_is_added(self, client: Client, source: str) -> None:
        found = client.data_sources.update(source, properties={"Extra": {"number": {"format": "euro"}}})

        assert found["properties"]["Extra"]["number"] == {"format": "euro"}

    @pytest.mark.parametrize(
        ("properties", "complaint"),
        [
            ({"Second": {"title": {}}}, "second title"),
            ({"Phone": {"email": {}}}, 'A property named "Phone" already exists'),
            ({"More": {"email": {}, "name": "Phone"}}, 'A property named "Phone" already exists'),
            ({"More": {"status": {}}}, "can not be created with the API"),
            ({"Email": "text"}, "should be an object"),
        ],
    )
    def test_impossible_change_is_refused(
        self, raw: Caller, source: str, properties: dict[str, Any], complaint: str
    ) -> None:
        reply = raw.patch(f"data_sources/{source}", {"properties": properties})

        assert (reply.status, reply.code) == (400, "validation_error")
        assert complaint in reply.message

    def test_refused_change_changes_nothing(self, client: Client, raw: Caller, source: str) -> None:
        before = client.data_sources.retrieve(source)["properties"]

        raw.patch(f"data_sources/{source}", {"properties": {"More": {"email": {}}, "Name": {"title": {}}}})

        assert client.data_sources.retrieve(source)["properties"] == before

    def test_ids_come_encoded_and_need_it(self, client: Client, source: str) -> None:
        ids = [prop["id"] for name, prop in client.data_sources.retrieve(source)["properties"].items()]

        assert ids[0] == "title"
        assert all("%" in one for one in ids[1:])


class TestChangesByAPerson:
    def test_rename_keeps_the_id(self, notion: Sandbox, client: Client, source: str) -> None:
        before = client.data_sources.retrieve(source)["properties"]["Email"]["id"]

        notion.rename_property(source, "Email", "E-mail address")

        assert client.data_sources.retrieve(source)["properties"]["E-mail address"]["id"] == before

    def test_title_may_be_renamed(self, notion: Sandbox, client: Client, source: str) -> None:
        notion.rename_property(source, "Name", "Title")

        assert client.data_sources.retrieve(source)["properties"]["Title"]["id"] == "title"

    def test_removed_property_is_gone(self, notion: Sandbox, client: Client, source: str, page: str) -> None:
        notion.remove_property(source, "Email")

        assert "Email" not in client.pages.retrieve(page)["properties"]

    def test_added_property_is_there(self, notion: Sandbox, client: Client, source: str) -> None:
        notion.add_property(source, "Level", "select", ["One", "Two"])

        assert option_names(client.data_sources.retrieve(source), "Level") == ["One", "Two"]

    def test_option_is_added(self, notion: Sandbox, client: Client, source: str) -> None:
        notion.add_option(source, "Choice", "Green")

        assert option_names(client.data_sources.retrieve(source), "Choice") == ["Red", "Blue", "Green"]

    def test_renamed_option_is_renamed_on_every_page(self, notion: Sandbox, client: Client, source: str) -> None:
        page = notion.person_creates(source, {"Choice": "Red", "Choices": ["Red", "Blue"]})

        notion.rename_option(source, "Choice", "Red", "Crimson")

        assert client.pages.retrieve(page)["properties"]["Choice"]["select"]["name"] == "Crimson"

    @pytest.mark.parametrize(("name", "left"), [("Choice", ""), ("Choices", ["Blue"])])
    def test_removed_option_is_gone_from_every_page(self, notion: Sandbox, source: str, name: str, left: Any) -> None:
        page = notion.person_creates(source, {"Choice": "Red", "Choices": ["Red", "Blue"]})

        notion.remove_option(source, name, "Red")

        assert notion.values_of(page)[name] == left

    def test_property_that_is_not_there_is_an_error(self, notion: Sandbox, source: str) -> None:
        with pytest.raises(KeyError, match="Nothing"):
            notion.rename_property(source, "Nothing", "Something")

    @pytest.mark.parametrize(
        ("before", "value", "after", "text_"),
        [
            ("Email", "a@example.org", "rich_text", "a@example.org"),
            ("Email", "a@example.org", "select", "a@example.org"),
            ("Choice", "Red", "multi_select", ["Red"]),
            ("Choices", ["Red", "Blue"], "rich_text", "Red, Blue"),
            ("Choices", ["Red", "Blue"], "select", "Red  Blue"),
            ("Notes", "one, two", "multi_select", ["one", "two"]),
            ("Notes", "2026-11-23", "date", "2026-11-23"),
            ("Notes", "soon", "date", ""),
            ("Notes", "42", "number", "42.0"),
            ("Notes", "many", "number", ""),
            ("Number", 3, "rich_text", "3"),
            ("Due", "2026-11-23", "rich_text", "2026-11-23"),
            ("Owners", ["Robin Vale"], "rich_text", "Robin Vale"),
            ("Done", True, "rich_text", "Yes"),
            ("Notes", "https://example.org", "url", "https://example.org"),
            ("Notes", "text", "people", ""),
        ],
    )
    def test_changed_type_keeps_what_makes_sense(
        self, notion: Sandbox, source: str, before: str, value: Any, after: str, text_: Any
    ) -> None:
        page = notion.person_creates(source, {before: value})

        notion.change_type(source, before, after)

        assert notion.values_of(page)[before] == text_

    @pytest.mark.parametrize("after", [kind for kind in COLUMNS.values() if kind != "title"])
    def test_every_change_of_type_leaves_a_readable_page(
        self, notion: Sandbox, client: Client, source: str, after: str
    ) -> None:
        full = {"Notes": "x", "Number": 1, "Choice": "Red", "Choices": ["Red"], "Due": "2026-11-23", "Done": True}
        page = notion.person_creates(source, full | {"Email": "a@example.org", "Owners": ["Robin Vale"]})

        for name in full:
            notion.change_type(source, name, after)

        found = client.pages.retrieve(page)["properties"]
        assert {found[name]["type"] for name in full} == {after}

    @pytest.mark.parametrize("kind", ["formula", "rollup", "unique_id"])
    def test_other_computed_columns_are_readable(
        self, notion: Sandbox, client: Client, source: str, page: str, kind: str
    ) -> None:
        notion.add_property(source, "Computed", kind)

        assert client.pages.retrieve(page)["properties"]["Computed"]["type"] == kind
