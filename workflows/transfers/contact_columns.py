"""A person as a row of a spreadsheet, in the columns that an import knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from contactflow.core import mail_addresses
from contacts import consent
from contacts.imports import cells, columns
from contacts.imports import permissions as saying
from contacts.imports.cells import CUSTOM
from contacts.models import Consent, Contact

# What is not simply an attribute.
VALUES: Final[Mapping[str, Callable[[Contact], Any]]] = {
    "contact_types": lambda one: [kind.name for kind in one.contact_types.all()],
    "lead_source": lambda one: one.lead_source.name if one.lead_source else "",
    "business_entities": lambda one: [each.business_entity.name for each in one.memberships.all()],
    "status": lambda one: one.status.name,
    "added_on": lambda one: one.added_on.isoformat() if one.added_on else "",
    "last_interaction": lambda one: (
        one.last_interaction_at.strftime("%Y-%m-%d %H:%M UTC") if one.last_interaction_at else ""
    ),
    "known_since": lambda one: one.created_at.strftime("%Y-%m-%d"),
    "contact_id": lambda one: str(one.pk),
}
# Not ticked when somebody exports.
SELDOM: Final = ("notes", "timezone", "locale", "interests", "last_interaction", "known_since", "contact_id")


def column_names() -> dict[str, str]:
    """The columns an export can have besides custom fields: name of the field -> heading."""
    return {name: one.heading for name, one in columns.FIELDS.items() if name != columns.FULL_NAME}


def headings(chosen: Sequence[str]) -> list[str]:
    """As an import knows them, so that a file goes out and comes back."""
    known = column_names()
    return [known.get(name) or columns.heading(name.removeprefix(CUSTOM)) for name in chosen]


def rows(people: Sequence[Contact], chosen: Sequence[str]) -> list[list[str]]:
    """The cells of each of them."""
    permitted = permissions(people) if "permission" in chosen else {}
    return [[cells.written(name, _value(one, name, permitted)) for name in chosen] for one in people]


def _value(contact: Contact, name: str, permitted: Mapping[UUID, str]) -> Any:
    if name.startswith(CUSTOM):
        return contact.custom.get(name.removeprefix(CUSTOM))
    if name == "permission":
        return permitted[contact.pk]
    return VALUES[name](contact) if name in VALUES else getattr(contact, name)


def with_rows(people: QuerySet[Contact]) -> QuerySet[Contact]:
    """With all that a row of the export shows."""
    return people.select_related("status", "lead_source").prefetch_related(
        "contact_types", "memberships__business_entity"
    )


def permissions(people: Sequence[Contact]) -> dict[UUID, str]:
    """Whether each may be written to, and why not; as contacts.consent judges one, for many in two queries."""
    blocked = {
        email: row.get_reason_display()
        for email, row in consent.suppressions_of(emails=[one.email for one in people]).items()
    }
    records = consent.newest_records(people)
    return {one.pk: _permission(one, blocked, records[one.pk]) for one in people}


def _permission(person: Contact, blocked: Mapping[str, str], records: Sequence[Consent]) -> str:
    if person.status.blocks_contact:
        return f"{saying.BLOCKED}{person.status.name}"
    if reason := blocked.get(mail_addresses.folded(person.email)):
        return f"{saying.BLOCKED}{reason.lower()}"
    general = next((at for at, one in enumerate(records) if one.business_entity is None), len(records))
    # What is older than a word about every brand holds no more.
    return saying.written(list(reversed(records[: general + 1]))) or saying.NOTHING
