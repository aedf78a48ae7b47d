# ruff: noqa: RUF001 - every script is the subject here
"""Every field in every property it can live in: written, shown by Notion, read again, it is the same value."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notion_bridge import mapping
from notion_bridge.mapping import FIELDS, READ_ONLY, Field, Shape, Value, datetimes
from notion_bridge.mapping.rich_text import clean
from tests.notion_bridge.mapping import answers
from tests.notion_bridge.mapping.answers import USERS, utf16

PLACES = [
    pytest.param(field, kind, id=f"{database}.{field.name} as {kind}")
    for database, fields in FIELDS.items()
    for field in fields
    for kind in field.accepts
    if kind not in READ_ONLY
]
PEOPLE = {name.casefold(): user_id for user_id, (name, _) in USERS.items()}
LIMITED = ("select", "status", "multi_select", "email", "phone_number")

# Without what cleaning takes away: control characters never reach a value of ours.
WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
LINES = WORDS.filter(lambda text: bool(text.strip()))
NAMES = WORDS.map(lambda text: " ".join(text.replace(",", " ").split())).filter(bool)
TEXTS = st.lists(WORDS | st.just("\n") | st.just("[a site](https://a.example/x)"), max_size=8).map("".join)
DAYS = st.dates().map(dt.date.isoformat)
MINUTES = st.datetimes(
    min_value=dt.datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(dt.UTC),
).map(datetimes.canonical)


def values_of(field: Field, kind: str) -> st.SearchStrategy[Any]:
    if field.options:
        return st.sampled_from(field.options)
    if field.shape is Shape.CHOICES:
        return st.lists(NAMES, max_size=1 if kind == "select" else 5, unique_by=str.casefold)
    if kind == "people":
        named = [f"{name} <{address}>" for name, address in USERS.values()]
        return st.sampled_from(["", *named, ", ".join(named)])
    texts = {Shape.DATE: DAYS, Shape.MOMENT: DAYS | MINUTES, Shape.LONG_TEXT: TEXTS}
    return texts.get(field.shape, NAMES if kind in LIMITED else LINES) | st.just("")


@pytest.mark.parametrize(("field", "kind"), PLACES)
@given(data=st.data())
@settings(max_examples=10)
def test_a_value_comes_back_as_it_went(field: Field, kind: str, data: st.DataObject) -> None:
    value: Value = data.draw(values_of(field, kind))
    options = [str(value)] if kind == "status" else []  # the only type whose options writing does not create

    written = mapping.write(value, field, kind, options=options, people=PEOPLE)

    assert written.payload is not None
    assert written.limits == ()
    assert mapping.read(answers.shown(kind, written.payload), field) == value


@pytest.mark.parametrize(("field", "kind"), PLACES)
@given(data=st.data())
@settings(max_examples=10)
def test_whatever_the_value_notion_accepts_what_is_sent(field: Field, kind: str, data: st.DataObject) -> None:
    texts, lists = st.text(max_size=300), st.lists(st.text(max_size=300), max_size=5)
    strategy: st.SearchStrategy[Any] = lists if field.shape is Shape.CHOICES else texts | DAYS | MINUTES
    value: Value = data.draw(strategy)

    written = mapping.write(value, field, kind, people=PEOPLE)

    assert written.payload is not None or written.limits
    if written.payload is not None:
        assert isinstance(mapping.read(answers.shown(kind, written.payload), field), str | list)


@given(st.text(min_size=1, max_size=300))
def test_nothing_is_lost_without_a_report(text: str) -> None:
    field = mapping.field_of("contacts", "company")

    written = mapping.write(text, field, "select")

    fits = utf16(clean(text)) <= 100 and "," not in text and bool(text.strip())
    assert (written.limits == ()) or not fits


def test_everything_at_once_comes_back() -> None:
    field = mapping.field_of("contacts", "notes")
    text = ("😀" * 1_001 + "\nשלום [בית](https://a.example/ב) 👩‍👩‍👧‍👦\r\n\tend ") * 5

    payload = mapping.write(text, field, "rich_text").payload

    assert payload is not None
    assert mapping.same(mapping.read(answers.shown("rich_text", payload), field), text, field)
