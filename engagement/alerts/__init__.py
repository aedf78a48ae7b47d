"""Calls for a colleague's attention: raised, acknowledged, brought to people's mailboxes, followed live."""

from __future__ import annotations

from engagement.alerts.feed import Feed, since
from engagement.alerts.raising import (
    acknowledge,
    addresses_of,
    blocks,
    raise_alert,
    raise_many,
    raise_test,
    unreachable,
)

__all__ = [
    "Feed",
    "acknowledge",
    "addresses_of",
    "blocks",
    "raise_alert",
    "raise_many",
    "raise_test",
    "since",
    "unreachable",
]
