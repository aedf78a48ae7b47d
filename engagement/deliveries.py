"""What goes to colleagues: rows of alerts, digests and tests, on their way by engagement.dispatcher."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now

from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from engagement import dispatcher, envelopes
from engagement.alerts import letter as alert_letter
from engagement.channels import registry
from engagement.channels.base import ChannelError, Envelope, Sender
from engagement.dispatcher import CLAIM_LEASE, SENDING_LEASE, Letter, Outcome, Result
from engagement.models import Delivery

Status = Delivery.Status
BATCH = 20
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DeliveryLetter(Letter):
    pk: int
    token: UUID


def run_pump_step(deadline: float) -> int:
    """A step of settings.PUMP_STEPS: deliver until nothing waits or time.monotonic() reaches the deadline."""
    done = 0
    is_due, is_expired = _look()
    if is_expired:
        done += reap()
    while is_due and time.monotonic() < deadline and (claimed := run(deadline=deadline)):
        done += claimed
    return done


def run(*, deadline: float) -> int:
    """Deliver a batch of what is due; returns how many were claimed."""
    return dispatcher.run(DeliveryQueue(), deadline=deadline, limit=BATCH)


def deliver_now(delivery: Delivery) -> Delivery:
    """Hand this one over while somebody waits for it, whatever the channel's pauses; as it is afterwards."""
    dispatcher.run(DeliveryQueue(only=delivery.pk), deadline=time.monotonic(), limit=1, heed=False)
    delivery.refresh_from_db()
    return delivery


def reap() -> int:
    """What a process left behind: prepared is waiting again, handed over is unclear."""
    cut_off = Reason.of("worker_cut_off").as_json()
    held = Delivery.objects.filter(lease_until__lte=Now())
    unclear = held.filter(status=Status.SENDING)
    waiting = held.filter(status=Status.CLAIMED)
    return unclear.update(
        status=Status.AMBIGUOUS, lease_until=None, finished_at=Now(), reason=cut_off, parts={}
    ) + waiting.update(status=Status.PENDING, lease_until=None, token=None)


_LOOK = """
    SELECT EXISTS (SELECT 1 FROM engagement_delivery WHERE status = 'pending' AND next_attempt_at <= clock_timestamp()),
           EXISTS (SELECT 1 FROM engagement_delivery
                   WHERE status IN ('claimed', 'sending') AND lease_until <= clock_timestamp())
"""
# A crash after this commit costs the lease time: reap() returns the rows.
_CLAIM = """
    UPDATE engagement_delivery AS delivery
    SET status = 'claimed', token = gen_random_uuid(),
        lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    FROM (
        SELECT id FROM engagement_delivery
        WHERE status = 'pending' AND NOT channel = ANY(%(paused)s) AND {which}
        ORDER BY next_attempt_at, id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE delivery.id = due.id
    RETURNING delivery.id, delivery.token
"""
_DUE, _ONLY = "next_attempt_at <= statement_timestamp()", "id = %(only)s"
_INTEND = """
    UPDATE engagement_delivery AS delivery
    SET status = 'sending', attempts = attempts + 1,
        lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[]) AS mine (id, token)
    WHERE delivery.id = mine.id AND delivery.token = mine.token AND delivery.status = 'claimed'
      AND delivery.lease_until > clock_timestamp()
    RETURNING delivery.id
"""


def _look() -> tuple[bool, bool]:
    with connection.cursor() as cursor:
        cursor.execute(_LOOK)
        is_due, is_expired = cursor.fetchone()
        return is_due, is_expired


