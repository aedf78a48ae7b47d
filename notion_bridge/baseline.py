"""The people who came with the first pull: they start no workflow unless staff say so, after seeing what it means."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q, QuerySet

from contacts import intake
from contacts.models import Contact, ContactEvent
from notion_bridge.models import Kind, NotionDatabase, PageLink
from workflows import actions, active_workflows, enrolment, entrypoints, wake
from workflows.conditions import Facts
from workflows.enrolment import Newcomer

CHUNK = 50
JUDGED = 500
Answer = NotionDatabase.BaselineAnswer


@dataclass
class Foreseen:
    """What starting workflows for the people of the baseline would mean. `by_workflow` counts instances by slug."""

    people: int = 0
    judged: int = 0  # of them: all, but for a very long list
    starting: int = 0  # of the judged, those for whom anything would start
    workflows: int = 0
    emails: int = 0
    by_workflow: Counter[str] = field(default_factory=Counter)


def people() -> QuerySet[Contact]:
    """Whose page was there with the first pull, and who never arrived in any way that starts workflows."""
    is_list = Q(mode__in=[ContactEvent.Mode.BASELINE, ContactEvent.Mode.EDIT])
    is_silent = is_list | Q(source=ContactEvent.Source.SYSTEM)
    arrived = ContactEvent.objects.filter(contact=OuterRef("pk")).exclude(is_silent)
    links = PageLink.objects.filter(contact=OuterRef("pk"), state=PageLink.State.LINKED, came_first=True)
    return Contact.objects.filter(Exists(links), ~Exists(arrived)).order_by("pk")


def waiting_for_an_answer() -> int:
    """How many people of the baseline staff were not decided about yet."""
    asked = NotionDatabase.objects.filter(kind=Kind.CONTACTS, baseline_answer=Answer.NONE).exclude(baseline_at=None)
    return people().count() if asked.exists() else 0


def foresee(*, now: dt.datetime, limit: int = JUDGED) -> Foreseen:
    """What `start` would start at this moment, judged for the first of them; nothing is written."""
    among = active_workflows.load()
    emails = {candidate.template.slug: len(actions.emails_of(candidate.steps)) for candidate in among}
    foreseen = Foreseen(people=people().count())
    some = [_newcomer(contact) for contact in people().select_related("status", "lead_source")[:limit]]
    for starting in enrolment.foresee(people=some, among=among, now=now):
        slugs = [one.template.slug for one in starting]
        foreseen.judged += 1
        foreseen.starting += bool(slugs)
        foreseen.workflows += len(slugs)
        foreseen.emails += sum(emails[slug] for slug in slugs)
        foreseen.by_workflow.update(slugs)
    return foreseen


def answer(*, start: bool) -> None:
    """What staff decided. To start is the workers' to do; to leave them is final until somebody decides otherwise."""
    row = NotionDatabase.objects.filter(kind=Kind.CONTACTS)
    row.update(baseline_answer=Answer.START if start else Answer.LEAVE)
    wake.on_commit()


def start_some(*, now: dt.datetime, limit: int = CHUNK) -> int:
    """Let the next of them arrive, if staff said yes; returns how many. The engine enrols them as anybody."""
    asked = NotionDatabase.objects.filter(kind=Kind.CONTACTS, baseline_answer=Answer.START)
    if not asked.exists():
        return 0
    some = list(people()[:limit])
    for contact in some:
        intake.apply(change=_arrival(contact), now=now)
    if not some:
        asked.update(baseline_answer=Answer.STARTED)
    return len(some)


def start(*, now: dt.datetime) -> int:
    """Start what matches, as if each of them had just arrived; returns how many workflows. Again starts nothing."""
    started = 0
    while some := list(people()[:CHUNK]):
        answered = entrypoints.apply_many(
            changes=[_arrival(contact) for contact in some], policy=intake.ARRIVAL, now=now
        )
        started += sum(len(enrolment.instances) for _, enrolment in answered)
    NotionDatabase.objects.filter(kind=Kind.CONTACTS).update(baseline_answer=Answer.STARTED)
    return started


def _arrival(contact: Contact) -> intake.Change:
    """Whoever has arrived by it is not among `people` any more."""
    key, source = f"notion:start:{contact.pk}", ContactEvent.Source.NOTION
    return intake.happened(email=contact.email, kind="new_contact", source=source, event_key=key)


def _newcomer(contact: Contact) -> Newcomer:
    """As whom `start` lets them arrive: what starts with another event stays asleep."""
    return Newcomer(contact=contact, facts=Facts.from_event(intake.current_facts(contact)), is_new=True)
