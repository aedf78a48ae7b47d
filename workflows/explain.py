"""Why a workflow started for a contact, or would not: the stored decision, or the one of this moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from contacts import intake
from contacts.models import Contact
from workflows import enrolment
from workflows.conditions import Facts
from workflows.models import WorkflowTemplate


@dataclass(frozen=True)
class Explanation:
    workflow: str
    matched: bool
    because: str
    at: dt.datetime
    stored: bool  # True: what enrolment decided then; False: what it would decide now


def explain(*, contact: Contact, template: WorkflowTemplate, now: dt.datetime) -> list[Explanation]:
    """Every stored decision about the template for the contact, newest first, and the one of `now` on top."""
    return [_present(contact, template, now), *_past(contact, template)]


def _present(contact: Contact, template: WorkflowTemplate, now: dt.datetime) -> Explanation:
    candidate = next((one for one in enrolment.candidates() if one.template.pk == template.pk), None)
    if candidate is None:
        return Explanation(template.slug, False, "is not active or was never published", now, stored=False)
    verdict = enrolment.judge(
        candidate=candidate, contact=contact, facts=Facts.from_event(intake.current_facts(contact)), event=None, now=now
    )
    return Explanation(template.slug, verdict.matched, verdict.because, now, stored=False)


def _past(contact: Contact, template: WorkflowTemplate) -> list[Explanation]:
    return [
        Explanation(template.slug, answer["matched"], answer["because"], event.received_at, stored=True)
        for event in contact.events.filter(processed_at__isnull=False)
        for answer in event.outcome
        if answer["workflow"] == template.slug
    ]
