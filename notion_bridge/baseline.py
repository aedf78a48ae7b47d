"""The people who came with the first pull: they start no workflow unless staff say so, after seeing what it means."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet

from contacts import intake
from contacts.models import Contact, ContactEvent
from notion_bridge.models import PageLink
from workflows import arrivals, enrolment, wake
from workflows.conditions import Facts
from workflows.enrolment import Candidate
from workflows.models import ActionType

EMAILS = (ActionType.SEND_EMAIL, ActionType.FOLLOW_UP)
CHUNK = 200


@dataclass
class Foreseen:
    """What starting workflows for the people of the baseline would mean. `by_workflow` counts instances by slug."""

    people: int = 0
    starting: int = 0  # of them, those for whom anything would start
    workflows: int = 0
    emails: int = 0
    by_workflow: Counter[str] = field(default_factory=Counter)


def people() -> QuerySet[Contact]:
    """Who came with a pull that started nothing, and for whom nothing was started since."""
    came = ContactEvent.objects.filter(source=ContactEvent.Source.NOTION, request__baseline=True)
    started = ContactEvent.objects.filter(event_key__startswith="notion:start:")
    linked = Contact.objects.filter(notion_link__state=PageLink.State.LINKED)
    return linked.filter(pk__in=came.values("contact")).exclude(pk__in=started.values("contact")).order_by("pk")


def foresee(*, now: dt.datetime) -> Foreseen:
    """What `start` would start at this moment. Judged person by person, nothing is written."""
    among = enrolment.candidates()
    emails = {candidate.template.slug: _emails(candidate) for candidate in among}
    foreseen = Foreseen()
    for contact in people().select_related("status", "lead_source").iterator(chunk_size=CHUNK):
        facts = Facts.from_event(intake.current_facts(contact))
        slugs = [
            one.template.slug
            for one in among
            if enrolment.judge(candidate=one, contact=contact, facts=facts, event=None, now=now).matched
        ]
        foreseen.people += 1
        foreseen.starting += bool(slugs)
        foreseen.workflows += len(slugs)
        foreseen.emails += sum(emails[slug] for slug in slugs)
        foreseen.by_workflow.update(slugs)
    return foreseen


def start(*, now: dt.datetime) -> int:
    """Start what matches, as if each of them had just arrived; returns how many workflows. Again starts nothing."""
    started = 0
    for contact in people().iterator(chunk_size=CHUNK):
        answer = arrivals.run_event(
            email=contact.email,
            kind="new_contact",
            source=ContactEvent.Source.NOTION,
            now=now,
            event_key=f"notion:start:{contact.pk}",
        )
        started += len(answer.enrolment.instances)
    return started


def start_later(*, now: dt.datetime) -> int:
    """As `start`, but leaves the starting to the workers; returns for how many people."""
    waiting = 0
    with transaction.atomic():
        for contact in people().iterator(chunk_size=CHUNK):
            intake.record_event(
                email=contact.email,
                kind="new_contact",
                source=ContactEvent.Source.NOTION,
                now=now,
                event_key=f"notion:start:{contact.pk}",
            )
            waiting += 1
        wake.on_commit()
    return waiting


def _emails(candidate: Candidate) -> int:
    """How many emails one instance plans, touches included."""
    sending = sum(step.action_type in EMAILS for step in candidate.steps)
    return sending + sum(step.touches.count() for step in candidate.steps)
