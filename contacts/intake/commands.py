"""The way in: people concerned are locked, changes are taken in, classified and routed, and events are left.

One change and a list of a thousand go the same way; a list only shares its statements. What was decided is written
afterwards, so that whoever must judge it too (workflows.entrypoints) does so before, and an event is written once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import psycopg.errors
from django.db import IntegrityError, transaction

from contacts import consent, reference_data
from contacts.intake import inference, people, validation
from contacts.intake.arrival import Arrival, Changes, Facts, IntakeError, Receipt, Remark, Unchanged
from contacts.intake.person import Person
from contacts.intake.policy import ARRIVAL, EDIT, EnrolmentPolicy
from contacts.intake.validation import ValidatedArrival
from contacts.models import Contact, ContactEvent
from contacts.reference_data import ReferenceData

NEW_CONTACT, CONTACT_UPDATED, MANUAL = "new_contact", "contact_updated", "manual_trigger"
BY_THE_PERSON = ("replied",)
"""What only the person does, whoever tells of it."""
ATTEMPTS = 5
SECOND_HAND = (ContactEvent.Source.CSV, ContactEvent.Source.NOTION)
"""Sources that may still know somebody who was erased, and cannot bring them back."""
ERASED = "This person was erased and may only come back by themselves: take them out there, too."

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something changed about a person: they arrived, as a source tells of them. The same `event_key` is one event.

    `only_fills`: anybody may have sent it, so of somebody known it fills what is empty, and proposes the rest.
    """

    arrival: Arrival
    source: str
    kind: str = NEW_CONTACT
    event_key: str | None = None
    only_fills: bool = False

    refused: ClassVar[Collection[str]] = validation.DECISIVE
    """The fields that turn the change away where they are wrong."""

    def carry_out(self, command: Command, present: dict[str, Person], reference: ReferenceData) -> Receipt | Unchanged:
        return _arrive(command, present, reference)


@dataclass(frozen=True, kw_only=True)
class Happened(Change):
    """Something happened to them.

    An unknown address creates the contact with what is given. For a known one the types, source and entities hold for
    this event only and change nothing; without entities those of the given types come before the contact's own.
    """

    def carry_out(self, command: Command, present: dict[str, Person], reference: ReferenceData) -> Receipt | Unchanged:
        person = present.get(command.arrival.email)
        return _arrive(command, present, reference) if person is None else _happen(command, person, reference)


@dataclass(frozen=True, kw_only=True)
class Edited(Change):
    """A colleague set exactly what the arrival gives, empty values too.

    Unlike an arrival an edit may erase, change the address and lift Do Not Contact. `erase` names what empty values
    cannot: "lead_source" and "added_on".
    """

    contact: Contact
    kind: str = CONTACT_UPDATED
    erase: Collection[str] = ()
    refused: ClassVar[Collection[str]] = validation.EVERY_FIELD  # who edits can correct it

    def carry_out(self, command: Command, present: dict[str, Person], reference: ReferenceData) -> Receipt | Unchanged:
        return _amend(command, present, reference, contact=self.contact, erase=self.erase)


@dataclass(frozen=True, kw_only=True)
class Command:
    """One validated change on its way in, with all that its event will say beside it."""

    change: Change
    arrival: ValidatedArrival
    event_key: str
    is_known_key: bool
    policy: EnrolmentPolicy
    now: dt.datetime
    is_listed: bool = False

    @property
    def is_interaction(self) -> bool:
        """A list that is imported, or a trigger a colleague pulls, is nothing the person did."""
        change = self.change
        told = change.source == ContactEvent.Source.API and change.kind != MANUAL
        return not self.policy.is_baseline and (told or change.kind in BY_THE_PERSON)

    def event(self, person: Person, *, kind: str, facts: Facts) -> ContactEvent:
        policy = self.policy
        return ContactEvent(
            contact=person.contact,
            kind=kind,
            source=self.change.source,
            event_key=self.event_key,
            payload=self.arrival.payload,
            warnings=self.arrival.warnings,
            facts=facts,
            mode=policy.mode,
            workflows=list(policy.workflows),
            is_forced=policy.is_forced,
            processed_at=self.now if policy.is_baseline else None,
        )


