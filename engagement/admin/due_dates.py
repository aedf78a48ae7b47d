"""When a task is due, in words: "due in 3 hours", "2 days late"."""

from __future__ import annotations

import datetime as dt

from django.utils.html import format_html
from django.utils.safestring import SafeString

from contactflow.core import datetimes
from contactflow.core.numbers import counted
from engagement.models import Task
from engagement.worklist import FINISHED

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SOON = dt.timedelta(hours=4)


def words(due_at: dt.datetime, *, now: dt.datetime) -> str:
    """How long until then, or since then."""
    seconds = (due_at - now).total_seconds()
    length = _length(abs(seconds))
    if not length:
        return "due now"
    return f"due in {length}" if seconds > 0 else f"{length} late"


def _length(seconds: float) -> str:
    """In the unit people would say it in; nothing for less than a minute."""
    if seconds < MINUTE:
        return ""
    if seconds < 90 * MINUTE:
        return counted(round(seconds / MINUTE), "minute")
    if seconds < 36 * HOUR:
        return counted(round(seconds / HOUR), "hour")
    return counted(round(seconds / DAY), "day")


def colour(due_at: dt.datetime, *, now: dt.datetime) -> str:
    """The class of the chip around the words."""
    if due_at < now:
        return "is-bad"
    return "is-warn" if due_at < now + SOON else ""


def chip(task: Task, *, now: dt.datetime) -> SafeString:
    """What a list or a card says: late and soon stand out, what is finished says when."""
    if task.completed_at:
        return format_html('<span class="desk-faint">done {}</span>', datetimes.moment(task.completed_at))
    if task.due_at is None or task.status in FINISHED:
        return format_html('<span class="desk-faint">{}</span>', "no due date" if task.due_at is None else "cancelled")
    return format_html(
        '<span class="desk-chip {}">{}</span> <span class="desk-faint work-exact">{}</span>',
        colour(task.due_at, now=now),
        words(task.due_at, now=now),
        datetimes.moment(task.due_at, now=now),
    )
