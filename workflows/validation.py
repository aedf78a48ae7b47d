"""What is wrong with a plan, said at the field it is wrong at. Pure, but for rows that were loaded with the plan."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from workflows.drafts import Plan, PlannedStep
from workflows.models import ActionType, WorkflowVersion

# What a contact does with an email, and what therefore arrives because a workflow wrote one.
ECHOES = frozenset({"engagement_detected", "opened", "clicked", "replied"})


class Severity(Enum):
    REFUSED = "refused"  # cannot be stored
    BROKEN = "broken"  # can be stored, would not work
    DOUBTFUL = "doubtful"  # works, but not as anybody means it; older versions may have it


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`step` and `touch` count from 0; without a step it is about the workflow as a whole."""

    field: str
    message: str
    severity: Severity = Severity.BROKEN
    step: int | None = None
    touch: int | None = None

    @property
    def sentence(self) -> str:
        """The fault on its own, away from its field."""
        if self.step is None:
            return self.message
        return f"Step {self.step + 1}: {self.message[0].lower()}{self.message[1:]}"


def find(plan: Plan) -> list[Fault]:
    """Everything that keeps the plan from being published."""
    found = [*_of_the_start(plan), *_of_reentry(plan)]
    if not plan.steps:
        found.append(Fault(field="steps", message="Add at least one step."))
    for index, step in enumerate(plan.steps):
        earlier = max((before.delay_hours for before in plan.steps[:index]), default=Decimal(0))
        found += _of_step(index, step, earlier)
    return found


def _of_the_start(plan: Plan) -> Iterator[Fault]:
    if not plan.events:
        yield Fault(field="events", message="Name at least one event that starts the workflow.")


def _of_reentry(plan: Plan) -> Iterator[Fault]:
    if plan.reentry == WorkflowVersion.Reentry.AFTER_DAYS and not plan.reentry_days:
        message = "Say after how many days the workflow may start again."
        yield Fault(field="reentry_days", message=message, severity=Severity.REFUSED)
    echoes = sorted(ECHOES & set(plan.events))
    if not echoes or not emails_of(plan):
        return
    if plan.reentry == WorkflowVersion.Reentry.ALWAYS:
        yield Fault(
            field="reentry",
            message="This would go round in a circle: whoever reads or answers an email of this workflow starts it "
            "again. Choose once, or again after some days.",
            severity=Severity.DOUBTFUL,
        )
    elif plan.reentry == WorkflowVersion.Reentry.AFTER_DAYS and (plan.reentry_days or 0) <= last_email_day(plan):
        yield Fault(
            field="reentry_days",
            message=f"This would go round in a circle: its last email goes out on day {last_email_day(plan)}, and "
            "reading it would start everything again. Give more days than that.",
            severity=Severity.DOUBTFUL,
        )


def emails_of(plan: Plan) -> int:
    """How many emails the plan sends at most, touches included."""
    sending = sum(step.action_type == ActionType.SEND_EMAIL for step in plan.steps)
    return sending + sum(len(step.touches) for step in plan.steps if step.action_type == ActionType.SCHEDULE_FOLLOW_UP)


def last_email_day(plan: Plan) -> int:
    """The day after the start on which the last email goes out."""
    days = [0]
    for step in plan.steps:
        if step.action_type == ActionType.SEND_EMAIL:
            days.append(int(step.delay_hours // 24))
        if step.action_type == ActionType.SCHEDULE_FOLLOW_UP:
            days += [touch.day for touch in step.touches]
    return max(days)


def _of_step(index: int, step: PlannedStep, earlier: Decimal) -> Iterator[Fault]:
    if step.delay_hours < 0:
        yield _fault(index, "delay", "The delay cannot be negative.", Severity.REFUSED)
    elif step.delay_hours < earlier:
        message = "This comes before a step that stands above it. Move it up, or put the steps in order of time."
        yield _fault(index, "delay", message, Severity.DOUBTFUL)
    if step.action_type in (ActionType.SEND_NOTIFICATION, ActionType.CREATE_TASK) and step.target is None:
        yield _fault(index, "target", "Choose who is alerted or gets the task.", Severity.REFUSED)
    if step.action_type == ActionType.CREATE_TASK and not step.title:
        yield _fault(index, "title", "Give the task a title.")
    if step.action_type == ActionType.SEND_EMAIL:
        yield from _of_email(index, step)
    if step.action_type == ActionType.SCHEDULE_FOLLOW_UP:
        yield from _of_touches(index, step)


def _of_email(index: int, step: PlannedStep) -> Iterator[Fault]:
    if step.template is None:
        yield _fault(index, "template", "Choose the email to send.", Severity.REFUSED)
    elif step.template.current_version_id is None:
        yield _fault(index, "template", "Choose an email that has words.")
    elif not step.template.active:
        yield _fault(index, "template", SWITCHED_OFF, Severity.DOUBTFUL)


SWITCHED_OFF = "This email is switched off and would be left out. Switch it on, or choose another."


def _of_touches(index: int, step: PlannedStep) -> Iterator[Fault]:
    if not step.touches:
        yield _fault(index, "touches", "Plan at least one touch.")
    days: set[int] = set()
    for number, touch in enumerate(step.touches):
        where = functools.partial(Fault, step=index, touch=number)
        if touch.day in days:
            message = f"There is an email on day {touch.day} already."
            yield where(field="day", message=message, severity=Severity.REFUSED)
        elif touch.day * 24 < step.delay_hours:
            message = f"Day {touch.day} is over before this step has its turn."
            yield where(field="day", message=message, severity=Severity.DOUBTFUL)
        days.add(touch.day)
        if touch.template is None:
            yield where(field="template", message="Choose the email to send.", severity=Severity.REFUSED)
        elif touch.template.current_version_id is None:
            yield where(field="template", message="Choose an email that has words.")
        elif not touch.template.active:
            yield where(field="template", message=SWITCHED_OFF, severity=Severity.DOUBTFUL)


def _fault(index: int, field: str, message: str, severity: Severity = Severity.BROKEN) -> Fault:
    return Fault(field=field, message=message, severity=severity, step=index)
