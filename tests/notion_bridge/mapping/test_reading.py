"""What a page of Notion says, as a value of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notion_bridge import mapping
from notion_bridge.mapping import FIELDS, Field, Truncated, Unreadable, field_of
from tests.matrix import matrix
from tests.notion_bridge.mapping.answers import USERS, mention, option, person, rich_text, text_item

AVO, ALI = USERS
JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
KEYS = st.sampled_from(["type", "plain_text", "text", "name", "start", "time_zone", "id", "person", "href", "has_more"])
ALMOST_NOTION = st.recursive(
    JSON_LIKE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=10
)
FIELD = st.sampled_from([field for fields in FIELDS.values() for field in fields])
TYPES = st.sampled_from(sorted({kind for fields in FIELDS.values() for field in fields for kind in field.accepts}))


def contacts(name: str) -> Field:
    return field_of("contacts", name)


def tasks(name: str) -> Field:
    return field_of("tasks", name)


def value(kind: str, content: object) -> dict[str, Any]:
    return {"id": "%3AUPp", "type": kind, kind: content}


class TestValues:
    @matrix(
        "field, given, read",
        [
            (contacts("first_name"), value("title", [text_item("Zoë "), text_item("😀")]), "Zoë 😀"),
            (contacts("last_name"), value("rich_text", [text_item("كرم")]), "كرم"),
            (contacts("email"), value("email", "Ada@Example.org"), "Ada@Example.org"),
            (contacts("email"), value("rich_text", [text_item("a@b.example", "mailto:a@b.example")]), "a@b.example"),
            (contacts("phone"), value("phone_number", "+49 30 1234"), "+49 30 1234"),
            (contacts("lead_source"), value("select", option("Event")), "Event"),
            (contacts("status"), value("status", option("Active Lead")), "Active Lead"),
            (contacts("status"), value("rich_text", [text_item("Inactive")]), "Inactive"),
            (contacts("tags"), value("multi_select", [option("vip"), option("پرنس")]), ["vip", "پرنس"]),
            (contacts("tags"), value("multi_select", [option("VIP"), option("vip")]), ["VIP"]),
            (contacts("contact_types"), value("select", option("Artist")), ["Artist"]),
            (contacts("company"), value("select", option("Acme")), "Acme"),
            (contacts("date_added"), value("created_time", "2026-03-01T23:59:00.000Z"), "2026-03-01"),
            (tasks("assigned_to"), value("people", [person(AVO)]), "Avocado Lovelace <avo@example.org>"),
            (tasks("assigned_to"), value("rich_text", [mention("@Avocado Lovelace")]), "@Avocado Lovelace"),
            (tasks("assigned_to"), value("email", "avo@example.org"), "avo@example.org"),
        ],
    )
    def test_a_value_reads_as_it_looks(self, field: Field, given: dict[str, Any], read: mapping.Value) -> None:
        assert mapping.read(given, field) == read

    @matrix(
        "field, given, read",
        [
            (contacts("first_name"), value("title", []), ""),
            (contacts("notes"), value("rich_text", []), ""),
            (contacts("email"), value("email", None), ""),
            (contacts("phone"), value("phone_number", None), ""),
            (contacts("status"), value("select", None), ""),
            (contacts("status"), value("status", None), ""),
            (contacts("tags"), value("multi_select", []), []),
            (contacts("tags"), value("select", None), []),
            (contacts("date_added"), value("date", None), ""),
            (tasks("assigned_to"), value("people", []), ""),
        ],
    )
    def test_an_empty_property_is_an_empty_value(
        self, field: Field, given: dict[str, Any], read: mapping.Value
    ) -> None:
        assert mapping.read(given, field) == read

    @matrix(
        "name, remote, local",
        [
            ("status", "Not started", "To Do"),
            ("status", "ERLEDIGT", "Done"),
            ("status", "En cours", "In Progress"),
            ("status", "Pendiente", "To Do"),
            ("status", "Canceled", "Cancelled"),
            ("status", "on  hold", "On Hold"),
            ("status", "Parked", "Parked"),
            ("priority", "Hoch", "High"),
            ("priority", "urgente", "Urgent"),
        ],
    )
    def test_an_option_in_another_language_means_ours(self, name: str, remote: str, local: str) -> None:
        assert mapping.read(value("status", option(remote)), tasks(name)) == local

    def test_a_person_without_a_name_is_known_by_address(self) -> None:
        nameless = {**person(AVO), "name": None}

        assert mapping.read(value("people", [nameless]), tasks("assigned_to")) == "avo@example.org"


class TestUnreadable:
    @matrix(
        "field, given",
        [
            (contacts("email"), None),
            (contacts("email"), "a@b.example"),
            (contacts("email"), {}),
            (contacts("email"), {"id": "x", "type": "email"}),
            (contacts("email"), {"id": "x", "type": None, "email": "a@b.example"}),
            (contacts("email"), value("email", 3)),
            (contacts("email"), value("formula", {"type": "hologram", "hologram": {}})),
            (contacts("email"), value("rollup", {"type": "array", "array": [{"type": "files", "files": []}]})),
            (contacts("notes"), value("rich_text", None)),
            (contacts("notes"), value("rich_text", "text")),
            (contacts("notes"), value("rich_text", [{"type": "text"}])),
            (contacts("tags"), value("multi_select", None)),
            (contacts("tags"), value("multi_select", [{"id": "x"}])),
            (contacts("status"), value("select", "Active")),
            (contacts("date_added"), value("date", {})),
            (contacts("date_added"), value("date", {"start": None})),
            (contacts("date_added"), value("date", "2026-03-01")),
            (contacts("date_added"), value("created_time", None)),
            (contacts("phone"), value("checkbox", True)),
            (tasks("assigned_to"), value("people", None)),
            (tasks("assigned_to"), value("people", [{"object": "user", "id": AVO}])),
            (tasks("assigned_to"), value("people", [None])),
            (tasks("assigned_to"), value("relation", [])),
        ],
    )
    def test_what_cannot_be_read_says_why_and_names_the_field(self, field: Field, given: object) -> None:
        with pytest.raises(Unreadable) as caught:
            mapping.read(given, field)

        assert field.label in caught.value.reason

    def test_a_type_that_came_later_is_named(self) -> None:
        with pytest.raises(Unreadable, match="«hologram»"):
            mapping.read(value("hologram", {}), contacts("notes"))

    def test_people_the_integration_may_not_see_come_with_the_remedy(self) -> None:
        with pytest.raises(Unreadable, match="Allow it to read user information"):
            mapping.read(value("people", [{"object": "user", "id": AVO}]), tasks("assigned_to"))

    @given(JSON_LIKE, FIELD)
    def test_nothing_that_comes_crashes(self, given: object, field: Field) -> None:
        try:
            read = mapping.read(given, field)
        except (Unreadable, Truncated):
            return
        assert isinstance(read, str | list)

    @given(TYPES, ALMOST_NOTION, FIELD)
    def test_nothing_that_looks_like_a_value_crashes(self, kind: str, content: object, field: Field) -> None:
        try:
            read = mapping.read(value(kind, content), field)
        except (Unreadable, Truncated):
            return
        assert isinstance(read, str | list)

    @given(TYPES, st.lists(ALMOST_NOTION, max_size=3), FIELD)
    def test_no_list_of_items_crashes(self, kind: str, contents: list[object], field: Field) -> None:
        try:
            read = mapping.read_items([value(kind, content) for content in contents], field)
        except Unreadable:
            return
        assert isinstance(read, str | list)


class TestLongLists:
    @matrix("count", [25, 26, 100])
    def test_a_text_that_fills_the_page_may_be_longer(self, count: int) -> None:
        with pytest.raises(Truncated):
            mapping.read(rich_text(*[text_item("a")] * count), contacts("notes"))

    def test_a_text_of_fewer_items_is_whole(self) -> None:
        assert mapping.read(rich_text(*[text_item("a")] * 24), contacts("notes")) == "a" * 24

    def test_people_that_fill_the_page_may_be_more(self) -> None:
        with pytest.raises(Truncated):
            mapping.read(value("people", [person(AVO)] * 25), tasks("assigned_to"))

    @matrix("told, count", [(True, 1), (True, 25)])
    def test_notion_is_believed_when_it_says_there_is_more(self, told: bool, count: int) -> None:
        with pytest.raises(Truncated):
            mapping.read({**rich_text(*[text_item("a")] * count), "has_more": told}, contacts("notes"))

    def test_notion_is_believed_when_it_says_that_is_all(self) -> None:
        whole = {**rich_text(*[text_item("a")] * 30), "has_more": False}

        assert mapping.read(whole, contacts("notes")) == "a" * 30

    def test_many_options_are_never_cut(self) -> None:
        options = [option(f"tag {n}") for n in range(100)]

        assert len(mapping.read(value("multi_select", options), contacts("tags"))) == 100

    def test_the_items_of_a_text_make_the_text(self) -> None:
        items = [
            {"object": "property_item", "id": "x", "type": "rich_text", "rich_text": text_item(f"{n} ")}
            for n in range(60)
        ]

        assert mapping.read_items(items, contacts("notes")) == "".join(f"{n} " for n in range(60))

    def test_the_items_of_a_title_make_the_title(self) -> None:
        items = [{"object": "property_item", "id": "title", "type": "title", "title": text_item("A")}] * 30

        assert mapping.read_items(items, contacts("first_name")) == "A" * 30

    def test_the_people_of_a_long_list_are_all_named(self) -> None:
        items = [{"object": "property_item", "id": "x", "type": "people", "people": person(AVO)}] * 26

        assert mapping.read_items(items, tasks("assigned_to")) == ", ".join(["Avocado Lovelace <avo@example.org>"] * 26)

    def test_no_items_are_an_empty_value(self) -> None:
        assert mapping.read_items([], contacts("notes")) == ""

    def test_no_options_are_an_empty_list(self) -> None:
        assert mapping.read_items([], contacts("tags")) == []

    def test_a_property_that_is_no_list_comes_as_one_item(self) -> None:
        item = {"object": "property_item", "id": "x", "type": "email", "email": "a@b.example"}

        assert mapping.read_items([item], contacts("email")) == "a@b.example"

    def test_items_of_a_type_the_field_cannot_hold_are_refused(self) -> None:
        item = {"object": "property_item", "id": "x", "type": "relation", "relation": {"id": AVO}}

        with pytest.raises(Unreadable):
            mapping.read_items([item], contacts("notes"))


class TestPages:
    PAGE = {
        "object": "page",
        "properties": {
            "Email": {"id": "%3AUPp", "type": "email", "email": "a@b.example"},
            "Odd": {"id": "f%5C%5C%3Ap", "type": "rich_text", "rich_text": []},
            "Name": {"id": "title", "type": "title", "title": [text_item("Ada "), text_item("L", "https://a.example")]},
        },
    }

    @matrix(
        "property_id, name",
        [(":UPp", "Email"), ("%3AUPp", "Email"), ("title", "Name"), ("f\\\\:p", "Odd"), ("f%5C%5C%3Ap", "Odd")],
    )
    def test_a_property_is_found_by_either_spelling_of_its_id(self, property_id: str, name: str) -> None:
        assert mapping.property_by_id(self.PAGE, property_id) == self.PAGE["properties"][name]  # type: ignore[index]

    @matrix("property_id", ["", "Email", "nope", "%"])
    def test_a_property_that_is_not_there_is_none(self, property_id: str) -> None:
        assert mapping.property_by_id(self.PAGE, property_id) is None

    @given(st.text(min_size=1, max_size=6))
    def test_any_id_is_found_as_notion_spells_it(self, property_id: str) -> None:
        page = {"properties": {"A": {"id": quote(property_id, safe=""), "type": "email", "email": None}}}

        assert mapping.property_by_id(page, property_id) is not None

    def test_an_id_as_we_keep_it_wins_over_one_that_only_looks_like_it(self) -> None:
        kept = {"id": "a%253A", "type": "email", "email": "kept@b.example"}
        page = {"properties": {"A": {"id": "a%3A", "type": "email", "email": None}, "B": kept}}

        assert mapping.property_by_id(page, "a%3A") == kept
