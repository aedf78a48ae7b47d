"""A colleague starts a workflow for one contact: first what speaks for and against it, then the start itself."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from contacts import describe, intake
from contacts.intake import EnrolmentPolicy
from contacts.models import Contact, ContactEvent
from workflows import active_workflows, enrolment, entrypoints, explain
from workflows.active_workflows import Candidate
from workflows.conditions import MANUAL_TRIGGER, Verdict
from workflows.models import Step, WorkflowInstance, WorkflowTemplate


class NotStarted(Exception):
    """The workflow did not start; the words say what stood against it."""


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """One workflow and one contact, at this moment."""

    template: WorkflowTemplate
    holds: bool
    because: str  # what the workflow's own conditions say: it would start by itself, or what is lacking
    refusal: str = ""  # what keeps even a colleague from starting it; empty: it can be started
    repeats: bool = False  # it did start before, and starts again only when a colleague insists
    steps: tuple[Step, ...] = ()


def prospects(*, contact: Contact, now: dt.datetime) -> list[Prospect]:
    """Every active workflow, those whose conditions hold first."""
    among = active_workflows.load()
    facts = explain.facts_of(contact)
    named = [one.template.slug for one in among]
    alone, asked, insisted = (
        enrolment.judge_all(among=among, contact=contact, facts=facts, event=event, now=now)
        for event in (None, _asking(contact, named, force=False), _asking(contact, named, force=True))
    )
    found = [_prospect(*one) for one in zip(among, alone, asked, insisted, strict=True)]
    return sorted(found, key=lambda one: (bool(one.refusal), not one.holds, one.template.name))


def start(
    *, contact: Contact, template: WorkflowTemplate, force: bool, actor: str, now: dt.datetime
) -> WorkflowInstance:
    """Start just this workflow, through the door everybody uses; `force` passes over re-entry. Raises NotStarted."""
    try:
        policy = EnrolmentPolicy.named([template.slug], is_forced=force)
        answer = entrypoints.apply(change=_trigger(contact, actor), policy=policy, now=now)
    except (entrypoints.UnknownWorkflow, intake.IntakeError) as error:
        raise NotStarted(str(error)) from error
    if not answer.enrolment.instances:
        judged = {one["workflow"]: describe.because(one["because"]) for one in answer.enrolment.outcome}
        raise NotStarted(f"{template} did not start: {judged.get(template.slug) or 'it is not active'}.")
    return answer.enrolment.instances[0]


@dataclass(frozen=True)
class Preview:
    """What starting one workflow for several people would do: for how many, and why not for the others."""

    would_start: int
    left_out: dict[str, int]  # how many are left out for which reason


def preview(*, contacts: Sequence[Contact], template: WorkflowTemplate, now: dt.datetime) -> Preview:
    """What the workflow's conditions say of each of them now. Raises NotStarted where it is not running at all."""
    candidate = next((one for one in active_workflows.load() if one.template.pk == template.pk), None)
    if candidate is None:
        raise NotStarted(f"{template} is switched off or was never published.")
    said = [
        enrolment.judge(candidate=candidate, contact=one, facts=explain.facts_of(one), event=None, now=now)
        for one in contacts
    ]
    left_out = Counter(describe.because(one.because) for one in said if not one.matched)
    return Preview(sum(one.matched for one in said), dict(left_out.most_common()))


def start_several(*, contacts: Sequence[Contact], template: WorkflowTemplate, actor: str, now: dt.datetime) -> int:
    """Start the workflow for those of them whose conditions hold; returns for how many it did."""
    answered = entrypoints.apply_many(
        changes=[_trigger(contact, actor) for contact in contacts],
        policy=EnrolmentPolicy.only([template.slug]),
        now=now,
    )
    return sum(len(enrolment.instances) for _, enrolment in answered)


def _trigger(contact: Contact, actor: str) -> intake.Change:
    source = ContactEvent.Source.ADMIN
    return intake.happened(email=contact.email, kind=MANUAL_TRIGGER, source=source, metadata={"colleague": actor})


def _prospect(candidate: Candidate, alone: Verdict, asked: Verdict, insisted: Verdict) -> Prospect:
    return Prospect(
        template=candidate.template,
        holds=alone.matched,
        because=describe.because(alone.because),
        refusal="" if insisted.matched else describe.because(insisted.because),
        repeats=insisted.matched and not asked.matched,
        steps=candidate.steps,
    )


def _asking(contact: Contact, named: list[str], *, force: bool) -> ContactEvent:
    """The event that a start by hand would leave, not stored."""
    mode = ContactEvent.Mode.NAMED
    return ContactEvent(contact=contact, kind=MANUAL_TRIGGER, mode=mode, workflows=named, is_forced=force)
