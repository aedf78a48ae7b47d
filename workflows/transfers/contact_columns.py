"""A person as a row of a spreadsheet: the same columns on the way out and, as fields to choose from, on the way in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Lower

from contacts import consent
from contacts.imports import cells, columns
from contacts.imports.cells import CUSTOM
from contacts.models import Consent, Contact, Suppression

# What an import can fill; the values are fields of contacts.imports.columns.
FIELD_NAMES: Final = {
    "email": "Email",
    "first_name": "First name",
    "last_name": "Last name",
    "full_name": "Full name (split into first and last)",
    "phone": "Phone",
    "company": "Company",
    "job_title": "Job title",
    "contact_types": "Contact type (several: with commas)",
    "lead_source": "Lead source",
    "business_entities": "Brand (several: with commas)",
    "status": "Status",
    "tags": "Tags (with commas)",
    "interests": "Interests (with commas)",
    "notes": "Notes",
    "added_on": "Date added",
    "timezone": "Time zone",
    "locale": "Language",
}
# The columns of an export: heading, and the value of a person. The headings are those an import knows, so that a file
# goes out and comes back.
COLUMNS: Final[Mapping[str, tuple[str, Callable[[Contact], Any]]]] = {
    "email": ("Email", lambda one: one.email),
    "first_name": ("First Name", lambda one: one.first_name),
    "last_name": ("Last Name", lambda one: one.last_name),
    "phone": ("Phone", lambda one: one.phone),
    "company": ("Company", lambda one: one.company),
    "job_title": ("Job Title", lambda one: one.job_title),
    "contact_types": ("Contact Type", lambda one: [kind.name for kind in one.contact_types.all()]),
    "lead_source": ("Lead Source", lambda one: one.lead_source.name if one.lead_source else ""),
    "business_entities": ("Business Entity", lambda one: [each.business_entity.name for each in one.memberships.all()]),
    "status": ("Status", lambda one: one.status.name),
    "permission": ("Permission To Email", lambda one: ""),  # of many at once, by `permissions`
    "tags": ("Tags", lambda one: one.tags),
    "interests": ("Interests", lambda one: one.interests),
    "notes": ("Notes", lambda one: one.notes),
    "added_on": ("Date Added", lambda one: one.added_on.isoformat() if one.added_on else ""),
    "timezone": ("Timezone", lambda one: one.timezone),
    "locale": ("Locale", lambda one: one.locale),
    "last_interaction": (
        "Last Interaction",
        lambda one: one.last_interaction_at.strftime("%Y-%m-%d %H:%M UTC") if one.last_interaction_at else "",
    ),
    "known_since": ("Known Since", lambda one: one.created_at.strftime("%Y-%m-%d")),
    "contact_id": ("Contact ID", lambda one: str(one.pk)),
}
# Not ticked when somebody exports.
SELDOM: Final = ("notes", "timezone", "locale", "interests", "last_interaction", "known_since", "contact_id")


def column_names(custom: Sequence[str] = ()) -> dict[str, str]:
    """The columns an export can have: name of the field -> heading."""
    return {name: heading for name, (heading, _) in COLUMNS.items()} | {f"{CUSTOM}{name}": name for name in custom}


def headings(chosen: Sequence[str]) -> list[str]:
    return [
        columns.heading(name.removeprefix(CUSTOM)) if name.startswith(CUSTOM) else COLUMNS[name][0] for name in chosen
    ]


def rows(people: Sequence[Contact], chosen: Sequence[str]) -> list[list[str]]:
    """The cells of each of them."""
    permitted = permissions(people) if "permission" in chosen else {}
    return [[cells.written(name, _value(one, name, permitted)) for name in chosen] for one in people]


def _value(contact: Contact, name: str, permitted: Mapping[UUID, str]) -> Any:
    if name.startswith(CUSTOM):
        return contact.custom.get(name.removeprefix(CUSTOM))
    return permitted.get(contact.pk, "") if name == "permission" else COLUMNS[name][1](contact)


def with_rows(people: QuerySet[Contact]) -> QuerySet[Contact]:
    """With all that a row of the export shows."""
    return people.select_related("status", "lead_source").prefetch_related(
        "contact_types", "memberships__business_entity"
    )


def permissions(people: Sequence[Contact]) -> dict[UUID, str]:
    """Whether each may be written to, and why not; as contacts.consent judges one, for many in two queries."""
    rows = Suppression.objects.alias(address=Lower("email")).filter(address__in=[one.email.lower() for one in people])
    blocked = {row.email.lower(): row.get_reason_display() for row in rows}
    records = consent.newest_records(people)
    return {one.pk: _permission(one, blocked, records[one.pk]) for one in people}


def _permission(person: Contact, blocked: Mapping[str, str], records: Sequence[Consent]) -> str:
    if person.status.blocks_contact:
        return f"No: {person.status.name}"
    if reason := blocked.get(person.email.lower()):
        return f"No: {reason.lower()}"
    general = next((at for at, one in enumerate(records) if one.business_entity is None), len(records))
    said = [  # what is older than a word about every brand holds no more
        f"{one.get_state_display()} ({one.business_entity or 'every brand'}, {one.recorded_at:%Y-%m-%d})"
        for one in reversed(records[: general + 1])
    ]
    return "; ".join(said) or "Nothing recorded"
