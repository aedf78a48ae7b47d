"""Leaves the server alone after troubles in a row, for all processes: nobody waits for what does not work.

Closed, it costs one look. After TROUBLES it is open for QUIET; then the first who asks is let through, for all others
it is open for as long again. An answer closes it.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db.models import Case, F, Q, Value, When

from engagement.models import ModelBreaker

TROUBLES = 3
QUIET = dt.timedelta(seconds=60)
logger = logging.getLogger(__name__)


def is_quiet(*, now: dt.datetime) -> bool:
    return ModelBreaker.objects.filter(quiet_until__gt=now).exists()


def may_ask(*, now: dt.datetime) -> bool:
    """Whether to ask; who may after a pause has to say how it went."""
    until = ModelBreaker.objects.values_list("quiet_until", flat=True).first()
    if until is None:
        return True
    return bool(ModelBreaker.objects.filter(quiet_until__lte=now).update(quiet_until=now + QUIET, updated_at=now))


def answered(*, now: dt.datetime) -> None:
    """The server works, whatever its words are worth."""
    ModelBreaker.objects.filter(troubles__gt=0).update(troubles=0, quiet_until=None, reason="", updated_at=now)


def troubled(*, reason: str, now: dt.datetime) -> None:
    """What was asked before the pause began and fails during it counts no more."""
    ModelBreaker.objects.bulk_create([ModelBreaker(updated_at=now)], ignore_conflicts=True)
    is_enough = When(troubles__gte=TROUBLES - 1, then=Value(now + QUIET))
    counted = ModelBreaker.objects.filter(Q(quiet_until=None) | Q(quiet_until__lte=now))
    counted.update(troubles=F("troubles") + 1, quiet_until=Case(is_enough), reason=reason, updated_at=now)
    logger.warning("the language model's server: %s", reason)
