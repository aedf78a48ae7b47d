"""The door itself: locks the people concerned, takes arrivals in, classifies, routes, and leaves the events.

One arrival and a list of a thousand go the same way; a list only shares its queries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg.errors
from django.db import IntegrityError, transaction

from contacts.intake import catalogue as catalogues
from contacts.intake import judging, people
from contacts.intake import reading as readings
from contacts.intake.arrival import Arrival, Changes, Facts, IntakeError, Receipt, Unchanged
from contacts.intake.catalogue import Catalogue
from contacts.intake.person import Person
from contacts.intake.reading import Reading
from contacts.models import Contact, ContactEvent

NEW_CONTACT, CONTACT_UPDATED, MANUAL = "new_contact", "contact_updated", "manual_trigger"
BASELINE: Mapping[str, Any] = {"baseline": True}
EDIT: Mapping[str, Any] = {"edit": True}
ATTEMPTS = 5

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One reading on its way in, with all that its event will say beside it."""

    reading: Reading
    event_key: str
    kind: str
    source: str
    request: Mapping[str, Any]
    now: dt.datetime
    enrol: bool = True
    is_listed: bool = False

    @property
    def is_interaction(self) -> bool:
        """A list that is imported, or a trigger a colleague pulls, is nothing the person did."""
        return self.enrol and self.source == ContactEvent.Source.API and self.kind != MANUAL


def receive(  # noqa: PLR0913 - the agreed face of the door
    *,
    arrival: Arrival,
    source: str,
    now: dt.datetime,
    kind: str = NEW_CONTACT,
    event_key: str | None = None,
    request: Mapping[str, Any] | None = None,
    enrol: bool = True,
) -> Receipt:
    """Create the contact, or fill and update what the source knows of it, and leave an event.

    The same `event_key` twice changes nothing and answers the first event. With `enrol=False` the event is a baseline:
    already processed, it starts no workflow. Raises IntakeError.
    """
    catalogue = catalogues.load()
    visit = Visit(
        reading=readings.read(arrival=arrival, catalogue=catalogue),
        event_key=people.storable_key(event_key),
        kind=people.checked_kind(kind),
        source=source,
        request=request or {},
        now=now,
        enrol=enrol,
    )
    (receipt,) = _apart_from_races(lambda: _take_in([visit], catalogue))
    return receipt


def receive_many(
    *, arrivals: Sequence[tuple[str, Arrival]], source: str, now: dt.datetime, enrol: bool
) -> list[Receipt | Unchanged | IntakeError]:
    """`receive` for a list of (event key, arrival): an answer for each, in order.

    What cannot be taken in is answered with its IntakeError and holds nobody up. In a baseline (`enrol=False`) people
    about whom the list says nothing new are Unchanged and get no event.
    """
    catalogue = catalogues.load()
    answers: list[Receipt | Unchanged | IntakeError | None] = []
    visits: list[Visit] = []
    for event_key, arrival in arrivals:
        try:
            reading = readings.read(arrival=arrival, catalogue=catalogue)
        except IntakeError as error:
            answers.append(error)
            continue
        answers.append(None)
        visits.append(
            Visit(
                reading=reading,
                event_key=people.storable_key(event_key),
                kind=NEW_CONTACT,
                source=source,
                request={},
                now=now,
                enrol=enrol,
                is_listed=True,
            )
        )
    taken = iter(_apart_from_races(lambda: _take_in_list(visits, catalogue)))
    return [next(taken) if answer is None else answer for answer in answers]


def record_event(  # noqa: PLR0913 - the agreed face of the door
    *,
    email: str,
    kind: str,
    source: str,
    now: dt.datetime,
    contact_types: Sequence[str] | None = None,
    lead_source: str | None = None,
    business_entities: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    event_key: str | None = None,
    request: Mapping[str, Any] | None = None,
) -> Receipt:
    """Record that something happened to a contact.

    An unknown address creates the contact with what is given. For a known one the types, source and entities hold for
    this event only and change nothing; without entities those of the given types come before the contact's own.
    """
    catalogue = catalogues.load()
    given = {"contact_types": contact_types, "lead_source": lead_source, "business_entities": business_entities}
    payload = {name: value for name, value in given.items() if value} | {"metadata": metadata or {}}
    arrival = Arrival(
        email=email,
        contact_types=contact_types,
        lead_source=lead_source,
        business_entities=business_entities,
        payload=payload,
    )
    visit = Visit(
        reading=readings.read(arrival=arrival, catalogue=catalogue),
        event_key=people.storable_key(event_key),
        kind=people.checked_kind(kind),
        source=source,
        request=request or {},
        now=now,
    )
    return _apart_from_races(lambda: _record(visit, catalogue))


