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

from contactflow.core import disconnects, prepared
from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from engagement import delivery, dispatcher
from engagement.channels.base import Receipt
from engagement.dispatcher import persistently
from workflows import failure_causes, leases
from workflows.instance_state import lock_instance, settle_instance, settle_sql
from workflows.leases import Claim
from workflows.models import ActionAttempt, ScheduledAction

logger = logging.getLogger(__name__)

MAX_UNEXPECTED = 5  # a fault of ours that often: parked as failed, with the reason

Outcome = ActionAttempt.Outcome
Status = ScheduledAction.Status
_NEEDS_PERSON = (Status.FAILED, Status.AMBIGUOUS, Status.DEAD)


class LostLease(Exception):
    """The action is not ours any more; whoever holds it now settles it."""


def settle(
    claim: Claim,
    action: ScheduledAction,
    *,
    status: str,
    reason: Reason | None = None,
    result: dict[str, Any] | None = None,
) -> None:
    """End the action without an attempt: skipped, or failed before anything could leave."""
    with transaction.atomic():
        lock_instance(instance_id=action.instance_id)
        finish(claim, action, status=status, reason=reason, result=result)


_TAKEN = """json_to_recordset(%(sent)s::json)
    AS taken (id uuid, token bigint, response text, transport text, theirs text)"""
# The instances are locked first. The actions are done while they are ours, their messages with them, and the attempts
# under their tokens end. Planned by ids, as the intents of workflows.leases are.
_DONE = f"""
    WITH sent AS (
        SELECT sent.*
        FROM {prepared.few(_TAKEN)} AS sent
        JOIN workflows_scheduledaction AS action USING (id)
        JOIN workflows_workflowinstance AS instance ON instance.id = action.instance_id
        ORDER BY instance.id
        FOR NO KEY UPDATE OF instance
    ), ended AS (
        UPDATE workflows_actionattempt AS attempt
        SET outcome = 'done', reason = '{{}}', ended_at = clock_timestamp()
        FROM sent WHERE attempt.action_id = sent.id AND attempt.token = sent.token
    ), news AS (
        UPDATE workflows_scheduledaction AS action
        SET status = 'done', reason = '{{}}', cause = '', result = jsonb_build_object('response', sent.response),
            finished_at = clock_timestamp(), lease_until = NULL, token = NULL, held_by = ''
        FROM sent
        WHERE action.id = sent.id AND action.token = sent.token AND (action.status IN ('claimed', 'sending')) IS TRUE
        RETURNING action.id AS action, sent.response, sent.transport, sent.theirs
    ), {delivery.SENT_SQL}
    SELECT action FROM news
"""  # noqa: S608  conditions of ours


@transaction.atomic(savepoint=False)
def settle_sent(sent: Sequence[tuple[Claim, ScheduledAction, Receipt]]) -> None:
    """The channel accepted them. One that somebody else holds meanwhile is left to them."""
    settling = settle_sql(instance_ids={action.instance_id for _, action, _ in sent})
    news = [
        {"id": str(claim.action_id), "token": claim.token, **delivery.news_of(receipt)} for claim, _, receipt in sent
    ]
    written, _ = prepared.together((_DONE, {"sent": json.dumps(news), "many": len(news)}), settling)
    done = {pk for (pk,) in written}
    logger.info("messages of actions %s: sent", ", ".join(map(str, done)))
    for claim, action, receipt in sent:
        if action.pk not in done and _is_known_late(claim, {"response": receipt.response}):
            delivery.record_sent({action.pk: receipt})
            settle_instance(instance_id=action.instance_id)


def _is_known_late(claim: Claim, result: dict[str, Any]) -> bool:
    try:
        _write(claim, status=Status.DONE, reason={}, cause="", result=result, finished_at=Now())
    except LostLease:
        logger.warning("action %s: the lease was lost, somebody else settles it", claim.action_id)
        return False
    return True


def settle_result(claim: Claim, action: ScheduledAction, result: dispatcher.Result[Any]) -> None:
    """It was not accepted: refused for good or for now, held back, or nobody knows. Raises LostLease."""
    reason = result.reason or Reason.of("unknown")
    if result.outcome == dispatcher.Outcome.UNCLEAR:
        settle_unclear(claim, action, reason)
        return
    with transaction.atomic():
        instance_status = lock_instance(instance_id=action.instance_id)
        delivery.record_failed(action.pk, reason=reason, now=database_now())
        tried = _tries(claim)
        if instance_status == "cancelled":
            end_attempt(claim, Outcome.FAILED, reason)
            finish(claim, action, status=Status.CANCELLED, reason=reason)
        elif result.outcome == dispatcher.Outcome.HELD_BACK:
            end_attempt(claim, Outcome.PAUSED, reason)
            at = result.again_at or database_now() + dispatcher.FIRST_WAIT
            _put_back(claim, at=at, reason=reason, attempts=tried - 1)
        elif result.outcome == dispatcher.Outcome.REFUSED or tried >= dispatcher.MAX_ATTEMPTS:
            delivery.record_bounced(action.pk, reason=reason, now=database_now())
            end_attempt(claim, Outcome.FAILED, reason)
            finish(claim, action, status=Status.FAILED, reason=reason)
        else:
            end_attempt(claim, Outcome.RETRY, reason)
            _put_back(claim, at=database_now() + dispatcher.retry_delay(tried), reason=reason, attempts=tried)


