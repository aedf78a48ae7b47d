"""The tables of fields: complete, consistent, and the same as the databases are described."""

from __future__ import annotations

import pytest

from notion_bridge.mapping import FIELDS, READ_ONLY, Field, Shape, field_of, folded, key_of
from notion_bridge.mapping.names import SYNONYMS
from notion_bridge.mapping.reading import _READERS
from notion_bridge.mapping.writing import _WRITERS
from tests.matrix import matrix

EVERY = [(kind, field) for kind, fields in FIELDS.items() for field in fields]
LABELS = {
    "contacts": "First Name, Last Name, Email, Phone, Contact Type, Lead Source, Business Entity, Status, Tags, "
    "Company, Job Title, Notes, Date Added, Last Interaction, Contact ID",
    "tasks": "Task Name, Task ID, Status, Description, Priority, Category, Due Date, Assigned To, Contact Email, "
    "Business Entity, Source",
    "instances": "Instance Name, Instance ID, Workflow, Status, Contact Email, Business Entity, Trigger Event, "
    "Current Step, Start Date, End Date, Execution Results",
}
TYPES = {
    "contacts": "title rich_text email phone_number multi_select select multi_select select multi_select "
    "rich_text rich_text rich_text date date rich_text",
    "tasks": "title rich_text select rich_text select select date rich_text email select select",
    "instances": "title rich_text select select email select rich_text rich_text date date rich_text",
}


@matrix("kind", FIELDS)
def test_the_properties_have_the_names_people_were_told(kind: str) -> None:
    assert [field.label for field in FIELDS[kind]] == LABELS[kind].split(", ")


@matrix("kind", FIELDS)
def test_the_properties_have_the_types_people_were_told(kind: str) -> None:
    assert [field.default_type for field in FIELDS[kind]] == TYPES[kind].split()


@matrix("kind", FIELDS)
def test_a_database_has_one_title_one_key_and_a_name(kind: str) -> None:
    titles = [field for field in FIELDS[kind] if field.is_title]
    keys = [field for field in FIELDS[kind] if field.is_key]

    assert (len(titles), len(keys)) == (1, 1)


@matrix("kind", FIELDS)
def test_no_name_or_label_is_given_twice(kind: str) -> None:
    fields = FIELDS[kind]

    assert len({field.name for field in fields}) == len({field.label for field in fields}) == len(fields)


@matrix("kind, field", EVERY)
def test_a_field_accepts_the_type_it_is_created_with_first(kind: str, field: Field) -> None:
    assert field.accepts[0] == field.default_type


@matrix("kind, field", EVERY)
def test_every_accepted_type_can_be_read(kind: str, field: Field) -> None:
    assert set(field.accepts) <= _READERS.keys()


@matrix("kind, field", EVERY)
def test_every_accepted_type_can_be_written_unless_notion_sets_it(kind: str, field: Field) -> None:
    assert set(field.accepts) - READ_ONLY <= _WRITERS.keys()


@matrix("kind, field", EVERY)
def test_only_a_field_that_is_pulled_may_live_where_nobody_writes(kind: str, field: Field) -> None:
    assert field.pulled or not READ_ONLY & set(field.accepts)


@matrix("kind, field", EVERY)
def test_every_field_has_other_names(kind: str, field: Field) -> None:
    assert field.is_key or len(SYNONYMS[kind][field.name]) >= 3


@matrix("kind", FIELDS)
def test_other_names_are_those_of_fields(kind: str) -> None:
    assert SYNONYMS[kind].keys() == {field.name for field in FIELDS[kind]}


@matrix("kind, field", EVERY)
def test_another_name_is_no_fields_own_label(kind: str, field: Field) -> None:
    assert "" not in SYNONYMS[kind][field.name]


@matrix("kind, field", EVERY)
def test_what_notion_may_not_change_is_contactflows(kind: str, field: Field) -> None:
    usual = {"contacts": "notion", "tasks": "newest", "instances": "notion"}[kind]

    assert field.default_rule == (usual if field.pulled else "contactflow")


@matrix("kind, field", EVERY)
def test_synonyms_lead_to_options(kind: str, field: Field) -> None:
    assert set(field.synonyms.values()) == set(field.options)


@matrix("kind, field", EVERY)
def test_an_option_means_itself(kind: str, field: Field) -> None:
    assert all(field.synonyms[folded(option)] == option for option in field.options)


def test_every_shape_is_used() -> None:
    assert {field.shape for fields in FIELDS.values() for field in fields} == set(Shape)


def test_only_the_status_of_an_instance_comes_from_notion() -> None:
    assert [field.name for field in FIELDS["instances"] if field.pulled] == ["status"]


def test_the_address_of_a_tasks_contact_is_read_once() -> None:
    field = field_of("tasks", "contact_email")

    assert not field.pulled


@matrix("kind, name", [("contacts", "contact_id"), ("tasks", "task_id"), ("instances", "instance_id")])
def test_our_id_is_never_taken_from_notion(kind: str, name: str) -> None:
    key = key_of(kind)

    assert (key.name, key.pulled, key.pushed, key.accepts) == (name, False, True, ("rich_text",))


def test_a_field_nobody_has_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        field_of("contacts", "shoe_size")
