"""Once a day, what needs somebody, by email to the colleagues who look after it.

The row of a person and day is the claim: it is there before anything is handed over, so that several workers send one
letter together, and a crash in between loses the letter instead of sending it twice. What was definitely refused for
now is tried again later that day. What is told is read before the claim: a fault there costs no letter.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
import zoneinfo
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from contactflow.core import disconnects
from contactflow.core.clock import database_now
from engagement import analytics, envelopes
from engagement.channels import registry, state
from engagement.channels.base import Channel, ChannelError, Envelope, Unclear
from workflows import failures
from workflows.models import DigestChoice, DigestLetter, ScheduledAction

logger = logging.getLogger(__name__)

Status = DigestLetter.Status
FIRST_LOOK = dt.timedelta(days=1)  # what the first digest looks back
LONGEST_LOOK = dt.timedelta(days=7)
LATE = dt.timedelta(minutes=15)  # a step that waits so long past its time is late
AGAIN = dt.timedelta(minutes=10)
MAX_ATTEMPTS = 6
PERSISTENCE = 120.0  # seconds a known outcome waits for the database
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
        counted = (
            (self.overdue_tasks, "task is overdue", "tasks are overdue", _list("engagement_task", "due=overdue")),
            (self.open_alerts, "alert waits for somebody", "alerts wait for somebody",
             _list("engagement_alert", "state=open")),
            (self.late_steps, "step is late", "steps are late",
             _list("workflows_scheduledaction", "status__exact=pending")),
        )  # fmt: skip
        return [(_count(count, one, many), address) for count, one, many, address in counted if count]

    @property
    def subject(self) -> str:
        steps = sum(group.steps for group in self.groups)
        parts = [_count(steps, "step went wrong", "steps went wrong")] if steps else []
        return "Contactflow: " + ", ".join([*parts, *(line for line, _ in self.lines)])


def run_pump_step(deadline: float) -> int:
    """Send today's letters once their hour has come, until time.monotonic() reaches `deadline`; returns how many."""
    now = database_now()
    day = due_day(now=now)
    if day is None or not settings.EMAIL_URL:
        return 0
    sent = 0
    for user in _waiting(day, now)[:100]:
        if time.monotonic() >= deadline or not _see_to(user, day, database_now()):
            break
        sent += 1
    if sent:
        registry.mail_channel().release()
    return sent


def due_day(*, now: dt.datetime) -> dt.date | None:
    """The day whose digest is due, in the time zone of this installation; None before its hour."""
    here = now.astimezone(zoneinfo.ZoneInfo(settings.TIME_ZONE))
    hour = settings.DIGEST_HOUR
    return here.date() if hour is not None and here.hour >= hour else None


def gather(*, since: dt.datetime, now: dt.datetime) -> Digest:
    """What needs somebody now, and what went wrong since."""
    waiting = analytics.waiting(now=now)
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
        overdue_tasks=waiting.overdue_tasks,
        open_alerts=waiting.open_alerts,
        late_steps=late.order_by()[: analytics.COUNT_UP_TO].count(),
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
    last = DigestLetter.objects.filter(user_id=user.pk, status__in=[Status.SENT, Status.QUIET]).order_by("-day").first()
    return max(last.until, now - LONGEST_LOOK) if last else now - FIRST_LOOK


def text_of(digest: Digest) -> str:
    """The letter's plain part."""
    return render_to_string("workflows/digest.txt", _context(digest))


def html_of(digest: Digest) -> str:
    """The letter's other part."""
    return render_to_string("workflows/digest.html", _context(digest))


def _waiting(day: dt.date, now: dt.datetime) -> list[Any]:
    """Those without a letter of the day, and those whose letter was put off until now."""
    letters = DigestLetter.objects.filter(day=day)
    settled = letters.exclude(Q(status=Status.WAITING, next_attempt_at__lte=now))
    return list(readers().exclude(pk__in=settled.values("user")))


def _see_to(user: Any, day: dt.date, now: dt.datetime) -> bool:
    """One person's letter; False when the mail server cannot be used at present."""
    digest = gather(since=last_look(user=user, now=now), now=now)
    if digest.is_empty:
        _claim(user, day, digest, Status.QUIET)
        return True
    channel = registry.mail_channel()
    if not _is_ready(channel, now):
        return False
    try:
        envelope = _envelope(user, day, digest)
    except ChannelError as error:  # an address no mail server takes
        if letter := _claim(user, day, digest, Status.SENDING):
            _settle(letter, status=Status.FAILED, error=str(error))
        return True
    letter = _claim(user, day, digest, Status.SENDING)
    if letter is not None:
        _hand_over(letter, envelope, channel)
    return True


def _is_ready(channel: Channel, now: dt.datetime) -> bool:
    if state.paused_until(channel.name, now=now) is not None:
        return False
    try:
        channel.prepare()
    except ChannelError as error:
        state.pause(channel.name, str(error), database_now())
        return False
    return True


def _claim(user: Any, day: dt.date, digest: Digest, status: str) -> DigestLetter | None:
    """The letter, if it is ours to send. A crash from here on loses it: it is never sent twice."""
    told = {"status": status, "since": digest.since, "until": digest.until}
    letter, is_new = DigestLetter.objects.get_or_create(user=user, day=day, defaults=told)
    if is_new:
        return letter
    waiting = DigestLetter.objects.filter(pk=letter.pk, status=Status.WAITING, next_attempt_at__lte=digest.until)
    if not waiting.update(**told, attempts=letter.attempts + 1, next_attempt_at=None):
        return None
    letter.refresh_from_db()
    return letter


def _hand_over(letter: DigestLetter, envelope: Envelope, channel: Channel) -> None:
    try:
        channel.hand_over(envelope)
    except ChannelError as error:
        _refused(letter, error)
    except Unclear as error:
        _settle(letter, status=Status.UNCLEAR, error=str(error))
    except Exception as error:
        logger.exception("digest %s failed unexpectedly", letter.pk)
        _settle(letter, status=Status.UNCLEAR, error=f"It failed unexpectedly ({type(error).__name__}).")
    else:
        _settle(letter, status=Status.SENT)
        state.clear(channel.name)


def _refused(letter: DigestLetter, error: ChannelError) -> None:
    if error.permanent or letter.attempts >= MAX_ATTEMPTS:
        _settle(letter, status=Status.FAILED, error=str(error))
    else:
        _settle(letter, status=Status.WAITING, error=str(error), next_attempt_at=database_now() + AGAIN)


def _settle(letter: DigestLetter, **changes: Any) -> None:
    ours = DigestLetter.objects.filter(pk=letter.pk, status=Status.SENDING, attempts=letter.attempts)
    disconnects.retry_on_disconnect(lambda: ours.update(**changes), seconds=PERSISTENCE)
    logger.info("digest %s: %s", letter.pk, changes["status"])


def _envelope(user: Any, day: dt.date, digest: Digest) -> Envelope:
    return envelopes.build(
        identity=uuid.uuid5(_LETTERS, f"{user.pk} {day}"),
        sender=envelopes.sender_of(None),
        recipient=user.email,
        subject=digest.subject,
        text=text_of(digest),
        html=html_of(digest),
        now=digest.until,
    )


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
    if count >= analytics.COUNT_UP_TO:
        return f"{count} or more {many}"
    return f"1 {one}" if count == 1 else f"{count} {many}"


def _list(model: str, query: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(f'admin:{model}_changelist')}?{query}"
