"""Read-only counts over messages, alerts and tasks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from engagement.models import Alert, Message, Task

COUNT_UP_TO = 1000  # what needs a person is counted no further: "1000 or more" is as clear


@dataclass(frozen=True)
class Waiting:
    """What waits for a person, each counted up to COUNT_UP_TO."""

    held_messages: int
    open_alerts: int
    overdue_tasks: int


def waiting(*, now: dt.datetime) -> Waiting:
    """Emails held because something is missing, alerts nobody acknowledged, open tasks past their due time."""
    return Waiting(
        held_messages=_bounded(Message.objects.filter(status=Message.Status.HELD)),
        open_alerts=_bounded(Alert.objects.filter(acknowledged_at__isnull=True)),
        overdue_tasks=_bounded(
            Task.objects.filter(due_at__lt=now).exclude(status__in=[Task.Status.DONE, Task.Status.CANCELLED])
        ),
    )


def _bounded(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNT_UP_TO].count()
