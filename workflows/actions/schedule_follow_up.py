"""Plans the emails of a follow-up, over days."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from workflows import scheduling
from workflows.actions.base import ActionType, Fault, Lane, Planned, Result, Severity
from workflows.actions.send_email import faults_of
from workflows.drafts import PlannedStep, Touch
from workflows.models import PlannedTouch, ScheduledAction, Step


class ScheduleFollowUp(ActionType):
    """The touches of its step become actions of the same instance; planned again they are the same rows."""

    name = "schedule_follow_up"
    label = "Follow up by email over days"
    noun = "Follow-up"
    icon = "event_repeat"
    lane = Lane.INSIDE
    pursues = True
    fields = ("touches",)

    def perform_many(self, actions: Sequence[ScheduledAction], now: dt.datetime) -> list[Result]:
        touches: dict[int, list[PlannedTouch]] = defaultdict(list)
        for touch in PlannedTouch.objects.filter(step__in={action.step_id for action in actions}):
            touches[touch.step_id].append(touch)
        planned = [_plan(action, touches[action.step_id]) for action in actions]
        ScheduledAction.objects.bulk_create([one for some in planned for one in some], ignore_conflicts=True)
        return [
            {"planned": [{"day": touch.occurrence, "due_at": touch.due_at.isoformat()} for touch in some]}
            for some in planned
        ]

    def faults(self, step: PlannedStep) -> Iterator[Fault]:
        if not step.touches:
            yield Fault(field="touches", message="Plan at least one touch.")
        days: set[int] = set()
        for number, touch in enumerate(step.touches):
            if touch.day in days:
                message = f"There is an email on day {touch.day} already."
                yield Fault(field="day", touch=number, message=message, severity=Severity.REFUSED)
            elif touch.day * 24 < step.delay_hours:
                message = f"Day {touch.day} is over before this step has its turn."
                yield Fault(field="day", touch=number, message=message, severity=Severity.DOUBTFUL)
            days.add(touch.day)
            yield from (dataclasses.replace(fault, touch=number) for fault in faults_of(touch.template))

    def planned(self, step: PlannedStep | Step) -> list[Planned]:
        return [
            Planned(
                hours=max(step.delay_hours, Decimal(touch.day * 24)),
                action_type=scheduling.TOUCH,
                email=touch.template,
            )
            for touch in _touches(step)
        ]

    def sentence(self, step: PlannedStep | Step) -> str:
        touches = ", ".join(f"“{touch.template}” on day {touch.day}" for touch in _touches(step))
        return f"plan {touches or 'no touch yet'}"

    def name_of(self, action: ScheduledAction) -> str:
        return "Plan the follow-up"

    def outcome(self, result: Mapping[str, Any]) -> str:
        days = ", ".join(str(touch.get("day")) for touch in result.get("planned", ()))
        return f"Planned a touch for each of the days {days}." if days else ""


def _touches(step: PlannedStep | Step) -> Sequence[Touch | PlannedTouch]:
    return step.touches if isinstance(step, PlannedStep) else list(step.touches.all())


def _plan(action: ScheduledAction, touches: Sequence[PlannedTouch]) -> list[ScheduledAction]:
    # Pauses shift the action; counted back from it, the start of the instance is shifted with them.
    started_at = action.due_at - scheduling.delay_of(action.step)
    return scheduling.plan_touches(instance=action.instance, started_at=started_at, step=action.step, touches=touches)
