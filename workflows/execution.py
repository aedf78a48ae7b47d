"""The engine: does what is due, each action once.

claim -> prepare -> intent -> hand over -> result, as ARCHITECTURE.md draws it. A crash costs at most the lease time;
what was handed over without an answer becomes ambiguous and is never sent again by a machine.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, transaction

from contactflow.core import disconnects
from contactflow.core.clock import database_now
from contacts.models import Contact
from engagement import delivery
from engagement.channels import state
from engagement.channels.base import ChannelError, Unclear
from workflows import actions, enrolment, leases, outcomes, wake
from workflows.leases import Claim
from workflows.models import ActionType, ScheduledAction
from workflows.outcomes import EMAIL, LostLease, Outcome, persistently
from workflows.settling import lock_instance

logger = logging.getLogger(__name__)

INSIDE_BATCH = 50
OUTSIDE_BATCH = 10
BATCH_SECONDS = 20  # an outside batch that takes longer gives back the rest, well within its lease
HAND_OVER_WITHIN = 30.0  # seconds from the intent; a process that was held up longer does not send any more

# Counts on while the machine sleeps, where the system has such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def run_pump_step(deadline: float) -> int:
    """One round over everything the engine has to do; returns how much it did. `deadline` is of time.monotonic().

    What fails in one part is logged and does not keep the others from their work.
    """
    parts: tuple[Callable[[], int], ...] = (
        lambda: enrolment.enrol_waiting(now=database_now()),
        leases.reap,
        run_inside,
        run_suspects,
        lambda: run_outside(deadline=deadline),
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


def run_inside(*, limit: int = INSIDE_BATCH) -> int:
    """Do a batch of due work inside our database; returns how many actions were claimed."""
    claims = leases.claim_inside(limit=limit)
    for claim in claims:
        _guarded(claim, _perform)
    return len(claims)


def run_outside(*, deadline: float, limit: int = OUTSIDE_BATCH) -> int:
    """Hand over a batch of what is due to leave, at least one; returns how many actions were claimed.

    Alerts and tasks that become due meanwhile are done in between: they do not wait behind the whole batch.
    """
    claims = [] if _is_email_paused() else leases.claim_outside(limit=limit)
    if not claims:
        delivery.release()
    if len(claims) == limit:
        wake.wake()  # the baton: there may be more, and another worker may be free
    until = min(deadline, time.monotonic() + BATCH_SECONDS)
    waiting = deque(claims)
    try:
        while waiting:
            _guarded(waiting.popleft(), _send)
            run_inside()
            if time.monotonic() > until or _is_email_paused():
                break
    finally:
        if waiting:
            persistently(lambda: leases.release(waiting))
    return len(claims)


def run_suspects(*, limit: int = INSIDE_BATCH) -> int:
    """Try what was held by a worker that died, each alone; at most one that leaves the house."""
    outside = not _is_email_paused()
    done = 0
    while done < limit and (claims := leases.claim_suspect(outside=outside)):
        for claim in claims:
            leaves = ScheduledAction.objects.filter(pk=claim.action_id, action_type__in=actions.OUTSIDE).exists()
            _guarded(claim, _send if leaves else _perform)
            outside = outside and not leaves
            done += 1
    return done


def _is_email_paused() -> bool:
    return state.paused_until(EMAIL, now=database_now()) is not None


def _guarded(claim: Claim, work: Callable[[Claim], None]) -> None:
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
        persistently(lambda: outcomes.settle_unexpected(claim, reason))
    except LostLease:
        logger.warning("action %s: the lease was lost, somebody else settles it", claim.action_id)


# Inside our database: perform and result are one transaction.


def _perform(claim: Claim) -> None:
    with transaction.atomic():
        action = outcomes.load(claim)
        if lock_instance(instance_id=action.instance_id) != "active":
            leases.release([claim])
            return
        reason = actions.why_not(action)
        if reason:
            outcomes.finish(claim, action, status="skipped", result={"reason": reason})
            return
        result = actions.INSIDE[action.action_type](action, database_now())
        outcomes.log_attempt(claim, action, outcome=Outcome.DONE, ended=True)
        outcomes.finish(claim, action, status="done", result=result, attempts=action.attempts + 1)


# Out into the world: prepare, intent, hand over, result.


def _send(claim: Claim) -> None:
    action = outcomes.load(claim)
    reason = actions.why_not(action)
    if reason:
        outcomes.settle(claim, action, status="skipped", result={"reason": reason})
        return
    if not leases.renew(claim):
        raise LostLease
    draft = _prepare(claim, action)
    began = time.clock_gettime(_CLOCK)
    if draft is None or not _may_go(claim, action, draft):
        return
    try:
        _check_not_held_up(began)
        receipt = delivery.hand_over(draft)
    except ChannelError as error:
        refusal = error  # the name of an except clause ends with it
        persistently(lambda: outcomes.settle_refusal(claim, action, refusal))
    except Unclear as error:
        unclear = str(error)
        persistently(lambda: outcomes.settle_unclear(claim, action, unclear))
    else:
        persistently(lambda: outcomes.settle_sent(claim, action, receipt))


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
        outcomes.settle(claim, action, status="skipped", result={"reason": str(refusal)})
    except delivery.Held as held:
        outcomes.settle(claim, action, status="failed", error=str(held), result={"missing": list(held.missing)})
    except ChannelError as error:
        outcomes.settle_refusal(claim, action, error)
    return None


def _may_go(claim: Claim, action: ScheduledAction, draft: delivery.Draft) -> bool:
    """The intent, and the last line of defence: what was or may have been sent under this id is not sent again."""
    try:
        return _intend(claim, action, draft)
    except delivery.AlreadySent as sent:
        outcomes.settle(claim, action, status="done", result={"response": str(sent)})
    except delivery.Unsettled as unclear:
        outcomes.settle(claim, action, status="ambiguous", error=str(unclear))
    except (OperationalError, InterfaceError):
        # Whether the intent was committed is not known; that nothing was handed over is.
        error = ChannelError("The database went away before the hand-over.", permanent=False, channel_wide=False)
        disconnects.reconnect()
        persistently(lambda: outcomes.settle_refusal(claim, action, error))
    return False


def _intend(claim: Claim, action: ScheduledAction, draft: delivery.Draft) -> bool:
    """Record that the hand-over begins; False when the action is to go no further now.

    A crash after this commit makes the action ambiguous, which no machine sends again.
    """
    with transaction.atomic():
        if action.action_type == ActionType.FOLLOW_UP and (reason := _why_touch_stays(action)):
            outcomes.finish(claim, action, status="skipped", result={"reason": reason})
            return False
        if not leases.begin_sending(claim, recipient=draft.envelope.recipient):
            leases.release([claim])
            return False
        delivery.record_intent(draft, now=database_now())
        outcomes.log_attempt(claim, action)
    return True


def _why_touch_stays(action: ScheduledAction) -> str:
    """Judged with the contact locked, so that two touches of a contact see each other."""
    Contact.objects.select_for_update(no_key=True, of=("self",)).get(pk=action.instance.contact_id)
    lock_instance(instance_id=action.instance_id)
    return actions.why_touch_ended(action) or actions.why_touch_yields(action)


def _check_not_held_up(began: float) -> None:
    if time.clock_gettime(_CLOCK) - began > HAND_OVER_WITHIN:
        raise ChannelError("The worker was held up before it could hand over.", permanent=False, channel_wide=False)