def amend(
    *,
    contact: Contact,
    arrival: Arrival,
    source: str,
    now: dt.datetime,
    erase: Collection[str] = (),
    enrol: bool = True,
) -> Receipt:
    """A colleague's edit: set exactly what the arrival gives, empty values too, and leave an event.

    Unlike an arrival it may erase, change the address and lift Do Not Contact. `erase` names what empty values cannot:
    "lead_source" and "added_on". With `enrol=False` the event is a baseline and starts nothing. Raises IntakeError,
    also where another contact has the address.
    """
    catalogue = catalogues.load()
    visit = Visit(
        reading=readings.read(arrival=arrival, catalogue=catalogue),
        event_key=people.storable_key(None),
        kind=CONTACT_UPDATED,
        source=source,
        request=EDIT,
        now=now,
        enrol=enrol,
    )
    if arrival.lead_source is not None and not arrival.lead_source.strip():
        erase = {*erase, "lead_source"}
    return _apart_from_races(lambda: _amend(contact, visit, catalogue, erase=erase))


def current_facts(contact: Contact) -> Facts:
    """What holds for the contact now, as an event would record it."""
    (person,) = people.of([contact])
    return person.facts()


def _apart_from_races(work: Callable[[], Result]) -> Result:
    """Two requests may create one contact, or one event, at once: the later one is undone and sees the earlier."""
    for _ in range(ATTEMPTS - 1):
        try:
            with transaction.atomic():
                return work()
        except IntegrityError as error:
            if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
                raise
    with transaction.atomic():
        return work()


def _take_in(visits: Sequence[Visit], catalogue: Catalogue) -> list[Receipt]:
    """For visits that each leave an event."""
    return [answer for answer in _take_in_list(visits, catalogue) if isinstance(answer, Receipt)]


def _take_in_list(visits: Sequence[Visit], catalogue: Catalogue) -> list[Receipt | Unchanged]:
    if len(visits) > 1:
        people.one_list_at_a_time()
    known_events = people.events_by_key([visit.event_key for visit in visits])
    awaited = [visit.reading.email for visit in visits if visit.event_key not in known_events]
    present = people.locked(awaited, catalogue)
    answers: list[Receipt | Unchanged] = []
    for visit in visits:
        if event := known_events.get(visit.event_key):
            answers.append(Receipt(contact=event.contact, event=event, created=False, changes={}, duplicate=True))
            continue
        answer = _visit(visit, present, catalogue)
        if isinstance(answer, Receipt):
            known_events[visit.event_key] = answer.event
        answers.append(answer)
    people.write(present.values())
    people.write_events(answer.event for answer in answers if isinstance(answer, Receipt) and not answer.duplicate)
    return answers


def _visit(visit: Visit, present: dict[str, Person], catalogue: Catalogue) -> Receipt | Unchanged:
    person, created = people.greet(visit.reading, present, catalogue)
    before, known = person.snapshot(), person.profile()
    person.fill(visit.reading)
    decisions = judging.classify(person, visit.reading, catalogue)
    decisions += judging.route(person, visit.reading, catalogue, known=None if created else known)
    changes = person.settle(before)
    if visit.is_listed and not (created or changes or visit.enrol):
        return Unchanged(contact=person.contact)
    if visit.is_interaction:
        person.touch(visit.now)
    kind = CONTACT_UPDATED if visit.kind == NEW_CONTACT and not created else visit.kind
    event = _event(visit, person, kind=kind, facts=person.facts())
    event.decisions = [decision.stored() for decision in decisions]
    event.changes = {} if created else changes
    return Receipt(contact=person.contact, event=event, created=created, changes=event.changes)


def _record(visit: Visit, catalogue: Catalogue) -> Receipt:
    if event := people.events_by_key([visit.event_key]).get(visit.event_key):
        return Receipt(contact=event.contact, event=event, created=False, changes={}, duplicate=True)
    present = people.locked([visit.reading.email], catalogue)
    if visit.reading.email not in present:
        (receipt,) = _take_in([visit], catalogue)
        return receipt
    person = present[visit.reading.email]
    facts, decisions = judging.for_this_event(person, visit.reading, catalogue)
    if visit.is_interaction:
        person.touch(visit.now)
    event = _event(visit, person, kind=visit.kind, facts=facts)
    event.decisions = [decision.stored() for decision in decisions]
    people.write([person])
    people.write_events([event])
    return Receipt(contact=person.contact, event=event, created=False, changes={})


def _amend(contact: Contact, visit: Visit, catalogue: Catalogue, *, erase: Collection[str]) -> Receipt:
    person = people.locked_one(contact, catalogue)
    people.require_free_address(visit.reading.email, person.contact)
    before, known = person.snapshot(), person.profile()
    person.replace(visit.reading, erase=erase)
    if visit.reading.business_entities is not None:
        person.entities = []
    decisions = judging.route(person, visit.reading, catalogue, known=known)
    changes: Changes = person.settle(before)
    event = _event(visit, person, kind=visit.kind, facts=person.facts())
    event.decisions = [decision.stored() for decision in decisions]
    event.changes = changes
    people.write([person])
    people.write_events([event])
    return Receipt(contact=person.contact, event=event, created=False, changes=changes)


def _event(visit: Visit, person: Person, *, kind: str, facts: Facts) -> ContactEvent:
    return ContactEvent(
        contact=person.contact,
        kind=kind,
        source=visit.source,
        event_key=visit.event_key,
        payload=visit.reading.payload,
        facts=facts,
        request=dict(visit.request) if visit.enrol else dict(BASELINE),
        processed_at=None if visit.enrol else visit.now,
    )
