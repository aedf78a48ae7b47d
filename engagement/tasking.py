"""Makes and moves tasks. That a task also appears elsewhere is the bridge's work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, F, Func, Value
from django.utils import timezone

from contactflow.core import bulk
from contacts.models import BusinessEntity, Contact
from engagement import touches
from engagement.models import HumanTouch, Priority, Target, Task

END_OF_DAY: Final = dt.time(23, 59)  # a day without a time means the whole day


class UnknownStatus(Exception):
    """The message names the statuses there are."""


def create_task(  # noqa: PLR0913  what a task consists of
    *,
    action_id: UUID | None,
    title: str,
    description: str = "",
    category: str = "",
    priority: str = Priority.MEDIUM,
    target: Target | None,
    contact: Contact | None,
    business_entity: BusinessEntity | None = None,
    effort_hours: Decimal | None = None,
    due_at: datetime | None = None,
    now: datetime,
) -> Task:
    """The task of this action; the one that exists when it was made before. Without an action: made by hand."""
    task = Task(
        action=action_id,
        title=title,
        description=description,
        category=category,
        priority=priority or Priority.MEDIUM,
        source=Task.Source.WORKFLOW if action_id else Task.Source.MANUAL,
        target=target,
        contact=contact,
        business_entity=business_entity,
        effort_hours=effort_hours,
        due_at=due_at,
    )
    return Task.objects.get(pk=create_many([task], now=now)[0])


def create_many(tasks: Sequence[Task], *, now: datetime) -> list[UUID]:
    """Store the tasks, each once per action; the ids of those that stand there, in their order."""
    for task in tasks:
        task.title, task.created_at, task.updated_at = task.title[:300], now, now
    return bulk.insert_once(tasks, key="action")


@transaction.atomic
def set_status(*, task: Task, status: str, now: datetime, by: str = "") -> Task:
    """Move the task; `completed_at` follows. The status it has already changes nothing.

    `by` is the colleague, whom its contact hears of as somebody who did it for them; nobody: a machine did it."""
    if status not in Task.Status.values:
        raise UnknownStatus(f'"{status}" is no task status. Use one of: {", ".join(Task.Status.values)}.')
    locked = Task.objects.select_for_update().get(pk=task.pk)
    if locked.status != status:
        locked.status = status
        locked.completed_at = now if status == Task.Status.DONE else None
        locked.updated_at = now
        locked.save(update_fields=["status", "completed_at", "updated_at"])
        if status == Task.Status.DONE and by:
            touches.with_row(locked, kind=HumanTouch.Kind.TASK_DONE, by=by, now=now)
    return locked


def end_of(day: dt.date) -> datetime:
    """When what is due on a whole day is due, in the installation's zone."""
    return timezone.make_aware(dt.datetime.combine(day, END_OF_DAY), timezone.get_default_timezone())


def keep_days() -> int:
    """What is due on a whole day is due at its end in a corrected zone, too. Returns how many moved."""
    ends = Func(
        F("due_date") + Value(END_OF_DAY),
        Value(settings.TIME_ZONE),
        template="(%(expressions)s)",
        arg_joiner=" AT TIME ZONE ",
        output_field=DateTimeField(),
    )
    return Task.objects.filter(due_date__isnull=False).exclude(due_at=ends).update(due_at=ends)


# What a colleague may change of a task besides its status.
EDITABLE = frozenset(
    {"title", "description", "category", "priority", "assignee", "target", "due_at", "due_date", "business_entity"}
)


@transaction.atomic
def change(*, task: Task, values: Mapping[str, Any], now: datetime, by: str = "") -> Task:
    """Set these fields of EDITABLE, and "status"; what they say already changes nothing.

    A moment alone means that the task is not due on a whole day any more."""
    values = {"due_date": None, **values} if "due_at" in values else values
    locked = Task.objects.select_for_update(no_key=True, of=("self",)).get(pk=task.pk)
    changed = [name for name in EDITABLE & values.keys() if getattr(locked, name) != values[name]]
    for name in changed:
        setattr(locked, name, values[name])
    if changed:
        locked.updated_at = now
        locked.save(update_fields=[*changed, "updated_at"])
    return set_status(task=locked, status=values.get("status", locked.status), now=now, by=by)
