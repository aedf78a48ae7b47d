"""Where a step stands, in words that need no explanation."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import BooleanField, Exists, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now
from django.utils.text import Truncator

from contactflow.core import datetimes
from contacts import describe
from engagement.models import ChannelState
from workflows import actions
from workflows.models import ScheduledAction, WorkflowInstance

Status = ScheduledAction.Status
TO_COME = (Status.PENDING, Status.CLAIMED, Status.SENDING)
STANDING = {
    WorkflowInstance.Status.ACTIVE: "Under way",
    WorkflowInstance.Status.PAUSED: "On hold",
    WorkflowInstance.Status.COMPLETED: "Finished",
    WorkflowInstance.Status.CANCELLED: "Stopped",
    WorkflowInstance.Status.FAILED: "Ended with a failure",
}


def seen_now(actions: QuerySet[ScheduledAction]) -> QuerySet[ScheduledAction]:
    """The actions with what state_of says differently as time passes, by the clock of the database."""
    paused = ChannelState.objects.filter(channel="email", paused_until__gt=Now())
    is_due = ExpressionWrapper(Q(next_attempt_at__lte=Now()), output_field=BooleanField())
    return actions.annotate(is_due=is_due, is_email_paused=Exists(paused))


def name_of(action: ScheduledAction) -> str:
    """What the step does: the title of the task, the email, whom it alerts."""
    return actions.of(action.action_type).name_of(action)


def what_comes(actions: Iterable[ScheduledAction]) -> str:
    """The step that is next, and what it waits for; empty when none is left."""
    waiting = [action for action in actions if action.status in TO_COME]
    if not waiting:
        return ""
    following = min(waiting, key=lambda action: (max(action.due_at, action.next_attempt_at), action.position))
    return f"{name_of(following)}, {state_of(following)}"


def state_of(action: ScheduledAction) -> str:
    """Status and time in one sentence."""
    if action.status == Status.PENDING:
        return _waiting(action)
    said = {
        Status.CLAIMED: "being prepared",
        Status.SENDING: "being handed over",
        Status.DONE: f"done {describe.moment(action.finished_at)}",
        Status.FAILED: f"failed {describe.moment(action.finished_at)}",
        Status.AMBIGUOUS: "unclear: handed over, but no answer came back",
        Status.DEAD: f"gave up {describe.moment(action.finished_at)}",
        Status.SKIPPED: f"skipped {describe.moment(action.finished_at)}{_reason(action)}",
        Status.CANCELLED: f"cancelled {describe.moment(action.finished_at)}",
    }
    return said[Status(action.status)]


def cut(text: str, limit: int = 120) -> str:
    """The first words of what went wrong, for a list."""
    return Truncator(" ".join(text.split())).chars(limit)


def _waiting(action: ScheduledAction) -> str:
    if action.instance.status == "paused":
        return "on hold with its workflow"
    if getattr(action, "is_due", False):
        is_email = actions.of(action.action_type).is_email
        return "waits: email is paused" if is_email and getattr(action, "is_email_paused", False) else "due now"
    again = "again " if action.attempts else ""
    return f"waiting until {again}{datetimes.words(action.next_attempt_at)}".replace("until again", "to try again")


def _reason(action: ScheduledAction) -> str:
    reason = action.why_left_out
    return f": {reason}" if reason else ""
