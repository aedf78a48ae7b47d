"""Which property probably holds which field, whatever people call it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notion_bridge import mapping
from notion_bridge.mapping import FIELDS, Field, Seen, field_of
from notion_bridge.mapping.names import SYNONYMS, bare
from tests.matrix import matrix

EVERY = [(kind, field) for kind, fields in FIELDS.items() for field in fields]
TYPES = sorted(
    {kind for fields in FIELDS.values() for field in fields for kind in field.accepts} | {"formula", "files"}
)


def schema(*properties: tuple[str, str]) -> dict[str, Seen]:
    """Properties by an id made of their place: "p0", "p1", ..."""
    return {f"p{at}": {"name": name, "type": kind, "options": []} for at, (name, kind) in enumerate(properties)}


def guessed_names(kind: str, *properties: tuple[str, str]) -> dict[str, str]:
    known = schema(*properties)
    return {field: known[property_id]["name"] for field, property_id in mapping.guess(kind, known).items()}


@matrix("kind", FIELDS)
def test_a_database_of_our_own_is_mapped_whole(kind: str) -> None:
    ours = schema(*((field.label, field.default_type) for field in FIELDS[kind]))

    guessed = mapping.guess(kind, ours)

    assert {name: ours[one]["name"] for name, one in guessed.items()} == {one.name: one.label for one in FIELDS[kind]}


ENGLISH = {
    "Full Name": ("title", "first_name"),
    "Surname": ("rich_text", "last_name"),
    "E-mail address": ("email", "email"),
    "Mobile": ("phone_number", "phone"),
    "Type": ("multi_select", "contact_types"),
    "Source": ("select", "lead_source"),
    "Brand": ("multi_select", "business_entities"),
    "Stage": ("status", "status"),
    "Labels": ("multi_select", "tags"),
    "Organization": ("rich_text", "company"),
    "Role": ("rich_text", "job_title"),
    "Comments": ("rich_text", "notes"),
    "Created": ("created_time", "date_added"),
    "Last contacted": ("date", "last_interaction"),
}
GERMAN = {
    "Vorname": ("title", "first_name"),
    "Nachname": ("rich_text", "last_name"),
    "E-Mail-Adresse": ("email", "email"),
    "Telefon": ("phone_number", "phone"),
    "Kontakttyp": ("multi_select", "contact_types"),
    "Quelle": ("select", "lead_source"),
    "Marke": ("multi_select", "business_entities"),
    "Kontaktstatus": ("select", "status"),
    "Schlagwörter": ("multi_select", "tags"),
    "Firma": ("rich_text", "company"),
    "Funktion": ("rich_text", "job_title"),
    "Notizen": ("rich_text", "notes"),
    "Hinzugefügt am": ("date", "date_added"),
    "Letzter Kontakt": ("date", "last_interaction"),
}
FRENCH = {
    "Prénom": ("title", "first_name"),
    "Nom": ("rich_text", "last_name"),
    "Courriel": ("email", "email"),
    "Téléphone": ("phone_number", "phone"),
    "Type de contact": ("multi_select", "contact_types"),
    "Origine": ("select", "lead_source"),
    "Marque": ("multi_select", "business_entities"),
    "Statut": ("status", "status"),
    "Étiquettes": ("multi_select", "tags"),
    "Société": ("select", "company"),
    "Poste": ("rich_text", "job_title"),
    "Remarques": ("rich_text", "notes"),
    "Date d'ajout": ("date", "date_added"),
    "Dernier contact": ("date", "last_interaction"),
}
SPANISH = {
    "Nombre": ("title", "first_name"),
    "Apellidos": ("rich_text", "last_name"),
    "Correo electrónico": ("email", "email"),
    "Teléfono": ("phone_number", "phone"),
    "Tipo de contacto": ("multi_select", "contact_types"),
    "Fuente": ("select", "lead_source"),
    "Marca": ("multi_select", "business_entities"),
    "Estado": ("select", "status"),
    "Etiquetas": ("multi_select", "tags"),
    "Empresa": ("rich_text", "company"),
    "Cargo": ("rich_text", "job_title"),
    "Notas": ("rich_text", "notes"),
    "Fecha de alta": ("date", "date_added"),
    "Último contacto": ("date", "last_interaction"),
}


@pytest.mark.parametrize("table", [ENGLISH, GERMAN, FRENCH, SPANISH], ids=["en", "de", "fr", "es"])
def test_a_database_of_contacts_in_another_language_is_understood(table: dict[str, tuple[str, str]]) -> None:
    guessed = guessed_names("contacts", *((name, kind) for name, (kind, _) in table.items()))

    assert guessed == {field: name for name, (_, field) in table.items()}


@pytest.mark.parametrize(
    "table",
    [
        {"title": "Task", "status": "State", "due_date": "Deadline", "assigned_to": "Owner", "priority": "Prio"},
        {"title": "Aufgabe", "status": "Aufgabenstatus", "due_date": "Fällig am", "assigned_to": "Zuständig"},
        {"title": "Tâche", "status": "État", "due_date": "Échéance", "assigned_to": "Responsable"},
        {"title": "Tarea", "status": "Estado", "due_date": "Fecha límite", "assigned_to": "Asignado a"},
    ],
    ids=["en", "de", "fr", "es"],
)
def test_a_database_of_tasks_in_another_language_is_understood(table: dict[str, str]) -> None:
    types = {"title": "title", "status": "status", "due_date": "date", "assigned_to": "people", "priority": "select"}

    assert guessed_names("tasks", *((called, types[field]) for field, called in table.items())) == table


@pytest.mark.parametrize(
    "table",
    [
        {"name": "Name", "workflow": "Process", "current_step": "Step", "start_date": "Started at"},
        {"name": "Instanz", "workflow": "Ablauf", "current_step": "Aktueller Schritt", "start_date": "Beginn"},
        {"name": "Nom", "workflow": "Processus", "current_step": "Étape actuelle", "start_date": "Date de début"},
        {"name": "Nombre", "workflow": "Flujo de trabajo", "current_step": "Paso actual", "start_date": "Inicio"},
    ],
    ids=["en", "de", "fr", "es"],
)
def test_a_database_of_workflows_in_another_language_is_understood(table: dict[str, str]) -> None:
    types = {"name": "title", "workflow": "select", "current_step": "rich_text", "start_date": "date"}

    assert guessed_names("instances", *((called, types[field]) for field, called in table.items())) == table


@matrix("name", ["📧 Email", "e-mail", "E MAIL", "EMAIL:", "(email)", "Ｅｍａｉｌ"])  # noqa: RUF001
def test_decoration_does_not_hide_a_name(name: str) -> None:
    assert guessed_names("contacts", (name, "rich_text")) == {"email": name}


def test_the_exact_name_goes_before_any_other() -> None:
    guessed = guessed_names("contacts", ("E-Mail", "email"), ("Mail", "email"), ("Email", "rich_text"))

    assert guessed["email"] == "Email"


def test_the_better_other_name_goes_first() -> None:
    guessed = guessed_names("contacts", ("Posta elettronica", "email"), ("Mail", "email"))

    assert guessed["email"] == "Mail"


def test_of_two_properties_of_one_name_the_better_type_is_taken() -> None:
    known = schema(("E-mail", "rich_text"), ("e-mail", "email"))

    assert mapping.guess("contacts", known)["email"] == "p1"


def test_a_property_of_a_type_the_field_cannot_live_in_is_not_taken() -> None:
    assert guessed_names("contacts", ("Phone", "checkbox"), ("Email", "files"), ("Date Added", "number")) == {}


def test_a_property_that_can_only_be_read_is_taken_where_there_is_no_better() -> None:
    known = schema(("Phone", "number"), ("Telefon", "phone_number"), ("Tags", "relation"))

    assert mapping.guess("contacts", known) == {"phone": "p1", "tags": "p2"}


def test_the_title_is_taken_for_ours_whatever_it_is_called() -> None:
    assert guessed_names("tasks", ("Was zu tun ist", "title")) == {"title": "Was zu tun ist"}


def test_a_title_that_says_something_else_is_believed() -> None:
    assert guessed_names("contacts", ("Email", "title")) == {"email": "Email"}


def test_a_lone_email_or_phone_property_speaks_for_itself() -> None:
    guessed = guessed_names("contacts", ("Reach me at", "email"), ("Ring", "phone_number"))

    assert guessed == {"email": "Reach me at", "phone": "Ring"}


def test_two_strange_email_properties_are_left_to_staff() -> None:
    assert guessed_names("contacts", ("Private", "email"), ("Office", "email")) == {}


def test_our_id_is_not_guessed_from_a_property_of_another_type() -> None:
    assert guessed_names("contacts", ("Contact ID", "unique_id")) == {}


@matrix("kind, field", EVERY)
def test_every_other_name_of_a_field_is_understood_on_its_own(kind: str, field: Field) -> None:
    for word in SYNONYMS[kind][field.name]:
        guessed = mapping.guess(kind, schema((word, field.default_type)))

        assert guessed == {field.name: "p0"}, word


SCHEMAS = st.lists(
    st.tuples(
        st.sampled_from([field.label for fields in FIELDS.values() for field in fields]) | st.text(max_size=12),
        st.sampled_from(TYPES),
    ),
    max_size=25,
).map(lambda properties: schema(*properties))


@given(st.sampled_from(sorted(FIELDS)), SCHEMAS)
def test_a_property_is_guessed_for_one_field_only(kind: str, known: dict[str, Seen]) -> None:
    guessed = list(mapping.guess(kind, known).values())

    assert len(guessed) == len(set(guessed))


@given(st.sampled_from(sorted(FIELDS)), SCHEMAS)
def test_every_guess_can_hold_its_field(kind: str, known: dict[str, Seen]) -> None:
    guessed = mapping.guess(kind, known)

    assert all(mapping.is_usable(field_of(kind, name), known[one]["type"]) for name, one in guessed.items())


@given(st.sampled_from(sorted(FIELDS)), SCHEMAS, st.randoms(use_true_random=False))
def test_the_order_of_the_properties_means_nothing(kind: str, known: dict[str, Seen], random: object) -> None:
    backwards = dict(reversed(known.items()))

    assert mapping.guess(kind, backwards) == mapping.guess(kind, known)


@matrix("name, letters", [("E-Mail", "email"), ("Prénom", "prenom"), ("📞 Téléphone (pro)", "telephonepro"), ("—", "")])
def test_a_name_is_compared_by_its_letters(name: str, letters: str) -> None:
    assert bare(name) == letters
