"""What a data source looks like, what is created in it, and what changed about it."""

from __future__ import annotations

from typing import Any

from notion_bridge import mapping
from notion_bridge.mapping import FIELDS, ChangeKind, Field, SchemaChange, Seen, field_of
from tests.matrix import matrix

EVERY = [(kind, field) for kind, fields in FIELDS.items() for field in fields]
DATA_SOURCE: dict[str, Any] = {
    "object": "data_source",
    "id": "2f26ee68-df30-4251-aad4-8ddc420cba3d",
    "properties": {
        "Name": {"id": "title", "name": "Name", "type": "title", "title": {}, "description": None},
        "Email": {"id": "%3AUPp", "name": "Email", "type": "email", "email": {}},
        "Tags": {
            "id": "f%5C%5C%3Ap",
            "name": "Tags",
            "type": "multi_select",
            "multi_select": {"options": [{"id": "a", "name": "vip", "color": "red"}, {"id": "b", "name": "press"}]},
        },
        "Status": {
            "id": "Z%3ClH",
            "name": "Status",
            "type": "status",
            "status": {"options": [{"id": "c", "name": "Done", "color": "green"}], "groups": []},
        },
    },
}


def known(name: str, kind: str, *options: str) -> Seen:
    return {"name": name, "type": kind, "options": list(options)}


class TestSeeing:
    def test_properties_are_kept_by_their_decoded_id(self) -> None:
        assert mapping.seen(DATA_SOURCE) == {
            "title": known("Name", "title"),
            ":UPp": known("Email", "email"),
            "f\\\\:p": known("Tags", "multi_select", "vip", "press"),
            "Z<lH": known("Status", "status", "Done"),
        }

    def test_a_property_without_a_name_has_that_of_its_key(self) -> None:
        seen = mapping.seen({"properties": {"Email": {"id": "a", "type": "email"}}})

        assert seen == {"a": known("Email", "email")}

    @matrix(
        "given",
        [
            {},
            {"properties": None},
            {"properties": []},
            {"properties": {"A": None}},
            {"properties": {"A": {"type": "email"}}},
            {"properties": {"A": {"id": "", "type": "email"}}},
            {"properties": {"A": {"id": "a"}}},
            {"properties": {"A": {"id": 3, "type": "email"}}},
        ],
    )
    def test_what_is_no_property_is_passed_over(self, given: dict[str, Any]) -> None:
        assert mapping.seen(given) == {}

    @matrix("configuration", [None, {}, {"options": None}, {"options": [None, {}, {"name": 3}]}])
    def test_odd_options_are_none(self, configuration: object) -> None:
        seen = mapping.seen({"properties": {"A": {"id": "a", "type": "select", "select": configuration}}})

        assert seen["a"]["options"] == []

    def test_a_type_that_came_later_is_kept_as_it_is(self) -> None:
        seen = mapping.seen({"properties": {"A": {"id": "a", "type": "hologram", "hologram": {}}}})

        assert seen == {"a": known("A", "hologram")}


