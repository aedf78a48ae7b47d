"""Read-only counts over messages, alerts and tasks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from engagement.models import Alert, ChannelState, Message, Task

COUNT_UP_TO = 1000  # what needs a person is counted no further: "1000 or more" is as clear

FINISHED = (Task.Status.DONE, Task.Status.CANCELLED)


@dataclass(frozen=True)
class Waiting:
    """What waits for a person, each counted up to COUNT_UP_TO."""

    held_messages: int
    open_alerts: int
    overdue_tasks: int
    tasks_due_today: int


def waiting(*, now: dt.datetime) -> Waiting:
    """Emails held because something is missing, alerts nobody acknowledged, open tasks overdue or due today."""
    return Waiting(
        held_messages=_bounded(Message.objects.filter(status=Message.Status.HELD)),
        open_alerts=_bounded(Alert.objects.filter(acknowledged_at__isnull=True)),
        overdue_tasks=_bounded(Task.objects.filter(due_at__lt=now).exclude(status__in=FINISHED)),
        tasks_due_today=_bounded(due_today(Task.objects.all(), now=now)),
    )


def due_today(tasks: QuerySet[Task], *, now: dt.datetime) -> QuerySet[Task]:
    """The open ones due between now and midnight, in the time zone of this installation."""
    here = timezone.localtime(now)
    midnight = dt.datetime.combine(here.date() + dt.timedelta(days=1), dt.time.min, tzinfo=here.tzinfo)
    return tasks.filter(due_at__gte=now, due_at__lt=midnight).exclude(status__in=FINISHED)


def newest_open_alerts(*, limit: int) -> list[Alert]:
    """What nobody has acknowledged yet, the newest first, each with its target and contact."""
    waiting = Alert.objects.filter(acknowledged_at__isnull=True).select_related("target", "contact")
    return list(waiting.order_by("-created_at", "-id")[:limit])


def paused_channels(*, now: dt.datetime) -> list[ChannelState]:
    return list(ChannelState.objects.filter(paused_until__gt=now).order_by("channel"))


def _bounded(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNT_UP_TO].count()
