"""When things happen: pure arithmetic over steps, stored as due times. All moments are aware datetimes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from decimal import Decimal

from workflows.models import PlannedTouch, ScheduledAction, Step, WorkflowInstance, action_types

_ACTION_NAMESPACE = uuid.UUID("4d5f1f8e-0c0b-5e55-9c7a-6f1b1c2a3d4e")

TOUCH = "follow_up"  # the action type of a planned touch

# How long a colleague has for a task of that priority.
TASK_HOURS = {"urgent": 4, "high": 24, "medium": 72, "low": 168}


def action_id(*, instance_id: uuid.UUID, step_id: int, occurrence: int) -> uuid.UUID:
    """The same step of the same instance is the same action, however often it is planned (RFC 9562, version 5)."""
    return uuid.uuid5(_ACTION_NAMESPACE, f"{instance_id}/{step_id}/{occurrence}")


def delay_of(step: Step) -> dt.timedelta:
    return dt.timedelta(hours=float(step.delay_hours))


def due_at(*, started_at: dt.datetime, delay_hours: Decimal) -> dt.datetime:
    """The delay counts from the start of the instance."""
    return started_at + dt.timedelta(hours=float(delay_hours))


def plan_steps(*, instance: WorkflowInstance, steps: Iterable[Step]) -> list[ScheduledAction]:
    """The actions of an instance's steps, not saved."""
    return [
        _action(instance, step, due_at(started_at=instance.started_at, delay_hours=step.delay_hours)) for step in steps
    ]


def plan_touches(
    *, instance: WorkflowInstance, started_at: dt.datetime, step: Step, touches: Iterable[PlannedTouch]
) -> list[ScheduledAction]:
    """The touches of a schedule_follow_up step, due N days after `started_at`, not saved."""
    return [_touch(instance, started_at, step, touch) for touch in touches]


def task_due_at(*, now: dt.datetime, priority: str) -> dt.datetime:
    """When a task made `now` should be done."""
    return now + dt.timedelta(hours=TASK_HOURS.get(priority, TASK_HOURS["medium"]))


def _action(instance: WorkflowInstance, step: Step, due: dt.datetime) -> ScheduledAction:
    return ScheduledAction(
        id=action_id(instance_id=instance.pk, step_id=step.pk, occurrence=0),
        instance=instance,
        step=step,
        position=step.position,
        action_type=step.action_type,
        lane=action_types.lane_of(step.action_type),
        target_id=step.target_id,
        template_id=step.template_id,
        due_at=due,
        next_attempt_at=due,
    )


def _touch(instance: WorkflowInstance, started_at: dt.datetime, step: Step, touch: PlannedTouch) -> ScheduledAction:
    due = started_at + dt.timedelta(days=touch.day)
    return ScheduledAction(
        id=action_id(instance_id=instance.pk, step_id=step.pk, occurrence=touch.day),
        instance=instance,
        step=step,
        occurrence=touch.day,
        position=step.position,
        action_type=TOUCH,
        lane=action_types.lane_of(TOUCH),
        template_id=touch.template_id,
        due_at=due,
        next_attempt_at=due,
    )
