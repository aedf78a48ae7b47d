"""What Notion sends us: the handshake, in a window that staff open, and signed events."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac

from django.db.models.functions import Now

from notion_bridge.models import NotionConnection


def accept_handshake(*, token: str, now: dt.datetime) -> bool:
    """Keep the token Notion presents, while the window is open; the first one closes it."""
    open_window = NotionConnection.objects.filter(pk=NotionConnection.ONLY, handshake_until__gt=now)
    return open_window.update(webhook_token=token, handshake_until=None, changed_at=Now()) == 1


def is_genuine(*, body: bytes, signature: str) -> bool:
    """Whether the raw body was signed with the token of the handshake."""
    connection = NotionConnection.objects.filter(pk=NotionConnection.ONLY).exclude(webhook_token="").first()
    if connection is None:
        return False
    expected = "sha256=" + hmac.new(connection.webhook_token.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
