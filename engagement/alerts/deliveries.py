"""Brings waiting alerts to their addresses.

Claimed one at a time, after the connection stands and right before the hand-over. A crash in between leaves the row in
`sending`: past its lease it becomes ambiguous and is not repeated, because the alert itself is in the admin anyway.
"""

from __future__ import annotations

import logging
import random
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from contacts.clock import database_now
from engagement.alerts import letter
from engagement.channels import registry, state
from engagement.channels.base import Channel, ChannelError, Unclear
from engagement.models import AlertDelivery

Status = AlertDelivery.Status
LEASE = timedelta(minutes=5)  # longer than every time-out of a hand-over together
MAX_ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
logger = logging.getLogger(__name__)


def run_pump_step(deadline: float) -> int:
    """Deliver until nothing waits or time.monotonic() reaches the deadline; returns how many were settled."""
    settled = 0
    while time.monotonic() < deadline and deliver_waiting(now=database_now(), limit=1):
        settled += 1
    if settled:
        registry.mail_channel().release()
    return settled


def deliver_waiting(*, now: datetime, limit: int) -> int:
    """Try up to `limit` deliveries that are due; returns how many were tried."""
    _give_up_expired(now)
    channel = registry.mail_channel()
    tried = 0
    while tried < limit and _anything_waits(now) and _is_ready(channel, now):
        delivery = _claim(now)
        if delivery is None:
            break
        _deliver(delivery, channel, now)
        tried += 1
    return tried


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
        state.pause(channel.name, str(error), now)
        return False
    return True


@transaction.atomic
def _claim(now: datetime) -> AlertDelivery | None:
    delivery = (
        AlertDelivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("alert__target", "alert__contact__lead_source", "alert__business_entity")
        .filter(status=Status.PENDING, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "pk")
        .first()
    )
    if delivery is not None:
        delivery.status, delivery.lease_until = Status.SENDING, now + LEASE
        delivery.attempts += 1
        delivery.save(update_fields=["status", "lease_until", "attempts"])
    return delivery


def _deliver(delivery: AlertDelivery, channel: Channel, now: datetime) -> None:
    try:
        channel.hand_over(letter.write(delivery, now=now))
    except Unclear as unclear:
        _settle(delivery, status=Status.AMBIGUOUS, error=str(unclear), finished_at=now)
    except ChannelError as error:
        _refused(delivery, channel, error, now)
    else:
        _settle(delivery, status=Status.SENT, error="", finished_at=now)
        state.clear(channel.name, now=now)


def _refused(delivery: AlertDelivery, channel: Channel, error: ChannelError, now: datetime) -> None:
    if error.channel_wide:
        until = state.pause(channel.name, str(error), now)
        _settle(
            delivery,
            status=Status.PENDING,
            error=str(error),
            next_attempt_at=until,
            attempts=F("attempts") - 1,
        )
    elif error.permanent or delivery.attempts >= MAX_ATTEMPTS:
        _settle(delivery, status=Status.FAILED, error=str(error), finished_at=now)
    else:
        _settle(delivery, status=Status.PENDING, error=str(error), next_attempt_at=now + _wait(delivery.attempts))


def _wait(attempts: int) -> timedelta:
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 10))
    return wait * random.uniform(0.5, 1)  # noqa: S311  no secret


def _settle(delivery: AlertDelivery, **changes: object) -> None:
    """Our claim is our number of attempts: a claim that came later is left alone."""
    AlertDelivery.objects.filter(
        pk=delivery.pk, status__in=(Status.SENDING, Status.AMBIGUOUS), attempts=delivery.attempts
    ).update(lease_until=None, **changes)
    logger.info("alert delivery %s: %s", delivery.pk, changes["status"])
