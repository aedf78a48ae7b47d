"""What Notion sends us: the handshake, in a window that staff open, and signed events."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from notion_bridge.models import NotionConnection


@dataclass(frozen=True)
class State:
    open_until: dt.datetime | None  # when the window closes; None while it is closed
    is_verified: bool  # whether a handshake took place


def open_window(*, until: dt.datetime) -> None:
    """Accept one handshake until then."""
    NotionConnection.objects.update_or_create(
        pk=NotionConnection.ONLY, defaults={"handshake_until": until, "changed_at": Now()}
    )


def state(*, now: dt.datetime) -> State:
    """How it stands with the handshake."""
    connection = NotionConnection.objects.filter(pk=NotionConnection.ONLY).first()
    if connection is None:
        return State(open_until=None, is_verified=False)
    until = connection.handshake_until
    return State(open_until=until if until and until > now else None, is_verified=bool(connection.webhook_token))


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
    connection = NotionConnection.objects.filter(pk=NotionConnection.ONLY).exclude(webhook_token="").first()
    if connection is None:
        return False
    expected = "sha256=" + hmac.new(connection.webhook_token.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
