"""From an event to workflow instances: every active template answers whether it started, and because of what."""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Max

from contactflow.core import bulk
from contactflow.core.reasons import Reason
from contacts import consent, reference_data
from contacts.intake.policy import ARRIVAL, EnrolmentPolicy, Mode
from contacts.models import Contact, ContactEvent
from contacts.reference_data import ReferenceData
from engagement import response_clock
from engagement.models import ResponseClock
from workflows import active_workflows, conditions, exits, scheduling
from workflows.active_workflows import Candidate
from workflows.conditions import Facts, Verdict
from workflows.models import ScheduledAction, WorkflowInstance, WorkflowVersion

logger = logging.getLogger(__name__)

MAX_FAILURES = 5  # an event that cannot be enrolled so often is left alone, with the reason


class Answer(TypedDict):
    workflow: str
    matched: bool
    because: dict[str, Any]


@dataclass(frozen=True)
class Enrolment:
    """What an event started. `outcome` has one answer per active template."""

    outcome: list[Answer]
    instances: list[WorkflowInstance] = field(default_factory=list)
    actions: list[ScheduledAction] = field(default_factory=list)
    clocks: list[ResponseClock] = field(default_factory=list)
    event: ContactEvent | None = None


def enrol(*, event: ContactEvent, now: dt.datetime) -> Enrolment:
    """Start what the event matches; enrolling an event again answers what it answered first and starts nothing."""
    with transaction.atomic():
        # One enrolment per contact at a time: re-entry is judged on what the one before committed.
        # Without its status: a join beside the lock would miss the row while another transaction changes it.
        contact = Contact.objects.select_for_update(no_key=True).get(pk=event.contact_id)
        event.refresh_from_db(fields=["processed_at", "outcome"])
        if event.processed_at is not None:
            return Enrolment(
                outcome=event.outcome, instances=list(event.instances.select_related("template", "version"))
            )
        return _enrol_stored([event], {contact.pk: contact}, now)[0]