def settle_unclear(claim: Claim, action: ScheduledAction, reason: Reason) -> None:
    """It left and no answer came."""
    with transaction.atomic():
        lock_instance(instance_id=action.instance_id)
        delivery.record_ambiguous(action.pk, reason=reason, now=database_now())
        end_attempt(claim, Outcome.AMBIGUOUS, reason)
        finish(claim, action, status=Status.AMBIGUOUS, reason=reason)


def settle_unexpected(claim: Claim, reason: Reason) -> None:
    """A fault of ours. Before the intent nothing has left: later again, and parked after MAX_UNEXPECTED times."""
    action = ScheduledAction.objects.filter(pk=claim.action_id, token=claim.token).first()
    if action is None:
        raise LostLease
    if action.status == Status.SENDING:
        settle_unclear(claim, action, reason)
        return
    attempts = action.attempts + 1
    parked = attempts >= MAX_UNEXPECTED
    with transaction.atomic():
        instance_status = lock_instance(instance_id=action.instance_id)
        log_attempt(claim, action, outcome=Outcome.FAILED if parked else Outcome.RETRY, reason=reason, ended=True)
        if instance_status == "cancelled":
            finish(claim, action, status=Status.CANCELLED, reason=reason)
        elif parked:
            finish(claim, action, status=Status.FAILED, reason=reason, attempts=attempts)
        else:
            at = database_now() + dispatcher.retry_delay(attempts)
            _put_back(claim, at=at, reason=reason, attempts=attempts)


def finish(
    claim: Claim,
    action: ScheduledAction,
    *,
    status: str,
    reason: Reason | None = None,
    result: dict[str, Any] | None = None,
    attempts: int | None = None,
) -> None:
    """Write the outcome and whatever follows from it for the instance, which the caller has locked."""
    _write(
        claim,
        status=status,
        reason=reason.as_json() if reason else {},
        cause=failure_causes.key_of(reason) if status in _NEEDS_PERSON else "",
        result=result or {},
        attempts=F("attempts") if attempts is None else attempts,
        finished_at=None if status == Status.AMBIGUOUS else Now(),
    )
    settle_instance(instance_id=action.instance_id)


def log_attempt(claim: Claim, action: ScheduledAction, *, outcome: str, reason: Reason, ended: bool = False) -> None:
    """Record that the action is tried under this claim."""
    ActionAttempt.objects.create(
        action_id=claim.action_id,
        number=action.attempts + 1,
        token=claim.token,
        worker=leases.holder_name(),
        outcome=outcome,
        reason=reason.as_json(),
        ended_at=Now() if ended else None,
    )


def end_attempt(claim: Claim, outcome: str, reason: Reason) -> None:
    """Record how the attempt under this claim ended."""
    ActionAttempt.objects.filter(action_id=claim.action_id, token=claim.token).update(
        outcome=outcome, reason=reason.as_json(), ended_at=Now()
    )


def _tries(claim: Claim) -> int:
    """How often it was tried, this time included: the intent counted it; before it the action is still claimed."""
    found = ScheduledAction.objects.filter(pk=claim.action_id).values_list("attempts", "status").get()
    return found[0] + (found[1] == Status.CLAIMED)


def _put_back(claim: Claim, *, at: dt.datetime, reason: Reason, attempts: int) -> None:
    """Wait until `at`."""
    _write(
        claim,
        status=Status.PENDING,
        next_attempt_at=at,
        reason=reason.as_json(),
        cause="",
        attempts=attempts,
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
            reason = '{}', cause = '', finished_at = clock_timestamp(), lease_until = NULL, token = NULL, held_by = ''
        FROM unnest(
            %(ids)s::uuid[], %(tokens)s::bigint[], %(statuses)s::text[], %(results)s::text[], %(counted)s::int[]
        ) AS outcome (id, token, status, result, counted)
        WHERE action.id = outcome.id AND action.token = outcome.token AND action.status = 'claimed'
        RETURNING action.id, action.attempts, outcome.token, outcome.counted
    ), tried AS (
        INSERT INTO workflows_actionattempt (action_id, number, token, worker, started_at, ended_at, outcome, reason)
        SELECT id, attempts, token, %(worker)s, statement_timestamp(), clock_timestamp(), 'done', '{}'
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
        _park(claim, dispatcher.fault(error))


def _park(claim: Claim, reason: Reason) -> None:
    try:
        persistently(lambda: settle_unexpected(claim, reason))
    except LostLease:
        logger.warning("action %s: the lease was lost, somebody else settles it", claim.action_id)
