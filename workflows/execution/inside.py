"""Work inside our database: a batch is performed and settled in one transaction.

The claim is committed before it, so that a row which kills workers is found by its lease. What others lock is given
back. When anything fails, the batch is undone and done one by one: the row to blame is parked, the others succeed.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import defaultdict
from collections.abc import Sequence

from django.db import InterfaceError, OperationalError, transaction

from contactflow.core import disconnects
from contacts.config_revision import now_and_revision
from engagement.dispatcher import persistently
from workflows import actions, leases, results, wake
from workflows.actions.base import ActionType
from workflows.execution import shared_rows
from workflows.instance_state import settle_instances
from workflows.leases import Claim
from workflows.models import ScheduledAction
from workflows.results import Settlement, guarded

logger = logging.getLogger(__name__)

INSIDE_BATCH = 100  # of 50, a third of the time was the batch itself
WAIT_FOR_LOCKS = 0.02  # seconds, when others lock everything that was claimed


def run_inside(*, limit: int = INSIDE_BATCH) -> int:
    """Do a batch of due work inside our database; returns how many actions were claimed."""
    claims = leases.claim_inside(limit=limit)
    if not claims:
        return 0
    if len(claims) == limit:
        wake.wake()  # the baton: there may be more, and another worker may be free
    try:
        if not perform(claims):
            time.sleep(WAIT_FOR_LOCKS)
    except (OperationalError, InterfaceError):
        logger.warning("a batch of %s actions: the database did not answer", len(claims), exc_info=True)
        disconnects.reconnect()
        persistently(lambda: leases.release(claims))
    except Exception:
        logger.warning("a batch of %s actions failed and is done one by one", len(claims), exc_info=True)
        for claim in claims:
            guarded(claim, perform_one)
    return len(claims)


def perform_one(claim: Claim) -> None:
    """Do one claimed action, or give it back."""
    perform([claim])


def perform(claims: Sequence[Claim]) -> int:
    """Do what is claimed whole or not at all; returns how much was done. The rest is given back.

    That is: what others lock, what is not ours any more, and what belongs to an instance that is not active.
    """
    with transaction.atomic():
        held = _hold(claims)
        if held:
            settlements = _do(held)
            results.settle_many(settlements)
            settle_instances(instance_ids={action.instance_id for action in held})
    done = {action.pk for action in held}
    if rest := [claim for claim in claims if claim.action_id not in done]:
        leases.release(rest)
    return len(held)


def _hold(claims: Sequence[Claim]) -> list[ScheduledAction]:
    """Lock what is still ours and its active instances, in order of id."""
    tokens = {claim.action_id: claim.token for claim in claims}
    rows = (
        ScheduledAction.objects.filter(pk__in=tokens)
        .select_related("instance__contact")
        .order_by("instance_id", "pk")
        .select_for_update(of=("self", "instance"), no_key=True, skip_locked=True)
    )
    return [row for row in rows if row.token == tokens[row.pk] and row.instance.status == "active"]


def _do(held: Sequence[ScheduledAction]) -> list[Settlement]:
    now, revision = now_and_revision()
    shared, instances = shared_rows.KEPT.at(revision), [action.instance for action in held]
    shared.attach(held, "step", "target")
    shared.attach(instances, "template")
    shared.attach([instance.contact for instance in instances], "status")
    by_type: dict[str, list[ScheduledAction]] = defaultdict(list)
    for action in held:
        by_type[action.action_type].append(action)
    return [one for name, some in by_type.items() for one in _do_alike(actions.of(name), some, now)]


def _do_alike(kind: ActionType, some: list[ScheduledAction], now: dt.datetime) -> list[Settlement]:
    judged = [(action, kind.why_not(action)) for action in some]
    doing = [action for action, reason in judged if reason is None]
    done = kind.perform_many(doing, now) if doing else []
    return [
        *(Settlement(action, "done", result) for action, result in zip(doing, done, strict=True)),
        *(Settlement(action, "skipped", {"reason": reason.as_json()}) for action, reason in judged if reason),
    ]
