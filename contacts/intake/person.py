"""A contact in working memory while arrivals are taken in: what is known, what was added, what changed."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contactflow.core.reasons import Reason
from contacts import cleaning, consent
from contacts.intake.arrival import Changes, Facts
from contacts.intake.validation import ValidatedArrival
from contacts.models import BusinessEntity, Consent, Contact, ContactType, EntityMembership
from contacts.reference_data import ReferenceData, named
from contacts.rules import Profile

ROWS = {"contact_types": "types", "business_entities": "entities"}
NO_COLUMNS = {"contact_types", "business_entities", "permission"}  # of the contact's own row
TEXTS = ("first_name", "last_name", "phone", "company", "job_title", "timezone", "locale", "notes")


@dataclass
class Person:
    """`contact` is locked (or new and not yet written); `types` and `entities` are in their order."""

    contact: Contact
    is_new: bool
    types: list[ContactType] = field(default_factory=list)
    entities: list[BusinessEntity] = field(default_factory=list)
    memberships: dict[int, EntityMembership] = field(default_factory=dict)  # stored ones, by entity
    stored_types: frozenset[int] = frozenset()
    because: dict[int, Reason] = field(default_factory=dict)  # why an entity was added
    columns: set[str] = field(default_factory=set)  # to be written
    has_changes: bool = False
    consents: list[Consent] = field(default_factory=list)  # the newest for each brand and for all, the newest first
    recorded: list[Consent] = field(default_factory=list)  # to be written

    # Taking in: nothing given is ever erased by an arrival

    def fill(self, arrival: ValidatedArrival) -> None:
        """Take over what the source knows; empty values say nothing, lists are united, the strictest status stays."""
        for name, value in arrival.texts.items():
            if value:
                setattr(self.contact, name, value)
        self._read_phone(arrival)
        if arrival.custom:
            before = self.contact.custom
            known = {
                name: value
                for name, value in arrival.custom.items()
                if not _is_blank(value) and not _is_spelled(before.get(name), value)
            }
            self.contact.custom = {**self.contact.custom, **known}
        self.contact.tags = cleaning.united(self.contact.tags, arrival.tags or ())
        self.contact.interests = cleaning.united(self.contact.interests, arrival.interests or ())
        self.contact.added_on = arrival.added_on or self.contact.added_on
        self.contact.lead_source = arrival.lead_source or self.contact.lead_source
        if arrival.status is not None:
            self.contact.status = consent.strictest(known=self.contact.status, arriving=arrival.status)
        self.add_types(arrival.contact_types or ())

    def permit(self, permission: Mapping[BusinessEntity | None, bool | None], *, source: str, now: dt.datetime) -> None:
        """Record what a source says of being written to: it may forbid it, but never allow it again; and None forbids
        it for somebody new."""
        for brand, may in permission.items():
            if may is None and not self.is_new:
                continue
            record = consent.told(
                contact=self.contact, known=self.consents, brand=brand, may=bool(may), source=source, now=now
            )
            if record is not None:
                self.consents.insert(0, record)
                self.recorded.append(record)

    def replace(self, arrival: ValidatedArrival, *, erase: Collection[str]) -> None:
        """Set exactly what was given, empty values too: a colleague's edit. `erase` names columns to set to nothing."""
        for name, value in arrival.texts.items():
            setattr(self.contact, name, value)
        self._read_phone(arrival)
        for name in ("custom", "tags", "interests", "status", "added_on", "lead_source"):
            if (value := getattr(arrival, name)) is not None:
                setattr(self.contact, name, value)
        for name in erase:
            setattr(self.contact, name, None)
        if arrival.contact_types is not None:
            self.types = list(arrival.contact_types)
        if arrival.email != self.contact.email:
            self.contact.email, self.contact.email_typed = arrival.email, arrival.email_typed

    def _read_phone(self, arrival: ValidatedArrival) -> None:
        """By all that is known of where they are, whichever came first."""
        if arrival.texts.keys() & {"phone", "locale", "timezone"}:
            contact = self.contact
            contact.phone = cleaning.phone(contact.phone, locale=contact.locale, timezone=contact.timezone)

    def add_types(self, types: Iterable[ContactType]) -> None:
        self.types = list(dict.fromkeys([*self.types, *types]))

    def add_entity(self, entity: BusinessEntity, *, because: Reason) -> bool:
        """False where the person belonged to the brand already."""
        if entity in self.entities:
            return False
        self.entities.append(entity)
        self.because[entity.pk] = because
        return True

    # What is known

    def profile(self, arrival: ValidatedArrival | None = None) -> Profile:
        """What rules judge; message and form come from the arrival alone."""
        contact = self.contact
        return Profile(
            email=contact.email,
            job_title=contact.job_title,
            company=contact.company,
            form=arrival.form if arrival else "",
            message=arrival.message if arrival else "",
            interests=tuple(contact.interests),
            tags=tuple(contact.tags),
            lead_source=named(contact.lead_source) if contact.lead_source else None,
            contact_types=tuple(named(kind) for kind in self.types),
        )

    def facts(self) -> Facts:
        return {
            "contact_types": [kind.name for kind in self.types],
            "lead_source": self.contact.lead_source.name if self.contact.lead_source else "",
            "business_entities": [entity.name for entity in self.entities],
            "interests": list(self.contact.interests),
            "tags": list(self.contact.tags),
        }

    def snapshot(self) -> dict[str, Any]:
        """Every value an arrival can change, in words a person reads."""
        contact = self.contact
        return {
            "email": contact.email,
            **{name: getattr(contact, name) for name in TEXTS},
            "status": contact.status.name,
            "added_on": contact.added_on.isoformat() if contact.added_on else None,
            **self.facts(),
            **{f"permission.{one.business_entity or ''}".rstrip("."): one.state for one in reversed(self.consents)},
            **{f"custom.{name}": value for name, value in contact.custom.items()},
        }

    def changes(self, before: dict[str, Any]) -> Changes:
        """What differs from the snapshot."""
        after = self.snapshot()
        changed = [name for name in (*before, *(set(after) - set(before))) if before.get(name) != after.get(name)]
        return {name: [before.get(name), after.get(name)] for name in sorted(changed)}

    def settle(self, before: dict[str, Any]) -> Changes:
        """What differs from the snapshot; remembers which columns that means."""
        changed = self.changes(before)
        self.columns |= {name.partition(".")[0] for name in changed} - NO_COLUMNS
        if "email" in changed:
            self.columns.add("email_typed")
        self.has_changes = self.has_changes or bool(changed)
        return changed

    def copy(self) -> Person:
        return replace(self, contact=copy.copy(self.contact), types=list(self.types), entities=list(self.entities))

    def only_filled(self, known: Person, before: dict[str, Any]) -> Changes:
        """Set back to what was known whatever was not empty then; returns that as changes that did not happen."""
        held = {name: pair for name, pair in self.changes(before).items() if not _is_blank(pair[0])}
        for name in held:
            key = name.removeprefix("custom.")
            if name != key:
                self.contact.custom = {**self.contact.custom, key: known.contact.custom[key]}
            elif name in ROWS:
                setattr(self, ROWS[name], getattr(known, ROWS[name]))
            else:
                setattr(self.contact, name, getattr(known.contact, name))
        return held

    def touch(self, now: dt.datetime) -> None:
        """The person did something."""
        self.contact.last_interaction_at = now
        self.columns.add("last_interaction_at")


