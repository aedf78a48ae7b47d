"""Counts, errors, values and durations, as people read them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notion_bridge import describe, errors, mapping


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "nothing to do"),
        ({"pages": 3, "unchanged": 3}, "3 pages read"),
        ({"written": 2, "pages": 191, "created": 0}, "191 pages read, 2 pages changed in Notion"),
    ],
)
def test_what_a_pass_did_is_told_in_one_line(counts: dict[str, int], words: str) -> None:
    assert describe.done(counts) == words


@pytest.mark.parametrize("code", errors.CODES.values())
def test_every_code_of_a_server_in_trouble_has_words(code: str) -> None:
    assert code in describe.ERRORS


def test_an_unknown_code_is_told_as_it_came() -> None:
    assert describe.error("some_new_code") == "Notion answered “some new code”"


def test_codes_that_mean_the_same_are_one_line() -> None:
    assert describe.errors({"timeout": 2, "gateway_timeout": 1, "cut": 1}) == {
        "Notion did not answer in time": 3,
        "the connection was cut": 1,
    }


@pytest.mark.parametrize(
    ("property_type", "words"),
    [
        ("rich_text", "text"),
        ("select", "select"),
        ("multi_select", "multi-select"),
        ("last_visited_by", "last visited by"),
    ],
)
def test_types_are_called_as_in_notion(property_type: str, words: str) -> None:
    assert describe.type_of(property_type) == words


@pytest.mark.parametrize("kind", mapping.FIELDS)
def test_every_field_is_called_as_in_notion(kind: str) -> None:
    for field in mapping.FIELDS[kind]:
        assert describe.label(kind, field.name) == field.label


def test_a_field_of_earlier_times_still_has_a_name() -> None:
    assert describe.label("contacts", "shoe_size") == "Shoe size"


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "not known"), ("", "empty"), ([], "empty"), (["Artist", "Curator"], "Artist, Curator"), ("Ada", "Ada")],
)
def test_a_value_is_never_blank(value: object, words: str) -> None:
    assert describe.value(value) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "less than a second"),
        (0.4, "less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (7200, "2 hours"),
        (90_000, "1 day"),
    ],
)
def test_a_duration_has_one_unit(seconds: float, words: str) -> None:
    assert describe.duration(dt.timedelta(seconds=seconds)) == words


@given(st.timedeltas())
def test_every_duration_has_words(of: dt.timedelta) -> None:
    assert describe.duration(of)
