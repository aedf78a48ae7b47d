"""From an event to workflow instances: every active template answers whether it started, and because of what."""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Max, Q
from django.db.models.functions import Lower

from contacts import consent
from contacts.models import BusinessEntity, Contact, ContactEvent, Suppression
from workflows import active_workflows, conditions, scheduling
from workflows.active_workflows import Candidate
from workflows.conditions import Facts, Verdict
from workflows.models import ScheduledAction, WorkflowInstance, WorkflowVersion

logger = logging.getLogger(__name__)

MAX_FAILURES = 5  # an event that cannot be enrolled so often is left alone, with the reason


class Answer(TypedDict):
    workflow: str
    matched: bool
    because: str


@dataclass(frozen=True)
class Enrolment:
    """What an event started. `outcome` has one answer per active template."""

    outcome: list[Answer]
    instances: list[WorkflowInstance] = field(default_factory=list)


def enrol(*, event: ContactEvent, now: dt.datetime, among: Iterable[Candidate] | None = None) -> Enrolment:
    """Start what the event matches; enrolling an event again answers what it answered first and starts nothing.

    `among` saves the look-up of templates where many events are enrolled in a row.
    """
    with transaction.atomic():
        # One enrolment per contact at a time: re-entry is judged on what the one before committed.
        # Without its status: a join beside the lock would miss the row while another transaction changes it.
        contact = Contact.objects.select_for_update(no_key=True).get(pk=event.contact_id)
        event.refresh_from_db(fields=["processed_at", "outcome"])
        if event.processed_at is not None:
            return Enrolment(
                outcome=event.outcome, instances=list(event.instances.select_related("template", "version"))
            )
        enrolment = _start_matching(event, contact, active_workflows.load() if among is None else among, now)
        event.outcome, event.processed_at = list(enrolment.outcome), now
        event.save(update_fields=["outcome", "processed_at"])
        return enrolment


def enrol_waiting(*, now: dt.datetime, limit: int = 100) -> int:
    """Enrol the oldest events that came through doors which do not enrol themselves; returns how many.

    An event that cannot be enrolled is logged, counted, and left alone after MAX_FAILURES times; the others go on.
    """
    tried = Q(request__failures__isnull=True) | Q(request__failures__lt=MAX_FAILURES)
    waiting = ContactEvent.objects.filter(tried, processed_at__isnull=True)
    ids = list(waiting.order_by("received_at").values_list("pk", flat=True)[:limit])
    among = active_workflows.load() if ids else ()
    return sum(_enrol_apart(pk, now, among) for pk in ids)


def judge(
    *, candidate: Candidate, contact: Contact, facts: Facts, event: ContactEvent | None, now: dt.datetime
) -> Verdict:
    """Whether the template would start for the contact with this event (None: whatever event it starts with)."""
    return _Judge(contact=contact, facts=facts, event=event, now=now).verdict(candidate)


def judge_all(
    *, among: Iterable[Candidate], contact: Contact, facts: Facts, event: ContactEvent | None, now: dt.datetime
) -> list[Verdict]:
    """`judge` for several templates: what they share is looked up once."""
    judgement = _Judge(contact=contact, facts=facts, event=event, now=now)
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


def _enrol_apart(pk: UUID, now: dt.datetime, among: Iterable[Candidate]) -> int:
    try:
        with transaction.atomic():
            # The contact before anything of theirs, as everywhere; one whom somebody holds is left for the next round.
            free = Contact.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).filter(events=pk)
            event = ContactEvent.objects.filter(pk=pk, processed_at=None).first() if free.first() else None
            if event is None:
                return 0
            enrol(event=event, now=now, among=among)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("event %s could not be enrolled", pk)
        _count_failure(pk, f"{type(error).__name__}: {error}")
        return 0
    return 1


def _count_failure(pk: UUID, reason: str) -> None:
    event = ContactEvent.objects.get(pk=pk)
    failures = event.request.get("failures", 0) + 1
    ContactEvent.objects.filter(pk=pk).update(request=event.request | {"failures": failures, "error": reason})


def _start_matching(event: ContactEvent, contact: Contact, among: Iterable[Candidate], now: dt.datetime) -> Enrolment:
    facts = Facts.from_event(event.facts)
    judgement = _Judge(contact=contact, facts=facts, event=event, now=now)
    enrolment = Enrolment(outcome=[])
    for candidate in among:
        verdict = judgement.verdict(candidate)
        if verdict.matched:
            enrolment.instances.append(_start(candidate, contact, event, facts, verdict, now))
        enrolment.outcome.append(
            Answer(workflow=candidate.template.slug, matched=verdict.matched, because=verdict.because)
        )
    return enrolment


