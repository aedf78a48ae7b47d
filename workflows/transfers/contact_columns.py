"""A person as a row of a spreadsheet: the same columns on the way out and, as fields to choose from, on the way in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Lower
from import_export.fields import Field
from import_export.resources import Resource

from contacts.imports.columns import CUSTOM
from contacts.models import Consent, Contact, Suppression

# What an import can fill; the values are fields of contacts.imports.columns.
FIELD_NAMES: Final = {
    "email": "Email",
    "first_name": "First name",
    "last_name": "Last name",
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
# Not ticked when somebody exports.
SELDOM: Final = ("notes", "timezone", "locale", "interests", "last_interaction", "known_since", "contact_id")


class PersonResource(Resource):  # type: ignore[misc]  # the package has no types
    """The columns of an export. Their names are those an import knows, so that a file goes out and comes back."""

    email = Field(attribute="email", column_name="Email")
    first_name = Field(attribute="first_name", column_name="First Name")
    last_name = Field(attribute="last_name", column_name="Last Name")
    phone = Field(attribute="phone", column_name="Phone")
    company = Field(attribute="company", column_name="Company")
    job_title = Field(attribute="job_title", column_name="Job Title")
    contact_types = Field(column_name="Contact Type")
    lead_source = Field(attribute="lead_source__name", column_name="Lead Source")
    business_entities = Field(column_name="Business Entity")
    status = Field(attribute="status__name", column_name="Status")
    permission = Field(column_name="Permission To Email")
    tags = Field(column_name="Tags")
    interests = Field(column_name="Interests")
    notes = Field(attribute="notes", column_name="Notes")
    added_on = Field(column_name="Date Added")
    timezone = Field(attribute="timezone", column_name="Timezone")
    locale = Field(attribute="locale", column_name="Locale")
    last_interaction = Field(column_name="Last Interaction")
    known_since = Field(column_name="Known Since")
    contact_id = Field(column_name="Contact ID")

    def __init__(self, *, permissions: Mapping[UUID, str] | None = None, custom: Sequence[str] = ()) -> None:
        super().__init__()
        self._permissions = permissions or {}
        for name in custom:
            self.fields[f"{CUSTOM}{name}"] = Field(column_name=name, dehydrate_method=_custom(name))

    def dehydrate_contact_types(self, contact: Contact) -> str:
        return ", ".join(kind.name for kind in contact.contact_types.all())

    def dehydrate_business_entities(self, contact: Contact) -> str:
        return ", ".join(membership.business_entity.name for membership in contact.memberships.all())

    def dehydrate_permission(self, contact: Contact) -> str:
        return self._permissions.get(contact.pk, "")

    def dehydrate_tags(self, contact: Contact) -> str:
        return ", ".join(contact.tags)

    def dehydrate_interests(self, contact: Contact) -> str:
        return ", ".join(contact.interests)

    def dehydrate_added_on(self, contact: Contact) -> str:
        return contact.added_on.isoformat() if contact.added_on else ""

    def dehydrate_last_interaction(self, contact: Contact) -> str:
        return contact.last_interaction_at.strftime("%Y-%m-%d %H:%M UTC") if contact.last_interaction_at else ""

    def dehydrate_known_since(self, contact: Contact) -> str:
        return contact.created_at.strftime("%Y-%m-%d")

    def dehydrate_contact_id(self, contact: Contact) -> str:
        return str(contact.pk)


def column_names(custom: Sequence[str] = ()) -> dict[str, str]:
    """The columns an export can have: name of the field -> heading."""
    return {name: str(field.column_name) for name, field in PersonResource(custom=custom).fields.items()}


def with_rows(people: QuerySet[Contact]) -> QuerySet[Contact]:
    """With all that a row of the export shows."""
    return people.select_related("status", "lead_source").prefetch_related(
        "contact_types", "memberships__business_entity"
    )


def permissions(people: Iterable[Contact]) -> dict[UUID, str]:
    """Whether each may be written to, and why not; as contacts.consent judges one, for many in two queries."""
    by_id = {person.pk: person for person in people}
    blocked = {
        row.email.lower(): row.get_reason_display()
        for row in Suppression.objects.alias(address=Lower("email")).filter(
            address__in=[person.email for person in by_id.values()]
        )
    }
    said: dict[UUID, dict[str, str]] = {}
    consents = Consent.objects.filter(contact__in=by_id, channel="email").select_related("business_entity")
    for consent in consents.order_by("recorded_at", "id"):  # the newest for a brand is what stays
        brand = consent.business_entity.name if consent.business_entity else "every brand"
        of_person = said.setdefault(consent.contact_id, {})
        if consent.business_entity is None:
            of_person.clear()
        of_person[brand] = f"{consent.get_state_display()} ({brand}, {consent.recorded_at:%Y-%m-%d})"
    return {pk: _permission(person, blocked, said.get(pk, {})) for pk, person in by_id.items()}


def _permission(person: Contact, blocked: Mapping[str, str], said: Mapping[str, str]) -> str:
    if person.status.blocks_contact:
        return f"No: {person.status.name}"
    if reason := blocked.get(person.email.lower()):
        return f"No: {reason.lower()}"
    return "; ".join(said.values()) or "Nothing recorded"


def _custom(name: str) -> Any:
    def value(contact: Contact) -> str:
        held = contact.custom.get(name)
        if held is None or isinstance(held, str):
            return held or ""
        return json.dumps(held, ensure_ascii=False)

    return value
