"""Gives a colleague something to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from engagement import tasking
from engagement.models import Priority, Task
from workflows import describe, scheduling
from workflows.actions.base import ActionType, Lane, Result
from workflows.models import ScheduledAction


class CreateTask(ActionType):
    """A Task for the step's target, due by its priority."""

    name = "create_task"
    label = "Create a task"
    lane = Lane.INSIDE

    def perform_many(self, actions: Sequence[ScheduledAction], now: dt.datetime) -> list[Result]:
        made = tasking.create_many([_task_of(action, now) for action in actions], now=now)
        return [{"task": str(pk)} for pk in made]


def _task_of(action: ScheduledAction, now: dt.datetime) -> Task:
    instance, step = action.instance, action.step
    priority = step.priority or Priority.MEDIUM
    return Task(
        action=action.pk,
        title=step.title,
        description=step.description or describe.about(instance.contact, instance.because),
        category=step.category,
        priority=priority,
        source=Task.Source.WORKFLOW,
        target=action.target,
        contact=instance.contact,
        business_entity_id=instance.business_entity_id,
        effort_hours=step.effort_hours,
        due_at=scheduling.task_due_at(now=now, priority=priority),
    )
