"""The engine: does what is due, each action once.

claim -> prepare -> intent -> hand over -> result, as ARCHITECTURE.md draws it. A crash costs at most the lease time;
what was handed over without an answer becomes ambiguous and is never sent again by a machine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError

from contactflow.core.clock import database_now
from workflows import actions, enrolment, leases
from workflows.execution import inside, outside
from workflows.models import ScheduledAction
from workflows.results import guarded

logger = logging.getLogger(__name__)

SUSPECTS_A_ROUND = 50


def run_pump_step(deadline: float) -> int:
    """One round over everything the engine has to do; returns how much it did. `deadline` is of time.monotonic().

    What fails in one part is logged and does not keep the others from their work.
    """
    parts: tuple[Callable[[], int], ...] = (
        lambda: enrolment.enrol_waiting(now=database_now()),
        leases.reap,
        inside.run_inside,
        run_suspects,
        lambda: outside.run_outside(deadline=deadline),
    )
    return sum(_apart(part) for part in parts)


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
    may_send = not outside.is_email_paused()
    done = 0
    while done < limit and (claims := leases.claim_suspect(outside=may_send)):
        for claim in claims:
            leaves = ScheduledAction.objects.filter(pk=claim.action_id, action_type__in=actions.OUTSIDE).exists()
            guarded(claim, outside.send if leaves else inside.perform)
            may_send = may_send and not leaves
            done += 1
    return done