@dataclass
class Batch:
    """What became of changes, decided and not yet written."""

    answers: list[Receipt | Unchanged | IntakeError]
    people: list[Person] = field(default_factory=list)
    kept_out: frozenset[str] = frozenset()
    """Of their addresses, those that staff entered as not to be contacted."""

    @property
    def receipts(self) -> list[Receipt]:
        """Of the events that are new."""
        return [one for one in self.answers if isinstance(one, Receipt) and not one.duplicate]

    @property
    def receipt(self) -> Receipt:
        """Of a batch of one, which is on no list and so leaves an event. Raises IntakeError."""
        (answer,) = self.answers
        if isinstance(answer, IntakeError):
            raise answer
        if not isinstance(answer, Receipt):
            raise TypeError("only lists are answered without an event")
        return answer

    def write(self) -> None:
        people.write(self.people)
        people.write_events([one.event for one in self.receipts])


def apply(*, change: Change, policy: EnrolmentPolicy = ARRIVAL, now: dt.datetime) -> Receipt:
    """The one door: take the change in and leave an event, which the workers enrol. Raises IntakeError.

    Who must answer which workflows started uses workflows.entrypoints.apply.
    """
    reference = reference_data.load()
    command = understand(change=change, policy=policy, now=now, reference=reference)
    return apart_from_races(lambda: _written(command, reference))


def receive(
    *,
    arrival: Arrival,
    source: str,
    now: dt.datetime,
    event_key: str | None = None,
    policy: EnrolmentPolicy = ARRIVAL,
) -> Receipt:
    """Create the contact, or fill and update what the source knows of it, and leave an event. Raises IntakeError.

    The same `event_key` twice changes nothing and answers the first event.
    """
    return apply(change=Change(arrival=arrival, source=source, event_key=event_key), policy=policy, now=now)


def record_event(
    *, email: str, kind: str, source: str, now: dt.datetime, policy: EnrolmentPolicy = ARRIVAL, **about: Any
) -> Receipt:
    """Record that something happened to a contact; `about` is what `happened` takes besides."""
    return apply(change=happened(email=email, kind=kind, source=source, **about), policy=policy, now=now)


def amend(
    *,
    contact: Contact,
    arrival: Arrival,
    source: str,
    now: dt.datetime,
    erase: Collection[str] = (),
    policy: EnrolmentPolicy = EDIT,
) -> Receipt:
    """Apply a colleague's edit. Raises IntakeError, also where another contact has the address."""
    change = Edited(contact=contact, arrival=arrival, source=source, erase=erase)
    return apply(change=change, policy=policy, now=now)


def happened(  # noqa: PLR0913  # what the API promises to take
    *,
    email: str,
    kind: str,
    source: str,
    contact_types: Sequence[str] | None = None,
    lead_source: str | None = None,
    business_entities: Sequence[str] | None = None,
    metadata: Any = None,
    event_key: str | None = None,
) -> Happened:
    """An event with what a caller gives for it. Metadata of another shape than promised are kept, with a warning."""
    given = {"contact_types": contact_types, "lead_source": lead_source, "business_entities": business_entities}
    payload = {name: value for name, value in given.items() if value} | {"metadata": metadata or {}}
    unread = Remark(field="metadata", message="Metadata: give it as an object of names and values.")
    arrival = Arrival(
        email=email,
        contact_types=contact_types,
        lead_source=lead_source,
        business_entities=business_entities,
        payload=payload,
        warnings=() if isinstance(metadata, Mapping | None) else (unread,),
    )
    return Happened(arrival=arrival, source=source, kind=kind, event_key=event_key)


def understand(
    *,
    change: Change,
    policy: EnrolmentPolicy,
    now: dt.datetime,
    reference: ReferenceData,
    is_listed: bool = False,
) -> Command:
    """The change with every value cleaned and every name resolved. Raises IntakeError."""
    people.check_kind(change.kind)
    return Command(
        change=change,
        arrival=validation.validate(arrival=change.arrival, reference=reference, refused=change.refused),
        event_key=people.storable_key(change.event_key),
        is_known_key=change.event_key is not None,
        policy=policy,
        now=now,
        is_listed=is_listed,
    )


