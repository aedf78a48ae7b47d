"""Why a workflow started for a contact, or would not: the stored decisions, and the one of this moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from contactflow.core.reasons import Reason
from contacts import describe, intake
from contacts.models import Contact, ContactEvent
from workflows import active_workflows, conditions, enrolment
from workflows.conditions import Check, Facts
from workflows.models import WorkflowTemplate

PAST = 20  # decisions about one workflow that a page shows
RECENT_EVENTS = 50  # how far back the page of all workflows looks


@dataclass(frozen=True)
class Explanation:
    workflow: str
    matched: bool
    reason: Reason
    at: dt.datetime
    stored: bool  # True: what enrolment decided then; False: what it would decide now
    event: str = ""

    @property
    def because(self) -> str:
        """In words."""
        return describe.because(self.reason)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One workflow and one contact: what would happen now, and what was decided last."""

    template: WorkflowTemplate
    now: Explanation
    last: Explanation | None


def explain(*, contact: Contact, template: WorkflowTemplate, now: dt.datetime) -> list[Explanation]:
    """The stored decisions about the template for the contact, newest first, and the one of `now` on top."""
    return [*_at_present(contact, [template], now), *_past(contact, template)]


def checks(*, contact: Contact, template: WorkflowTemplate) -> list[Check]:
    """Every condition of what runs, with what the contact has now."""
    if template.current_version is None:
        return []
    triggers = active_workflows.triggers_of(template, template.current_version)
    return conditions.checks(triggers=triggers, facts=facts_of(contact))


def facts_of(contact: Contact) -> Facts:
    """What holds for the contact now."""
    return Facts.from_event(intake.current_facts(contact))


def overview(*, contact: Contact, now: dt.datetime) -> list[Standing]:
    """Every workflow, those that would start first."""
    last = _last_decisions(contact)
    templates = list(WorkflowTemplate.objects.select_related("business_entity").order_by("name"))
    found = [
        Standing(template=template, now=present, last=last.get(template.slug))
        for template, present in zip(templates, _at_present(contact, templates, now), strict=True)
    ]
    return sorted(found, key=lambda one: not one.now.matched)


def _at_present(contact: Contact, templates: Sequence[WorkflowTemplate], now: dt.datetime) -> Iterator[Explanation]:
    """What enrolment would decide about each, whatever the event."""
    wanted = {template.pk for template in templates}
    among = [candidate for candidate in active_workflows.load() if candidate.template.pk in wanted]
    verdicts = enrolment.judge_all(among=among, contact=contact, facts=facts_of(contact), event=None, now=now)
    judged = {one.template.pk: verdict for one, verdict in zip(among, verdicts, strict=True)}
    for template in templates:
        verdict = judged.get(template.pk)
        never = Reason.of("not_active" if template.current_version_id else "never_published")
        reason = verdict.because if verdict else never
        yield Explanation(template.slug, bool(verdict and verdict.matched), reason, now, stored=False)


def _past(contact: Contact, template: WorkflowTemplate) -> list[Explanation]:
    events = contact.events.filter(processed_at__isnull=False, outcome__contains=[{"workflow": template.slug}])
    return [
        _stored(answer, event)
        for event in events[:PAST]
        for answer in event.outcome
        if answer["workflow"] == template.slug
    ]


def _last_decisions(contact: Contact) -> dict[str, Explanation]:
    """The newest decision about each workflow."""
    last: dict[str, Explanation] = {}
    for event in contact.events.filter(processed_at__isnull=False)[:RECENT_EVENTS]:
        for answer in event.outcome:
            slug = answer["workflow"]
            if slug not in last:
                last[slug] = _stored(answer, event)
    return last


def _stored(answer: dict[str, Any], event: ContactEvent) -> Explanation:
    reason = Reason.stored(answer["because"])
    return Explanation(answer["workflow"], answer["matched"], reason, event.received_at, stored=True, event=event.kind)
