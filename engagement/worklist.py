"""What lies before a person: tasks and alerts, theirs, their team's, everybody's, and whether any of it has changed.

Somebody's team are the people behind the same targets; its work is what was made for one of these targets.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Q, QuerySet, TextChoices
from django.utils import timezone

from contacts import search
from contacts.models import Contact
from engagement.models import Alert, ChannelState, Target, Task

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Row = TypeVar("Row", Task, Alert)
FINISHED = (Task.Status.DONE, Task.Status.CANCELLED)
COUNT_UP_TO = 1000  # what needs a person is counted no further: "1000 or more" is as clear
BELL_COUNTS_TO = 99
COLUMN_HOLDS = 50
# A row committed late carries an earlier time than the newest: the version looks at this many, not at one.
LATEST = 20
# A word that fits more people than these is no way to find one of them.
SEARCHED_PEOPLE = 200


class Scope(TextChoices):
    MINE = "mine", "Mine"
    TEAM = "team", "My team's"
    UNASSIGNED = "unassigned", "Nobody's yet"
    ALL = "all", "Everybody's"


def targets_of(user: User) -> list[int]:
    """The roles this person stands behind."""
    return list(Target.objects.filter(people=user.pk).order_by().values_list("pk", flat=True))


def tasks_of(tasks: QuerySet[Task], *, scope: str, user: User) -> QuerySet[Task]:
    """The tasks somebody wants to see; an unknown scope narrows nothing."""
    match scope:
        case Scope.MINE:
            return tasks.filter(assignee=user.pk)
        case Scope.TEAM:
            return tasks.filter(target__in=targets_of(user))
        case Scope.UNASSIGNED:
            return tasks.filter(assignee__isnull=True)
    return tasks


def alerts_of(alerts: QuerySet[Alert], *, user: User) -> QuerySet[Alert]:
    """The alerts for the roles this person stands behind."""
    return alerts.filter(target__in=targets_of(user))


def unfinished(tasks: QuerySet[Task]) -> QuerySet[Task]:
    return tasks.exclude(status__in=FINISHED)


def due_today(tasks: QuerySet[Task], *, now: dt.datetime) -> QuerySet[Task]:
    """The open ones due between now and midnight, in the time zone of this installation."""
    here = timezone.localtime(now)
    midnight = dt.datetime.combine(here.date() + dt.timedelta(days=1), dt.time.min, tzinfo=here.tzinfo)
    return unfinished(tasks).filter(due_at__gte=now, due_at__lt=midnight)


def unacknowledged() -> QuerySet[Alert]:
    return Alert.objects.filter(acknowledged_at__isnull=True)


def paused_channels(*, now: dt.datetime) -> list[ChannelState]:
    return list(ChannelState.objects.filter(paused_until__gt=now).order_by("channel"))


def count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNT_UP_TO].count()


def matching(rows: QuerySet[Row], *, text: str) -> QuerySet[Row]:
    """Tasks or alerts whose title, or what a search for their contact looks through, has every word of the text."""
    for word in search.terms(text):
        people = Contact.objects.search(word).values_list("pk", flat=True)[:SEARCHED_PEOPLE]
        rows = rows.filter(Q(title__icontains=word) | Q(contact__in=list(people)))
    return rows


@dataclass(frozen=True, kw_only=True)
class Column:
    """One status of the board, with as many of its tasks as fit."""

    status: Task.Status
    tasks: list[Task]
    is_cut: bool
    """There are more than these."""


def board(tasks: QuerySet[Task], *, now: dt.datetime) -> list[Column]:
    """To do, in progress, on hold: due first; then what was done today, the last one first."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    done = tasks.filter(status=Task.Status.DONE, completed_at__gte=midnight).order_by("-completed_at")
    columns = [
        _column(status, tasks.filter(status=status).exclude(status__in=FINISHED).order_by("due_at", "created_at"))
        for status in (Task.Status.TO_DO, Task.Status.IN_PROGRESS, Task.Status.ON_HOLD)
    ]
    return [*columns, _column(Task.Status.DONE, done)]


def _column(status: Task.Status, tasks: QuerySet[Task]) -> Column:
    found = list(tasks[: COLUMN_HOLDS + 1])
    return Column(status=status, tasks=found[:COLUMN_HOLDS], is_cut=len(found) > COLUMN_HOLDS)


def tasks_version(*, now: dt.datetime) -> str:
    """Changes when a task does, and every minute, because "due in 5 minutes" wants to stay true."""
    latest = Task.objects.order_by("-updated_at", "-id").values_list("updated_at", "id")[:LATEST]
    return _fingerprint(*latest, _minute(now))


def alerts_version(*, now: dt.datetime) -> str:
    """Changes when an alert is raised or acknowledged, and every minute."""
    newest = Alert.objects.order_by("-created_at", "-id").values_list("id", flat=True)[:LATEST]
    seen = Alert.objects.filter(acknowledged_at__isnull=False).order_by("-acknowledged_at")
    return _fingerprint(*newest, *seen.values_list("acknowledged_at", "id")[:LATEST], _minute(now))


def _minute(now: dt.datetime) -> int:
    return int(now.timestamp() // 60)


def _fingerprint(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Bell:
    """How many alerts wait for a person (up to BELL_COUNTS_TO), and the newest of them."""

    count: int
    newest: Alert | None

    @property
    def is_cut(self) -> bool:
        return self.count > BELL_COUNTS_TO


def bell(*, user: User) -> Bell:
    mine = alerts_of(unacknowledged(), user=user)
    newest = mine.select_related("target").order_by("-created_at", "-id").first()
    count = mine.order_by()[: BELL_COUNTS_TO + 1].count() if newest else 0
    return Bell(count=count, newest=newest)


def addressed_to_nobody(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """Alerts for targets that have neither people nor further addresses."""
    empty = Target.objects.filter(Q(people__isnull=True) & Q(extra_emails=[])).order_by().values_list("pk", flat=True)
    return alerts.filter(target__in=list(empty))
