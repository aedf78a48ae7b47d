"""From an event to workflow instances: every active template answers whether it started, and because of what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from contacts.models import BusinessEntity, Contact, ContactEvent
from workflows import conditions, scheduling
from workflows.conditions import Facts, Triggers, Verdict
from workflows.models import ScheduledAction, Step, WorkflowInstance, WorkflowTemplate, WorkflowVersion


class Answer(TypedDict):
    workflow: str
    matched: bool
    because: str


@dataclass(frozen=True)
class Enrolment:
    """What an event started. `outcome` has one answer per active template."""

    outcome: list[Answer]
    instances: list[WorkflowInstance] = field(default_factory=list)


@dataclass(frozen=True)
class Candidate:
    """An active template with all that judging and starting it needs, read once."""

    template: WorkflowTemplate
    version: WorkflowVersion
    triggers: Triggers
    steps: tuple[Step, ...]


def candidates() -> list[Candidate]:
    """Every active template that has a published version."""
    templates = WorkflowTemplate.objects.filter(active=True, current_version__isnull=False).select_related(
        "business_entity", "current_version"
    )
    versions = WorkflowVersion.objects.in_bulk([t.current_version_id for t in templates if t.current_version_id])
    loaded = {
        version.pk: version
        for version in WorkflowVersion.objects.filter(pk__in=versions).prefetch_related(
            "contact_types", "lead_sources", "steps"
        )
    }
    return [_candidate(template, loaded[template.current_version_id]) for template in templates]  # type: ignore[index]  # filtered above


def enrol(*, event: ContactEvent, now: dt.datetime, among: list[Candidate] | None = None) -> Enrolment:
    """Start what the event matches; enrolling an event again answers what it answered first and starts nothing.

    `among` saves the look-up of templates where many events are enrolled in a row.
    """
    with transaction.atomic():
        # One enrolment per contact at a time: re-entry is judged on what the one before committed.
        contact = (
            Contact.objects.select_for_update(of=("self",), no_key=True)
            .select_related("status")
            .get(pk=event.contact_id)
        )
        event.refresh_from_db(fields=["processed_at", "outcome"])
        if event.processed_at is not None:
            return Enrolment(
                outcome=event.outcome, instances=list(event.instances.select_related("template", "version"))
            )
        enrolment = _start_matching(event, contact, candidates() if among is None else among, now)
        event.outcome, event.processed_at = list(enrolment.outcome), now
        event.save(update_fields=["outcome", "processed_at"])
        return enrolment


def enrol_waiting(*, now: dt.datetime, limit: int = 100) -> int:
    """Enrol the oldest events that came through doors which do not enrol themselves; returns how many."""
    among: list[Candidate] | None = None
    done = 0
    for pk in _waiting_ids(limit):
        with transaction.atomic():
            event = ContactEvent.objects.select_for_update(skip_locked=True).filter(pk=pk, processed_at=None).first()
            if event is None:
                continue
            among = candidates() if among is None else among
            enrol(event=event, now=now, among=among)
            done += 1
    return done


def judge(
    *, candidate: Candidate, contact: Contact, facts: Facts, event: ContactEvent | None, now: dt.datetime
) -> Verdict:
    """Whether the template would start for the contact with this event (None: for a new_contact, at this moment)."""
    if contact.status.blocks_contact:
        return Verdict(False, f"the contact is {contact.status.name}, which starts nothing")
    verdict = _judge_conditions(candidate, facts, event)
    if not verdict.matched or (event is not None and event.request.get("force")):
        return verdict
    refusal = _reentry_refusal(candidate, contact, now)
    return refusal or verdict


def _waiting_ids(limit: int) -> list[UUID]:
    return list(
        ContactEvent.objects.filter(processed_at__isnull=True)
        .order_by("received_at")
        .values_list("pk", flat=True)[:limit]
    )


def _candidate(template: WorkflowTemplate, version: WorkflowVersion) -> Candidate:
    return Candidate(
        template=template, version=version, triggers=triggers_of(template, version), steps=tuple(version.steps.all())
    )


def triggers_of(template: WorkflowTemplate, version: WorkflowVersion) -> Triggers:
    """The conditions of a version as plain values."""
    return Triggers(
        events=tuple(version.events),
        business_entity=template.business_entity.name if template.business_entity else "",
        contact_types=tuple(kind.name for kind in version.contact_types.all()),
        lead_sources=tuple(source.name for source in version.lead_sources.all()),
        interests=tuple(version.interests),
        tags=tuple(version.tags),
    )


def _start_matching(event: ContactEvent, contact: Contact, among: Iterable[Candidate], now: dt.datetime) -> Enrolment:
    facts = Facts.from_event(event.facts)
    enrolment = Enrolment(outcome=[])
    for candidate in among:
        verdict = judge(candidate=candidate, contact=contact, facts=facts, event=event, now=now)
        if verdict.matched:
            enrolment.instances.append(_start(candidate, contact, event, facts, verdict, now))
        enrolment.outcome.append(
            Answer(workflow=candidate.template.slug, matched=verdict.matched, because=verdict.because)
        )
    return enrolment


def _judge_conditions(candidate: Candidate, facts: Facts, event: ContactEvent | None) -> Verdict:
    named = event.request.get("workflows") if event is not None else None
    if named:
        return _judge_named(candidate, facts, named)
    if event is None:
        return conditions.judge_contact(triggers=candidate.triggers, facts=facts)
    return conditions.judge(triggers=candidate.triggers, facts=facts, event=event.kind)


def _judge_named(candidate: Candidate, facts: Facts, named: list[str]) -> Verdict:
    """A caller who names workflows means just those; what they ask of a contact but for the brand is waived."""
    if candidate.template.slug not in named:
        return Verdict(False, f"the caller asked for {' and '.join(named)} only")
    refusal = conditions.judge_entity(triggers=candidate.triggers, facts=facts)
    if refusal is not None and not refusal.matched:
        return refusal
    return Verdict(True, "named by the caller")


def _reentry_refusal(candidate: Candidate, contact: Contact, now: dt.datetime) -> Verdict | None:
    version = candidate.version
    if version.reentry == WorkflowVersion.Reentry.ALWAYS:
        return None
    last = WorkflowInstance.objects.filter(template=candidate.template, contact=contact).aggregate(
        last=Max("started_at")
    )["last"]
    if last is None:
        return None
    if version.reentry == WorkflowVersion.Reentry.ONCE:
        return Verdict(False, f"starts once per contact, and did on {last:%Y-%m-%d}")
    again = last + dt.timedelta(days=version.reentry_days or 0)
    return (
        None
        if now >= again
        else Verdict(False, f"started on {last:%Y-%m-%d} and may start again from {again:%Y-%m-%d}")
    )


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
