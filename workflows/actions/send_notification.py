"""Alerts a colleague."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

from contacts.describe import because
from engagement import alerts
from engagement.models import Alert, Priority
from workflows import describe
from workflows.actions.base import ForColleague, Result, whom, worded
from workflows.drafts import PlannedStep
from workflows.models import ScheduledAction, Step


class SendNotification(ForColleague):
    """An Alert for the step's target, stored; its deliveries are on their way afterwards."""

    name = "send_notification"
    label = "Alert a colleague"
    noun = "Alert"
    icon = "notifications"
    links: ClassVar = {"alert": ("Open the alert", "engagement_alert_change")}

    def perform_many(self, actions: Sequence[ScheduledAction], now: dt.datetime) -> list[Result]:
        made = alerts.raise_many([_alert_of(action) for action in actions], now=now)
        return [{"alert": str(pk)} for pk in made]

    def sentence(self, step: PlannedStep | Step) -> str:
        return f"alert {whom(step, nobody='somebody still to be chosen')}"

    def name_of(self, action: ScheduledAction) -> str:
        return f"Alert {action.target}"


def _alert_of(action: ScheduledAction) -> Alert:
    instance, step = action.instance, action.step
    if action.target is None:
        raise ValueError("the step names nobody to alert")
    return Alert(
        action=action.pk,
        title=worded(step.title, action) or f"{instance.template.name}: {instance.contact}",
        message=worded(step.description, action) or describe.about(instance.contact, because(instance.because)),
        priority=step.priority or Priority.MEDIUM,
        target=action.target,
        contact=instance.contact,
        business_entity_id=instance.business_entity_id,
    )
