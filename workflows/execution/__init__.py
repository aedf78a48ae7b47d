"""The engine: does what is due, each action once.

claim -> prepare -> intent -> hand over -> result, as ARCHITECTURE.md draws it. A crash costs at most the lease time;
what was handed over without an answer becomes ambiguous and is never sent again by a machine.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connection

from contactflow.core.clock import database_now
from engagement.channels import registry, state
from workflows import enrolment, leases
from workflows.execution import inside, outside
from workflows.models import ScheduledAction
from workflows.results import guarded

logger = logging.getLogger(__name__)

SUSPECTS_A_ROUND = 50

# One question for everything, each part answered by its partial index.
_WAITING = """
    SELECT
        EXISTS (SELECT 1 FROM contacts_contactevent WHERE processed_at IS NULL),
        EXISTS (
            SELECT 1 FROM workflows_scheduledaction
            WHERE status IN ('claimed', 'sending') AND lease_until < statement_timestamp()
        ),
        EXISTS (
            SELECT 1 FROM workflows_scheduledaction
            WHERE status = 'pending' AND NOT paused AND NOT suspect AND lane = 'inside'
              AND next_attempt_at <= statement_timestamp()
        ),
        EXISTS (
            SELECT 1 FROM workflows_scheduledaction
            WHERE status = 'pending' AND NOT paused AND suspect AND next_attempt_at <= statement_timestamp()
        ),
        EXISTS (
            SELECT 1 FROM workflows_scheduledaction
            WHERE status = 'pending' AND NOT paused AND NOT suspect AND lane = 'outside'
              AND next_attempt_at <= statement_timestamp()
        )
"""


class Waiting(NamedTuple):
    """Which parts of a round have something to do."""

    events: bool
    leases: bool
    inside: bool
    suspects: bool
    outside: bool


def run_pump_step(deadline: float) -> int:
    """Rounds over everything the engine has to do, until nothing is left or time.monotonic() reaches `deadline`.

    There is at least one; returns how much they did.
    """
    total = 0
    while did := _round(deadline):
        total += did
        if time.monotonic() >= deadline:
            break
    return total


def _round(deadline: float) -> int:
    """What fails in one part is logged and does not keep the others from their work."""
    waiting = _what_waits()
    comes = waiting.events or waiting.leases  # may leave something for the parts after it
    if not (waiting.outside or waiting.suspects or comes):
        registry.release_all()
    parts: tuple[tuple[bool, Callable[[], int]], ...] = (
        (waiting.events, lambda: enrolment.enrol_waiting(now=database_now())),
        (waiting.leases, leases.reap),
        (waiting.inside or comes, inside.run_inside),
        (waiting.suspects or comes, run_suspects),
        (waiting.outside or comes, lambda: outside.run_outside(deadline=deadline)),
    )
    return sum(_apart(part) for has_work, part in parts if has_work)


def _what_waits() -> Waiting:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return Waiting(*cursor.fetchone())


def _apart(part: Callable[[], int]) -> int:
    try:
        return part()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("a part of the engine's round failed")
        return 0


def run_suspects(*, limit: int = SUSPECTS_A_ROUND) -> int:
    """Try what was held by a worker that died, each alone; at most one that leaves the house."""
    paused, _ = state.of_all()
    may_send = True
    done = 0
    while done < limit and (claims := leases.claim_suspect(outside=may_send, paused=paused)):
        for claim in claims:
            leaves = claim.lane == ScheduledAction.Lane.OUTSIDE
            guarded(claim, outside.send_alone if leaves else inside.perform_one)
            may_send = may_send and not leaves
            done += 1
    return done
