"""Gives a colleague something to do."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import ClassVar

from contacts.describe import because
from engagement import tasking
from engagement.models import Priority, Task
from workflows import describe, scheduling
from workflows.actions.base import Fault, ForColleague, Foreseen, Planned, Result, Someone, whom, worded
from workflows.drafts import PlannedStep
from workflows.models import ScheduledAction, Step


class CreateTask(ForColleague):
    """A Task for the step's target, due by its priority."""

    name = "create_task"
    label = "Create a task"
    noun = "Task"
    icon = "task_alt"
    fields: ClassVar[tuple[str, ...]] = (*ForColleague.fields, "category", "effort_hours")
    links: ClassVar = {"task": ("Open the task", "engagement_task_change")}

    def perform_many(self, actions: Sequence[ScheduledAction], now: dt.datetime) -> list[Result]:
        made = tasking.create_many([_task_of(action, now) for action in actions], now=now)
        return [{"task": str(pk)} for pk in made]

    def faults(self, step: PlannedStep) -> Iterator[Fault]:
        yield from super().faults(step)
        if not step.title:
            yield Fault(field="title", message="Give the task a title.")

    def foresee(self, planned: Planned, step: PlannedStep, *, name: str, someone: Someone, at: dt.datetime) -> Foreseen:
        task = super().foresee(planned, step, name=name, someone=someone, at=at)
        return dataclasses.replace(task, due_at=scheduling.task_due_at(now=at, priority=task.priority))

    def sentence(self, step: PlannedStep | Step) -> str:
        return f"task “{step.title}” for {whom(step, nobody='somebody still to be chosen')}"

    def what(self, planned: Planned, step: PlannedStep) -> str:
        return step.title or "Task without a title"

    def name_of(self, action: ScheduledAction) -> str:
        return f"Task “{worded(action.step.title, action)}”"


def _task_of(action: ScheduledAction, now: dt.datetime) -> Task:
    instance, step = action.instance, action.step
    priority = step.priority or Priority.MEDIUM
    return Task(
        action=action.pk,
        title=worded(step.title, action),
        description=worded(step.description, action) or describe.about(instance.contact, because(instance.because)),
        category=step.category,
        priority=priority,
        source=Task.Source.WORKFLOW,
        target=action.target,
        contact=instance.contact,
        business_entity_id=instance.business_entity_id,
        effort_hours=step.effort_hours,
        due_at=scheduling.task_due_at(now=now, priority=priority),
    )
