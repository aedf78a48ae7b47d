"""Once a day, what needs somebody, by email to the colleagues who look after it.

The row of a person and day is made together with the delivery that brings it, so that several workers make one letter
together; engagement.dispatcher hands it over like everything else.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
import zoneinfo
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from contactflow.core.clock import database_now
from contactflow.core.numbers import counted
from engagement import worklist
from engagement.channels import registry
from engagement.models import Delivery, Task
from workflows import failures
from workflows.models import DigestChoice, DigestLetter, ScheduledAction

FIRST_LOOK = dt.timedelta(days=1)  # what the first digest looks back
LONGEST_LOOK = dt.timedelta(days=7)
LATE = dt.timedelta(minutes=15)  # a step that waits so long past its time is late
_LETTERS = uuid.UUID("7f6d3a1e-55c0-5a0e-8a45-0c9a3f4b2f11")


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What needs somebody."""

    since: dt.datetime
    until: dt.datetime
    groups: list[failures.Group]
    overdue_tasks: int
    open_alerts: int
    late_steps: int

    @property
    def is_empty(self) -> bool:
        return not (self.groups or self.overdue_tasks or self.open_alerts or self.late_steps)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What waits besides failures, each with the address of its list."""
        numbered = (
            (self.overdue_tasks, "task is overdue", "tasks are overdue", _list("engagement_task", "due=overdue")),
            (self.open_alerts, "alert waits for somebody", "alerts wait for somebody",
             _list("engagement_alert", "state=open")),
            (self.late_steps, "step is late", "steps are late",
             _list("workflows_scheduledaction", "status__exact=pending")),
        )  # fmt: skip
        return [(_count(count, one, many), address) for count, one, many, address in numbered if count]

    @property
    def subject(self) -> str:
        steps = sum(group.steps for group in self.groups)
        parts = [_count(steps, "step went wrong", "steps went wrong")] if steps else []
        return "Contactflow: " + ", ".join([*parts, *(line for line, _ in self.lines)])


def run_pump_step(deadline: float) -> int:
    """Write today's letters once their hour has come, until time.monotonic() reaches `deadline`; returns how many."""
    now = database_now()
    day = due_day(now=now)
    if day is None or not registry.is_mail_connected():
        return 0
    written = 0
    for user in readers().exclude(digest_letters__day=day)[:100]:
        if time.monotonic() >= deadline:
            break
        _write(user, day, database_now())
        written += 1
    return written


def due_day(*, now: dt.datetime) -> dt.date | None:
    """The day whose digest is due, in the time zone of this installation; None before its hour."""
    here = now.astimezone(zoneinfo.ZoneInfo(settings.TIME_ZONE))
    hour = settings.DIGEST_HOUR
    return here.date() if hour is not None and here.hour >= hour else None


def gather(*, since: dt.datetime, now: dt.datetime) -> Digest:
    """What needs somebody now, and what went wrong since."""
    overdue = worklist.unfinished(Task.objects.filter(due_at__lt=now))
    late = ScheduledAction.objects.filter(
        status=ScheduledAction.Status.PENDING,
        due_at__lt=now - LATE,
        next_attempt_at__lt=now - LATE,
        instance__status="active",
    )
    return Digest(
        since=since,
        until=now,
        groups=failures.groups(since=since),
        overdue_tasks=worklist.count(overdue),
        open_alerts=worklist.count(worklist.unacknowledged()),
        late_steps=worklist.count(late),
    )


def readers() -> QuerySet[Any]:
    """Who gets the digest: owners and operators with an address who did not say no."""
    people = get_user_model()._default_manager.filter(is_active=True, groups__name__in=settings.DIGEST_ROLES)
    return people.exclude(email="").exclude(digest_choice__wanted=False).distinct().order_by("pk")


def is_reader(*, user: User) -> bool:
    """Whether the digest goes to this person."""
    return readers().filter(pk=user.pk).exists()


def choose(*, user: User, wanted: bool) -> None:
    """Remember whether somebody wants the digest."""
    DigestChoice.objects.update_or_create(user=user, defaults={"wanted": wanted})


def last_look(*, user: User, now: dt.datetime) -> dt.datetime:
    """From when on a person's next digest tells: the end of their last one, a week ago at most."""
    arrived = Q(delivery=None) | Q(delivery__status=Delivery.Status.SENT)
    last = DigestLetter.objects.filter(arrived, user_id=user.pk).order_by("-day").first()
    return max(last.until, now - LONGEST_LOOK) if last else now - FIRST_LOOK


def _write(user: Any, day: dt.date, now: dt.datetime) -> None:
    """One person's letter, and its delivery unless there is nothing to say."""
    digest = gather(since=last_look(user=user, now=now), now=now)
    with transaction.atomic():
        told = {"since": digest.since, "until": digest.until}
        letter, is_new = DigestLetter.objects.get_or_create(user=user, day=day, defaults=told)
        if is_new and not digest.is_empty:
            context = _context(digest)
            text, html = (render_to_string(f"workflows/digest.{kind}", context) for kind in ("txt", "html"))
            letter.delivery = Delivery.objects.create(
                identity=uuid.uuid5(_LETTERS, f"{user.pk} {day}"),
                address=user.email,
                parts={"subject": digest.subject, "text": text, "html": html},
                next_attempt_at=now,
                expires_at=now + FIRST_LOOK,  # the next one tells it, too
            )
            letter.save(update_fields=["delivery"])


def _context(digest: Digest) -> dict[str, Any]:
    here = zoneinfo.ZoneInfo(settings.TIME_ZONE)
    return {
        "digest": digest,
        "groups": [(group, _count(group.steps, "step", "steps")) for group in digest.groups],
        "since": timezone.localtime(digest.since, here),
        "day": timezone.localtime(digest.until, here),
        "failures": f"{settings.PUBLIC_URL}{reverse('admin:workflows_failures')}",
        "choice": f"{settings.PUBLIC_URL}{reverse('admin:workflows_digest')}",
    }


def _count(count: int, one: str, many: str) -> str:
    if count >= worklist.COUNT_UP_TO:
        return f"{count} or more {many}"
    return counted(count, one, many)


def _list(model: str, query: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(f'admin:{model}_changelist')}?{query}"
