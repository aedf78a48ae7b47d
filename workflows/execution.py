"""The engine: does what is due, each action once.

claim -> prepare -> intent -> hand over -> result, as ARCHITECTURE.md draws it. A crash costs at most the lease time;
what was handed over without an answer becomes ambiguous and is never sent again by a machine.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from contacts.clock import database_now
from contacts.models import Contact
from engagement import delivery
from engagement.channels import state
from engagement.channels.base import ChannelError, Receipt, Unclear
from workflows import actions, enrolment, leases, scheduling, wake
from workflows.leases import Claim
from workflows.models import ActionAttempt, ActionType, ScheduledAction
from workflows.settling import lock_instance, settle_instance

logger = logging.getLogger(__name__)

INSIDE_BATCH = 50
OUTSIDE_BATCH = 10
BATCH_SECONDS = 20  # an outside batch that takes longer gives back the rest, well within its lease
MAX_ATTEMPTS = 12  # refused for now that often (about a day and a half): refused for good
MAX_UNEXPECTED = 5  # a fault of ours that often: parked as failed, with the reason
HAND_OVER_WITHIN = 30.0  # seconds after the intent; a process that was frozen longer does not send any more
EMAIL = "email"

Outcome = ActionAttempt.Outcome


class LostLease(Exception):
    """The action is not ours any more; whoever holds it now settles it."""


def run_pump_step(deadline: float) -> int:
    """One round over everything the engine has to do; returns how much it did. `deadline` is of time.monotonic()."""
    now = database_now()
    done = enrolment.enrol_waiting(now=now) + leases.reap()
    done += run_inside()
    if time.monotonic() < deadline:
        done += run_outside(deadline=deadline)
    if time.monotonic() < deadline:
        done += run_suspect()
    return done


def run_inside(*, limit: int = INSIDE_BATCH) -> int:
    """Do a batch of due work inside our database; returns how many actions were claimed."""
    claims = leases.claim_inside(limit=limit)
    for claim in claims:
        _guarded(claim, _perform)
    return len(claims)


def run_outside(*, deadline: float, limit: int = OUTSIDE_BATCH) -> int:
    """Hand over a batch of what is due to leave; returns how many actions were claimed.

    Alerts and tasks that become due meanwhile are done in between: they do not wait behind a slow mail server.
    """
    claims = [] if _is_email_paused() else leases.claim_outside(limit=limit)
    if not claims:
        delivery.release()
    if len(claims) == limit:
        wake.wake()  # the baton: there may be more, and another worker may be free
    until = min(deadline, time.monotonic() + BATCH_SECONDS)
    for number, claim in enumerate(claims):
        if number and (time.monotonic() > until or _is_email_paused()):
            leases.release(claims[number:])
            break
        _guarded(claim, _send)
        run_inside()
    return len(claims)


def run_suspect() -> int:
    """Try one action that was held by a worker that died, alone."""
    claims = leases.claim_suspect(outside=not _is_email_paused())
    for claim in claims:
        outside = ScheduledAction.objects.filter(pk=claim.action_id, action_type__in=actions.OUTSIDE).exists()
        _guarded(claim, _send if outside else _perform)
    return len(claims)


def _is_email_paused() -> bool:
    return state.paused_until(EMAIL, now=database_now()) is not None


def _guarded(claim: Claim, work: Callable[[Claim], None]) -> None:
    """Anticipated ends are settled by `work`; here is what nobody foresaw."""
    try:
        work(claim)
    except LostLease:
        logger.warning("action %s: the lease was lost, somebody else settles it", claim.action_id)
    except (OperationalError, InterfaceError):
        # The database went away. The lease returns the action; what was handed over is settled by _persistently.
        logger.warning("action %s: the database did not answer", claim.action_id, exc_info=True)
        _reconnect()
    except Exception as error:
        logger.exception("action %s failed unexpectedly", claim.action_id)
        reason = f"{type(error).__name__}: {error}"
        _persistently(lambda: _settle_unexpected(claim, reason))


# Inside our database: perform and result are one transaction.


def _perform(claim: Claim) -> None:
    with transaction.atomic():
        action = _load(claim)
        status = lock_instance(instance_id=action.instance_id)
        if status != "active":
            leases.release([claim])
            return
        reason = actions.why_not(action)
        if reason:
            _finish(claim, action, status="skipped", result={"reason": reason})
            return
        now = database_now()
        result = actions.INSIDE[action.action_type](action, now)
        _log_attempt(claim, action, outcome=Outcome.DONE, ended=True)
        _finish(claim, action, status="done", result=result, attempts=action.attempts + 1)


# Out into the world: prepare, intent, hand over, result.


def _send(claim: Claim) -> None:
    action = _load(claim)
    reason = actions.why_not(action)
    if reason:
        _settle(claim, action, status="skipped", result={"reason": reason})
        return
    draft = _prepare(claim, action)
    if draft is None or not _may_go(claim, action, draft):
        return
    began = time.monotonic()
    try:
        _check_not_frozen(began)
        receipt = delivery.hand_over(draft)
    except ChannelError as error:
        refusal = error  # the name of an except clause ends with it
        _persistently(lambda: _settle_refusal(claim, action, refusal))
    except Unclear as error:
        unclear = str(error)
        _persistently(lambda: _settle_unclear(claim, action, unclear))
    else:
        _persistently(lambda: _settle_sent(claim, action, receipt))


def _prepare(claim: Claim, action: ScheduledAction) -> delivery.Draft | None:
    """Look again, render, connect. Nothing has left: failing here is never ambiguous."""
    template = action.template
    if template is None:
        raise ValueError("the step names no email")
    try:
        return delivery.prepare(
            action_id=action.pk,
            template=template,
            contact=action.instance.contact,
            business_entity=action.instance.business_entity,
            now=database_now(),
        )
    except delivery.NotAllowed as refusal:
        _settle(claim, action, status="skipped", result={"reason": str(refusal)})
    except delivery.Held as held:
        _settle(claim, action, status="failed", error=str(held), result={"missing": list(held.missing)})
    except ChannelError as error:
        _settle_refusal(claim, action, error)
    return None


def _may_go(claim: Claim, action: ScheduledAction, draft: delivery.Draft) -> bool:
    """The intent, and the last line of defence: what was or may have been sent under this id is not sent again."""
    try:
        return _intend(claim, action, draft)
    except delivery.AlreadySent as sent:
        _settle(claim, action, status="done", result={"response": str(sent)})
    except delivery.Unsettled as unclear:
        _settle(claim, action, status="ambiguous", error=str(unclear), result={})
    return False


def _intend(claim: Claim, action: ScheduledAction, draft: delivery.Draft) -> bool:
    """Record that the hand-over begins; False when the action is to go no further now.

    A crash after this commit makes the action ambiguous, which no machine sends again.
    """
    with transaction.atomic():
        if action.action_type == ActionType.FOLLOW_UP:
            Contact.objects.select_for_update(no_key=True, of=("self",)).get(pk=action.instance.contact_id)
            reason = actions.why_touch_yields(action)
            if reason:
                lock_instance(instance_id=action.instance_id)
                _finish(claim, action, status="skipped", result={"reason": reason})
                return False
        if not leases.begin_sending(claim):
            leases.release([claim])
            return False
        delivery.record_intent(draft, now=database_now())
        _log_attempt(claim, action)
    return True


def _check_not_frozen(began: float) -> None:
    if time.monotonic() - began > HAND_OVER_WITHIN:
        raise ChannelError("The worker was held up before it could hand over.", permanent=False, channel_wide=False)


def _settle_sent(claim: Claim, action: ScheduledAction, receipt: Receipt) -> None:
    with transaction.atomic():
        lock_instance(instance_id=action.instance_id)
        now = database_now()
        delivery.record_sent(action.pk, receipt=receipt, now=now)
        _end_attempt(claim, Outcome.DONE)
        _finish(claim, action, status="done", result={"response": receipt.response})
        state.clear(EMAIL, now=now)


def _settle_refusal(claim: Claim, action: ScheduledAction, error: ChannelError) -> None:
    """Definite: it did not arrive. For good, for now, or because the channel as a whole is in trouble."""
    with transaction.atomic():
        lock_instance(instance_id=action.instance_id)
        now = database_now()
        delivery.record_failed(action.pk, error=str(error), now=now)
        if error.channel_wide:
            until = state.pause(EMAIL, str(error), now)
            _end_attempt(claim, Outcome.PAUSED, str(error))
            _put_back(claim, at=until, error=str(error), counts=False)
        elif error.permanent or _attempts_made(claim) >= MAX_ATTEMPTS:
            _end_attempt(claim, Outcome.FAILED, str(error))
            _finish(claim, action, status="failed", error=str(error))
        else:
            _end_attempt(claim, Outcome.RETRY, str(error))
            attempt = max(_attempts_made(claim), 1)
            _put_back(claim, at=now + scheduling.retry_delay(attempt=attempt), error=str(error), counts=True)


def _settle_unclear(claim: Claim, action: ScheduledAction, error: str) -> None:
    with transaction.atomic():
        lock_instance(instance_id=action.instance_id)
        delivery.record_ambiguous(action.pk, error=error, now=database_now())
        _end_attempt(claim, Outcome.AMBIGUOUS, error)
        _finish(claim, action, status="ambiguous", error=error)


def _settle_unexpected(claim: Claim, reason: str) -> None:
    """A fault of ours. Before the intent nothing has left: later again, and parked after MAX_UNEXPECTED times."""
    with transaction.atomic():
        action = _load(claim)
        lock_instance(instance_id=action.instance_id)
        if action.status == ScheduledAction.Status.SENDING:
            delivery.record_ambiguous(action.pk, error=reason, now=database_now())
            _end_attempt(claim, Outcome.AMBIGUOUS, reason)
            _finish(claim, action, status="ambiguous", error=reason)
            return
        attempts = action.attempts + 1
        parked = attempts >= MAX_UNEXPECTED
        _log_attempt(claim, action, outcome=Outcome.FAILED if parked else Outcome.RETRY, error=reason, ended=True)
        if parked:
            _finish(claim, action, status="failed", error=reason, attempts=attempts)
        else:
            at = database_now() + scheduling.retry_delay(attempt=attempts)
            _put_back(claim, at=at, error=reason, counts=True)


# The rows behind all of them. Each write checks that the lease is still ours.


def _load(claim: Claim) -> ScheduledAction:
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


def _settle(claim: Claim, action: ScheduledAction, *, status: str, error: str = "", result: actions.Result) -> None:
    with transaction.atomic():
        lock_instance(instance_id=action.instance_id)
        _finish(claim, action, status=status, error=error, result=result)


def _finish(
    claim: Claim,
    action: ScheduledAction,
    *,
    status: str,
    error: str = "",
    result: actions.Result | None = None,
    attempts: int | None = None,
) -> None:
    """Write the outcome and whatever follows from it for the instance, which the caller has locked."""
    changed = _ours(claim).update(
        status=status,
        last_error=error,
        result=result or {},
        attempts=F("attempts") if attempts is None else attempts,
        finished_at=None if status == ScheduledAction.Status.AMBIGUOUS else Now(),
        lease_until=None,
        token=None,
        held_by="",
    )
    if not changed and not _was_ours(claim, status):
        raise LostLease
    settle_instance(instance_id=action.instance_id)


def _put_back(claim: Claim, *, at: dt.datetime, error: str, counts: bool) -> None:
    """Wait until `at`. What the channel as a whole is to blame for costs the action no attempt."""
    counted = leases.held(claim, status="sending").exists()  # the intent counted it already
    changed = _ours(claim).update(
        status="pending",
        next_attempt_at=at,
        last_error=error,
        attempts=F("attempts") + int(counts) - int(counted),
        suspect=False,
        lease_until=None,
        token=None,
        held_by="",
    )
    if not changed:
        raise LostLease


def _ours(claim: Claim) -> QuerySet[ScheduledAction]:
    return ScheduledAction.objects.filter(pk=claim.action_id, token=claim.token, status__in=["claimed", "sending"])


def _was_ours(claim: Claim, status: str) -> bool:
    """A lease that ran out during a hand-over left the action ambiguous; now its outcome is known after all.

    Only while nobody settled it otherwise and no later attempt was made.
    """
    ambiguous = ScheduledAction.objects.filter(pk=claim.action_id, status="ambiguous")
    last = ActionAttempt.objects.filter(action_id=claim.action_id).order_by("-token").first()
    if status != ScheduledAction.Status.DONE or last is None or last.token != claim.token:
        return False
    return ambiguous.update(status="done", finished_at=Now(), last_error="") == 1


def _log_attempt(
    claim: Claim, action: ScheduledAction, *, outcome: str = Outcome.RUNNING, error: str = "", ended: bool = False
) -> None:
    ActionAttempt.objects.create(
        action_id=claim.action_id,
        number=action.attempts + 1,
        token=claim.token,
        worker=leases.holder_name(),
        outcome=outcome,
        error=error,
        ended_at=Now() if ended else None,
    )


def _end_attempt(claim: Claim, outcome: str, error: str = "") -> None:
    ActionAttempt.objects.filter(action_id=claim.action_id, token=claim.token).update(
        outcome=outcome, error=error, ended_at=Now()
    )


def _attempts_made(claim: Claim) -> int:
    return ScheduledAction.objects.values_list("attempts", flat=True).get(pk=claim.action_id)


# A database that restarts must not turn a known outcome into an unknown one.


def _persistently(settle: Callable[[], None]) -> None:
    """Write what is known until the database takes it, at most as long as the lease protects it."""
    until = time.monotonic() + leases.SENDING_LEASE.total_seconds() / 2
    pause = 0.1
    while True:
        try:
            settle()
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            logger.warning("the database did not answer; the outcome is written when it does")
            _reconnect()
            time.sleep(pause)
            pause = min(pause * 2, 2.0)
        else:
            return


def _reconnect() -> None:
    try:
        connection.close()
    except DatabaseError:
        logger.debug("closing a broken connection failed", exc_info=True)
