"""A plan as a calendar: what happens when, in the words a page shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import formats

from engagement.models import EngagementTemplate
from workflows import simulation
from workflows.actions.follow_up import TOUCH_DISTANCE
from workflows.admin import plan_sentences
from workflows.drafts import Plan, PlannedStep
from workflows.models import ActionType
from workflows.simulation import Foreseen, Someone

ICONS = {
    ActionType.SEND_EMAIL: ("mail", "Email"),
    ActionType.FOLLOW_UP: ("mail", "Follow-up email"),
    ActionType.SEND_NOTIFICATION: ("notifications", "Alert"),
    ActionType.CREATE_TASK: ("task_alt", "Task"),
    ActionType.SCHEDULE_FOLLOW_UP: ("event_repeat", "Follow-up"),
}
LEFT_OUT = "Left out: another email goes to the contact within 20 hours."


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that happens, `hours` after the start."""

    hours: Decimal
    step: int
    action_type: str
    what: str
    whom: str
    note: str = ""

    @property
    def after(self) -> str:
        return plan_sentences.delay(self.hours).capitalize()

    @property
    def day(self) -> int:
        return int(self.hours // 24)

    @property
    def icon(self) -> str:
        return ICONS[ActionType(self.action_type)][0]

    @property
    def kind(self) -> str:
        return ICONS[ActionType(self.action_type)][1]

    @property
    def is_email(self) -> bool:
        return self.action_type in simulation.EMAILS


def of(plan: Plan) -> list[Line]:
    """Everything the plan does, in order of time. Asks nothing of the database."""
    lines = [line for number, step in enumerate(plan.steps, start=1) for line in _lines(step, number)]
    lines.sort(key=lambda line: (line.hours, line.step))
    return [_yielding(line, lines[:index], lines[index + 1 :]) for index, line in enumerate(lines)]


def _lines(step: PlannedStep, number: int) -> list[Line]:
    if step.action_type == ActionType.SCHEDULE_FOLLOW_UP:
        return [
            _email(max(step.delay_hours, Decimal(touch.day * 24)), number, ActionType.FOLLOW_UP, touch.template)
            for touch in step.touches
        ]
    if step.action_type == ActionType.SEND_EMAIL:
        return [_email(step.delay_hours, number, step.action_type, step.template)]
    what = step.title or ("Task without a title" if step.action_type == ActionType.CREATE_TASK else "")
    how = f" ({step.priority})" if step.priority else ""
    whom = f"{step.target or 'nobody chosen yet'}{how}"
    return [Line(hours=step.delay_hours, step=number, action_type=step.action_type, what=what, whom=whom)]


def _email(hours: Decimal, number: int, kind: str, email: EngagementTemplate | None) -> Line:
    note = "" if email is None or email.active else "Left out: this email is switched off."
    what = email.name if email else "Not chosen yet"
    return Line(hours=hours, step=number, action_type=kind, what=what, whom="the contact", note=note)


def _yielding(line: Line, before: list[Line], after: list[Line]) -> Line:
    """A follow-up steps back for any later email nearby, and for an earlier one that was sent."""
    if line.action_type != ActionType.FOLLOW_UP or line.note:
        return line
    distance = Decimal(TOUCH_DISTANCE.total_seconds()) / 3600
    is_near = any(other.is_email and other.hours - line.hours <= distance for other in after) or any(
        other.action_type == ActionType.SEND_EMAIL and line.hours - other.hours <= distance for other in before
    )
    if not is_near:
        return line
    return Line(
        hours=line.hours, step=line.step, action_type=line.action_type, what=line.what, whom=line.whom, note=LEFT_OUT
    )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One foreseen action with its moment in the contact's time and in the team's."""

    foreseen: Foreseen
    theirs: str
    ours: str

    @property
    def icon(self) -> str:
        return ICONS[ActionType(self.foreseen.action_type)][0]

    @property
    def kind(self) -> str:
        return ICONS[ActionType(self.foreseen.action_type)][1]


def shown(foreseen: list[Foreseen], someone: Someone) -> list[Shown]:
    return [
        Shown(foreseen=one, theirs=at(one.at, someone.zone), ours=at(one.at, someone.team_zone)) for one in foreseen
    ]


def at(moment: dt.datetime, zone: str) -> str:
    """Tue 3 Mar 2026, 9:00 in that zone; an unknown zone is read as UTC."""
    return formats.date_format(moment.astimezone(zone_of(zone)), "D j M Y, G:i")


def zone_of(name: str) -> dt.tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a name that somebody typed
        return dt.UTC
