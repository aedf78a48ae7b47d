"""One email of a follow-up, which steps back for others and ends when the contact answers."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from contactflow.core.reasons import Reason
from engagement import delivery
from engagement.models import MessageEvent
from workflows.actions.send_email import SendEmail
from workflows.models import ScheduledAction, WorkflowVersion

# A touch yields to another email of the contact within this time before or after.
TOUCH_DISTANCE = dt.timedelta(hours=20)
# Events that end the touches of everything that started before them.
ENDING_EVENTS = ("replied", "converted")


class FollowUp(SendEmail):
    """A touch that schedule_follow_up planned."""

    name = "follow_up"
    label = "Follow-up touch"
    noun = "Follow-up email"
    fields = ()
    is_step = False
    may_yield = True

    def why_not(self, action: ScheduledAction) -> Reason | None:
        return super().why_not(action) or why_ended(action)

    def why_yields(self, action: ScheduledAction) -> Reason | None:
        return why_ended(action) or _why_another_email(action)

    def name_of(self, action: ScheduledAction) -> str:
        return f"Day {action.occurrence}: email “{action.template}”"

    def delay_of(self, action: ScheduledAction) -> dt.timedelta:
        return dt.timedelta(days=action.occurrence)


def why_ended(action: ScheduledAction) -> Reason | None:
    """Why the contact gets no more touches; None when they go on. What workflows.exits has not come to yet is seen
    here."""
    instance = action.instance
    since = instance.started_at
    kinds = ENDING_EVENTS if instance.version.on_reply == WorkflowVersion.OnReply.STOP else ("converted",)
    replies = MessageEvent.objects.filter(message__contact_id=instance.contact_id, type="replied", at__gte=since)
    if "replied" in kinds and replies.exists():
        return Reason.of("contact_replied")
    ending = instance.contact.events.filter(kind__in=kinds, received_at__gte=since).first()
    return Reason.of(f"contact_{ending.kind}") if ending else None


def _why_another_email(action: ScheduledAction) -> Reason | None:
    """With the contact locked, two touches of a contact see each other."""
    contact_id = action.instance.contact_id
    coming = ScheduledAction.objects.filter(
        Q(action_type=SendEmail.name) | Q(action_type=FollowUp.name, due_at__gt=action.due_at),
        instance__contact_id=contact_id,
        instance__status="active",
        status__in=["pending", "claimed", "sending"],
        due_at__lte=action.due_at + TOUCH_DISTANCE,
    ).exclude(pk=action.pk)
    # In this order: an email that goes out between the two questions is seen by the second.
    if coming.exists():
        return Reason.of("yields_to_due")
    if delivery.sent_since(contact_id=contact_id, moment=action.due_at - TOUCH_DISTANCE):
        return Reason.of("yields_to_sent")
    return None
