"""What is sent to Notion, and what Notion cannot hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notion_bridge import mapping
from notion_bridge.mapping import FIELDS, READ_ONLY, Field, Shape, Value, field_of
from tests.matrix import matrix
from tests.notion_bridge.mapping.answers import USERS, mention, rich_text, text_item

AVO, ALI = USERS
PEOPLE = {"avocado lovelace": AVO, "avo@example.org": AVO, "محمد علي": ALI, "lovelace, ada": ALI}


def contacts(name: str) -> Field:
    return field_of("contacts", name)


def tasks(name: str) -> Field:
    return field_of("tasks", name)


EVERY_PLACE = [(field, kind) for database, fields in FIELDS.items() for field in fields for kind in field.accepts]


@matrix("field, kind", EVERY_PLACE)
def test_an_empty_value_empties_the_property(field: Field, kind: str) -> None:
    empty: Value = [] if field.shape is Shape.CHOICES else ""
    as_list = kind in ("title", "rich_text", "multi_select", "people")

    written = mapping.write(empty, field, kind)

    assert written == mapping.Written(None if kind in READ_ONLY else {kind: [] if as_list else None})


class TestAddresses:
    @matrix("name, kind", [("email", "email"), ("phone", "phone_number")])
    def test_an_address_as_long_as_may_be_is_written(self, name: str, kind: str) -> None:
        value = "a" * 100

        assert mapping.write(value, contacts(name), kind) == mapping.Written({kind: value})

    @pytest.mark.parametrize(("name", "kind"), [("email", "email"), ("phone", "phone_number")])
    @pytest.mark.parametrize("value", ["a" * 101, "😀" * 51])
    def test_a_longer_one_leaves_notion_alone_and_is_reported(self, name: str, kind: str, value: str) -> None:
        written = mapping.write(value, contacts(name), kind)

        assert written.payload is None
        assert "more than the 100 characters" in written.limits[0]

    def test_a_long_address_fits_into_text(self) -> None:
        written = mapping.write("a" * 254, contacts("email"), "rich_text")

        assert (written.payload is None, written.limits) == (False, ())


class TestTexts:
    def test_a_text_too_long_is_cut_and_reported(self) -> None:
        written = mapping.write("a" * 200_001, contacts("notes"), "rich_text")

        assert written.payload is not None
        assert "longer than Notion can hold" in written.limits[0]

    @matrix("current", [text_item("Call ", bold=True), mention("@Ada")])
    def test_formatting_that_is_written_over_is_reported(self, current: dict[str, Any]) -> None:
        written = mapping.write("Call Ada", contacts("notes"), "rich_text", current=rich_text(current))

        assert written.payload is not None
        assert "formatting or mentions in Notion are gone" in written.limits[0]

    @matrix("current", [None, rich_text(), rich_text(text_item("a", "https://a.example")), {"x": 1}])
    def test_plain_text_and_links_lose_nothing(self, current: dict[str, Any] | None) -> None:
        assert mapping.write("a", contacts("notes"), "rich_text", current=current).limits == ()

    def test_a_name_in_a_title_is_plain_text(self) -> None:
        written = mapping.write("Zoë", contacts("first_name"), "title")

        assert written.payload == {"title": [{"type": "text", "text": {"content": "Zoë"}}]}


class TestOptions:
    def test_a_known_option_is_written_as_notion_spells_it(self) -> None:
        written = mapping.write("active lead", contacts("status"), "select", options=["Active Lead"])

        assert written == mapping.Written({"select": {"name": "Active Lead"}})

    def test_an_unknown_option_is_created_by_writing_it(self) -> None:
        written = mapping.write("Patron", contacts("status"), "select", options=["Active Lead"])

        assert written == mapping.Written({"select": {"name": "Patron"}})

    def test_a_status_property_gets_no_new_option(self) -> None:
        written = mapping.write("Patron", contacts("status"), "status", options=["Active Lead"])

        assert written.payload is None
        assert "only a person can add one" in written.limits[0]

    @pytest.mark.parametrize(
        ("value", "options", "written"),
        [
            ("To Do", ["Not started", "In progress", "Done"], "Not started"),
            ("In Progress", ["Not started", "In progress", "Done"], "In progress"),
            ("Done", ["Offen", "In Bearbeitung", "Erledigt"], "Erledigt"),
            ("Cancelled", ["Canceled"], "Canceled"),
            ("Done", ["Completed", "Done"], "Done"),
            ("Done", ["Completed", "Closed"], "Completed"),
        ],
    )
    @pytest.mark.parametrize("kind", ["status", "select"])
    def test_an_option_that_means_the_same_is_used(
        self, value: str, options: list[str], written: str, kind: str
    ) -> None:
        assert mapping.write(value, tasks("status"), kind, options=options).payload == {kind: {"name": written}}

    def test_an_option_of_another_meaning_is_not_used(self) -> None:
        written = mapping.write("On Hold", tasks("status"), "status", options=["Not started", "In progress", "Done"])

        assert written.payload is None

    def test_an_option_with_a_comma_leaves_notion_alone_and_is_reported(self) -> None:
        written = mapping.write("Acme, Inc.", contacts("company"), "select")

        assert written.payload is None
        assert "has a comma" in written.limits[0]

    @matrix("name", ["a" * 101, "😀" * 51])
    def test_an_option_too_long_leaves_notion_alone_and_is_reported(self, name: str) -> None:
        written = mapping.write(name, contacts("lead_source"), "select")

        assert written.payload is None
        assert "longer than the 100 characters" in written.limits[0]

    def test_an_option_as_long_as_may_be_is_written(self) -> None:
        assert mapping.write("😀" * 50, contacts("lead_source"), "select").limits == ()


class TestLists:
    def test_each_name_is_written_once(self) -> None:
        written = mapping.write(["VIP", "vip", "Friend", " "], contacts("tags"), "multi_select")

        assert written == mapping.Written({"multi_select": [{"name": "VIP"}, {"name": "Friend"}]})

    def test_a_hundred_names_are_written(self) -> None:
        written = mapping.write([f"tag {n}" for n in range(100)], contacts("tags"), "multi_select")

        assert written.payload is not None
        assert (len(written.payload["multi_select"]), written.limits) == (100, ())

    def test_of_more_than_a_hundred_the_first_are_written_and_the_rest_reported(self) -> None:
        written = mapping.write([f"tag {n}" for n in range(150)], contacts("tags"), "multi_select")

        assert written.payload is not None
        assert len(written.payload["multi_select"]) == 100
        assert "has 150 values" in written.limits[0]

    def test_names_notion_cannot_hold_are_left_out_and_reported_one_by_one(self) -> None:
        written = mapping.write(["good", "a, b", "c" * 101], contacts("tags"), "multi_select")

        assert written.payload == {"multi_select": [{"name": "good"}]}
        assert [("«a, b»" in limit, "It is missing" in limit) for limit in written.limits] == [
            (True, True),
            (False, True),
        ]

    def test_a_property_for_one_name_gets_the_first_and_the_rest_is_reported(self) -> None:
        written = mapping.write(["Artist", "Gallery"], contacts("contact_types"), "select")

        assert written.payload == {"select": {"name": "Artist"}}
        assert "takes one: «Artist»" in written.limits[0]

    def test_known_names_keep_notions_spelling(self) -> None:
        written = mapping.write(["vip", "new"], contacts("tags"), "multi_select", options=["VIP"])

        assert written.payload == {"multi_select": [{"name": "VIP"}, {"name": "new"}]}


class TestPeople:
    @matrix(
        "value, ids",
        [
            ("Avocado Lovelace", [AVO]),
            ("AVO@example.org", [AVO]),
            ("Avocado Lovelace, محمد علي", [AVO, ALI]),
            ("Avocado Lovelace, avo@example.org", [AVO]),
            ("Lovelace, Ada", [ALI]),
            (" Avocado Lovelace ", [AVO]),
        ],
    )
    def test_people_are_written_by_id(self, value: str, ids: list[str]) -> None:
        written = mapping.write(value, tasks("assigned_to"), "people", people=PEOPLE)

        assert written.payload == {"people": [{"object": "user", "id": one} for one in ids]}

    @matrix("value", ["Nobody", "Avocado Lovelace, Nobody"])
    def test_somebody_notion_does_not_know_leaves_it_alone_and_is_reported(self, value: str) -> None:
        written = mapping.write(value, tasks("assigned_to"), "people", people=PEOPLE)

        assert written.payload is None
        assert "nobody in Notion is called «Nobody»" in written.limits[0]

    def test_a_name_goes_into_text_without_being_known(self) -> None:
        assert mapping.write("Nobody", tasks("assigned_to"), "rich_text").limits == ()


class TestPlaces:
    def test_what_notion_sets_itself_is_left_alone_without_a_word(self) -> None:
        assert mapping.write("2026-03-01", contacts("date_added"), "created_time") == mapping.Written(None)

    @matrix("kind", ["formula", "rollup", "relation", "number", "select"])
    def test_a_property_that_is_only_read_is_left_alone_without_a_word(self, kind: str) -> None:
        assert mapping.write("a", contacts("last_name"), kind) == mapping.Written(None)

    @matrix("kind", ["checkbox", "files", "hologram"])
    def test_a_property_of_a_type_the_field_cannot_live_in_is_left_alone(self, kind: str) -> None:
        written = mapping.write("a", contacts("last_name"), kind)

        assert written.payload is None
        assert f"«{kind}»" in written.limits[0]


class TestSameness:
    @matrix(
        "name, one, other",
        [
            ("notes", "Zoë", "Zoe\u0308"),
            ("notes", "a\r\nb", "a\nb"),
            ("email", "Ada@Example.org", "ada@example.org"),
            ("status", "Active Lead", "active  lead"),
            ("tags", ["a", "B"], ["b", "A"]),
            ("tags", ["a", "A"], ["a"]),
            ("tags", [], []),
            ("lead_source", "STRASSE", "straße"),
        ],
    )
    def test_two_spellings_are_the_same(self, name: str, one: Value, other: Value) -> None:
        assert mapping.same(one, other, contacts(name))

    @matrix(
        "name, one, other",
        [
            ("first_name", "ada", "Ada"),
            ("notes", "a ", "a"),
            ("notes", "", " "),
            ("notes", "a\n", "a"),
            ("phone", "+49301234", "+49 30 1234"),
            ("tags", ["a"], ["a", "b"]),
            ("date_added", "2026-03-01", ""),
            ("last_interaction", "2026-03-01", "2026-03-01T00:00Z"),
        ],
    )
    def test_two_values_are_not_the_same(self, name: str, one: Value, other: Value) -> None:
        assert not mapping.same(one, other, contacts(name))

    @given(st.text(), st.sampled_from([field for fields in FIELDS.values() for field in fields]))
    def test_everything_is_the_same_as_itself(self, text: str, field: Field) -> None:
        value: Value = [text] if field.shape is Shape.CHOICES else text

        assert mapping.same(value, value, field)

    @given(st.lists(st.text(max_size=5), max_size=5), st.randoms())
    def test_the_order_of_a_list_means_nothing(self, names: list[str], random: Any) -> None:
        shuffled = random.sample(names, len(names))

        assert mapping.same(names, shuffled, contacts("tags"))
