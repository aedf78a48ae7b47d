"""What became of a claimed action: the writes that settle it, each fenced by the claim's token.

The caller of a settle_* function holds no transaction; each is one of its own, with the instance locked first. They
raise LostLease when somebody else holds the action meanwhile.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from contactflow.core import disconnects
from contactflow.core.clock import database_now
from engagement import delivery
from engagement.channels import state
from engagement.channels.base import ChannelError, Receipt
from workflows import failure_causes, leases, scheduling
from workflows.instance_state import lock_instance, settle_instance
from workflows.leases import Claim
from workflows.models import ActionAttempt, ScheduledAction

logger = logging.getLogger(__name__)

EMAIL = "email"
MAX_ATTEMPTS = 12  # refused for now that often (about a day and a half): refused for good
MAX_UNEXPECTED = 5  # a fault of ours that often: parked as failed, with the reason
PERSISTENCE = 120.0  # seconds a known outcome waits for the database, within the lease of the hand-over

Outcome = ActionAttempt.Outcome
Status = ScheduledAction.Status


class LostLease(Exception):
    """The action is not ours any more; whoever holds it now settles it."""


def load(claim: Claim) -> ScheduledAction:
    """The claimed action with all that doing it needs. Raises LostLease."""
    action = (
        ScheduledAction.objects.select_related(
            "step",
            "target",
            "template",
            "instance__contact__status",
            "instance__contact__lead_source",
            "instance__business_entity",
            "instance__template",
        )
        .filter(pk=claim.action_id, token=claim.token)
        .first()
    )
    if action is None:
        raise LostLease
    return action


def settle(
    claim: Claim, action: ScheduledAction, *, status: str, error: str = "", result: dict[str, Any] | None = None
) -> None:
    """End the action without an attempt: skipped, or failed before anything could leave."""
    with transaction.atomic():
        lock_instance(instance_id=action.instance_id)
        finish(claim, action, status=status, error=error, result=result)


def settle_sent(claim: Claim, action: ScheduledAction, receipt: Receipt) -> None:
    """The channel accepted it."""
    with transaction.atomic():
        lock_instance(instance_id=action.instance_id)
        now = database_now()
        delivery.record_sent(action.pk, receipt=receipt, now=now)
        end_attempt(claim, Outcome.DONE)
        finish(claim, action, status=Status.DONE, result={"response": receipt.response})
        state.clear(EMAIL, now=now)


def settle_refusal(claim: Claim, action: ScheduledAction, error: ChannelError) -> None:
    """Definite: it did not arrive. For good, for now, or because the channel as a whole is in trouble."""
    if error.channel_wide:
        # Apart from the fenced write: the channel's trouble is known whoever holds the action by now.
        pause_until = state.pause(EMAIL, str(error), database_now())
    with transaction.atomic():
        instance_status = lock_instance(instance_id=action.instance_id)
        now = database_now()
        delivery.record_failed(action.pk, error=str(error), now=now)
        attempts = ScheduledAction.objects.values_list("attempts", flat=True).get(pk=claim.action_id)
        if instance_status == "cancelled":
            end_attempt(claim, Outcome.FAILED, str(error))
            finish(claim, action, status=Status.CANCELLED, error=str(error))
        elif error.channel_wide:
            end_attempt(claim, Outcome.PAUSED, str(error))
            _put_back(claim, at=pause_until, error=str(error), counts=False)
        elif error.permanent or attempts >= MAX_ATTEMPTS:
            end_attempt(claim, Outcome.FAILED, str(error))
            finish(claim, action, status=Status.FAILED, error=str(error))
        else:
            end_attempt(claim, Outcome.RETRY, str(error))
            delay = scheduling.retry_delay(attempt=max(attempts, 1))
            _put_back(claim, at=now + delay, error=str(error), counts=True)


def settle_unclear(claim: Claim, action: ScheduledAction, error: str) -> None:
    """It left and no answer came."""
    with transaction.atomic():
        lock_instance(instance_id=action.instance_id)
        delivery.record_ambiguous(action.pk, error=error, now=database_now())
        end_attempt(claim, Outcome.AMBIGUOUS, error)
        finish(claim, action, status=Status.AMBIGUOUS, error=error)


def settle_unexpected(claim: Claim, reason: str) -> None:
    """A fault of ours. Before the intent nothing has left: later again, and parked after MAX_UNEXPECTED times."""
    action = load(claim)
    if action.status == Status.SENDING:
        settle_unclear(claim, action, reason)
        return
    attempts = action.attempts + 1
    parked = attempts >= MAX_UNEXPECTED
    with transaction.atomic():
        instance_status = lock_instance(instance_id=action.instance_id)
        log_attempt(claim, action, outcome=Outcome.FAILED if parked else Outcome.RETRY, error=reason, ended=True)
        if instance_status == "cancelled":
            finish(claim, action, status=Status.CANCELLED, error=reason)
        elif parked:
            finish(claim, action, status=Status.FAILED, error=reason, attempts=attempts)
        else:
            at = database_now() + scheduling.retry_delay(attempt=attempts)
            _put_back(claim, at=at, error=reason, counts=True)


def finish(
    claim: Claim,
    action: ScheduledAction,
    *,
    status: str,
    error: str = "",
    result: dict[str, Any] | None = None,
    attempts: int | None = None,
) -> None:
    """Write the outcome and whatever follows from it for the instance, which the caller has locked."""
    _write(
        claim,
        status=status,
        last_error=error,
        cause=_cause(status, error, result or {}),
        result=result or {},
        attempts=F("attempts") if attempts is None else attempts,
        finished_at=None if status == Status.AMBIGUOUS else Now(),
    )
    settle_instance(instance_id=action.instance_id)


def log_attempt(
    claim: Claim, action: ScheduledAction, *, outcome: str = Outcome.RUNNING, error: str = "", ended: bool = False
) -> None:
    """Record that the action is tried under this claim."""
    ActionAttempt.objects.create(
        action_id=claim.action_id,
        number=action.attempts + 1,
        token=claim.token,
        worker=leases.holder_name(),
        outcome=outcome,
        error=error,
        ended_at=Now() if ended else None,
    )


def end_attempt(claim: Claim, outcome: str, error: str = "") -> None:
    """Record how the attempt under this claim ended."""
    ActionAttempt.objects.filter(action_id=claim.action_id, token=claim.token).update(
        outcome=outcome, error=error, ended_at=Now()
    )


def _cause(status: str, error: str, result: dict[str, Any]) -> str:
    needs_person = status in (Status.FAILED, Status.AMBIGUOUS, Status.DEAD)
    return failure_causes.cause_of(error, result.get("missing", ())) if needs_person else ""


def _put_back(claim: Claim, *, at: dt.datetime, error: str, counts: bool) -> None:
    """Wait until `at`. What the channel as a whole is to blame for costs the action no attempt."""
    # The intent counted the attempt already; before it the action is still claimed.
    counted = ScheduledAction.objects.filter(pk=claim.action_id).exclude(status=Status.CLAIMED).exists()
    _write(
        claim,
        status=Status.PENDING,
        next_attempt_at=at,
        last_error=error,
        cause="",
        attempts=F("attempts") + int(counts) - int(counted),
        suspect=False,
    )


def _write(claim: Claim, **changes: Any) -> None:
    released = {"lease_until": None, "token": None, "held_by": ""}
    ours = ScheduledAction.objects.filter(pk=claim.action_id, token=claim.token, status__in=["claimed", "sending"])
    if ours.update(**changes, **released):
        return
    # A lease that ran out during the hand-over left the action ambiguous. Now its outcome is known after all: write
    # it while nobody settled it otherwise and no later attempt was made.
    last = ActionAttempt.objects.filter(action_id=claim.action_id).order_by("-token").first()
    ambiguous = ScheduledAction.objects.filter(pk=claim.action_id, status=Status.AMBIGUOUS)
    if last is None or last.token != claim.token or not ambiguous.update(**changes):
        raise LostLease


@dataclass(frozen=True)
class Settlement:
    """What became of an action inside our database, which the caller holds locked."""

    action: ScheduledAction
    status: str
    result: dict[str, Any]

    @property
    def token(self) -> int:
        return self.action.token or 0  # none has that one


# Each row is written only under the token of its claim; what was done leaves an attempt.
_SETTLE_MANY = """
    WITH settled AS (
        UPDATE workflows_scheduledaction AS action
        SET status = outcome.status, result = outcome.result::jsonb, attempts = action.attempts + outcome.counted,
            last_error = '', cause = '', finished_at = clock_timestamp(), lease_until = NULL, token = NULL, held_by = ''
        FROM unnest(
            %(ids)s::uuid[], %(tokens)s::bigint[], %(statuses)s::text[], %(results)s::text[], %(counted)s::int[]
        ) AS outcome (id, token, status, result, counted)
        WHERE action.id = outcome.id AND action.token = outcome.token AND action.status = 'claimed'
        RETURNING action.id, action.attempts, outcome.token, outcome.counted
    ), tried AS (
        INSERT INTO workflows_actionattempt (action_id, number, token, worker, started_at, ended_at, outcome, error)
        SELECT id, attempts, token, %(worker)s, statement_timestamp(), clock_timestamp(), 'done', ''
        FROM settled WHERE counted = 1
    )
    SELECT id FROM settled
