"""Stops a brand's marketing when too much of it comes back: before providers and mailboxes do it, for all its mail.

Counted over 24 hours, per brand: hard bounces and complaints, each message once, against what was sent. Large senders
are held to the rates that providers watch; for small ones such a rate is one unlucky address, so theirs is higher and
begins with fewer. Answers that somebody asked for go on. Staff let it go on, and counting begins anew.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q

from contactflow.core.reasons import Reason
from contacts.models import BusinessEntity
from engagement import alerts, describe, worklist
from engagement.models import Message, MessageEvent, Priority, SendingBreaker, Target
from engagement.models.messages import TROUBLES

WINDOW = dt.timedelta(hours=24)
LATER = dt.timedelta(minutes=15)  # how long what waits for a stopped brand rests before it is looked at again
LEADERSHIP = "leadership_team"
Type = MessageEvent.Type
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """From so many sent and so many that came back on, at which shares to warn and to stop."""

    sent: int
    count: int
    warn: float
    stop: float


LIMITS: dict[str, tuple[Limit, ...]] = {
    Type.BOUNCED: (Limit(1_000, 50, 0.025, 0.05), Limit(50, 10, 0.05, 0.10)),
    Type.COMPLAINED: (Limit(1_000, 10, 0.0015, 0.003), Limit(100, 3, 0.01, 0.02)),
}
# For the statement of an intent that has `wanted` (brand_id, is_marketing).
STOPPED_SQL = """(wanted.is_marketing AND EXISTS (
    SELECT 1 FROM engagement_sendingbreaker AS breaker
    WHERE breaker.business_entity_id IS NOT DISTINCT FROM wanted.brand_id AND breaker.stopped_at IS NOT NULL
))"""


def judge(*, brands: Iterable[int | None], now: dt.datetime) -> None:
    """Warn of these brands, or stop their marketing, where too much came back."""
    for brand in set(brands):
        _judge(brand, now)


def stopped() -> list[SendingBreaker]:
    return list(SendingBreaker.objects.filter(stopped_at__isnull=False).select_related("business_entity"))


def stopped_brands() -> set[int | None]:
    """The brands whose marketing waits."""
    return set(SendingBreaker.objects.filter(stopped_at__isnull=False).values_list("business_entity", flat=True))


def held_against_us(*, now: dt.datetime) -> int:
    """How many messages of a day other servers refused because of who sends and how: counted no further than needed."""
    blamed = MessageEvent.objects.filter(TROUBLES, type=Type.BOUNCED, at__gt=now - WINDOW, detail__kind="sender")
    return worklist.count(blamed)


def resume(*, breaker: SendingBreaker, by: str, now: dt.datetime) -> bool:
    """A colleague lets the brand's marketing go on; what came back until now does not count any more."""
    rows = SendingBreaker.objects.filter(pk=breaker.pk, stopped_at__isnull=False)
    changes = {"stopped_at": None, "warned_at": None, "counted_from": now, "resumed_by": by[:150], "updated_at": now}
    return bool(rows.update(**changes))


@transaction.atomic
def _judge(brand: int | None, now: dt.datetime) -> None:
    known = SendingBreaker.objects.select_for_update().filter(business_entity=brand).first()
    since = max(filter(None, [now - WINDOW, known.counted_from if known else None]))
    if known is not None and known.stopped_at is not None:
        return
    found = _worst(brand, since)
    if found is None:
        return
    is_stop, reason = found
    if not is_stop and known is not None and known.warned_at is not None and known.warned_at > since:
        return
    changes = {"reason": reason.as_json(), "updated_at": now, "stopped_at" if is_stop else "warned_at": now}
    breaker, _ = SendingBreaker.objects.update_or_create(business_entity_id=brand, defaults=changes)
    logger.warning("marketing of brand %s: %s", brand, "stopped" if is_stop else "warned of")
    _tell(breaker, is_stop, reason, now)


def _worst(brand: int | None, since: dt.datetime) -> tuple[bool, Reason] | None:
    """Whether to stop or to warn, and what of."""
    taken = Message.objects.filter(business_entity=brand, status=Message.Status.SENT, sent_at__gt=since).count()
    hard = Q(type=Type.BOUNCED, detail__kind="hard")
    counts = MessageEvent.objects.filter(TROUBLES, message__business_entity=brand, at__gt=since).aggregate(
        bounced=Count("message", distinct=True, filter=hard),
        complained=Count("message", distinct=True, filter=Q(type=Type.COMPLAINED)),
        refused=Count("message", distinct=True, filter=hard & ~Q(message__status=Message.Status.SENT)),
    )
    sent = taken + counts["refused"]
    worst: tuple[bool, Reason] | None = None
    for kind, limits in LIMITS.items():
        count = counts[kind]
        total = max(sent, count)
        for limit in limits:
            if total < limit.sent or count < limit.count or count < limit.warn * total:
                continue
            is_stop = count >= limit.stop * total
            share = f"{100 * count / total:.1f}"
            if worst is None or (is_stop and not worst[0]):
                worst = is_stop, Reason.of(f"too_much_{kind}", count=count, sent=total, share=share)
    return worst


def _tell(breaker: SendingBreaker, is_stop: bool, reason: Reason, now: dt.datetime) -> None:
    """An alert for whoever leads, or for whoever is there."""
    target = Target.objects.filter(slug=LEADERSHIP).first() or Target.objects.order_by("pk").first()
    if target is None:
        return
    brand: BusinessEntity | None = breaker.business_entity
    name = str(brand or "Contactflow")
    title = f"Marketing of {name} is stopped" if is_stop else f"Much of what {name} sends comes back"
    go_on = "It waits until somebody lets it go on, under Settings, Stops of marketing." if is_stop else ""
    alerts.raise_alert(
        action_id=None,
        title=title,
        message=f"{describe.why(reason)} {go_on}".strip(),
        priority=Priority.URGENT if is_stop else Priority.HIGH,
        target=target,
        contact=None,
        business_entity=brand,
        now=now,
    )
