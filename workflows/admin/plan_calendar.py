"""A plan as a calendar: what happens when, in the words a page shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import formats

from workflows import actions, simulation
from workflows.actions.base import ActionType
from workflows.admin import plan_sentences
from workflows.drafts import Plan, PlannedStep

LEFT_OUT = "Left out: another email goes to the contact within 20 hours."


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that happens, `hours` after the start."""

    hours: Decimal
    step: int
    kind: ActionType
    what: str
    whom: str
    note: str = ""

    @property
    def after(self) -> str:
        return plan_sentences.delay(self.hours).capitalize()

    @property
    def day(self) -> int:
        return int(self.hours // 24)


def of(plan: Plan) -> list[Line]:
    """Everything the plan does, in order of time. Asks nothing of the database."""
    lines = [line for number, step in enumerate(plan.steps, start=1) for line in _lines(step, number)]
    lines.sort(key=lambda line: (line.hours, line.step))
    moments = [(dt.timedelta(hours=float(line.hours)), line.kind.name, bool(line.note)) for line in lines]
    left_out = simulation.stepping_back(moments)
    return [replace(line, note=LEFT_OUT) if place in left_out else line for place, line in enumerate(lines)]


def _lines(step: PlannedStep, number: int) -> Iterator[Line]:
    for one in actions.of(step.action_type).planned(step):
        kind = actions.of(one.action_type)
        is_off = kind.is_email and one.email is not None and not one.email.active
        yield Line(
            hours=one.hours,
            step=number,
            kind=kind,
            what=kind.what(one, step),
            whom=kind.whom(step),
            note="Left out: this email is switched off." if is_off else "",
        )


def at(moment: dt.datetime, zone: str) -> str:
    """Tue 3 Mar 2026, 9:00 in that zone; an unknown zone is read as UTC."""
    return formats.date_format(moment.astimezone(zone_of(zone)), "D j M Y, G:i")


def zone_of(name: str) -> dt.tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a name that somebody typed
        return dt.UTC