@dataclass(frozen=True)
class _LookedUp:
    """What judging asks the database, asked once for many people."""

    kept_out: frozenset[str]  # addresses that staff entered as not to be contacted
    starts: Mapping[UUID, dict[int, dt.datetime]]

    @classmethod
    def about(cls, contacts: Sequence[Contact]) -> _LookedUp:
        manual = Suppression.objects.filter(reason=Suppression.Reason.MANUAL)
        addresses = manual.alias(address=Lower("email")).filter(address__in=[one.email for one in contacts])
        starts: defaultdict[UUID, dict[int, dt.datetime]] = defaultdict(dict)
        instances = WorkflowInstance.objects.filter(contact__in=[one.pk for one in contacts])
        for contact, template, last in (
            instances.values_list("contact", "template").annotate(Max("started_at")).order_by()
        ):
            starts[contact][template] = last
        return cls(frozenset(address.lower() for address in addresses.values_list("email", flat=True)), starts)


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """Judges any number of templates for one event; what they share is looked up once."""

    contact: Contact
    facts: Facts
    event: ContactEvent | None
    now: dt.datetime
    known: _LookedUp | None = None

    @classmethod
    def of_newcomer(cls, person: Newcomer, known: _LookedUp, now: dt.datetime) -> _Judge:
        kind = conditions.NEW_CONTACT if person.is_new else conditions.CONTACT_UPDATED
        event = ContactEvent(contact=person.contact, kind=kind)
        return cls(contact=person.contact, facts=person.facts, event=event, now=now, known=known)

    def verdict(self, candidate: Candidate) -> Verdict:
        if self._refusal:
            return Verdict(False, self._refusal)
        verdict = self._conditions(candidate)
        if not verdict.matched or (self.event is not None and self.event.request.get("force")):
            return verdict
        return self._reentry_refusal(candidate) or self._edit_refusal(candidate) or verdict

    @functools.cached_property
    def _refusal(self) -> str:
        """What keeps the contact out of every workflow."""
        if self.contact.status.blocks_contact:
            return f"the contact is {self.contact.status.name}, which starts nothing"
        if self._is_kept_out:
            return "staff entered the address as one that is not to be contacted"
        return ""

    @property
    def _is_kept_out(self) -> bool:
        if self.known is not None:
            return self.contact.email.lower() in self.known.kept_out
        suppression = consent.suppression_of(email=self.contact.email)
        return suppression is not None and suppression.reason == Suppression.Reason.MANUAL

    def _conditions(self, candidate: Candidate) -> Verdict:
        named = self.event.request.get("workflows") if self.event is not None else None
        if named:
            return _judge_named(candidate, self.facts, named)
        only = self.event.request.get("only") if self.event is not None else None
        if only:
            if candidate.template.slug not in only:
                return Verdict(False, f"staff asked for {' and '.join(only)} only")
            return conditions.judge_contact(triggers=candidate.triggers, facts=self.facts)
        if self.event is None:
            return conditions.judge_contact(triggers=candidate.triggers, facts=self.facts)
        return conditions.judge(triggers=candidate.triggers, facts=self.facts, event=self.event.kind)

    @functools.cached_property
    def _last_starts(self) -> dict[int, dt.datetime]:
        if self.known is not None:
            return self.known.starts.get(self.contact.pk, {})
        starts = WorkflowInstance.objects.filter(contact=self.contact).values_list("template")
        return dict(starts.annotate(Max("started_at")).order_by())

    def _reentry_refusal(self, candidate: Candidate) -> Verdict | None:
        version, last = candidate.version, self._last_starts.get(candidate.template.pk)
        if last is None or version.reentry == WorkflowVersion.Reentry.ALWAYS:
            return None
        if version.reentry == WorkflowVersion.Reentry.ONCE:
            return Verdict(False, f"starts once per contact, and did on {_day(last)}")
        again = last + dt.timedelta(days=version.reentry_days or 0)
        if self.now >= again:
            return None
        return Verdict(False, f"started on {_day(last)} and may start again from {_day(again)}")

    @functools.cached_property
    def _facts_before_edit(self) -> Facts | None:
        """What held before a colleague's edit of a person who came with a list; None for everything else."""
        event = self.event
        if event is None or not event.request.get("edit"):
            return None
        if not self.contact.events.filter(request__baseline=True).exists():
            return None
        return Facts.from_event(event.facts | {name: before for name, (before, _) in event.changes.items()})

    def _edit_refusal(self, candidate: Candidate) -> Verdict | None:
        """Existing people are a baseline: correcting their telephone number is no arrival."""
        before = self._facts_before_edit
        if before is None or not conditions.judge_contact(triggers=candidate.triggers, facts=before).matched:
            return None
        return Verdict(False, "held already when the contact was imported, and an edit starts only what becomes true")


def _judge_named(candidate: Candidate, facts: Facts, named: list[str]) -> Verdict:
    """A caller who names workflows means just those; what they ask of a contact but for the brand is waived."""
    if candidate.template.slug not in named:
        return Verdict(False, f"the caller asked for {' and '.join(named)} only")
    refusal = conditions.judge_entity(triggers=candidate.triggers, facts=facts)
    if refusal is not None and not refusal.matched:
        return refusal
    return Verdict(True, "named by the caller")


def _start(
    candidate: Candidate, contact: Contact, event: ContactEvent, facts: Facts, verdict: Verdict, now: dt.datetime
) -> WorkflowInstance:
    once = candidate.version.reentry == WorkflowVersion.Reentry.ONCE and not event.request.get("force")
    instance = WorkflowInstance.objects.create(
        contact=contact,
        template=candidate.template,
        version=candidate.version,
        business_entity=candidate.template.business_entity or _first_entity(facts),
        event=event,
        trigger_event=event.kind,
        because=verdict.because,
        reentry_key="once" if once else str(event.pk),
        started_at=now,
    )
    ScheduledAction.objects.bulk_create(scheduling.plan_steps(instance=instance, steps=candidate.steps))
    return instance


def _first_entity(facts: Facts) -> BusinessEntity | None:
    """A workflow for any brand speaks for the contact's first."""
    return BusinessEntity.objects.filter(name=facts.business_entities[0]).first() if facts.business_entities else None


def _day(moment: dt.datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"
