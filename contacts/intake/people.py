"""The rows behind the door: who is known, locked; and what was taken in, written in as few statements as can be."""

from __future__ import annotations

import functools
import hashlib
import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

from contactflow.core import bulk, prepared
from contacts import addresses, consent, reference_data
from contacts.cleaning import Unacceptable
from contacts.consent import suppressions
from contacts.intake import person as persons
from contacts.intake.arrival import IntakeError
from contacts.intake.person import Person
from contacts.intake.validation import ValidatedArrival
from contacts.models import Contact, ContactEvent, EntityMembership
from contacts.reference_data import ReferenceData

# Whom addresses.holders finds, by the same two indexes; and beside each, or alone, which addresses are kept out, also
# of those who were erased and are here again.
_LOCK = """
    WITH again AS ({known_again}), known AS MATERIALIZED (
        SELECT {columns}, ARRAY(
            SELECT email FROM contacts_formeraddress WHERE contact_id = person.id AND email = ANY(%(emails)s)
        ) AS known_by
        FROM contacts_contact AS person
        WHERE id IN (
            SELECT id FROM contacts_contact WHERE email = ANY(%(emails)s)
            UNION ALL SELECT contact_id FROM contacts_formeraddress WHERE email = ANY(%(emails)s)
        )
        ORDER BY email FOR NO KEY UPDATE OF person
    )
    SELECT known.*, kept_out.addresses
    FROM (
        SELECT ARRAY({kept_out} UNION ALL SELECT address FROM again WHERE reason IN ('manual', 'erased')) AS addresses
    ) AS kept_out LEFT JOIN known ON true
"""
KIND = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
LIST_LOCK = 0x636F6E7461637473  # "contacts": any number, the same for every list


def storable_key(event_key: str | None) -> str:
    """A key as the caller gave it where the column can hold it, else its digest; a fresh one where none was given."""
    if event_key is None:
        return uuid.uuid4().hex
    if len(event_key) <= 200 and event_key.isprintable():
        return event_key
    return "sha256:" + hashlib.sha256(event_key.encode("utf-8", "surrogatepass")).hexdigest()


def check_kind(kind: str) -> None:
    if not KIND.fullmatch(kind):
        message = "The event's name may have lower-case letters, digits and underscores, 64 at most."
        raise IntakeError({"kind": [message]})


def events_by_key(keys: Sequence[str]) -> dict[str, ContactEvent]:
    """The events that exist already."""
    if not keys:
        return {}
    events = ContactEvent.objects.filter(event_key__in=keys).select_related("contact__status", "contact__lead_source")
    return {event.event_key: event for event in events}


