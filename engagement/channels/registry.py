"""Finds channels by name; settings.ENGAGEMENT_CHANNELS says which exist."""

from __future__ import annotations

from functools import cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from engagement.channels.base import Channel

LOCAL = "outbox"


def channel(name: str) -> Channel:
    """The channel of this name; the local outbox while it is not configured."""
    found = _channel(settings.ENGAGEMENT_CHANNELS[name])
    return found if found.is_configured() else _channel(settings.ENGAGEMENT_CHANNELS[LOCAL])


def is_mail_connected() -> bool:
    """Whether emails leave: by a mail server (EMAIL_URL) or a provider (EMAIL_PROVIDER)."""
    return channel("email").name != LOCAL


def release_all() -> None:
    """Close whatever the channels keep open for this thread."""
    for path in settings.ENGAGEMENT_CHANNELS.values():
        _channel(path).release()


@cache
def _channel(path: str) -> Channel:
    return cast(Channel, import_string(path)())
