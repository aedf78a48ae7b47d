"""A plan in sentences: what starts it, what happens when, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from workflows import actions, drafts
from workflows.drafts import Plan, PlannedStep
from workflows.models import Step, WorkflowTemplate, WorkflowVersion

EVENTS = {
    "new_contact": "a new contact arrives",
    "contact_updated": "a contact's details change",
    "engagement_detected": "a contact reads or clicks",
    "manual_trigger": "staff start it",
    "replied": "a contact replies",
    "converted": "a contact reaches a goal",
    "bounced": "a contact's address bounces",
    "complained": "a contact reports an email as spam",
    "unsubscribed": "a contact unsubscribes",
    "out_of_office": "a contact answers that they are away",
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
    marks = [f"is interested in {_either(plan.interests)}"] if plan.interests else []
    marks += [f"has the tag {_either(plan.tags)}"] if plan.tags else []
    if marks:
        found.append(f"The contact {_either(marks)}")
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


def on_reply(plan: Plan | WorkflowVersion) -> str:
    """What it does once the contact replied."""
    if plan.on_reply == WorkflowVersion.OnReply.PAUSE:
        return f"waits {'1 day' if plan.reply_pause_days == 1 else f'{plan.reply_pause_days} days'}"
    return {"stop": "writes no more", "go_on": "goes on"}[plan.on_reply]


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


@dataclass(frozen=True, kw_only=True)
class Difference:
    """`was` and `now` in words; one of them is empty for what is new or gone."""

    where: str
    was: str = ""
    now: str = ""

    @property
    def kind(self) -> str:
        if self.was and self.now:
            return "changed"
        return "new" if self.now else "gone"

    def __str__(self) -> str:
        if self.kind == "changed":
            return f"{self.where}: {self.was} → {self.now}"
        return f"New: {self.where}, {self.now}" if self.now else f"Gone: {self.where}, {self.was}"


def between(before: Plan, after: Plan) -> list[Difference]:
    """Everything that differs, in the order of the page; empty when both say the same."""
    return [*_of_the_start(before, after), *_of_steps(before, after)]


def of_versions(
    before: WorkflowVersion | None, after: WorkflowVersion | None, template: WorkflowTemplate
) -> list[Difference]:
    if before is None or after is None:
        return []
    return between(drafts.plan_of(before, template), drafts.plan_of(after, template))


def _of_the_start(before: Plan, after: Plan) -> Iterator[Difference]:
    pairs = (
        ("Brand", _name(before.business_entity, "any brand"), _name(after.business_entity, "any brand")),
        ("Starts when", _events(before), _events(after)),
        ("Contact types", _any_of(before.contact_types), _any_of(after.contact_types)),
        ("Lead sources", _any_of(before.lead_sources), _any_of(after.lead_sources)),
        ("Interests", _any_of(before.interests), _any_of(after.interests)),
        ("Tags", _any_of(before.tags), _any_of(after.tags)),
        ("How often", reentry(before).lower(), reentry(after).lower()),
        ("When they reply", on_reply(before), on_reply(after)),
    )
    yield from _changed("", pairs)


def _of_steps(before: Plan, after: Plan) -> Iterator[Difference]:
    matched = _matched(before.steps, after.steps)
    for left, right in matched:
        if left is None and right is not None:
            yield Difference(where=f"step {right + 1}", now=_sentence(after.steps[right]))
        elif right is None and left is not None:
            yield Difference(where=f"step {left + 1}", was=_sentence(before.steps[left]))
        elif left is not None and right is not None:
            yield from _of_step(left, right, before.steps[left], after.steps[right])


def _of_step(left: int, right: int, before: PlannedStep, after: PlannedStep) -> Iterator[Difference]:
    where = f"Step {right + 1}" if left == right else f"Step {right + 1} (was step {left + 1})"
    pairs = (
        ("", delay(before.delay_hours), delay(after.delay_hours)),
        ("who", _name(before.target, "nobody"), _name(after.target, "nobody")),
        ("email", _quoted(before.template), _quoted(after.template)),
        ("title", _quoted(before.title), _quoted(after.title)),
        ("words", _quoted(before.description), _quoted(after.description)),
        ("category", before.category or "none", after.category or "none"),
        ("priority", before.priority or "medium", after.priority or "medium"),
        ("effort", _effort(before), _effort(after)),
        ("emails", _touches(before), _touches(after)),
    )
    yield from _changed(where, pairs)


def _matched(before: tuple[PlannedStep, ...], after: tuple[PlannedStep, ...]) -> list[tuple[int | None, int | None]]:
    """Which step became which: equal ones in order, then moved ones, then those of one kind in the same place."""
    left, right = [_key(step) for step in before], [_key(step) for step in after]
    became: dict[int, int] = {}
    for block in SequenceMatcher(a=left, b=right, autojunk=False).get_matching_blocks():
        became |= {block.a + offset: block.b + offset for offset in range(block.size)}
    _pair_rest(became, left, right)
    _pair_rest(became, [step.action_type for step in before], [step.action_type for step in after])
    came_from = {new: old for old, new in became.items()}
    gone: list[tuple[int | None, int | None]] = [(old, None) for old in range(len(before)) if old not in became]
    return [*((came_from.get(new), new) for new in range(len(after))), *gone]


def _pair_rest(became: dict[int, int], left: list[Any], right: list[Any]) -> None:
    free = [new for new in range(len(right)) if new not in became.values()]
    for old in range(len(left)):
        if old in became:
            continue
        same = next((new for new in free if right[new] == left[old]), None)
        if same is not None:
            became[old] = same
            free.remove(same)


def _key(step: PlannedStep) -> tuple[Any, ...]:
    return step.action_type, step.target and step.target.pk, step.template and step.template.pk, step.title


def _changed(where: str, pairs: Iterable[tuple[str, str, str]]) -> Iterator[Difference]:
    for name, was, now in pairs:
        if was != now:
            yield Difference(where=", ".join(filter(None, [where, name])), was=was, now=now)


def _sentence(row: PlannedStep) -> str:
    sentence = step(row)
    return sentence[0].lower() + sentence[1:]


def _events(plan: Plan) -> str:
    return " or ".join(event(name) for name in sorted(plan.events)) or "nothing yet"


def _any_of(rows: Iterable[object]) -> str:
    return " or ".join(sorted(str(row) for row in rows)) or "any"


def _name(row: object, nobody: str) -> str:
    return str(row) if row is not None else nobody


def _quoted(row: object) -> str:
    return f"“{row}”" if row else "none"


def _effort(step: PlannedStep) -> str:
    return "none" if step.effort_hours is None else f"{step.effort_hours.normalize():f} h"


def _touches(step: PlannedStep) -> str:
    touches = sorted(step.touches, key=lambda touch: touch.day)
    return ", ".join(f"day {touch.day} {_quoted(touch.template)}" for touch in touches) or "none"
