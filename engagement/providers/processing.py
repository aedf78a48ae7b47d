"""Understands what providers sent, one request at a time: a bad one is tried again, then parked, and stops no other."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import Any

from anymail.exceptions import AnymailConfigurationError
from anymail.signals import AnymailInboundEvent
from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now

from contactflow.core.clock import database_now
from engagement import dispatcher, inbound, message_events
from engagement.models import ProviderDelivery
from engagement.providers import catalogue, facts, payloads

Status, Kind = ProviderDelivery.Status, ProviderDelivery.Kind
TRIES = 6
UNFINISHED = "Reading it never came to an end."
logger = logging.getLogger(__name__)

# A crash leaves it to be read again in a while: what was learnt of it already is known.
_CLAIM = """
    UPDATE engagement_providerdelivery AS delivery
    SET next_attempt_at = clock_timestamp() + interval '10 minutes', attempts = attempts + 1
    FROM (
        SELECT id FROM engagement_providerdelivery
        WHERE status = 'waiting' AND next_attempt_at <= statement_timestamp() AND attempts < %s
        ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE delivery.id = due.id
    RETURNING delivery.id
"""


def run_pump_step(deadline: float) -> int:
    """Read what waits until time.monotonic() passes the deadline; how many requests."""
    _park_what_ended_its_readers()
    done = 0
    while time.monotonic() < deadline and (delivery := _claimed()):
        _process(delivery)
        done += 1
    return done


def try_again(*, delivery: ProviderDelivery) -> bool:
    """A colleague wants a parked one to be read again. False where it is not parked."""
    rows = ProviderDelivery.objects.filter(pk=delivery.pk, status=Status.PARKED)
    return bool(rows.update(status=Status.WAITING, attempts=0, next_attempt_at=Now(), error=""))


def _claimed() -> ProviderDelivery | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [TRIES])
        row = cursor.fetchone()
    return ProviderDelivery.objects.get(pk=row[0]) if row else None


def _park_what_ended_its_readers() -> None:
    """Whose last try neither succeeded nor failed: a worker that died over it says nothing."""
    waiting = ProviderDelivery.objects.filter(status=Status.WAITING, next_attempt_at__lte=Now(), attempts__gte=TRIES)
    if waiting.update(status=Status.PARKED, error=UNFINISHED):
        logger.error("deliveries were parked whose reading never came to an end")


def _process(delivery: ProviderDelivery) -> None:
    rows = ProviderDelivery.objects.filter(pk=delivery.pk)
    try:
        learnt = _learn(delivery)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("delivery %s of %s was not understood", delivery.pk, delivery.provider)
        is_over = delivery.attempts >= TRIES
        at = database_now() + dispatcher.retry_delay(delivery.attempts)
        said = f"{type(error).__name__}: {error}".replace("\0", "")[:500]
        rows.update(status=Status.PARKED if is_over else Status.WAITING, next_attempt_at=at, error=said)
        return
    rows.update(status=Status.DONE, facts=learnt, body=b"", error="")


def _learn(delivery: ProviderDelivery) -> int:
    events = _events(delivery)
    mails = [event for event in events if isinstance(event, AnymailInboundEvent)]
    told = [event for event in events if not isinstance(event, AnymailInboundEvent)]
    new = message_events.record(
        facts.facts_of(provider=delivery.provider, events=told, received_at=delivery.received_at)
    )
    for mail in mails:
        _take_in(mail, delivery)
    return len(new) + len(mails)


def _events(delivery: ProviderDelivery) -> list[Any]:
    """Of one that came to the wrong of a provider's two addresses, too."""
    other = Kind.INBOUND if delivery.kind == Kind.TRACKING else Kind.TRACKING
    try:
        return _read(delivery, delivery.kind)
    except AnymailConfigurationError:
        if other not in catalogue.KINDS[delivery.provider]:
            raise
        return _read(delivery, other)


def _read(delivery: ProviderDelivery, kind: str) -> list[Any]:
    body, content_type = bytes(delivery.body), delivery.content_type
    return list(payloads.events(provider=delivery.provider, kind=kind, content_type=content_type, body=body))


def _take_in(event: AnymailInboundEvent, delivery: ProviderDelivery) -> None:
    raw = event.message.as_bytes()
    key = str(event.event_id or hashlib.sha256(raw).hexdigest())
    inbound.take_in(raw, via=delivery.provider, key=key, now=database_now(), received_at=delivery.received_at)