def enrol_waiting(*, now: dt.datetime, limit: int = 100) -> int:
    """Enrol the oldest events that came through doors which do not enrol themselves; returns how many.

    One that cannot be enrolled is found by trying each alone: it is logged, counted, and left alone after MAX_FAILURES
    times; the others go on.
    """
    waiting = ContactEvent.objects.filter(failures__lt=MAX_FAILURES, processed_at__isnull=True)
    ids = list(waiting.order_by("received_at").values_list("pk", flat=True)[:limit])
    if not ids:
        return 0
    try:
        return _enrol_free(ids, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.warning("a batch of events could not be enrolled: each is tried alone", exc_info=True)
        return sum(_enrol_alone(pk, now) for pk in ids)


def decide(
    *, events: Sequence[ContactEvent], reference: ReferenceData, now: dt.datetime, kept_out: frozenset[str]
) -> list[Enrolment]:
    """What events start whose contacts are locked: each carries its outcome afterwards, and nothing is written.

    Events of one contact see what those before them start. `kept_out` are those of the contacts' addresses that staff
    entered as not to be contacted. `store` writes what is returned.
    """
    if not events:
        return []
    among = active_workflows.at(reference.revision)
    known = _LookedUp(kept_out, _starts([event.contact for event in events]))
    return [_decide(event, among, known, reference, now) for event in events]


def store(enrolments: Iterable[Enrolment], *, now: dt.datetime) -> None:
    """Write what was decided to start, once its contacts and events are stored; what runs ends or waits by them."""
    found = list(enrolments)
    exits.carry_out([one.event for one in found if one.event is not None], now=now)
    bulk.insert_together(
        [instance for one in found for instance in one.instances],
        [action for one in found for action in one.actions],
        [clock for one in found for clock in one.clocks],
    )


def judge(
    *, candidate: Candidate, contact: Contact, facts: Facts, event: ContactEvent | None, now: dt.datetime
) -> Verdict:
    """Whether the template would start for the contact with this event (None: whatever event it starts with)."""
    return judge_all(among=[candidate], contact=contact, facts=facts, event=event, now=now)[0]


def judge_all(
    *, among: Iterable[Candidate], contact: Contact, facts: Facts, event: ContactEvent | None, now: dt.datetime
) -> list[Verdict]:
    """`judge` for several templates: what they share is looked up once."""
    judgement = _Judge(contact=contact, facts=facts, event=event, now=now, known=_LookedUp.about([contact]))
    return [judgement.verdict(candidate) for candidate in among]


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """Somebody who stands in a list: what would hold for them when it is taken in."""

    contact: Contact
    facts: Facts
    is_new: bool


def foresee(*, people: Sequence[Newcomer], among: Iterable[Candidate], now: dt.datetime) -> list[list[Candidate]]:
    """For each of them, what would start if they arrived now; the same judgement as `enrol`, with shared look-ups."""
    known = _LookedUp.about([one.contact for one in people])
    return [[one for one in among if _Judge.of_newcomer(person, known, now).verdict(one).matched] for person in people]


def _enrol_free(ids: Sequence[UUID], now: dt.datetime) -> int:
    """Those of the events whose contacts nobody holds; the others are left for the next round."""
    with transaction.atomic():
        # The contacts before anything of theirs, as everywhere.
        concerned = ContactEvent.objects.filter(pk__in=ids).values("contact")
        locked = Contact.objects.select_for_update(no_key=True, skip_locked=True).filter(pk__in=concerned)
        contacts = {contact.pk: contact for contact in locked.order_by("pk")}
        events = ContactEvent.objects.filter(pk__in=ids, contact__in=contacts, processed_at=None)
        return len(_enrol_stored(list(events.order_by("received_at", "pk")), contacts, now))


def _enrol_stored(
    events: Sequence[ContactEvent], contacts: Mapping[UUID, Contact], now: dt.datetime
) -> list[Enrolment]:
    """Enrol events that are stored, and whose contacts are locked."""
    reference = reference_data.load()
    for event in events:
        event.contact = contacts[event.contact_id]
        event.contact.status = reference.statuses.row(event.contact.status_id)
    kept_out = consent.kept_out(emails=[contact.email for contact in contacts.values()])
    enrolments = decide(events=events, reference=reference, now=now, kept_out=kept_out)
    bulk.update(events, ["outcome", "processed_at"])
    store(enrolments, now=now)
    return enrolments


def _enrol_alone(pk: UUID, now: dt.datetime) -> int:
    try:
        return _enrol_free([pk], now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("event %s could not be enrolled", pk)
        said = f"{type(error).__name__}: {error}"
        ContactEvent.objects.filter(pk=pk).update(failures=F("failures") + 1, error=said)
        return 0


def _decide(
    event: ContactEvent,
    among: Iterable[Candidate],
    known: _LookedUp,
    reference: ReferenceData,
    now: dt.datetime,
) -> Enrolment:
    facts = Facts.from_event(event.facts)
    judgement = _Judge(contact=event.contact, facts=facts, event=event, now=now, known=known)
    enrolment = Enrolment(outcome=[], event=event)
    for candidate in among:
        verdict = judgement.verdict(candidate)
        if verdict.matched:
            instance = _instance(candidate, event, facts, verdict, reference, now)
            enrolment.instances.append(instance)
            enrolment.actions.extend(scheduling.plan_steps(instance=instance, steps=candidate.steps))
            known.starts[event.contact_id][candidate.template.pk] = now
        enrolment.outcome.append(
            Answer(workflow=candidate.template.slug, matched=verdict.matched, because=verdict.because.as_json())
        )
    if not judgement.is_refused:
        enrolment.clocks.extend(_clocks(event, facts, reference, now))
    event.outcome, event.processed_at = list(enrolment.outcome), now
    return enrolment


def _clocks(event: ContactEvent, facts: Facts, reference: ReferenceData, now: dt.datetime) -> list[ResponseClock]:
    """Who arrives waits for an answer of each brand."""
    brands, sources = (reference.brand(name) for name in facts.business_entities), reference.lead_sources
    return response_clock.of_arrival(
        event=event,
        brands=[brand for brand in brands if brand],
        source=sources.find(facts.lead_source) if sources.knows(facts.lead_source) else None,
        tags=facts.tags,
        now=now,
    )


@dataclass(frozen=True)
class _LookedUp:
    """What judging asks the database, asked once for many people."""

    kept_out: frozenset[str]  # addresses that staff entered as not to be contacted
    starts: defaultdict[UUID, dict[int, dt.datetime]]  # by contact and template

    @classmethod
    def about(cls, contacts: Sequence[Contact]) -> _LookedUp:
        return cls(consent.kept_out(emails=[one.email for one in contacts]), _starts(contacts))


def _starts(contacts: Sequence[Contact]) -> defaultdict[UUID, dict[int, dt.datetime]]:
    """When each last started which template."""
    starts: defaultdict[UUID, dict[int, dt.datetime]] = defaultdict(dict)
    here = [one.pk for one in contacts if not one._state.adding]  # who arrives first started nothing
    if here:
        instances = WorkflowInstance.objects.filter(contact__in=here).values_list("contact", "template")
        for contact, template, last in instances.annotate(Max("started_at")).order_by():
            starts[contact][template] = last
    return starts


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """Judges any number of templates for one event; what they share is looked up once."""

    contact: Contact
    facts: Facts
    event: ContactEvent | None
    now: dt.datetime
    known: _LookedUp

    @classmethod
    def of_newcomer(cls, person: Newcomer, known: _LookedUp, now: dt.datetime) -> _Judge:
        kind = conditions.NEW_CONTACT if person.is_new else conditions.CONTACT_UPDATED
        event = ContactEvent(contact=person.contact, kind=kind)
        return cls(contact=person.contact, facts=person.facts, event=event, now=now, known=known)

    def verdict(self, candidate: Candidate) -> Verdict:
        if self._refusal:
            return Verdict(False, self._refusal)
        verdict = self._conditions(candidate)
        if not verdict.matched or self._policy.is_forced:
            return verdict
        return self._reentry_refusal(candidate) or self._edit_refusal(candidate) or verdict

    @functools.cached_property
    def _policy(self) -> EnrolmentPolicy:
        return ARRIVAL if self.event is None else EnrolmentPolicy.of(self.event)

    @property
    def is_refused(self) -> bool:
        """Whether the contact is kept out of every workflow."""
        return self._refusal is not None

    @functools.cached_property
    def _refusal(self) -> Reason | None:
        """What keeps the contact out of every workflow."""
        if self.contact.status.blocks_contact:
            return Reason.of("status_blocks", status=self.contact.status.name)
        if self.contact.email.lower() in self.known.kept_out:
            return Reason.of("address_blocked")
        return None

    def _conditions(self, candidate: Candidate) -> Verdict:
        policy = self._policy
        if policy.mode == Mode.NAMED:
            return _judge_named(candidate, self.facts, policy.workflows)
        if policy.mode == Mode.ONLY:
            if candidate.template.slug not in policy.workflows:
                return Verdict(False, Reason.of("staff_asked_for_others", named=list(policy.workflows)))
            return conditions.judge_contact(triggers=candidate.triggers, facts=self.facts)
        if self.event is None:
            return conditions.judge_contact(triggers=candidate.triggers, facts=self.facts)
        return conditions.judge(triggers=candidate.triggers, facts=self.facts, event=self.event.kind)

    def _reentry_refusal(self, candidate: Candidate) -> Verdict | None:
        version, last = candidate.version, self.known.starts[self.contact.pk].get(candidate.template.pk)
        if last is None or version.reentry == WorkflowVersion.Reentry.ALWAYS:
            return None
        if version.reentry == WorkflowVersion.Reentry.ONCE:
            return Verdict(False, Reason.of("once", at=last.isoformat()))
        again = last + dt.timedelta(days=version.reentry_days or 0)
        if self.now >= again:
            return None
        return Verdict(False, Reason.of("not_yet_again", at=last.isoformat(), again=again.isoformat()))

    @functools.cached_property
    def _facts_before_edit(self) -> Facts | None:
        """What held before a colleague's edit of a person who came with a list; None for everything else."""
        event = self.event
        if event is None or self._policy.mode != Mode.EDIT:
            return None
        if not self.contact.events.filter(mode=Mode.BASELINE).exists():
            return None
        return Facts.from_event(event.facts | {name: before for name, (before, _) in event.changes.items()})

    def _edit_refusal(self, candidate: Candidate) -> Verdict | None:
        """Existing people are a baseline: correcting their telephone number is no arrival."""
        before = self._facts_before_edit
        if before is None or not conditions.judge_contact(triggers=candidate.triggers, facts=before).matched:
            return None
        return Verdict(False, Reason.of("held_before"))


def _judge_named(candidate: Candidate, facts: Facts, named: Sequence[str]) -> Verdict:
    """A caller who names workflows means just those; what they ask of a contact but for the brand is waived."""
    if candidate.template.slug not in named:
        return Verdict(False, Reason.of("caller_asked_for_others", named=list(named)))
    refusal = conditions.judge_entity(triggers=candidate.triggers, facts=facts)
    if refusal is not None and not refusal.matched:
        return refusal
    return Verdict(True, Reason.of("caller_named_it"))


def _instance(
    candidate: Candidate,
    event: ContactEvent,
    facts: Facts,
    verdict: Verdict,
    reference: ReferenceData,
    now: dt.datetime,
) -> WorkflowInstance:
    once = candidate.version.reentry == WorkflowVersion.Reentry.ONCE and not event.is_forced
    return WorkflowInstance(
        contact=event.contact,
        template=candidate.template,
        version=candidate.version,
        # A workflow for any brand speaks for the contact's first.
        business_entity=candidate.template.business_entity or reference.brand(next(iter(facts.business_entities), "")),
        event=event,
        trigger_event=event.kind,
        because=verdict.because.as_json(),
        reentry_key="once" if once else str(event.pk),
        started_at=now,
    )
