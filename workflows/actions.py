"""What each action type does, one small handler each.

Inside handlers work in our own database, within the transaction that settles the action: they run whole or not at all.
Outside handlers hand something over to the world; workflows.execution leads them through prepare, intent and result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.models import Q

from contacts.models import Contact
from engagement import alerts, delivery, tasking
from engagement.models import MessageEvent
from workflows import scheduling
from workflows.models import ActionType, ScheduledAction

Result = dict[str, Any]
InsideHandler = Callable[[ScheduledAction, dt.datetime], Result]

# A touch yields to another email of the contact within this time before or after.
TOUCH_DISTANCE = dt.timedelta(hours=20)
# Events that end the touches of everything that started before them.
ENDING_EVENTS = ("replied", "converted")


def send_notification(action: ScheduledAction, now: dt.datetime) -> Result:
    """An Alert for the step's target, stored; its deliveries are on their way afterwards."""
    instance, step = action.instance, action.step
    if action.target is None:
        raise ValueError("the step names nobody to alert")
    alert = alerts.raise_alert(
        action_id=action.pk,
        title=step.title or f"{instance.template.name}: {instance.contact}",
        message=step.description or about(instance.contact, instance.because),
        priority=step.priority or "medium",
        target=action.target,
        contact=instance.contact,
        business_entity=instance.business_entity,
        now=now,
    )
    return {"alert": str(alert.pk)}


def create_task(action: ScheduledAction, now: dt.datetime) -> Result:
    """A Task for the step's target, due by its priority."""
    instance, step = action.instance, action.step
    priority = step.priority or "medium"
    task = tasking.create_task(
        action_id=action.pk,
        title=step.title,
        description=step.description or about(instance.contact, instance.because),
        category=step.category,
        priority=priority,
        target=action.target,
        contact=instance.contact,
        business_entity=instance.business_entity,
        effort_hours=step.effort_hours,
        due_at=scheduling.task_due_at(now=now, priority=priority),
        now=now,
    )
    return {"task": str(task.pk)}


def schedule_follow_up(action: ScheduledAction, now: dt.datetime) -> Result:
    """The touches of the step's sequence become actions of the same instance; planned again they are the same rows."""
    # Pauses shift the action; counted back from it, the start of the instance is shifted with them.
    started_at = action.due_at - scheduling.delay_of(action.step)
    touches = scheduling.plan_touches(
        instance=action.instance, started_at=started_at, step=action.step, touches=action.step.touches.all()
    )
    ScheduledAction.objects.bulk_create(touches, ignore_conflicts=True)
    return {"planned": [{"day": touch.occurrence, "due_at": touch.due_at.isoformat()} for touch in touches]}


INSIDE: dict[str, InsideHandler] = {
    ActionType.SEND_NOTIFICATION: send_notification,
    ActionType.CREATE_TASK: create_task,
    ActionType.SCHEDULE_FOLLOW_UP: schedule_follow_up,
}
OUTSIDE: frozenset[str] = frozenset({ActionType.SEND_EMAIL, ActionType.FOLLOW_UP})


def why_not(action: ScheduledAction) -> str:
    """Why the action is not to be done any more, in words; empty when it is."""
    contact = action.instance.contact
    if contact.status.blocks_contact:
        return f"The contact is {contact.status.name}."
    return why_touch_ended(action) if action.action_type == ActionType.FOLLOW_UP else ""


def why_touch_yields(action: ScheduledAction) -> str:
    """Why a touch steps back for another email, in words; empty when it goes out.

    Call it in the transaction that records the intent, with the contact locked: two touches of a contact then see
    each other.
    """
    contact_id = action.instance.contact_id
    coming = ScheduledAction.objects.filter(
        Q(action_type=ActionType.SEND_EMAIL) | Q(action_type=ActionType.FOLLOW_UP, due_at__gt=action.due_at),
        instance__contact_id=contact_id,
        instance__status="active",
        status__in=["pending", "claimed", "sending"],
        due_at__lte=action.due_at + TOUCH_DISTANCE,
    ).exclude(pk=action.pk)
    # In this order: an email that goes out between the two questions is seen by the second.
    if coming.exists():
        return "Another email to the contact is due within 20 hours."
    if delivery.sent_since(contact_id=contact_id, moment=action.due_at - TOUCH_DISTANCE):
        return "Another email went to the contact within 20 hours."
    return ""


def why_touch_ended(action: ScheduledAction) -> str:
    """Why the contact gets no more touches, in words; empty when they go on."""
    instance = action.instance
    since = instance.started_at
    if MessageEvent.objects.filter(message__contact_id=instance.contact_id, type="replied", at__gte=since).exists():
        return "The contact replied."
    ending = instance.contact.events.filter(kind__in=ENDING_EVENTS, received_at__gte=since).first()
    return f"The contact {ending.kind}." if ending else ""


def about(contact: Contact, because: str) -> str:
    """What a colleague needs to begin: who, how to reach them, why this reached you."""
    lines = [
        contact.full_name,
        contact.email,
        contact.phone,
        " · ".join(filter(None, [contact.job_title, contact.company])),
    ]
    about = "\n".join(line for line in lines if line)
    return f"{about}\nStarted because: {because}" if because else about
