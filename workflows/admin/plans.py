"""A version of a workflow in sentences: what starts it, what happens when."""

from __future__ import annotations

from decimal import Decimal

from workflows.models import ActionType, Step, WorkflowVersion


def triggers(version: WorkflowVersion) -> list[str]:
    """What has to hold for it to start; every sentence has to."""
    found = [f"When the event is {_either(version.events)}"]
    if types := [str(kind) for kind in version.contact_types.all()]:
        found.append(f"The contact is {_either(types)}")
    if sources := [str(source) for source in version.lead_sources.all()]:
        found.append(f"The lead source is {_either(sources)}")
    if words := list(dict.fromkeys([*version.interests, *version.tags])):
        found.append(f"The contact cares about, or is marked, {_either(words)}")
    found.append(reentry(version))
    return found


def reentry(version: WorkflowVersion) -> str:
    if version.reentry == WorkflowVersion.Reentry.AFTER_DAYS:
        return f"Again, {version.reentry_days} days after the last start at the earliest"
    return {"once": "Once per contact", "always": "With every such event"}[version.reentry]


def steps(version: WorkflowVersion) -> list[str]:
    """What happens, in order, each with its delay."""
    rows = version.steps.select_related("target", "template").prefetch_related("touches__template")
    return [step(row) for row in rows]


def step(row: Step) -> str:
    return f"{delay(row.delay_hours).capitalize()}: {_doing(row)}"


def delay(hours: Decimal) -> str:
    """How long after the start, in the unit a person would use."""
    if hours == 0:
        return "at once"
    if hours % 24 == 0:
        return f"after {_count(hours / 24, 'day')}"
    if hours < 1:
        return f"after {_count(hours * 60, 'minute')}"
    return f"after {_count(hours, 'hour')}"


def _doing(row: Step) -> str:
    if row.action_type == ActionType.SEND_EMAIL:
        return f"send “{row.template}”"
    if row.action_type == ActionType.SCHEDULE_FOLLOW_UP:
        touches = ", ".join(f"“{touch.template}” on day {touch.day}" for touch in row.touches.all())
        return f"plan {touches or 'no touch yet'}"
    how = f" ({row.get_priority_display().lower()})" if row.priority else ""
    if row.action_type == ActionType.CREATE_TASK:
        return f"task “{row.title}” for {row.target}{how}"
    return f"alert {row.target}{how}"


def _count(number: Decimal, unit: str) -> str:
    text = f"{number.normalize():f}"
    return f"{text} {unit}" if text == "1" else f"{text} {unit}s"


def _either(names: list[str]) -> str:
    return " or ".join(names) or "none"
