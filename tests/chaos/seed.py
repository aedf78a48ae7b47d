"""Contacts whose one workflow sends one email at once. Run as a script in the installation's environment."""

from __future__ import annotations

import sys
import uuid

import django

django.setup()

from django.db import transaction  # noqa: E402

from contactflow.core.clock import database_now  # noqa: E402
from contacts.models import BusinessEntity, Contact, ContactStatus  # noqa: E402
from engagement.models import EngagementTemplate  # noqa: E402
from workflows import publishing, scheduling  # noqa: E402
from workflows.models import ScheduledAction, Step, WorkflowInstance, WorkflowTemplate, WorkflowVersion  # noqa: E402


def seed(many: int) -> None:
    """`many` contacts, each with one email that is due now."""
    template, _ = WorkflowTemplate.objects.get_or_create(slug="chaos", defaults={"name": "Chaos", "active": False})
    version = template.current_version or _publish(template)
    now, status = database_now(), ContactStatus.objects.get(is_default=True)
    entity = BusinessEntity.objects.get(slug="higherself_core")
    with transaction.atomic():
        contacts = Contact.objects.bulk_create(
            Contact(email=f"{uuid.uuid4().hex}@example.org", first_name="Ada", status=status) for _ in range(many)
        )
        instances = WorkflowInstance.objects.bulk_create(
            WorkflowInstance(
                contact=contact,
                template=template,
                version=version,
                business_entity=entity,
                trigger_event="new_contact",
                reentry_key="once",
                started_at=now,
            )
            for contact in contacts
        )
        steps = list(version.steps.all())
        ScheduledAction.objects.bulk_create(
            action for instance in instances for action in scheduling.plan_steps(instance=instance, steps=steps)
        )


def _publish(template: WorkflowTemplate) -> WorkflowVersion:
    version = WorkflowVersion.objects.create(template=template, number=1, events=["chaos"])
    email = EngagementTemplate.objects.get(slug="community_welcome")
    Step.objects.create(version=version, position=1, action_type="send_email", template=email)
    return publishing.publish(version=version, by=None, now=database_now())


if __name__ == "__main__":
    seed(int(sys.argv[1]))
