"""Finds channels by name; settings.ENGAGEMENT_CHANNELS says which exist."""

from __future__ import annotations

from functools import cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from engagement.channels.base import Channel


def mail_channel() -> Channel:
    """Where email goes: over SMTP, or into the outbox while EMAIL_URL is empty."""
    return _channel(settings.ENGAGEMENT_CHANNELS["email" if settings.EMAIL_URL else "outbox"])


@cache
def _channel(path: str) -> Channel:
    return cast(Channel, import_string(path)())
