"""Work inside our database: performed and settled in one transaction."""

from __future__ import annotations

from django.db import transaction

from contactflow.core.clock import database_now
from workflows import actions, leases, results
from workflows.instance_state import lock_instance
from workflows.leases import Claim
from workflows.results import Outcome, guarded

INSIDE_BATCH = 50


def run_inside(*, limit: int = INSIDE_BATCH) -> int:
    """Do a batch of due work inside our database; returns how many actions were claimed."""
    claims = leases.claim_inside(limit=limit)
    for claim in claims:
        guarded(claim, perform)
    return len(claims)


def perform(claim: Claim) -> None:
    """Do one claimed action, or give it back when its instance is not active."""
    with transaction.atomic():
        action = results.load(claim)
        if lock_instance(instance_id=action.instance_id) != "active":
            leases.release([claim])
            return
        reason = actions.why_not(action)
        if reason:
            results.finish(claim, action, status="skipped", result={"reason": reason})
            return
        result = actions.INSIDE[action.action_type](action, database_now())
        results.log_attempt(claim, action, outcome=Outcome.DONE, ended=True)
        results.finish(claim, action, status="done", result=result, attempts=action.attempts + 1)
