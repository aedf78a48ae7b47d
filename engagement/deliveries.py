"""Rows of alerts, digests, tests and mails written by hand, on their way by engagement.dispatcher."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from contactflow.core import mail_addresses
from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from contacts import consent
from contacts.models import Suppression
from engagement import alerts, bounces, correspondence, dispatcher, envelopes
from engagement.alerts import letter as alert_letter
from engagement.channels import registry
from engagement.channels.base import ChannelError, Envelope, Sender
from engagement.dispatcher import CLAIM_LEASE, SENDING_LEASE, Letter, Outcome, Result
from engagement.models import Delivery, Priority

Status = Delivery.Status
BATCH = 20
TOGETHER = dt.timedelta(minutes=3)
"""How long alerts wait after an email about the same target, so that they travel together; urgent ones never do."""
AT_MOST = 200  # alerts in one email
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DeliveryLetter(Letter):
    """One email; alerts of one target that travel together share it, and what becomes of it."""

    rows: dict[int, UUID]
    """The token under which each is held."""
    message_id: UUID | None = None
    """What a colleague wrote, where it carries that."""


def run_pump_step(deadline: float) -> int:
    """A step of settings.PUMP_STEPS: deliver until nothing waits or time.monotonic() reaches the deadline."""
    done = 0
    is_due, is_expired, is_unclear = _look()
    if is_expired:
        done += reap()
    if is_unclear:
        done += correspondence.settle_proven(now=database_now())
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


def take_back(*, contacts: Collection[UUID]) -> None:
    """A step of settings.TAKE_BACK_STEPS: what was written to these people by hand is asked again whether it may go."""
    claimed = Delivery.objects.filter(status=Status.CLAIMED)
    for pk in list(claimed.filter(message__contact__in=contacts).values_list("pk", flat=True)):
        claimed.filter(pk=pk).update(status=Status.PENDING, lease_until=None, token=None)


@transaction.atomic
def reap() -> int:
    """What a process left behind: prepared is waiting again, handed over is unclear."""
    cut_off = Reason.of("worker_cut_off")
    held = Delivery.objects.filter(lease_until__lte=Now())
    unclear = held.filter(status=Status.SENDING)
    waiting = held.filter(status=Status.CLAIMED)
    mails = unclear.select_for_update(skip_locked=True).filter(message__isnull=False)
    correspondence.cut_off([mail.message_id for mail in mails if mail.message_id], reason=cut_off, now=database_now())
    return unclear.update(
        status=Status.AMBIGUOUS, lease_until=None, finished_at=Now(), reason=cut_off.as_json(), parts={}
    ) + waiting.update(status=Status.PENDING, lease_until=None, token=None)


_LOOK = """
    SELECT EXISTS (SELECT 1 FROM engagement_delivery WHERE status = 'pending' AND next_attempt_at <= clock_timestamp()),
           EXISTS (SELECT 1 FROM engagement_delivery
                   WHERE status IN ('claimed', 'sending') AND lease_until <= clock_timestamp()),
           -- by hand; served by message_needs_person
           EXISTS (SELECT 1 FROM engagement_message
                   WHERE status IN ('held', 'ambiguous', 'failed') AND status = 'ambiguous' AND action IS NULL
                     AND author <> '')
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
# Served by delivery_sent_to. A crash loses nothing: it only says when.
_WAIT = """
    UPDATE engagement_delivery AS delivery SET next_attempt_at = early.until
    FROM (
        SELECT due.id, last.finished_at + %(together)s AS until
        FROM engagement_delivery AS due
        JOIN engagement_alert AS alert ON alert.id = due.alert_id AND alert.priority <> 'urgent'
        CROSS JOIN LATERAL (
            SELECT sent.finished_at
            FROM engagement_delivery AS sent JOIN engagement_alert AS told ON told.id = sent.alert_id
            WHERE sent.status = 'sent' AND sent.address = due.address AND sent.channel = due.channel
              AND sent.finished_at > statement_timestamp() - %(together)s
              AND told.target_id = alert.target_id AND told.priority <> 'urgent'
            ORDER BY sent.finished_at DESC LIMIT 1
        ) AS last
        WHERE due.status = 'pending' AND due.attempts = 0 AND due.next_attempt_at <= statement_timestamp()
        LIMIT %(at_most)s
        FOR UPDATE OF due SKIP LOCKED
    ) AS early
    WHERE delivery.id = early.id
"""
# A crash after this commit costs the lease time, as of those they travel with.
_JOIN = """
    UPDATE engagement_delivery AS delivery
    SET status = 'claimed', token = gen_random_uuid(),
        lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    FROM (
        SELECT other.id FROM engagement_delivery AS other JOIN engagement_alert AS told ON told.id = other.alert_id
        WHERE other.status = 'pending' AND told.priority <> 'urgent'
          AND (other.attempts = 0 OR other.next_attempt_at <= statement_timestamp())
          AND (other.channel, other.address, told.target_id) IN (
            SELECT mine.channel, mine.address, alert.target_id FROM engagement_delivery AS mine
            JOIN engagement_alert AS alert ON alert.id = mine.alert_id AND alert.priority <> 'urgent'
            WHERE mine.id = ANY(%(claimed)s)
          )
        ORDER BY other.id
        LIMIT %(at_most)s
        FOR UPDATE OF other SKIP LOCKED
    ) AS joining
    WHERE delivery.id = joining.id
    RETURNING delivery.id, delivery.token
"""
_INTEND = f"""
    UPDATE engagement_delivery AS delivery
    SET status = 'sending', attempts = attempts + 1,
        lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[]) AS mine (id, token)
    WHERE delivery.id = mine.id AND delivery.token = mine.token AND delivery.status = 'claimed'
      AND delivery.lease_until > clock_timestamp() AND {correspondence.MAY_LEAVE_SQL}
    RETURNING delivery.id
"""  # noqa: S608  conditions of ours

