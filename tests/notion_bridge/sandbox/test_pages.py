"""Pages: made, read, changed, trashed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from notion_client import Client

from tests.notion_bridge.observed import Ids, Sandbox
from tests.notion_bridge.sandbox.callers import Caller, plain, text
from tests.notion_bridge.sandbox.conftest import COLUMNS

NOWHERE = "00000000-0000-4000-8000-000000000000"
ARCHIVED = "Can't edit block that is archived. You must unarchive the block before editing."


def test_page_is_made_and_read(client: Client, source: str) -> None:
    made = client.pages.create(
        parent={"type": "data_source_id", "data_source_id": source},
        properties={"Name": {"title": [text("Grace")]}, "Email": {"email": "grace@example.org"}},
    )

    found = client.pages.retrieve(made["id"])

    assert plain(found["properties"]["Name"]) == "Grace"
    assert found["properties"]["Email"]["email"] == "grace@example.org"


def test_page_has_every_field_that_notion_documents(client: Client, notion: Sandbox, ids: Ids, page: str) -> None:
    found = client.pages.retrieve(page)

    assert found["object"] == "page"
    assert found["parent"] == {
        "type": "data_source_id",
        "data_source_id": ids.data_source_id,
        "database_id": ids.database_id,
    }
    assert found["created_time"] == found["last_edited_time"] == "2026-11-23T12:00:00.000Z"
    assert found["created_by"] == {"object": "user", "id": notion.workspace.people[0].id}
    assert found["url"].endswith(f"/Ada-{page.replace('-', '')}")
    assert (found["in_trash"], found["archived"], found["is_locked"]) == (False, False, False)
    assert (found["icon"], found["cover"], found["public_url"]) == (None, None, None)
    assert set(found["properties"]) == set(COLUMNS)


def test_empty_properties_have_the_empty_value_of_their_type(client: Client, notion: Sandbox, source: str) -> None:
    page = notion.person_creates(source, {})

    found = client.pages.retrieve(page)["properties"]

    empty = {name: value[value["type"]] for name, value in found.items()}
    assert {name for name, value in empty.items() if value == []} == {
        *("Name", "Notes", "Choices", "Owners", "Files", "Related"),
    }
    assert {name for name, value in empty.items() if value is None} == {
        *("Number", "Choice", "Due", "Site", "Email", "Phone"),
    }
    assert empty["Done"] is False


def test_status_nobody_chose_is_the_first(client: Client, page: str) -> None:
    assert client.pages.retrieve(page)["properties"]["Progress"]["status"]["name"] == "Not started"


def test_computed_properties_tell_who_and_when(client: Client, notion: Sandbox, page: str) -> None:
    found = client.pages.retrieve(page)["properties"]

    assert found["Born"]["created_time"] == "2026-11-23T12:00:00.000Z"
    assert found["Editor"]["last_edited_by"]["name"] == notion.workspace.people[0].name


@pytest.mark.parametrize("spelled", [str, lambda one: one.replace("-", ""), str.upper])
def test_id_is_good_in_every_spelling(raw: Caller, page: str, spelled: Any) -> None:
    assert raw.get(f"pages/{spelled(page)}").body["id"] == page


@pytest.mark.parametrize("kind", ["pages", "databases", "data_sources"])
def test_unknown_object_is_not_found(raw: Caller, kind: str) -> None:
    reply = raw.get(f"{kind}/{NOWHERE}")

    assert (reply.status, reply.code) == (404, "object_not_found")
    assert reply.message == (
        f"Could not find {kind[:-1]} with ID: {NOWHERE}. "
        "Make sure the relevant pages and databases are shared with your integration."
    )


@pytest.mark.parametrize("what", ["page", "source", "database"])
def test_what_is_not_shared_is_not_found(notion: Sandbox, raw: Caller, ids: Ids, page: str, what: str) -> None:
    notion.unshare({"page": page, "source": ids.data_source_id, "database": ids.database_id}[what])

    reply = raw.get(f"pages/{page}")

    assert (reply.status, reply.code) == (404, "object_not_found")


def test_what_is_shared_again_is_found_again(notion: Sandbox, raw: Caller, ids: Ids, page: str) -> None:
    notion.unshare(ids.database_id)
    notion.share(ids.database_id)

    assert raw.get(f"pages/{page}").status == 200


def test_unsharing_the_parent_page_takes_everything(notion: Sandbox, raw: Caller, ids: Ids) -> None:
    notion.unshare(notion.parent_page)

    assert raw.get(f"data_sources/{ids.data_source_id}").status == 404


def test_id_of_another_kind_is_named(raw: Caller, ids: Ids, page: str) -> None:
    database_as_page = raw.get(f"pages/{ids.database_id}")
    page_as_database = raw.get(f"databases/{page}")

    assert "is a database, not a page" in database_as_page.message
    assert "is a page, not a database" in page_as_database.message
    assert (database_as_page.status, page_as_database.status) == (400, 400)


@pytest.mark.parametrize(
    "parent",
    [
        None,
        {},
        {"workspace": True},
        {"type": "page_id", "data_source_id": NOWHERE},
        {"page_id": NOWHERE, "database_id": NOWHERE},
    ],
)
def test_parent_has_to_be_one_thing(raw: Caller, parent: Any) -> None:
    assert raw.post("pages", {"parent": parent, "properties": {}}).status == 400


def test_page_without_parent_is_refused(raw: Caller) -> None:
    reply = raw.post("pages", {"properties": {}})

    assert reply.message == "body failed validation: body.parent should be defined, instead was `undefined`."


def test_unknown_key_is_refused(raw: Caller, page: str) -> None:
    reply = raw.patch(f"pages/{page}", {"colour": "red"})

    assert reply.message == 'body failed validation: body.colour should be not present, instead was `"red"`.'


@pytest.mark.parametrize("key", ["properties", "in_trash", "archived"])
def test_null_for_an_optional_key_is_refused(raw: Caller, page: str, key: str) -> None:
    reply = raw.patch(f"pages/{page}", {key: None})

    assert (reply.status, reply.code) == (400, "validation_error")
    assert "or `undefined`, instead was `null`" in reply.message


def test_unknown_property_is_refused(raw: Caller, page: str) -> None:
    reply = raw.patch(f"pages/{page}", {"properties": {"Colour": {"rich_text": []}}})

    assert reply.message == "Colour is not a property that exists."


def test_value_of_another_type_is_refused(raw: Caller, page: str) -> None:
    reply = raw.patch(f"pages/{page}", {"properties": {"Email": {"rich_text": []}}})

    assert reply.message == "Email is expected to be email."


@pytest.mark.parametrize("name", ["Born", "Author", "Edited", "Editor"])
def test_computed_property_cannot_be_written(raw: Caller, page: str, name: str) -> None:
    reply = raw.patch(f"pages/{page}", {"properties": {name: {COLUMNS[name]: None}}})

    assert (reply.status, reply.code) == (400, "validation_error")


def test_refused_request_changes_nothing(notion: Sandbox, raw: Caller, page: str) -> None:
    properties = {"Email": {"email": "new@example.org"}, "Choice": {"select": {"name": "Green"}}, "Colour": {}}

    raw.patch(f"pages/{page}", {"properties": properties})

    values = notion.values_of(page)
    assert (values["Email"], values["Choice"]) == ("ada@example.org", "")


def test_property_may_be_named_by_its_id_in_both_spellings(client: Client, page: str) -> None:
    encoded = client.pages.retrieve(page)["properties"]["Email"]["id"]
    raw_id = _decoded(encoded)

    client.pages.update(page, properties={encoded: {"email": "one@example.org"}})
    found = client.pages.update(page, properties={raw_id: {"email": "two@example.org"}})

    assert encoded != raw_id
    assert found["properties"]["Email"]["email"] == "two@example.org"


def _decoded(property_id: str) -> str:
    from urllib.parse import unquote

    return unquote(property_id)


def test_properties_that_are_not_named_stay(client: Client, page: str) -> None:
    found = client.pages.update(page, properties={"Phone": {"phone_number": "+49 30 1"}})

    assert found["properties"]["Email"]["email"] == "ada@example.org"


def test_edit_time_is_a_whole_minute(notion: Sandbox, client: Client, page: str) -> None:
    notion.clock.advance(minutes=5)

    found = client.pages.update(page, properties={"Number": {"number": 1}})

    assert found["last_edited_time"] == "2026-11-23T12:05:00.000Z"
    assert found["created_time"] == "2026-11-23T12:00:00.000Z"


def test_editor_is_the_bot_after_a_write_and_the_person_after_theirs(
    notion: Sandbox, client: Client, page: str
) -> None:
    by_bot = client.pages.update(page, properties={"Number": {"number": 1}})
    notion.person_edits(page, {"Number": 2})
    by_person = client.pages.retrieve(page)

    assert by_bot["last_edited_by"]["id"] == notion.workspace.bot.id
    assert by_person["last_edited_by"]["id"] == notion.workspace.people[0].id


def test_trashed_page_is_still_readable(client: Client, page: str) -> None:
    client.pages.update(page, in_trash=True)

    assert client.pages.retrieve(page)["in_trash"] is True


def test_trashed_page_cannot_be_edited(client: Client, raw: Caller, page: str) -> None:
    client.pages.update(page, in_trash=True)

    reply = raw.patch(f"pages/{page}", {"properties": {"Number": {"number": 1}}})

    assert (reply.status, reply.code, reply.message) == (400, "validation_error", ARCHIVED)


def test_trashed_page_can_be_restored_and_edited_in_one_go(client: Client, page: str) -> None:
    client.pages.update(page, in_trash=True)

    found = client.pages.update(page, in_trash=False, properties={"Number": {"number": 7}})

    assert (found["in_trash"], found["properties"]["Number"]["number"]) == (False, 7)


def test_trashing_twice_is_refused(client: Client, raw: Caller, page: str) -> None:
    client.pages.update(page, in_trash=True)

    assert raw.patch(f"pages/{page}", {"in_trash": True}).message == ARCHIVED


def test_page_in_a_trashed_database_cannot_be_edited(notion: Sandbox, raw: Caller, ids: Ids, page: str) -> None:
    notion.workspace.databases[ids.database_id].in_trash = True

    assert raw.patch(f"pages/{page}", {"properties": {}}).message == ARCHIVED


def test_no_page_is_made_in_a_trashed_database(notion: Sandbox, raw: Caller, ids: Ids) -> None:
    notion.workspace.databases[ids.database_id].in_trash = True

    reply = raw.post("pages", {"parent": {"data_source_id": ids.data_source_id}, "properties": {}})

    assert reply.message == ARCHIVED


def test_older_version_knows_archived(raw: Caller, page: str) -> None:
    reply = raw.patch(f"pages/{page}", {"archived": True})

    assert (reply.body["archived"], reply.body["in_trash"]) == (True, True)


def test_newer_version_refuses_archived(newer: Caller, page: str) -> None:
    reply = newer.patch(f"pages/{page}", {"archived": True})

    assert (reply.status, reply.code) == (400, "validation_error")


def test_newer_version_does_not_answer_archived(newer: Caller, ids: Ids, page: str) -> None:
    found = [newer.get(path).body for path in (f"pages/{page}", f"databases/{ids.database_id}")]
    found.append(newer.get(f"data_sources/{ids.data_source_id}").body)

    assert not any("archived" in one for one in found)


def test_standing_clock_moves_only_when_told(notion: Sandbox) -> None:
    moment = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    notion.clock.set(moment)

    first, second = notion.clock.now(), notion.clock.advance(hours=1)

    assert (first, second) == (moment, moment + dt.timedelta(hours=1))


def test_running_clock_can_be_ahead(notion: Sandbox) -> None:
    notion.clock.run()
    real = dt.datetime.now(dt.UTC)

    assert notion.clock.advance(days=2) - real >= dt.timedelta(days=2)