"""


def settle_many(settled: Sequence[Settlement]) -> None:
    """Write what became of them, with an attempt for each that was done. Raises LostLease when one is not ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLE_MANY,
            {
                "ids": [one.action.pk for one in settled],
                "tokens": [one.token for one in settled],
                "statuses": [one.status for one in settled],
                "results": [json.dumps(one.result) for one in settled],
                "counted": [int(one.status == Status.DONE) for one in settled],
                "worker": leases.holder_name(),
            },
        )
        if len(cursor.fetchall()) != len(settled):
            raise LostLease


def persistently(work: Callable[[], None]) -> None:
    """Write what is known until the database takes it: a restart must not make a known outcome unknown."""
    disconnects.retry_on_disconnect(work, seconds=PERSISTENCE)


def guarded(claim: Claim, work: Callable[[Claim], None]) -> None:
    """Anticipated ends are settled by `work`; here is what nobody foresaw."""
    try:
        work(claim)
    except LostLease:
        logger.warning("action %s: the lease was lost, somebody else settles it", claim.action_id)
    except (OperationalError, InterfaceError):
        # Nothing left: what did is settled persistently. The action is given back, at the latest by its lease.
        logger.warning("action %s: the database did not answer", claim.action_id, exc_info=True)
        disconnects.reconnect()
        persistently(lambda: leases.release([claim]))
    except Exception as error:
        logger.exception("action %s failed unexpectedly", claim.action_id)
        _park(claim, f"{type(error).__name__}: {error}")


def _park(claim: Claim, reason: str) -> None:
    try:
        persistently(lambda: settle_unexpected(claim, reason))
    except LostLease:
        logger.warning("action %s: the lease was lost, somebody else settles it", claim.action_id)
