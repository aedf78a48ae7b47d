"""A sandbox with a database that has a column of every type, and callers of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import httpx
import pytest
from notion_client import Client

from tests.notion_bridge.observed import Ids, Sandbox
from tests.notion_bridge.sandbox.callers import Caller

NOON = dt.datetime(2026, 11, 23, 12, 0, 42, tzinfo=dt.UTC)

COLUMNS = {
    "Name": "title",
    "Notes": "rich_text",
    "Number": "number",
    "Choice": "select",
    "Choices": "multi_select",
    "Progress": "status",
    "Due": "date",
    "Owners": "people",
    "Files": "files",
    "Done": "checkbox",
    "Site": "url",
    "Email": "email",
    "Phone": "phone_number",
    "Related": "relation",
    "Born": "created_time",
    "Author": "created_by",
    "Edited": "last_edited_time",
    "Editor": "last_edited_by",
}


@pytest.fixture
def client(notion: Sandbox) -> Iterator[Client]:
    """The client that the bridge uses too."""
    with httpx.Client(verify=False) as connection:
        yield Client(auth=notion.key, base_url=notion.url, retry=False, timeout_ms=10_000, client=connection)


@pytest.fixture
def raw(notion: Sandbox) -> Iterator[Caller]:
    caller = Caller(notion)
    yield caller
    caller.close()


@pytest.fixture
def newer(notion: Sandbox) -> Iterator[Caller]:
    """Speaks the newer version of the API."""
    caller = Caller(notion, version="2026-03-11")
    yield caller
    caller.close()


@pytest.fixture
def ids(notion: Sandbox) -> Ids:
    """A database with a column of every type; its select and multi-select know "Red" and "Blue"."""
    notion.clock.set(NOON)
    made = notion.create_database("Everything", COLUMNS)
    for column in ("Choice", "Choices"):
        for option in ("Red", "Blue"):
            notion.add_option(made.data_source_id, column, option)
    return made


@pytest.fixture
def source(ids: Ids) -> str:
    return ids.data_source_id


@pytest.fixture
def page(notion: Sandbox, source: str) -> str:
    """A page that a colleague made."""
    return notion.person_creates(source, {"Name": "Ada", "Email": "ada@example.org"})
