"""What is wrong with a plan, said at the field it is wrong at. Pure, but for rows that were loaded with the plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

from workflows import actions
from workflows.actions.base import Fault, Severity
from workflows.drafts import Plan, PlannedStep
from workflows.models import WorkflowVersion

# What a contact does with an email, and what therefore arrives because a workflow wrote one.
ECHOES = frozenset({"engagement_detected", "opened", "clicked", "replied"})


def find(plan: Plan) -> list[Fault]:
    """Everything that keeps the plan from being published."""
    found = [*_of_the_start(plan), *_of_reentry(plan), *_of_replies(plan)]
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


def _of_replies(plan: Plan) -> Iterator[Fault]:
    if plan.on_reply == WorkflowVersion.OnReply.PAUSE and not plan.reply_pause_days:
        message = "Say how many days it waits after a reply."
        yield Fault(field="reply_pause_days", message=message, severity=Severity.REFUSED)


def emails_of(plan: Plan) -> int:
    """How many emails the plan sends at most, touches included."""
    return len(actions.emails_of(plan.steps))


def last_email_day(plan: Plan) -> int:
    """The day after the start on which the last email goes out."""
    return max((int(one.hours // 24) for one in actions.emails_of(plan.steps)), default=0)


def _of_step(index: int, step: PlannedStep, earlier: Decimal) -> Iterator[Fault]:
    if step.delay_hours < 0:
        yield Fault(field="delay", message="The delay cannot be negative.", severity=Severity.REFUSED, step=index)
    elif step.delay_hours < earlier:
        message = "This comes before a step that stands above it. Move it up, or put the steps in order of time."
        yield Fault(field="delay", message=message, severity=Severity.DOUBTFUL, step=index)
    yield from (dataclasses.replace(fault, step=index) for fault in actions.of(step.action_type).faults(step))