class TestCreating:
    @matrix("kind, field", EVERY)
    def test_a_property_is_created_with_the_fields_type(self, kind: str, field: Field) -> None:
        assert list(mapping.definition(field)) == [field.default_type]

    @matrix("kind, field", EVERY)
    def test_nothing_is_created_that_only_a_person_can_extend(self, kind: str, field: Field) -> None:
        assert field.default_type != "status"

    @matrix("kind", FIELDS)
    def test_a_fresh_database_has_every_property_by_name(self, kind: str) -> None:
        assert list(mapping.definitions(kind)) == [field.label for field in FIELDS[kind]]

    def test_a_property_gets_its_usual_options(self) -> None:
        made = mapping.definition(field_of("tasks", "priority"))

        assert made == {"select": {"options": [{"name": name} for name in ("Low", "Medium", "High", "Urgent")]}}

    def test_a_property_gets_the_options_it_is_given(self) -> None:
        made = mapping.definitions("contacts", options={"contact_types": ["Artist", "Artist", "Collector"]})

        assert made["Contact Type"] == {"multi_select": {"options": [{"name": "Artist"}, {"name": "Collector"}]}}

    def test_options_notion_would_refuse_are_left_out(self) -> None:
        made = mapping.definition(field_of("contacts", "tags"), options=["a, b", "c" * 101, "good"])

        assert made == {"multi_select": {"options": [{"name": "good"}]}}

    def test_no_more_than_a_hundred_options_are_created_at_once(self) -> None:
        made = mapping.definition(field_of("contacts", "tags"), options=[f"tag {n}" for n in range(150)])

        assert len(made["multi_select"]["options"]) == 100

    def test_fields_without_a_property_are_missing(self) -> None:
        chosen = {field.name: "x" for field in FIELDS["contacts"]} | {"phone": ""}
        del chosen["tags"]

        assert [field.name for field in mapping.missing("contacts", chosen, {})] == ["phone", "tags"]

    def test_what_is_missing_is_added_and_the_title_is_not(self) -> None:
        added = mapping.additions("contacts", {}, {"email": "a"})

        labels = [field.label for field in FIELDS["contacts"] if field.name not in ("first_name", "email")]
        assert list(added) == labels

    def test_an_addition_comes_with_its_field_and_options(self) -> None:
        added = mapping.additions("contacts", {}, {}, options={"tags": ["vip"]})

        assert added["Tags"] == (field_of("contacts", "tags"), {"multi_select": {"options": [{"name": "vip"}]}})

    def test_a_name_that_is_taken_is_not_used_again(self) -> None:
        schema = {"a": known("phone", "number"), "b": known("Phone (Contactflow)", "number")}

        added = mapping.additions("contacts", schema, {"company": "a"})

        assert added["Phone (Contactflow 2)"] == (field_of("contacts", "phone"), {"phone_number": {}})


class TestChanges:
    BEFORE = {
        "a": known("Email", "email"),
        "b": known("Status", "select", "Active", "Inactive"),
        "c": known("Colour", "select", "red"),
    }
    CHOSEN = {"email": "a", "status": "b", "phone": ""}

    def changes(self, **after: Seen | None) -> list[SchemaChange]:
        merged = {one: seen for one, seen in (self.BEFORE | after).items() if seen}
        return mapping.changes("contacts", self.BEFORE, merged, self.CHOSEN)

    def test_nothing_changed_is_no_change(self) -> None:
        assert self.changes() == []

    def test_a_rename_stops_nothing(self) -> None:
        assert self.changes(a=known("Mail", "email")) == [
            SchemaChange(ChangeKind.RENAMED, "email", "a", "Email", "Mail")
        ]

    def test_options_that_came_and_went_are_told(self) -> None:
        assert self.changes(b=known("Status", "select", "Active", "Patron")) == [
            SchemaChange(ChangeKind.OPTION_REMOVED, "status", "b", old="Inactive"),
            SchemaChange(ChangeKind.OPTION_ADDED, "status", "b", new="Patron"),
        ]

    def test_options_in_another_order_are_no_change(self) -> None:
        assert self.changes(b=known("Status", "select", "Inactive", "Active")) == []

    def test_a_new_property_is_told_with_the_field_it_might_hold(self) -> None:
        assert self.changes(d=known("Telefon", "phone_number")) == [
            SchemaChange(ChangeKind.ADDED, "phone", "d", new="Telefon")
        ]

    def test_a_new_property_for_a_field_that_has_one_suggests_nothing(self) -> None:
        assert self.changes(d=known("E-Mail", "email")) == [SchemaChange(ChangeKind.ADDED, "", "d", new="E-Mail")]

    @matrix("after", [None, known("Color", "select", "red"), known("Colour", "number")])
    def test_what_happens_to_other_peoples_properties_is_theirs(self, after: Seen | None) -> None:
        assert self.changes(c=after) == []

    def test_at_the_first_look_nothing_is_new(self) -> None:
        assert mapping.changes("contacts", {}, self.BEFORE, {}) == []

    def test_a_property_made_for_a_field_is_not_news(self) -> None:
        found = mapping.changes(
            "contacts", {"x": known("X", "title")}, {"x": known("X", "title")} | self.BEFORE, self.CHOSEN
        )

        assert [change.property_id for change in found] == ["c"]
