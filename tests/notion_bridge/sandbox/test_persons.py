"""What colleagues do in Notion itself, in plain Python values."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from notion_client import Client

from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.sandbox.callers import plain

BERLIN = dt.timezone(dt.timedelta(hours=1))


@pytest.mark.parametrize(
    ("name", "value", "answered"),
    [
        ("Email", "a@example.org", "a@example.org"),
        ("Email", "", None),
        ("Email", None, None),
        ("Number", 3, 3),
        ("Done", True, True),
        ("Site", "https://example.org", "https://example.org"),
        ("Due", dt.date(2026, 11, 23), {"start": "2026-11-23", "end": None, "time_zone": None}),
        ("Due", "2026-11-23", {"start": "2026-11-23", "end": None, "time_zone": None}),
        (
            "Due",
            dt.datetime(2026, 11, 23, 14, 30, 59, tzinfo=BERLIN),
            {"start": "2026-11-23T14:30:00.000+01:00", "end": None, "time_zone": None},
        ),
        (
            "Due",
            (dt.date(2026, 11, 23), dt.date(2026, 11, 24)),
            {"start": "2026-11-23", "end": "2026-11-24", "time_zone": None},
        ),
        (
            "Due",
            {"start": "2026-11-23T09:00:00.000+01:00", "time_zone": "Europe/Berlin"},
            {"start": "2026-11-23T09:00:00.000+01:00", "end": None, "time_zone": "Europe/Berlin"},
        ),
    ],
)
def test_plain_value_is_answered_in_notions_form(
    notion: Sandbox, client: Client, source: str, name: str, value: Any, answered: Any
) -> None:
    page = notion.person_creates(source, {name: value})

    found = client.pages.retrieve(page)["properties"][name]

    assert found[found["type"]] == answered


def test_text_of_any_length_is_one_piece(notion: Sandbox, client: Client, source: str) -> None:
    page = notion.person_creates(source, {"Notes": "x" * 5000})

    assert len(client.pages.retrieve(page)["properties"]["Notes"]["rich_text"]) == 1


def test_text_may_have_pieces_and_links(notion: Sandbox, client: Client, source: str) -> None:
    page = notion.person_creates(source, {"Notes": ["see ", ("here", "https://example.org")]})

    found = client.pages.retrieve(page)["properties"]["Notes"]
    assert (plain(found), found["rich_text"][1]["href"]) == ("see here", "https://example.org")


def test_new_option_is_typed(notion: Sandbox, source: str) -> None:
    page = notion.person_creates(source, {"Choice": "Green", "Choices": ["Green", "Red"]})

    values = notion.values_of(page)
    assert (values["Choice"], values["Choices"]) == ("Green", ["Green", "Red"])


@pytest.mark.parametrize(("name", "value"), [("Progress", "Blocked"), ("Choice", "a, b"), ("Due", "soon")])
def test_value_nobody_could_type_is_an_error(notion: Sandbox, source: str, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=value):
        notion.person_creates(source, {name: value})


def test_naive_moment_is_an_error(notion: Sandbox, source: str) -> None:
    with pytest.raises(ValueError, match="offset"):
        notion.person_creates(source, {"Due": dt.datetime(2026, 11, 23, 14, 30)})  # noqa: DTZ001 - that is the point


def test_unknown_column_is_an_error(notion: Sandbox, source: str) -> None:
    with pytest.raises(KeyError, match="Colour"):
        notion.person_creates(source, {"Colour": "red"})


@pytest.mark.parametrize("spelled", ["id", "name", "email"])
def test_people_are_named_in_any_way(notion: Sandbox, source: str, spelled: str) -> None:
    sam = notion.workspace.people[1]

    page = notion.person_creates(source, {"Owners": [getattr(sam, spelled)]})

    assert notion.values_of(page)["Owners"] == sam.name


def test_edit_is_by_whom_it_is_said(notion: Sandbox, client: Client, page: str) -> None:
    sam = notion.workspace.people[1]

    notion.person_edits(page, {"Number": 1}, by=sam.id)

    assert client.pages.retrieve(page)["last_edited_by"]["id"] == sam.id


def test_column_may_be_named_by_its_id(notion: Sandbox, client: Client, page: str) -> None:
    property_id = client.pages.retrieve(page)["properties"]["Email"]["id"]

    notion.person_edits(page, {property_id: "new@example.org"})

    assert notion.values_of(page)["Email"] == "new@example.org"


def test_page_may_have_an_id_of_ones_choice(notion: Sandbox, source: str) -> None:
    chosen = "12345678-1234-4234-8234-123456789abc"

    assert notion.person_creates(source, {}, page_id=chosen) == chosen


def test_duplicate_has_the_values_and_another_id(notion: Sandbox, page: str) -> None:
    copy = notion.person_duplicates(page)

    assert copy != page
    assert notion.values_of(copy) == notion.values_of(page)


def test_rows_are_listed_oldest_first(notion: Sandbox, source: str, page: str) -> None:
    second = notion.person_creates(source, {})
    notion.person_trashes(page)

    assert notion.pages_of(source) == [second]
    assert notion.pages_of(source, trashed=True) == [page]


def test_options_go_along_by_name_when_a_page_moves(notion: Sandbox, source: str) -> None:
    other = notion.create_database("Other", {"Name": "title", "Choice": "select", "Choices": "multi_select"})
    notion.add_option(other.data_source_id, "Choice", "Red")
    page = notion.person_creates(source, {"Choice": "Red", "Choices": ["Blue"]})

    notion.person_moves(page, other.data_source_id)

    assert notion.values_of(page) == {"Name": "", "Choice": "Red", "Choices": []}


def test_page_moved_below_a_page_is_no_row_any_more(notion: Sandbox, client: Client, source: str, page: str) -> None:
    notion.person_moves(page, notion.parent_page)

    found = client.pages.retrieve(page)
    assert found["parent"] == {"type": "page_id", "page_id": notion.parent_page}
    assert notion.pages_of(source) == []


def test_page_that_came_back_from_a_page_is_a_row_again(notion: Sandbox, source: str, page: str) -> None:
    notion.person_moves(page, notion.parent_page)
    notion.person_moves(page, source)

    assert notion.values_of(page)["Name"] == "Ada"


def test_numbers_count_the_rows(notion: Sandbox, client: Client, source: str, page: str) -> None:
    notion.add_property(source, "No", "unique_id")

    second = notion.person_creates(source, {})

    assert client.pages.retrieve(second)["properties"]["No"]["unique_id"] == {"prefix": None, "number": 2}


def test_writing_below_a_page_counts_as_an_edit(notion: Sandbox, client: Client, page: str) -> None:
    notion.clock.advance(minutes=3)

    notion.person_writes_content(page)

    assert client.pages.retrieve(page)["last_edited_time"] == "2026-11-23T12:03:00.000Z"
