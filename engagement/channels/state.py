"""Whether a channel as a whole is paused: when its server is down, waiting costs no message an attempt."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from contactflow.core.reasons import Reason
from engagement.models import ChannelState

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
logger = logging.getLogger(__name__)


def paused_until(channel: str, *, now: datetime | None = None) -> datetime | None:
    """Until when the channel is paused; None when it runs. Without `now`, by the database's clock."""
    paused = ChannelState.objects.filter(channel=channel, paused_until__gt=now or Now())
    return paused.values_list("paused_until", flat=True).first()


def of_all() -> tuple[list[str], set[str]]:
    """The channels that are paused, and those whose last trouble no success followed yet."""
    rows = ChannelState.objects.annotate(is_paused=Q(paused_until__gt=Now()))
    found = list(rows.values_list("channel", "is_paused", "troubles"))
    return [name for name, is_paused, _ in found if is_paused], {name for name, _, troubles in found if troubles}


@transaction.atomic
def pause(channel: str, reason: Reason, now: datetime) -> datetime:
    """Pause after trouble: 30 s, then twice as long each time in a row, 15 minutes at most.

    Trouble that several workers report during one pause counts once.
    """
    state, _ = ChannelState.objects.select_for_update().get_or_create(channel=channel, defaults={"updated_at": now})
    if state.paused_until is not None and state.paused_until > now:
        return state.paused_until
    state.paused_until = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(state.troubles, 10))
    state.troubles = min(state.troubles + 1, 1000)
    state.reason = reason.as_json()
    state.updated_at = now
    state.save(update_fields=["paused_until", "troubles", "reason", "updated_at"])
    logger.warning("channel %s paused until %s", channel, state.paused_until.isoformat())
    return state.paused_until


def clear(channel: str, *, now: datetime | None = None) -> None:
    """The channel works again: the next trouble begins with a short pause."""
    ChannelState.objects.filter(channel=channel, troubles__gt=0).update(
        paused_until=None, troubles=0, reason={}, **({"updated_at": now} if now else {})
    )
