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

from contacts import reference_data
from contacts.intake import inference, people, validation
from contacts.intake.arrival import Arrival, Changes, Facts, IntakeError, Receipt, Unchanged
from contacts.intake.person import Person
from contacts.intake.validation import ValidatedArrival
from contacts.models import Contact, ContactEvent
from contacts.reference_data import ReferenceData

NEW_CONTACT, CONTACT_UPDATED, MANUAL = "new_contact", "contact_updated", "manual_trigger"
BASELINE: Mapping[str, Any] = {"baseline": True}
EDIT: Mapping[str, Any] = {"edit": True}
ATTEMPTS = 5

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Command:
    """One arrival on its way in, with all that its event will say beside it."""

    arrival: ValidatedArrival
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
    reference = reference_data.load()
    command = Command(
        arrival=validation.validate(arrival=arrival, reference=reference),
        event_key=people.storable_key(event_key),
        kind=people.checked_kind(kind),
        source=source,
        request=request or {},
        now=now,
        enrol=enrol,
    )
    (receipt,) = _apart_from_races(lambda: _take_in([command], reference))
    return receipt


def receive_many(
    *, arrivals: Sequence[tuple[str, Arrival]], source: str, now: dt.datetime, enrol: bool
) -> list[Receipt | Unchanged | IntakeError]:
    """`receive` for a list of (event key, arrival): an answer for each, in order.

    What cannot be taken in is answered with its IntakeError and holds nobody up. In a baseline (`enrol=False`) people
    about whom the list says nothing new are Unchanged and get no event.
    """
    reference = reference_data.load()
    answers: list[Receipt | Unchanged | IntakeError | None] = []
    commands: list[Command] = []
    for event_key, arrival in arrivals:
        try:
            told = validation.validate(arrival=arrival, reference=reference)
        except IntakeError as error:
            answers.append(error)
            continue
        answers.append(None)
        commands.append(
            Command(
                arrival=told,
                event_key=people.storable_key(event_key),
                kind=NEW_CONTACT,
                source=source,
                request={},
                now=now,
                enrol=enrol,
                is_listed=True,
            )
        )
    taken = iter(_apart_from_races(lambda: _take_in_list(commands, reference)))
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
    reference = reference_data.load()
    given = {"contact_types": contact_types, "lead_source": lead_source, "business_entities": business_entities}
    payload = {name: value for name, value in given.items() if value} | {"metadata": metadata or {}}
    arrival = Arrival(
        email=email,
        contact_types=contact_types,
        lead_source=lead_source,
        business_entities=business_entities,
        payload=payload,
    )
    command = Command(
        arrival=validation.validate(arrival=arrival, reference=reference),
        event_key=people.storable_key(event_key),
        kind=people.checked_kind(kind),
        source=source,
        request=request or {},
        now=now,
    )
    return _apart_from_races(lambda: _record(command, reference))


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
    reference = reference_data.load()
    command = Command(
        arrival=validation.validate(arrival=arrival, reference=reference),
        event_key=people.storable_key(None),
        kind=CONTACT_UPDATED,
        source=source,
        request=EDIT,
        now=now,
        enrol=enrol,
    )
    if arrival.lead_source is not None and not arrival.lead_source.strip():
        erase = {*erase, "lead_source"}
    return _apart_from_races(lambda: _amend(contact, command, reference, erase=erase))


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


def _take_in(commands: Sequence[Command], reference: ReferenceData) -> list[Receipt]:
    """For commands that each leave an event."""
    return [answer for answer in _take_in_list(commands, reference) if isinstance(answer, Receipt)]


def _take_in_list(commands: Sequence[Command], reference: ReferenceData) -> list[Receipt | Unchanged]:
    if len(commands) > 1:
        people.one_list_at_a_time()
    known_events = people.events_by_key([command.event_key for command in commands])
    awaited = [command.arrival.email for command in commands if command.event_key not in known_events]
    present = people.locked(awaited, reference)
    answers: list[Receipt | Unchanged] = []
    for command in commands:
        if event := known_events.get(command.event_key):
            answers.append(Receipt(contact=event.contact, event=event, created=False, changes={}, duplicate=True))
            continue
        answer = _carry_out(command, present, reference)
        if isinstance(answer, Receipt):
            known_events[command.event_key] = answer.event
        answers.append(answer)
    people.write(present.values())
    people.write_events(answer.event for answer in answers if isinstance(answer, Receipt) and not answer.duplicate)
    return answers


def _carry_out(command: Command, present: dict[str, Person], reference: ReferenceData) -> Receipt | Unchanged:
    person, created = people.find_or_build(command.arrival, present, reference)
    before, known = person.snapshot(), person.profile()
    person.fill(command.arrival)
    decisions = inference.classify(person, command.arrival, reference)
    decisions += inference.route(person, command.arrival, reference, known=None if created else known)
    changes = person.settle(before)
    if command.is_listed and not (created or changes or command.enrol):
        return Unchanged(contact=person.contact)
    if command.is_interaction:
        person.touch(command.now)
    kind = CONTACT_UPDATED if command.kind == NEW_CONTACT and not created else command.kind
    event = _event(command, person, kind=kind, facts=person.facts())
    event.decisions = [decision.stored() for decision in decisions]
    event.changes = {} if created else changes
    return Receipt(contact=person.contact, event=event, created=created, changes=event.changes)


def _record(command: Command, reference: ReferenceData) -> Receipt:
    if event := people.events_by_key([command.event_key]).get(command.event_key):
        return Receipt(contact=event.contact, event=event, created=False, changes={}, duplicate=True)
    present = people.locked([command.arrival.email], reference)
    if command.arrival.email not in present:
        (receipt,) = _take_in([command], reference)
        return receipt
    person = present[command.arrival.email]
    facts, decisions = inference.for_this_event(person, command.arrival, reference)
    if command.is_interaction:
        person.touch(command.now)
    event = _event(command, person, kind=command.kind, facts=facts)
    event.decisions = [decision.stored() for decision in decisions]
    people.write([person])
    people.write_events([event])
    return Receipt(contact=person.contact, event=event, created=False, changes={})


def _amend(contact: Contact, command: Command, reference: ReferenceData, *, erase: Collection[str]) -> Receipt:
    person = people.locked_one(contact, reference)
    people.require_free_address(command.arrival.email, person.contact)
    before, known = person.snapshot(), person.profile()
    person.replace(command.arrival, erase=erase)
    if command.arrival.business_entities is not None:
        person.entities = []
    decisions = inference.route(person, command.arrival, reference, known=known)
    changes: Changes = person.settle(before)
    event = _event(command, person, kind=command.kind, facts=person.facts())
    event.decisions = [decision.stored() for decision in decisions]
    event.changes = changes
    people.write([person])
    people.write_events([event])
    return Receipt(contact=person.contact, event=event, created=False, changes=changes)


def _event(command: Command, person: Person, *, kind: str, facts: Facts) -> ContactEvent:
    return ContactEvent(
        contact=person.contact,
        kind=kind,
        source=command.source,
        event_key=command.event_key,
        payload=command.arrival.payload,
        facts=facts,
        request=dict(command.request) if command.enrol else dict(BASELINE),
        processed_at=None if command.enrol else command.now,
    )