def _is_blank(value: object) -> bool:
    return value is None or value in ("", [], {})


def _is_spelled(known: object, typed: object) -> bool:
    """A text that only spells the number, yes or no, or list that is known: it keeps its kind."""
    return isinstance(typed, str) and not isinstance(known, str) and json.dumps(known, ensure_ascii=False) == typed


def load(contacts: Sequence[Contact], reference: ReferenceData) -> list[Person]:
    """The stored contacts as persons, in two queries. Their status and lead source are expected to be loaded."""
    ids = [contact.pk for contact in contacts]
    if not ids:
        return []
    types: dict[Any, list[ContactType]] = {}
    links = Contact.contact_types.through.objects.filter(contact_id__in=ids).order_by("id")  # as they were given
    for contact, kind in links.values_list("contact_id", "contacttype_id"):
        types.setdefault(contact, []).append(reference.contact_types.row(kind))
    memberships: dict[Any, list[EntityMembership]] = {}
    for membership in EntityMembership.objects.filter(contact_id__in=ids):
        membership.business_entity = reference.business_entities.row(membership.business_entity_id)
        memberships.setdefault(membership.contact_id, []).append(membership)
    return [_person(contact, types.get(contact.pk, []), memberships.get(contact.pk, [])) for contact in contacts]


def _person(contact: Contact, types: list[ContactType], memberships: list[EntityMembership]) -> Person:
    return Person(
        contact=contact,
        is_new=False,
        types=types,
        entities=[membership.business_entity for membership in memberships],
        memberships={membership.business_entity_id: membership for membership in memberships},
        stored_types=frozenset(kind.pk for kind in types),
    )