def one_list_at_a_time() -> None:
    """Two lists that name the same people in another order would wait for each other; so the second waits here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LIST_LOCK])


def locked(emails: Iterable[str], reference: ReferenceData) -> tuple[dict[str, Person], frozenset[str]]:
    """The known people by these addresses, former ones too; their rows are locked until the transaction ends. And
    which of all these addresses staff entered as not to be contacted.
    """
    asked = list(set(emails))
    rows = prepared.rows(_lock(), suppressions.pairs(asked))
    kept_out = frozenset(rows[0][-1])
    if rows[0][0] is None:  # most are new: nothing is built for those
        return {}, kept_out
    contacts = addresses.by_address(_with_rows(map(_contact, rows), reference), emails=asked)
    loaded = persons.load(list({contact.pk: contact for contact in contacts.values()}.values()), reference)
    known = {person.contact.pk: person for person in loaded}
    return {address: known[contact.pk] for address, contact in contacts.items()}, kept_out


@functools.cache
def _lock() -> str:
    columns = ", ".join(f'person."{field.column}"' for field in bulk.columns(Contact))
    kept_out = suppressions.kept_out_sql(more="|| ARRAY(SELECT email::text FROM known)")
    return _LOCK.format(columns=columns, kept_out=kept_out, known_again=suppressions.KNOWN_AGAIN_SQL)


def _contact(row: Sequence[Any]) -> Contact:
    fields = bulk.columns(Contact)
    values = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, row, strict=False)
    ]
    contact: Contact = Contact.from_db(connection.alias, [field.attname for field in fields], values)
    contact.known_by = row[-2]  # type: ignore[attr-defined]  # as addresses.holders annotates it
    return contact


def locked_one(contact: Contact, reference: ReferenceData) -> Person:
    rows = Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk)
    found = persons.load(_with_rows(rows, reference), reference)
    if not found:
        raise IntakeError({"contact": ["The contact is gone."]})
    return found[0]


def of(contacts: Sequence[Contact]) -> list[Person]:
    """Loaded contacts as persons, nothing locked."""
    return persons.load(contacts, reference_data.load())


def _with_rows(contacts: Iterable[Contact], reference: ReferenceData) -> list[Contact]:
    """Hang in status and source from the reference: a join would need locks of its own."""
    loaded = list(contacts)
    for contact in loaded:
        contact.status = reference.statuses.row(contact.status_id)
        if contact.lead_source_id is not None:
            contact.lead_source = reference.lead_sources.row(contact.lead_source_id)
    return loaded


def find_or_build(
    arrival: ValidatedArrival, present: dict[str, Person], reference: ReferenceData
) -> tuple[Person, bool]:
    """The person with this address, and whether they are here for the first time."""
    if person := present.get(arrival.email):
        return person, False
    try:
        status = reference.default_status
    except Unacceptable as error:
        raise IntakeError({"status": [str(error)]}) from error
    contact = Contact(email=arrival.email, email_typed=arrival.email_typed, status=status)
    person = present[arrival.email] = Person(contact=contact, is_new=True)
    return person, True


def load_consents(present: Iterable[Person]) -> None:
    """What is known of being written to, for people of whom something new is said about it."""
    known = consent.newest_records([person.contact for person in present])
    for person in present:
        person.consents = list(known[person.contact.pk])


def require_free_address(email: str, contact: Contact) -> None:
    owner = addresses.holders(emails=[email]).exclude(pk=contact.pk).first()
    if owner is not None:
        was = "has" if owner.email == email else "was merged with somebody who had"
        raise IntakeError({"email": [f"Another contact {was} this email address."]})


def write(present: Iterable[Person]) -> None:
    """Insert the new and update narrowly what changed of the known, in one statement for each table and kind."""
    people = list({id(person): person for person in present}.values())  # somebody may be here by a former address too
    # In the order of the addresses, so that two who insert the same people do not wait for each other.
    newcomers = sorted((one for one in people if one.is_new), key=lambda one: one.contact.email)
    bulk.insert([person.contact for person in newcomers])
    changed: dict[tuple[str, ...], list[Contact]] = {}
    for person in people:
        if not person.is_new and (person.columns or person.has_changes):
            changed.setdefault(tuple(sorted(person.columns)), []).append(person.contact)
    for columns, contacts in changed.items():
        bulk.update(contacts, columns)
    types, (memberships, moved) = _types(people), _memberships(people)
    bulk.insert_together(types, memberships)
    bulk.insert([record for person in people for record in person.recorded])
    consent.take_back(one.contact.pk for one in people if not one.is_new and (one.recorded or "status" in one.columns))
    bulk.update(moved, ["position"])


def write_events(events: Sequence[ContactEvent]) -> None:
    bulk.insert(events)


def _types(people: Iterable[Person]) -> list[Model]:
    """Takes the links away that are gone; returns those that are new."""
    through = Contact.contact_types.through
    links: list[Model] = []
    for person in people:
        wanted = [kind.pk for kind in person.types]
        links += [
            through(contact_id=person.contact.pk, contacttype_id=pk) for pk in wanted if pk not in person.stored_types
        ]
        if gone := person.stored_types - set(wanted):
            through.objects.filter(contact_id=person.contact.pk, contacttype_id__in=gone).delete()
    return links


def _memberships(people: Iterable[Person]) -> tuple[list[EntityMembership], list[EntityMembership]]:
    """Takes those away that are gone; returns the new, and those whose place changed."""
    new: list[EntityMembership] = []
    moved: list[EntityMembership] = []
    for person in people:
        for position, entity in enumerate(person.entities):
            stored = person.memberships.get(entity.pk)
            if stored is None:
                why = person.because.get(entity.pk)
                because = why.as_json() if why else {}
                new.append(
                    EntityMembership(business_entity=entity, contact=person.contact, position=position, because=because)
                )
            elif stored.position != position:
                stored.position = position
                moved.append(stored)
        gone = set(person.memberships) - {entity.pk for entity in person.entities}
        if gone:
            EntityMembership.objects.filter(contact=person.contact, business_entity__in=gone).delete()
    return new, moved