_STILL_HOLDS = f"""
    SELECT TRUE FROM engagement_delivery AS delivery
    WHERE delivery.id = ANY(%(ids)s::bigint[]) AND delivery.token = ANY(%(tokens)s::uuid[])
      AND delivery.status = 'sending' AND {correspondence.MAY_LEAVE_SQL}
"""  # noqa: S608  conditions of ours


def _look() -> tuple[bool, bool, bool]:
    """Whether something is due, a lease ran out, or the outcome of a mail by hand is not known."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK)
        is_due, is_expired, is_unclear = cursor.fetchone()
        return is_due, is_expired, is_unclear


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
            "together": TOGETHER,
            "at_most": AT_MOST - limit,
        }
        with connection.cursor() as cursor:
            if self._only is None:
                cursor.execute(_WAIT, values)
            cursor.execute(_CLAIM.format(which=_DUE if self._only is None else _ONLY), values)
            self._claimed = dict(cursor.fetchall())
            if self._claimed and self._only is None:
                cursor.execute(_JOIN, values | {"claimed": list(self._claimed)})
                self._claimed.update(cursor.fetchall())
        return len(self._claimed)

    def prepare(self, *, until: float) -> list[DeliveryLetter]:
        rows = Delivery.objects.filter(pk__in=self._claimed).select_related(
            "alert__target", "alert__contact__lead_source", "alert__business_entity",
            "message__contact", "message__business_entity", "message__answers",
        )  # fmt: skip
        letters: list[DeliveryLetter] = []
        ours = list(rows.order_by("next_attempt_at", "pk"))
        blocked = _blocked(ours)
        for together in _by_letter(ours):
            letters.append(self._letter(together, blocked.get(together[0].pk), database_now()))
            refusal = letters[-1].refusal
            if time.monotonic() > until or (refusal is not None and refusal.channel_wide):
                break
        return letters

    def _letter(self, rows: Sequence[Delivery], blocked: Reason | None, now: datetime) -> DeliveryLetter:
        first = rows[0]
        about: dict[str, Any] = {"channel": first.channel, "rows": {row.pk: self._claimed[row.pk] for row in rows}}
        try:
            if first.expires_at is not None and first.expires_at <= now:
                raise ChannelError(Reason.of("too_late"), permanent=True)
            if blocked is not None:
                raise ChannelError(blocked, permanent=True)
            parcel = registry.channel(first.channel).prepare(_envelope(rows, now))
            return DeliveryLetter(**about, parcel=parcel, message_id=first.message_id)
        except ChannelError as error:
            return DeliveryLetter(**about, refusal=error)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("delivery %s could not be prepared", first.pk)
            return DeliveryLetter(**about, refusal=ChannelError(dispatcher.fault(error), permanent=False))

    def intend(self, letters: Sequence[DeliveryLetter]) -> list[DeliveryLetter]:
        """What is held in one letter was claimed together, and so its leases end together."""
        held = {pk: token for letter in letters for pk, token in letter.rows.items()}
        values: dict[str, Any] = {
            "ids": list(held),
            "tokens": list(held.values()),
            "lease": SENDING_LEASE.total_seconds(),
            "channel": "email",
        }
        with connection.cursor() as cursor:
            cursor.execute(_INTEND, values)
            begun = {pk for (pk,) in cursor.fetchall()}
        for pk in begun:
            self._claimed.pop(pk, None)
        going = [letter for letter in letters if begun & letter.rows.keys()]
        correspondence.begin({one.message_id: one.parcel.reference for one in going if one.message_id and one.parcel})
        return going

    def still_holds(self, letter: DeliveryLetter) -> bool:
        with connection.cursor() as cursor:
            tokens = list(letter.rows.values())
            cursor.execute(_STILL_HOLDS, {"ids": list(letter.rows), "tokens": tokens, "channel": "email"})
            return cursor.fetchone() is not None

    def settle(self, results: Sequence[Result[DeliveryLetter]]) -> None:
        for result in results:
            _settle(result)

    def fail(self, letter: DeliveryLetter, error: Exception) -> None:
        _settle(Result(letter, Outcome.PUT_OFF, dispatcher.fault(error)))

    def release(self) -> None:
        mine = Delivery.objects.filter(pk__in=self._claimed, token__in=self._claimed.values(), status=Status.CLAIMED)
        mine.update(status=Status.PENDING, lease_until=None, token=None)
        self._claimed = {}


def _blocked(rows: Sequence[Delivery]) -> dict[int, Reason]:
    """Why nothing leaves to the address of a colleague, by row; mails to contacts are judged by what they are."""
    stops = alerts.blocks(row.address for row in rows if row.message_id is None)
    found = ((row, stops.get(mail_addresses.folded(row.address))) for row in rows if row.message_id is None)
    return {row.pk: Reason.of("address_suppressed", why=stop.reason) for row, stop in found if stop}


def _by_letter(rows: Iterable[Delivery]) -> list[list[Delivery]]:
    """Alerts to one address about one target share a letter, unless urgent, or perhaps to blame for its failing."""
    letters: dict[Hashable, list[Delivery]] = defaultdict(list)
    for row in rows:
        key: Hashable = row.pk
        is_suspect = row.reason.get("code") == "our_fault"
        if row.alert is not None and row.alert.priority != Priority.URGENT and not is_suspect:
            key = (row.channel, row.address, row.alert.target_id)
        letters[key].append(row)
    return list(letters.values())


def _envelope(rows: Sequence[Delivery], now: datetime) -> Envelope:
    first = rows[0]
    if first.message is not None:
        return correspondence.envelope_of(first.message, identity=first.identity, address=first.address, now=now)
    told = [row.alert for row in rows if row.alert is not None]
    return Envelope(
        identity=first.identity,
        sender=Sender(**first.sender) if first.sender else envelopes.sender_of(None),
        address=first.address,
        parts=alert_letter.parts_of(told) if told else first.parts,
        at=now,
    )


def _settle(result: Result[DeliveryLetter]) -> None:
    """Under the tokens; one whose lease ran out during the hand-over is known now after all."""
    held = result.letter.rows
    mine = Delivery.objects.filter(pk__in=held, token__in=held.values())
    mine = mine.filter(finished_at=None) | mine.filter(status=Status.AMBIGUOUS)
    rows = list(mine)
    if len(rows) < len(held):
        logger.warning("deliveries %s: a lease was lost, somebody else settles it", list(held))
    if rows:
        # The intent counted the try already.
        tried = max(row.attempts + (row.status == Status.CLAIMED) for row in rows)
        changes = _changes(result, tried)
        mine.update(lease_until=None, **changes)
        for row in rows:
            if row.message_id is not None:
                about: dict[str, Any] = {"reason": result.reason, "receipt": result.receipt, "now": database_now()}
                correspondence.settle(message_id=row.message_id, status=str(changes["status"]), **about)
        if changes["status"] == Status.FAILED and result.reason and rows[0].message_id is None:
            _give_up(rows[0].address, result.reason)
        logger.info("deliveries %s: %s", [row.pk for row in rows], result.outcome)


def _give_up(address: str, reason: Reason) -> None:
    """A mailbox that does not exist gets nothing more; the start page and the colleague's profile say so."""
    said = str(reason.params.get("said") or "")
    answer = bounces.answer(said, around=str(reason.params.get("phase") or ""))
    if said and bounces.judge(answer).gives_up_at == 1:
        consent.suppress(email=address, reason=Suppression.Reason.BOUNCED, detail=said, actor="bounce")


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
