"""What to do first in a new installation; gone once it is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.urls import reverse

from contacts.models import BusinessEntity, Contact
from engagement.channels import registry
from engagement.models import Target
from workflows import heartbeat
from workflows.models import WorkflowInstance


@dataclass(frozen=True)
class FirstStep:
    title: str
    how: str
    address: str
    is_done: bool


def first_steps(user: User) -> list[FirstStep]:
    """In the order in which they build on each other; empty as soon as nothing of it is left to do."""
    steps = [
        FirstStep(
            "Connect mail",
            "Whoever runs Contactflow names your mail server (EMAIL_URL). Until then emails wait here to be read.",
            reverse("admin:engagement_message_changelist"), registry.is_mail_connected(),
        ),
        FirstStep(
            "Introduce your brand", "From which address it writes, how it signs, its time zone and colour.",
            reverse("admin:contacts_businessentity_changelist"),
            BusinessEntity.objects.exclude(sender_email="").exists(),
        ),
        FirstStep(
            "Say where you can be reached", "Your name and address: for alerts, the daily digest and tests of emails.",
            reverse("admin:profile"), bool(user.email),
        ),
        FirstStep(
            "Add your colleagues", "Each with an account of their own, and a role that says what they may do.",
            reverse("admin:auth_user_add"), User.objects.filter(is_active=True, is_staff=True).count() > 1,
        ),
        FirstStep(
            "Say who is alerted", "Put people into at least one team, else nobody hears of an alert.",
            reverse("admin:engagement_target_changelist"),
            Target.objects.exclude(people=None, extra_emails=[]).exists(),
        ),
        FirstStep(
            "Bring your people", "A list as CSV or Excel, with a preview of what would happen; or from Notion.",
            reverse("admin:workflows_importrun_add"), Contact.objects.order_by()[:2].count() > 1,
        ),
        FirstStep(
            "Try one contact", "Add yourself as a contact and watch what your workflows do.",
            reverse("admin:contacts_contact_add"), WorkflowInstance.objects.exists(),
        ),
        FirstStep(
            "Start the workers", "Whoever runs Contactflow starts them (manage.py worker). Nothing goes out before.",
            reverse("admin:workflows_workerheartbeat_changelist"),
            any(health.fresh for health in heartbeat.all_health()),
        ),
    ]  # fmt: skip
    return [] if all(step.is_done for step in steps) else steps
