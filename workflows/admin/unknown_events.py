"""Events that nobody sends: a workflow that waits for a misspelt name would never start, and nobody would notice."""

from __future__ import annotations

from contacts.admin.events import KINDS
from contacts.models import ContactEvent
from workflows.models import WorkflowVersion

HELP = (
    "Any of these events starts it: new_contact, contact_updated, engagement_detected, or a business event such as "
    "consultation_completed. manual_trigger is judged like new_contact."
)


def events_of(version: WorkflowVersion) -> list[str]:
    """The events that are not general ones, start no other published version, and have never arrived."""
    published = WorkflowVersion.objects.filter(published_at__isnull=False).exclude(pk=version.pk)
    return [
        event
        for event in version.events
        if event not in KINDS
        and not published.filter(events__contains=[event]).exists()
        and not ContactEvent.objects.filter(kind=event).exists()
    ]


def warning(version: WorkflowVersion) -> str:
    """What to say before publishing; empty when every event is familiar."""
    return " ".join(f"Nothing has sent {event} so far: check how it is spelt." for event in events_of(version))
