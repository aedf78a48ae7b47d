"""What Notion sends us: the handshake, in a window that staff open, and signed events.

An event only says where to look. It is stored and answered at once; a pass follows it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from contacts import cleaning
from notion_bridge.models import NotionConnection, WebhookDelivery

MAX_ATTEMPTS = 8


def open_window(*, until: dt.datetime) -> None:
    NotionConnection.objects.update_or_create(
        pk=NotionConnection.ONLY, defaults={"handshake_until": until, "changed_at": Now()}
    )


def open_until(connection: NotionConnection, *, now: dt.datetime) -> dt.datetime | None:
    """When the window closes; None while it is closed."""
    until = connection.handshake_until
    return until if until and until > now else None


def show_token_once() -> str:
    """The verification token of the last handshake the first time it is asked for, "" ever after."""
    with transaction.atomic():
        unseen = NotionConnection.objects.select_for_update().filter(pk=NotionConnection.ONLY, token_shown=False)
        connection = unseen.exclude(webhook_token="").first()
        if connection is None:
            return ""
        unseen.update(token_shown=True, changed_at=Now())
    return connection.webhook_token


def accept_handshake(*, token: str, now: dt.datetime) -> bool:
    """Keep the token Notion presents, while the window is open; the first one closes it."""
    window = NotionConnection.objects.filter(pk=NotionConnection.ONLY, handshake_until__gt=now)
    return window.update(webhook_token=token, token_shown=False, handshake_until=None, changed_at=Now()) == 1


def is_genuine(*, body: bytes, signature: str) -> bool:
    """Whether the raw body was signed with the token of the handshake."""
    token = NotionConnection.current().webhook_token
    expected = "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
    return bool(token) and hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def store(*, event: Mapping[str, Any], body: bytes) -> bool:
    """Keep a genuine event; False where it was delivered before. One without an id is known by its content."""
    entity = event.get("entity")
    about = entity if isinstance(entity, Mapping) else {}
    event_id = str(event.get("id") or "") or "sha256:" + hashlib.sha256(body).hexdigest()
    _, is_new = WebhookDelivery.objects.get_or_create(
        event_id=event_id[:100],
        defaults={
            "type": str(event.get("type") or "")[:100],
            "entity_type": str(about.get("type") or "")[:40],
            "entity_id": _dashed(str(about.get("id") or "")),
            "payload": cleaning.plain(event),
        },
    )
    return is_new


def next_waiting(*, now: dt.datetime) -> WebhookDelivery | None:
    """The oldest event that nobody followed yet."""
    waiting = WebhookDelivery.objects.filter(processed_at=None, next_attempt_at__lte=now)
    return waiting.order_by("next_attempt_at").first()


def settle(*, event: WebhookDelivery, outcome: str, now: dt.datetime) -> None:
    """It was followed after `now`, and with it every event about the same thing that had come by then."""
    same = WebhookDelivery.objects.filter(processed_at=None, received_at__lte=now)
    same = same.filter(entity_type=event.entity_type, entity_id=event.entity_id)
    same.update(processed_at=now, outcome=outcome[:200])
    WebhookDelivery.objects.filter(pk=event.pk).update(processed_at=now, outcome=outcome[:200])


def put_off(*, event: WebhookDelivery, because: str, now: dt.datetime) -> None:
    """Notion did not answer: the event is followed later, at last given up; the polls see the page anyhow."""
    event.attempts += 1
    if event.attempts >= MAX_ATTEMPTS:
        settle(event=event, outcome=f"given up: {because}", now=now)
        return
    event.next_attempt_at = now + dt.timedelta(seconds=2**event.attempts)
    event.save(update_fields=["attempts", "next_attempt_at"])


def _dashed(given: str) -> str:
    """An id as we compare it; "" for what is none, which leads nowhere."""
    try:
        return str(UUID(given))
    except ValueError:
        return ""
