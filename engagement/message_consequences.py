"""What follows from facts about messages, whoever learnt them, in whatever order, and however often they are told.

A fact waits (`follow_up_at`) until the pump did what follows from it. Each answer is asked of all that is known of the
address by then, never of what came last; so all orders end alike.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q, QuerySet

from contactflow.core.clock import database_now
from contacts import consent, intake
from contacts.models import Consent, ContactEvent, Suppression
from engagement import breakers, inbox
from engagement.models import BounceRule, Message, MessageEvent

Type = MessageEvent.Type
TOGETHER = dt.timedelta(days=7)  # within which two vague bounces are one clear one
RESTS = "soft bounces"  # who enters that an address rests
BATCH = 50
logger = logging.getLogger(__name__)

# A crash, or a fault of ours, leaves the fact to be tried again later, and no other waits for it.
_CLAIM = """
    UPDATE engagement_messageevent AS event SET follow_up_at = clock_timestamp() + interval '5 minutes'
    FROM (
        SELECT id FROM engagement_messageevent WHERE follow_up_at <= clock_timestamp()
        ORDER BY follow_up_at LIMIT %s FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE event.id = due.id
    RETURNING event.id
"""


def run_pump_step(deadline: float) -> int:
    """Do what follows from facts until none waits or the time of time.monotonic() is over; how many."""
    done = 0
    while time.monotonic() < deadline and (events := _claimed()):
        for event in events:
            _follow(event)
        _judge_brands(events)
        done += len(events)
    return done


def _claimed() -> list[MessageEvent]:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [BATCH])
        claimed = [pk for (pk,) in cursor.fetchall()]
    rows = MessageEvent.objects.filter(pk__in=claimed).order_by("pk") if claimed else MessageEvent.objects.none()
    return list(rows.select_related("message__contact", "message__business_entity").defer("message__html"))


def _judge_brands(events: Sequence[MessageEvent]) -> None:
    """Whether too much of what a brand sends comes back."""
    brands = {event.message.business_entity_id for event in events if event.type in (Type.BOUNCED, Type.COMPLAINED)}
    breakers.judge(brands=brands, now=database_now())


def _follow(event: MessageEvent) -> None:
    try:
        FOLLOWS[event.type](event, database_now())
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("what follows from fact %s of message %s failed", event.pk, event.message_id)
        return
    MessageEvent.objects.filter(pk=event.pk).update(follow_up_at=None)


def _bounced(event: MessageEvent, now: dt.datetime) -> None:
    if event.message.author:  # whoever wrote it by hand has not answered
        inbox.not_answered(message=event.message)
    given_up_at = int(event.detail.get("gives_up_at") or 0)
    if given_up_at == 1 or (given_up_at == 2 and _is_second(event)):
        _give_up(event, now)
    elif event.detail.get("kind") == "soft":
        _rest_or_not(event.message)


def _is_second(event: MessageEvent) -> bool:
    """Whether another message to the address came back as well, a week before or after."""
    near = (event.at - TOGETHER, event.at + TOGETHER)
    others = _of_address(event.message, Type.BOUNCED).exclude(message=event.message_id)
    return others.filter(at__range=near, detail__gives_up_at__gt=0).exists()


def _give_up(event: MessageEvent, now: dt.datetime) -> None:
    said = f"{event.detail.get('reason', '')}: {event.detail.get('said', '')}"
    address = event.message.recipient
    consent.suppress(email=address, reason=Suppression.Reason.BOUNCED, detail=said, actor="bounce")
    _tell(event, kind="bounced", now=now)


def _complained(event: MessageEvent, now: dt.datetime) -> None:
    said = str(event.detail.get("said", ""))
    address = event.message.recipient
    consent.suppress(email=address, reason=Suppression.Reason.COMPLAINED, detail=said, actor="complaint")
    _tell(event, kind="complained", now=now)


def _unsubscribed(event: MessageEvent, now: dt.datetime) -> None:
    """They asked their provider instead of us, or wrote so: no more marketing of the brand, unless they said otherwise
    since."""
    if event.detail.get("told"):  # on their page, which did all of it
        return
    message = event.message
    contact, brand = message.contact, message.business_entity
    scope = Q(business_entity=brand) | Q(business_entity=None)
    words = Consent.objects.filter(scope, contact=contact, channel=consent.EMAIL)
    newest = words.order_by("-recorded_at", "-id").first()
    if newest is None or newest.state != Consent.State.WITHDRAWN:
        if newest is not None and newest.recorded_at >= event.at:
            return
        consent.withdraw(contact=contact, business_entity=brand, source="unsubscribed with the mail provider", now=now)
    _tell(event, kind="unsubscribed", now=now, business_entities=[brand.name] if brand else None)


def _delivered(event: MessageEvent, now: dt.datetime) -> None:
    _rest_or_not(event.message)


def _rest_or_not(message: Message) -> None:
    """An address rests that came back on so many days without a delivery in between; as staff set it."""
    rule = BounceRule.current()
    bounced = _of_address(message, Type.BOUNCED).filter(detail__kind="soft")
    last = bounced.order_by("-at").values_list("at", flat=True).first()
    if last is None:
        return
    since = last - dt.timedelta(days=rule.within_days)
    delivered = _of_address(message, Type.DELIVERED).order_by("-at").values_list("at", flat=True).first()
    times = bounced.filter(at__gt=max(since, delivered or since)).values_list("at", flat=True)
    if len({at.date() for at in times}) >= rule.soft_bounces:
        until = last + dt.timedelta(days=rule.rest_days)
        said = f"Came back on {rule.soft_bounces} days within {rule.within_days}"
        consent.suppress(
            email=message.recipient, reason=Suppression.Reason.BOUNCED, detail=said, actor=RESTS, until=until
        )
    else:
        consent.end_suppression(email=message.recipient, actor=RESTS)


def _of_address(message: Message, kind: str) -> QuerySet[MessageEvent]:
    """The facts of messages to the same address; they are of the same contact."""
    return MessageEvent.objects.filter(
        type=kind, message__contact=message.contact_id, message__recipient__iexact=message.recipient
    )


def _tell(event: MessageEvent, *, kind: str, now: dt.datetime, business_entities: Sequence[str] | None = None) -> None:
    """What happened to the person, once for each message; workflows go by it. Not of an address they had before."""
    message = event.message
    if message.recipient.lower() != message.contact.email.lower():
        return
    intake.record_event(
        email=message.contact.email,
        kind=kind,
        source=ContactEvent.Source.SYSTEM,
        now=now,
        business_entities=business_entities,
        metadata={"message": str(message.pk), **{name: event.detail[name] for name in _TOLD if name in event.detail}},
        event_key=f"{kind}:{message.pk}",
    )


_TOLD = ("kind", "reason", "status", "reply_code")
FOLLOWS: dict[str, Callable[[MessageEvent, dt.datetime], None]] = {
    Type.BOUNCED: _bounced,
    Type.COMPLAINED: _complained,
    Type.UNSUBSCRIBED: _unsubscribed,
    Type.DELIVERED: _delivered,
}
