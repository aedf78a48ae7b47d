"""What to do first in a new installation; gone once it is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from contacts.models import Contact
from engagement.models import Target
from workflows import heartbeat


@dataclass(frozen=True)
class FirstStep:
    title: str
    how: str
    address: str
    is_done: bool


def first_steps() -> list[FirstStep]:
    """Empty as soon as nothing of it is left to do."""
    has_worker = any(health.fresh for health in heartbeat.all_health())
    has_people = Target.objects.exclude(people=None, extra_emails=[]).exists()
    steps = [
        FirstStep(
            "Bring in people", "Add a contact, import a list, or let your website send them.",
            reverse("admin:contacts_contact_changelist"), Contact.objects.exists(),
        ),
        FirstStep(
            "Connect mail", "Set EMAIL_URL. Until then every email stays here to be read.",
            reverse("admin:engagement_message_changelist"), bool(settings.EMAIL_URL),
        ),
        FirstStep(
            "Say who is alerted", "Put people behind at least one target, else nobody hears of an alert.",
            reverse("admin:engagement_target_changelist"), has_people,
        ),
        FirstStep(
            "Start a worker", "Run manage.py worker. Nothing goes out before.",
            reverse("admin:workflows_workerheartbeat_changelist"), has_worker,
        ),
    ]  # fmt: skip
    return [] if all(step.is_done for step in steps) else steps
