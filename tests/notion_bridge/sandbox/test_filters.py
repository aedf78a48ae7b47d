"""Filters: what each condition finds, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notion_client import Client

from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.sandbox.callers import Caller, plain
from tests.notion_bridge.sandbox.conftest import COLUMNS

ROWS: dict[str, dict[str, Any]] = {
    "ada": {
        "Notes": "Paints in Oil",
        "Number": 1,
        "Choice": "Red",
        "Choices": ["Red", "Blue"],
        "Due": "2026-11-23",
        "Done": True,
        "Email": "ada@example.org",
        "Progress": "Done",
        "Owners": ["Robin Vale"],
    },
    "bob": {
        "Notes": "oil painting",
        "Number": 2.5,
        "Choice": "Blue",
        "Choices": ["Blue"],
        "Due": "2026-11-24T09:00:00+00:00",
        "Email": "bob@example.org",
        "Progress": "In progress",
    },
    "cy": {},
}


@pytest.fixture
def rows(notion: Sandbox, source: str) -> dict[str, str]:
    return {name: notion.person_creates(source, {"Name": name} | values) for name, values in ROWS.items()}


def found(client: Client, source: str, filter_: dict[str, Any]) -> list[str]:
    answer = client.data_sources.query(source, filter=filter_)
    return sorted(plain(page["properties"]["Name"]) for page in answer["results"])


@pytest.mark.parametrize(
    ("name", "condition", "expected"),
    [
        ("Name", {"equals": "ada"}, ["ada"]),
        ("Notes", {"equals": "oil painting"}, ["bob"]),
        ("Notes", {"equals": ""}, ["cy"]),
        ("Email", {"equals": "bob@example.org"}, ["bob"]),
        ("Email", {"equals": "nobody@example.org"}, []),
    ],
)
def test_condition_finds(
    client: Client, source: str, rows: dict[str, str], name: str, condition: dict[str, Any], expected: list[str]
) -> None:
    assert found(client, source, {"property": name, COLUMNS[name]: condition}) == expected


def test_property_may_be_named_by_its_id(client: Client, source: str, rows: dict[str, str]) -> None:
    property_id = client.data_sources.retrieve(source)["properties"]["Email"]["id"]

    assert found(client, source, {"property": property_id, "email": {"equals": "ada@example.org"}}) == ["ada"]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"and": []}, ["ada", "bob", "cy"]),
        ({"or": []}, []),
        ({"and": [{"property": "Name", "title": {"equals": "ada"}}]}, ["ada"]),
        (
            {
                "or": [
                    {"property": "Name", "title": {"equals": "ada"}},
                    {"property": "Name", "title": {"equals": "cy"}},
                ]
            },
            ["ada", "cy"],
        ),
        (
            {
                "and": [
                    {"property": "Notes", "rich_text": {"equals": "oil painting"}},
                    {
                        "or": [
                            {"property": "Name", "title": {"equals": "ada"}},
                            {"property": "Name", "title": {"equals": "bob"}},
                        ]
                    },
                ]
            },
            ["bob"],
        ),
    ],
)
def test_conditions_combine(
    client: Client, source: str, rows: dict[str, str], filter_: dict[str, Any], expected: list[str]
) -> None:
    assert found(client, source, filter_) == expected


class TestTimestamps:
    def edited(self, moment: str, name: str = "on_or_after") -> dict[str, Any]:
        return {"timestamp": "last_edited_time", "last_edited_time": {name: moment}}

    def test_edit_time_is_compared_by_the_minute(self, client: Client, source: str, page: str) -> None:
        assert found(client, source, self.edited("2026-11-23T12:00:00Z")) == ["Ada"]
        assert found(client, source, self.edited("2026-11-23T12:00:30Z")) == []

    def test_offset_counts(self, client: Client, source: str, page: str) -> None:
        assert found(client, source, self.edited("2026-11-23T13:00:00+01:00")) == ["Ada"]
        assert found(client, source, self.edited("2026-11-23T11:59:00-01:00")) == []

    def test_older_edits_are_left_out(self, notion: Sandbox, client: Client, source: str, page: str) -> None:
        notion.clock.advance(hours=1)
        notion.person_creates(source, {"Name": "Later"})

        assert found(client, source, self.edited("2026-11-23T12:30:00Z")) == ["Later"]
        assert found(client, source, self.edited("2026-11-23T12:30:00Z", "before")) == ["Ada"]

    def test_every_edit_moves_a_page_forward(self, notion: Sandbox, client: Client, source: str, page: str) -> None:
        notion.clock.advance(hours=1)
        notion.person_edits(page, {"Number": 1})

        assert found(client, source, self.edited("2026-11-23T13:00:00Z")) == ["Ada"]

    def test_creation_time_stays(self, notion: Sandbox, client: Client, source: str, page: str) -> None:
        notion.clock.advance(hours=1)
        notion.person_edits(page, {"Number": 1})
        filter_ = {"timestamp": "created_time", "created_time": {"after": "2026-11-23T12:00:00Z"}}

        assert found(client, source, filter_) == []

    def test_timestamp_combines_with_properties(self, client: Client, source: str, rows: dict[str, str]) -> None:
        parts = [self.edited("2026-11-23T12:00:00Z"), {"property": "Name", "title": {"equals": "ada"}}]

        assert found(client, source, {"and": parts}) == ["ada"]


@pytest.mark.parametrize(
    ("filter_", "complaint"),
    [
        ({"property": "Colour", "select": {"equals": "x"}}, "Could not find property with name or id: Colour"),
        (
            {"property": "Number", "rich_text": {"equals": "5"}},
            (
                "The property type in the database does not match the property type of the filter provided: "
                "database property number does not match filter rich_text"
            ),
        ),
        ({"property": "Email"}, "email should be defined"),
        ({"email": {"equals": "x"}}, "property should be defined"),
        ({"property": "Email", "email": {}}, "exactly one condition"),
        ({"property": "Email", "email": {"equals": "a", "contains": "b"}}, "exactly one condition"),
        ({"property": "Email", "email": {"resembles": "a"}}, "should be"),
        ({"property": "Email", "email": {"equals": None}}, "should be a string"),
        ({"property": "Email", "email": {"contains": "a"}}, "should be"),
        ({"property": "Number", "number": {"equals": 5}}, "should be"),
        ({"timestamp": "created_time", "created_time": {"before": "soon"}}, "valid ISO 8601"),
        ({"timestamp": "created_time", "created_time": {"contains": "2026"}}, "should be"),
        ({"property": "Email", "email": {"equals": "x"}, "size": 1}, "size should be not present"),
        ({"timestamp": "birthday", "birthday": {"before": "2026-01-01"}}, "timestamp should be"),
        ({"timestamp": "created_time"}, "created_time should be defined"),
        ({"timestamp": "created_time", "last_edited_time": {"before": "2026-01-01"}}, "should be not present"),
        ({"and": [{"or": [{"and": [{"property": "Name", "title": {"equals": "a"}}]}]}]}, "should be not present"),
        ({"and": {}}, "should be an array"),
        ({"and": [], "or": []}, "should be not present"),
        ({"and": [{"property": "Name", "title": {"equals": "a"}}] * 101}, "length should be ≤ `100`"),
        ("Name", "should be an object or `undefined`"),
    ],
)
def test_malformed_filter_is_refused(raw: Caller, source: str, filter_: Any, complaint: str) -> None:
    reply = raw.post(f"data_sources/{source}/query", {"filter": filter_})

    assert (reply.status, reply.code) == (400, "validation_error")
    assert complaint in reply.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "and",
                    "or",
                    "property",
                    "timestamp",
                    "title",
                    "email",
                    "date",
                    "number",
                    "equals",
                    "before",
                    "contains",
                ]
            ),
            inner | st.sampled_from(["Name", "Email", "Due", "last_edited_time"]),
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(filter_=JSON, sorts=JSON)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_filter_brings_the_server_down(raw: Caller, source: str, filter_: Any, sorts: Any) -> None:
    reply = raw.post(f"data_sources/{source}/query", {"filter": filter_, "sorts": sorts})

    assert reply.status in (200, 400)
