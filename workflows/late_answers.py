"""Unclear steps whose outcome is known after all: a provider's events and delivery reports tell of their message."""

from __future__ import annotations

import time
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from engagement import delivery
from engagement.channels.base import Receipt
from workflows import failure_causes
from workflows.instance_state import lock_instance, settle_instance
from workflows.models import ScheduledAction

Status = ScheduledAction.Status
BATCH = 500  # unclear steps that are looked at in one turn, the newest: of the oldest nobody tells any more


def run_pump_step(deadline: float) -> int:
    """Settle unclear steps by what is known meanwhile, until time.monotonic() passes the deadline; how many."""
    # Served by the partial index action_needs_person.
    unclear = ScheduledAction.objects.filter(Q(status__in=["failed", "ambiguous", "dead"]), status=Status.AMBIGUOUS)
    actions = dict(unclear.order_by("-due_at").values_list("pk", "instance_id")[:BATCH])
    settled = 0
    for action_id, known in delivery.proven(list(actions)).items() if actions else ():
        if time.monotonic() > deadline:
            break
        settled += _settle(action_id, actions[action_id], known)
    return settled


@transaction.atomic
def _settle(action_id: UUID, instance_id: UUID, known: Receipt | Reason) -> int:
    lock_instance(instance_id=instance_id)
    unclear = ScheduledAction.objects.filter(pk=action_id, status=Status.AMBIGUOUS)
    if isinstance(known, Receipt):
        changed = unclear.update(
            status=Status.DONE, reason={}, cause="", result={"response": known.response}, finished_at=Now()
        )
        if changed:
            delivery.record_sent({action_id: known})
    else:
        cause = failure_causes.key_of(known)
        changed = unclear.update(status=Status.FAILED, reason=known.as_json(), cause=cause, finished_at=Now())
        if changed:
            delivery.record_failed(action_id, reason=known, now=database_now())
    settle_instance(instance_id=instance_id)
    return changed