class DeliveryQueue:
    """The dispatcher's view of the rows."""

    def __init__(self, *, only: int | None = None) -> None:
        """`only`: this row, due or not."""
        self._only = only
        self._claimed: dict[int, UUID] = {}

    def claim(self, *, limit: int, paused: Sequence[str]) -> int:
        values: dict[str, Any] = {
            "lease": CLAIM_LEASE.total_seconds(),
            "paused": list(paused),
            "limit": limit,
            "only": self._only,
        }
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM.format(which=_DUE if self._only is None else _ONLY), values)
            self._claimed = dict(cursor.fetchall())
        return len(self._claimed)

    def prepare(self, *, until: float) -> list[DeliveryLetter]:
        rows = Delivery.objects.filter(pk__in=self._claimed).select_related(
            "alert__target", "alert__contact__lead_source", "alert__business_entity"
        )
        letters: list[DeliveryLetter] = []
        for row in rows.order_by("next_attempt_at", "pk"):
            letters.append(self._letter(row, database_now()))
            refusal = letters[-1].refusal
            if time.monotonic() > until or (refusal is not None and refusal.channel_wide):
                break
        return letters

    def _letter(self, row: Delivery, now: datetime) -> DeliveryLetter:
        about: dict[str, Any] = {"channel": row.channel, "pk": row.pk, "token": self._claimed[row.pk]}
        try:
            if row.expires_at is not None and row.expires_at <= now:
                raise ChannelError(Reason.of("too_late"), permanent=True)
            return DeliveryLetter(**about, parcel=registry.channel(row.channel).prepare(_envelope(row, now)))
        except ChannelError as error:
            return DeliveryLetter(**about, refusal=error)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("delivery %s could not be prepared", row.pk)
            return DeliveryLetter(**about, refusal=ChannelError(dispatcher.fault(error), permanent=False))

    def intend(self, letters: Sequence[DeliveryLetter]) -> list[DeliveryLetter]:
        values: dict[str, Any] = {
            "ids": [letter.pk for letter in letters],
            "tokens": [letter.token for letter in letters],
            "lease": SENDING_LEASE.total_seconds(),
        }
        with connection.cursor() as cursor:
            cursor.execute(_INTEND, values)
            begun = {pk for (pk,) in cursor.fetchall()}
        for pk in begun:
            self._claimed.pop(pk, None)
        return [letter for letter in letters if letter.pk in begun]

    def settle(self, results: Sequence[Result[DeliveryLetter]]) -> None:
        for result in results:
            _settle(result)

    def fail(self, letter: DeliveryLetter, error: Exception) -> None:
        _settle(Result(letter, Outcome.PUT_OFF, dispatcher.fault(error)))

    def release(self) -> None:
        mine = Delivery.objects.filter(pk__in=self._claimed, token__in=self._claimed.values(), status=Status.CLAIMED)
        mine.update(status=Status.PENDING, lease_until=None, token=None)
        self._claimed = {}


def _envelope(row: Delivery, now: datetime) -> Envelope:
    return Envelope(
        identity=row.identity,
        sender=Sender(**row.sender) if row.sender else envelopes.sender_of(None),
        address=row.address,
        parts=row.parts if row.alert is None else alert_letter.parts_of(row.alert),
        at=now,
    )


def _settle(result: Result[DeliveryLetter]) -> None:
    """Under the token; one whose lease ran out during the hand-over is known now after all."""
    letter = result.letter
    mine = Delivery.objects.filter(pk=letter.pk, token=letter.token, finished_at=None) | Delivery.objects.filter(
        pk=letter.pk, token=letter.token, status=Status.AMBIGUOUS
    )
    row = mine.first()
    if row is None:
        logger.warning("delivery %s: the lease was lost, somebody else settles it", letter.pk)
        return
    tried = row.attempts + (row.status == Status.CLAIMED)  # the intent counted the try already
    mine.update(lease_until=None, **_changes(result, tried))
    logger.info("delivery %s: %s", letter.pk, result.outcome)


def _changes(result: Result[DeliveryLetter], tried: int) -> dict[str, Any]:
    now = database_now()
    reason = result.reason.as_json() if result.reason else {}
    final = {"reason": reason, "attempts": tried, "finished_at": now, "parts": {}}
    if result.receipt is not None:
        return final | {"status": Status.SENT, "transport": result.receipt.transport}
    if result.outcome == Outcome.UNCLEAR:
        return final | {"status": Status.AMBIGUOUS}
    if result.outcome == Outcome.REFUSED or (result.outcome == Outcome.PUT_OFF and tried >= dispatcher.MAX_ATTEMPTS):
        return final | {"status": Status.FAILED}
    waiting = {"reason": reason, "status": Status.PENDING, "token": None, "finished_at": None}
    if result.outcome == Outcome.PUT_OFF:
        return waiting | {"attempts": tried, "next_attempt_at": now + dispatcher.retry_delay(tried)}
    return waiting | {"attempts": tried - 1, "next_attempt_at": result.again_at or now + dispatcher.FIRST_WAIT}
