"""Work that leaves the house: prepare, intent, hand over, result."""

from __future__ import annotations

import time
from collections import deque

from django.db import InterfaceError, OperationalError, transaction

from contactflow.core import disconnects
from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from contacts.models import Contact
from engagement import delivery
from engagement.channels import state
from engagement.channels.base import ChannelError, Unclear
from workflows import actions, leases, results, wake
from workflows.execution.inside import run_inside
from workflows.instance_state import lock_instance
from workflows.leases import Claim
from workflows.models import ScheduledAction
from workflows.results import EMAIL, LostLease, guarded, persistently

OUTSIDE_BATCH = 10
BATCH_SECONDS = 20  # an outside batch that takes longer gives back the rest, well within its lease
HAND_OVER_WITHIN = 30.0  # seconds from the intent; a process that was held up longer does not send any more

# Counts on while the machine sleeps, where the system has such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def run_outside(*, deadline: float, limit: int = OUTSIDE_BATCH) -> int:
    """Hand over a batch of what is due to leave, at least one; returns how many actions were claimed.

    Alerts and tasks that become due meanwhile are done in between: they do not wait behind the whole batch.
    """
    claims = [] if is_email_paused() else leases.claim_outside(limit=limit)
    if not claims:
        delivery.release()
    if len(claims) == limit:
        wake.wake()  # the baton: there may be more, and another worker may be free
    until = min(deadline, time.monotonic() + BATCH_SECONDS)
    waiting = deque(claims)
    try:
        while waiting:
            guarded(waiting.popleft(), send)
            run_inside()
            if time.monotonic() > until or is_email_paused():
                break
    finally:
        if waiting:
            persistently(lambda: leases.release(waiting))
    return len(claims)


def is_email_paused() -> bool:
    """Whether the channel as a whole is in trouble."""
    return state.paused_until(EMAIL, now=database_now()) is not None


def send(claim: Claim) -> None:
    """Lead one claimed action through its phases."""
    action = results.load(claim)
    reason = actions.of(action.action_type).why_not(action)
    if reason:
        results.settle(claim, action, status="skipped", result={"reason": reason.as_json()})
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
        persistently(lambda: results.settle_refusal(claim, action, refusal))
    except Unclear as error:
        unclear = str(error)
        persistently(lambda: results.settle_unclear(claim, action, unclear))
    else:
        persistently(lambda: results.settle_sent(claim, action, receipt))


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
        results.settle(claim, action, status="skipped", result={"reason": str(refusal)})
    except delivery.Held as held:
        results.settle(claim, action, status="failed", error=str(held), result={"missing": list(held.missing)})
    except ChannelError as error:
        results.settle_refusal(claim, action, error)
    return None


def _may_go(claim: Claim, action: ScheduledAction, draft: delivery.Draft) -> bool:
    """The intent, and the last line of defence: what was or may have been sent under this id is not sent again."""
    try:
        return _intend(claim, action, draft)
    except delivery.AlreadySent as sent:
        results.settle(claim, action, status="done", result={"response": str(sent)})
    except delivery.Unsettled as unclear:
        results.settle(claim, action, status="ambiguous", error=str(unclear))
    except (OperationalError, InterfaceError):
        # Whether the intent was committed is not known; that nothing was handed over is.
        error = ChannelError("The database went away before the hand-over.", permanent=False, channel_wide=False)
        disconnects.reconnect()
        persistently(lambda: results.settle_refusal(claim, action, error))
    return False


def _intend(claim: Claim, action: ScheduledAction, draft: delivery.Draft) -> bool:
    """Record that the hand-over begins; False when the action is to go no further now.

    A crash after this commit makes the action ambiguous, which no machine sends again.
    """
    with transaction.atomic():
        if reason := _why_it_yields(action):
            results.finish(claim, action, status="skipped", result={"reason": reason.as_json()})
            return False
        if not leases.begin_sending(claim, recipient=draft.envelope.recipient):
            leases.release([claim])
            return False
        delivery.record_intent(draft, now=database_now())
        results.log_attempt(claim, action)
    return True


def _why_it_yields(action: ScheduledAction) -> Reason | None:
    """Judged with the contact locked, so that two touches of a contact see each other."""
    kind = actions.of(action.action_type)
    if not kind.may_yield:
        return None
    Contact.objects.select_for_update(no_key=True, of=("self",)).get(pk=action.instance.contact_id)
    lock_instance(instance_id=action.instance_id)
    return kind.why_yields(action)


def _check_not_held_up(began: float) -> None:
    if time.clock_gettime(_CLOCK) - began > HAND_OVER_WITHIN:
        raise ChannelError("The worker was held up before it could hand over.", permanent=False, channel_wide=False)
