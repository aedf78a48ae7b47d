"""A version of a workflow in sentences: what starts it, what happens when."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from workflows import actions, drafts
from workflows.drafts import Plan, PlannedStep
from workflows.models import Step, WorkflowVersion

EVENTS = {
    "new_contact": "a new contact arrives",
    "contact_updated": "a contact's details change",
    "engagement_detected": "a contact reads or clicks",
    "manual_trigger": "staff start it",
}


def event(name: str) -> str:
    """What happens, in words: consultation_completed -> “consultation completed” happens."""
    return EVENTS.get(name) or f"“{name.replace('_', ' ')}” happens"


def triggers(version: WorkflowVersion) -> list[str]:
    """What has to hold for it to start; every sentence has to."""
    return triggers_of(drafts.plan_of(version, version.template), with_brand=False)


def triggers_of(plan: Plan, *, with_brand: bool = True) -> list[str]:
    found = [f"When {_either(event(name) for name in plan.events)}"]
    if plan.business_entity and with_brand:
        found.append(f"The contact belongs to {plan.business_entity}")
    if plan.contact_types:
        found.append(f"The contact is {_either(plan.contact_types)}")
    if plan.lead_sources:
        found.append(f"The lead source is {_either(plan.lead_sources)}")
    if words := list(dict.fromkeys([*plan.interests, *plan.tags])):
        found.append(f"The contact cares about, or is marked, {_either(words)}")
    found.append(reentry(plan))
    return found


def in_short(plan_events: Iterable[str], asked: Iterable[object]) -> str:
    """What starts it, in a few words for a list."""
    events = set(plan_events)
    arrivals = {"new_contact", "contact_updated"}
    when = ["On arrival"] if events & arrivals else []
    when += [event(name) for name in sorted(events - arrivals)]
    whom = [str(one) for one in asked]
    some = ", ".join(whom[:3]) + (" and more" if len(whom) > 3 else "")
    said = ": ".join(filter(None, [" or ".join(when), some]))
    return said[:1].upper() + said[1:] or "Never"


def reentry(plan: Plan | WorkflowVersion) -> str:
    if plan.reentry == WorkflowVersion.Reentry.AFTER_DAYS:
        days = "1 day" if plan.reentry_days == 1 else f"{plan.reentry_days} days"
        return f"Again, {days} after the last start at the earliest"
    return {"once": "Once per contact", "always": "With every such event"}[plan.reentry]


def steps_of(plan: Plan) -> list[str]:
    return [step(planned) for planned in plan.steps]


def step(row: PlannedStep | Step) -> str:
    return f"{delay(row.delay_hours).capitalize()}: {actions.of(row.action_type).sentence(row)}"


def amount(hours: Decimal) -> tuple[Decimal, str]:
    """A delay as a number and the unit a person would use: exact to the minute."""
    minutes = round(hours * 60)
    if minutes == 0:
        return Decimal(0), "hours"
    if minutes % (24 * 60) == 0:
        return Decimal(minutes // (24 * 60)), "days"
    if minutes < 60 or minutes % 15:
        return Decimal(minutes), "minutes"
    return Decimal(minutes) / 60, "hours"


def delay(hours: Decimal) -> str:
    """How long after the start, in the unit a person would use."""
    number, unit = amount(hours)
    return f"after {_count(number, unit.removesuffix('s'))}" if number else "at once"


def _count(number: Decimal, unit: str) -> str:
    return f"{number.normalize():f} {unit}{'' if number == 1 else 's'}"


def _either(names: Iterable[object]) -> str:
    return " or ".join(str(name) for name in names) or "nothing yet"
