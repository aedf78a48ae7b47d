"""Brings waiting alerts to their addresses.

Claimed one at a time, after the connection stands and the letter is written, right before the hand-over. A crash in
between leaves the row in `sending`: past its lease it becomes ambiguous and is not repeated, because the alert itself
is in the admin anyway. Before the claim a crash or a database that went away costs nothing: the row still waits.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from contactflow.core import disconnects
from contactflow.core.clock import database_now
from engagement.alerts import letter
from engagement.channels import registry, state
from engagement.channels.base import Channel, ChannelError, Envelope, Unclear
from engagement.models import AlertDelivery

Status = AlertDelivery.Status
LEASE = timedelta(minutes=5)  # longer than every time-out of a hand-over together
MAX_ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Claim:
    """A delivery that is ours, and its letter; without one there is nothing to hand over, and it is settled."""

    delivery: AlertDelivery
    envelope: Envelope | None


def run_pump_step(deadline: float) -> int:
    """Deliver until nothing waits or time.monotonic() reaches the deadline; returns how many were settled."""
    _give_up_expired(database_now())
    channel = registry.mail_channel()
    settled = 0
    while time.monotonic() < deadline and _deliver_next(channel, database_now()):
        settled += 1
    if settled:
        channel.release()
    return settled


def deliver_waiting(*, now: datetime, limit: int) -> int:
    """Try up to `limit` deliveries that are due; returns how many were tried."""
    _give_up_expired(now)
    channel = registry.mail_channel()
    tried = 0
    while tried < limit and _deliver_next(channel, now):
        tried += 1
    return tried


def _deliver_next(channel: Channel, now: datetime) -> bool:
    """Try the delivery that waits longest; False when there is none, or the channel cannot be used."""
    if not (_anything_waits(now) and _is_ready(channel, now)):
        return False
    claim = _claim(now)
    if claim is not None and claim.envelope is not None:
        _hand_over(claim.delivery, claim.envelope, channel, now)
    return claim is not None


def _give_up_expired(now: datetime) -> None:
    AlertDelivery.objects.filter(status=Status.SENDING, lease_until__lte=now).update(
        status=Status.AMBIGUOUS,
        lease_until=None,
        finished_at=now,
        error="The process that delivered it ended without recording the outcome.",
    )


def _anything_waits(now: datetime) -> bool:
    return AlertDelivery.objects.filter(status=Status.PENDING, next_attempt_at__lte=now).exists()


def _is_ready(channel: Channel, now: datetime) -> bool:
    """Connects before anything is claimed, so that a server that is down costs no alert an attempt."""
    if state.paused_until(channel.name, now=now) is not None:
        return False
    try:
        channel.prepare()
    except ChannelError as error:
        state.pause(channel.name, str(error), database_now())  # connecting may have taken long
        return False
    return True


@transaction.atomic
def _claim(now: datetime) -> _Claim | None:
    delivery = (
        AlertDelivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("alert__target", "alert__contact__lead_source", "alert__business_entity")
        .filter(status=Status.PENDING, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "pk")
        .first()
    )
    if delivery is None:
        return None
    delivery.status, delivery.lease_until = Status.SENDING, now + LEASE
    delivery.attempts += 1
    delivery.save(update_fields=["status", "lease_until", "attempts"])
    return _Claim(delivery, _write(delivery, now))


def _write(delivery: AlertDelivery, now: datetime) -> Envelope | None:
    """Within the claim, which a database that goes away undoes; every other fault is settled here: nothing has left."""
    try:
        with transaction.atomic():
            return letter.write(delivery, now=now)
    except (OperationalError, InterfaceError):
        raise
    except ChannelError as error:
        _put_off(delivery, str(error), now, permanent=error.permanent)
    except Exception as error:
        logger.exception("alert delivery %s: its letter could not be written", delivery.pk)
        _put_off(delivery, f"The letter could not be written ({type(error).__name__}).", now)
    return None


def _hand_over(delivery: AlertDelivery, envelope: Envelope, channel: Channel, now: datetime) -> None:
    """What became of it is known only here, so it is written however long the database takes."""
    try:
        channel.hand_over(envelope)
    except ChannelError as error:
        refusal = error  # the name of an except clause ends with it
        _persistently(lambda: _refused(delivery, channel, refusal, now))
    except Unclear as error:
        reason = str(error)
        _persistently(lambda: _settle(delivery, status=Status.AMBIGUOUS, error=reason, finished_at=now))
    except Exception as error:
        logger.exception("alert delivery %s failed unexpectedly", delivery.pk)
        reason = f"It failed unexpectedly while it was handed over ({type(error).__name__})."
        _persistently(lambda: _settle(delivery, status=Status.AMBIGUOUS, error=reason, finished_at=now))
    else:
        _persistently(lambda: _sent(delivery, channel, now))


def _persistently(write: Callable[[], None]) -> None:
    disconnects.retry_on_disconnect(write, seconds=LEASE.total_seconds() / 2)


def _sent(delivery: AlertDelivery, channel: Channel, now: datetime) -> None:
    _settle(delivery, status=Status.SENT, error="", finished_at=now)
    state.clear(channel.name, now=now)


def _refused(delivery: AlertDelivery, channel: Channel, error: ChannelError, now: datetime) -> None:
    if not error.channel_wide:
        _put_off(delivery, str(error), now, permanent=error.permanent)
        return
    until = state.pause(channel.name, str(error), database_now())
    uncounted = F("attempts") - 1
    _settle(delivery, status=Status.PENDING, error=str(error), next_attempt_at=until, attempts=uncounted)


def _put_off(delivery: AlertDelivery, error: str, now: datetime, *, permanent: bool = False) -> None:
    """It did not leave: later again, until it was tried often enough."""
    if permanent or delivery.attempts >= MAX_ATTEMPTS:
        _settle(delivery, status=Status.FAILED, error=error, finished_at=now)
    else:
        _settle(delivery, status=Status.PENDING, error=error, next_attempt_at=now + _wait(delivery.attempts))


def _wait(attempts: int) -> timedelta:
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 10))
    return wait * random.uniform(0.5, 1)  # noqa: S311  no secret


def _settle(delivery: AlertDelivery, **changes: object) -> None:
    """Our claim is our number of attempts: a claim that came later is left alone."""
    AlertDelivery.objects.filter(
        pk=delivery.pk, status__in=(Status.SENDING, Status.AMBIGUOUS), attempts=delivery.attempts
    ).update(lease_until=None, **changes)
    logger.info("alert delivery %s: %s", delivery.pk, changes["status"])