def take_in(commands: Sequence[Command], reference: ReferenceData) -> Batch:
    """Lock the people concerned and decide; nothing is written. Within a transaction that writes what it answers."""
    if len(commands) > 1:
        people.one_list_at_a_time()
    known_events = people.events_by_key([command.event_key for command in commands if command.is_known_key])
    erased = _erased(commands)
    new = (command.arrival.email for command in commands if command.event_key not in known_events)
    awaited = [email for email in new if email not in erased]
    present, kept_out = people.locked(awaited, reference)
    if any(command.arrival.permission for command in commands):
        people.load_consents(present.values())
    batch = Batch([], kept_out=kept_out)
    for command in commands:
        if event := known_events.get(command.event_key):
            duplicate = Receipt(contact=event.contact, event=event, created=False, changes={}, duplicate=True)
            batch.answers.append(duplicate)
            continue
        if command.arrival.email in erased:
            batch.answers.append(IntakeError({"email": [ERASED]}))
            continue
        answer = command.change.carry_out(command, present, reference)
        if isinstance(answer, Receipt):
            known_events[command.event_key] = answer.event
        batch.answers.append(answer)
    batch.people = list(present.values())
    return batch


def _erased(commands: Sequence[Command]) -> frozenset[str]:
    told = {command.arrival.email for command in commands if command.change.source in SECOND_HAND}
    return consent.erased(emails=told) if told else frozenset()


def current_facts(contact: Contact) -> Facts:
    """What holds for the contact now, as an event would record it."""
    (person,) = people.of([contact])
    return person.facts()


def apart_from_races(work: Callable[[], Result]) -> Result:
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


def _written(command: Command, reference: ReferenceData) -> Receipt:
    batch = take_in([command], reference)
    batch.write()
    return batch.receipt


def _arrive(command: Command, present: dict[str, Person], reference: ReferenceData) -> Receipt | Unchanged:
    arrival = command.arrival
    person, created = people.find_or_build(arrival, present, reference)
    before, known = ({}, None) if created else (person.snapshot(), person.profile())
    as_known = person.copy() if command.change.only_fills else person
    person.fill(arrival)
    person.permit(arrival.permission, source=f"told by {command.change.source}", now=command.now)
    decisions = inference.classify(person, arrival, reference)
    decisions += inference.route(person, arrival, reference, known=known)
    facts = person.facts()  # for this event also what is only proposed
    proposed = person.only_filled(as_known, before) if command.change.only_fills and not created else {}
    changes = {} if created else person.settle(before)
    if command.is_listed and not (created or changes) and command.policy.is_baseline:
        return Unchanged(contact=person.contact)
    if command.is_interaction:
        person.touch(command.now)
    kind = command.change.kind
    kind = CONTACT_UPDATED if kind == NEW_CONTACT and not created else kind
    event = command.event(person, kind=kind, facts=facts)
    event.decisions = [decision.stored() for decision in decisions]
    event.changes, event.proposed = changes, proposed
    told = person.snapshot() if created and command.is_listed else {}
    return Receipt(contact=person.contact, event=event, created=created, changes=changes, known=told)


def _happen(command: Command, person: Person, reference: ReferenceData) -> Receipt:
    facts, decisions = inference.for_this_event(person, command.arrival, reference)
    if command.is_interaction:
        person.touch(command.now)
    event = command.event(person, kind=command.change.kind, facts=facts)
    event.decisions = [decision.stored() for decision in decisions]
    return Receipt(contact=person.contact, event=event, created=False, changes={})


def _amend(
    command: Command,
    present: dict[str, Person],
    reference: ReferenceData,
    *,
    contact: Contact,
    erase: Collection[str],
) -> Receipt:
    arrival, typed = command.arrival, command.change.arrival.lead_source
    person = next((one for one in present.values() if one.contact.pk == contact.pk), None)
    if person is None:
        person = present[str(contact.pk)] = people.locked_one(contact, reference)
    people.require_free_address(arrival.email, person.contact)
    before, known = person.snapshot(), person.profile()
    person.replace(arrival, erase={*erase, "lead_source"} if typed is not None and not typed.strip() else erase)
    if arrival.business_entities is not None:
        person.entities = []
    decisions = inference.route(person, arrival, reference, known=known)
    changes: Changes = person.settle(before)
    event = command.event(person, kind=command.change.kind, facts=person.facts())
    event.decisions = [decision.stored() for decision in decisions]
    event.changes = changes
    return Receipt(contact=person.contact, event=event, created=False, changes=changes)
