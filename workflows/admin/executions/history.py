"""What happened to one person in one workflow, told in order: steps, attempts, and what colleagues decided."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.http import urlencode

from contactflow.core import datetimes, numbers
from contacts import describe
from engagement.models import Message
from workflows import actions, failure_causes, progress
from workflows.describe import YIELDS
from workflows.models import ActionAttempt, ControlEntry, ScheduledAction, WorkflowInstance

Status = ScheduledAction.Status
Outcome = ActionAttempt.Outcome
Verb = ControlEntry.Verb
TONES = {
    Status.DONE: "good", Status.FAILED: "bad", Status.DEAD: "bad", Status.AMBIGUOUS: "warn",
    Status.PENDING: "info", Status.CLAIMED: "info", Status.SENDING: "info",
}  # fmt: skip
NEEDS_PERSON = (Status.FAILED, Status.DEAD, Status.AMBIGUOUS)
UNDER_WAY = (Status.PENDING, Status.CLAIMED, Status.SENDING, Status.AMBIGUOUS)
PUNCTUAL = dt.timedelta(minutes=1)
ATTEMPTS = 300  # of one workflow; more is a list's job
TELLING = {  # events of a message that answer whether it arrived
    "delivered": "The receiving server said that it was delivered",
    "opened": "It was opened",
    "clicked": "A link in it was clicked",
    "replied": "The contact replied to it",
    "bounced": "It came back as undeliverable",
}
PHASES = {  # of an unclear hand-over, by its cause
    "no_answer": "The whole message had left; the connection broke before the mail server answered.",
    "strange_answer": "The whole message had left; the mail server's answer said neither yes nor no.",
}
UNKNOWN_PHASE = "The hand-over had begun; how far it came is not known, since the worker ended."


class Way(NamedTuple):
    """Where something can be read on."""

    text: str
    address: str


class StepTold:
    """One step as its page and the story show it."""

    def __init__(
        self,
        action: ScheduledAction,
        attempts: Sequence[ActionAttempt] = (),
        controls: Iterable[ControlEntry] = (),
        message: Message | None = None,
    ) -> None:
        self.action, self.attempts, self.message = action, attempts, message
        self.controls = [entry for entry in controls if entry.action_id == action.pk]
        self.name = progress.name_of(action)
        self.chip = action.get_status_display()
        self.tone = TONES.get(Status(action.status), "")
        self.at = happened_at(action)  # its place in the story: when it happened, or will
        self.late = lateness(action)
        self.address = reverse("admin:workflows_scheduledaction_change", args=[action.pk])

    @property
    def state(self) -> str:
        """What it waits for; empty once it is over."""
        return progress.state_of(self.action) if self.action.status in UNDER_WAY else ""

    @property
    def trouble(self) -> failure_causes.Explanation | None:
        return failure_causes.explain(self.action.cause) if self.action.status in NEEDS_PERSON else None

    @cached_property
    def because(self) -> list[str]:
        """The rules that moved it from its plan, or ended it."""
        said = [_shift(self.action), _why_ended(self.action)]
        counted = Counter(attempt.outcome for attempt in self.attempts)
        if refused := _times(counted[Outcome.RETRY]):
            said.append(
                f"Refused for now {refused}: each time it was put off, twice as long as before, six hours at most."
            )
        if counted[Outcome.PAUSED]:
            said.append("Email as a whole was in trouble and paused; that cost this step no attempt.")
        if crashed := _times(counted[Outcome.CRASHED]):
            said.append(f"A worker stopped {crashed} while it prepared this; it was tried again alone.")
        if again := _times(sum(entry.verb in (Verb.RETRY, Verb.RESOLVE_NOT_SENT) for entry in self.controls)):
            said.append(f"Started again by a colleague {again}.")
        return [sentence for sentence in said if sentence]

    @cached_property
    def results(self) -> list[Way]:
        links, result = actions.of(self.action.action_type).links, _result(self.action)
        ways = [
            Way(text, reverse(f"admin:{page}", args=[result[key]]))
            for key, (text, page) in links.items()
            if result.get(key)
        ]
        if self.message is not None:
            address = reverse("admin:engagement_message_change", args=[self.message.pk])
            ways.append(Way("Open the email", address))
        return ways

    @cached_property
    def said(self) -> str:
        """What came of it, where there is nothing to open."""
        result = _result(self.action)
        if result.get("settled"):
            return f"Settled by {result.get('by') or 'a colleague'}: {result['settled']}"
        if self.action.status == Status.DONE and result.get("response"):
            return f"The mail server said: {result['response']}"
        return actions.of(self.action.action_type).outcome(result)

    @cached_property
    def known(self) -> list[str]:
        """Everything that helps to find out whether an unclear email arrived."""
        if self.action.status != Status.AMBIGUOUS:
            return []
        known, message = [], self.message
        if handed_over := (self.attempts[-1].started_at if self.attempts else None) or self.action.started_at:
            known.append(f"Handed over {datetimes.words(handed_over)}.")
        known.append(PHASES.get(self.action.cause, UNKNOWN_PHASE))
        if message is not None:
            known.append(f"To {message.recipient}, from {message.sender or 'the sender of EMAIL_URL'}.")
            if message.message_id:
                known.append(f"Message id to search for in the mail server's log: {message.message_id}")
            known += _later_events(message) or [
                "Nothing came back since that would tell: no delivery, opening or reply."
            ]
        return known


class Moment(NamedTuple):
    """A line of the story: a step, or what a colleague did to the whole workflow."""

    at: dt.datetime
    step: StepTold | None = None
    control: ControlEntry | None = None


@dataclass(kw_only=True)
class Story:
    state: str
    tone: str
    reversed_why: str  # the address that explains why this and other workflows started
    lines: list[Moment]


def of_instance(instance: WorkflowInstance) -> Story:
    """The whole story. The number of queries does not depend on the number of steps."""
    rows = ScheduledAction.objects.filter(instance=instance).select_related("step", "target", "template")
    actions = list(progress.seen_now(rows))
    for action in actions:
        action.instance = instance
    controls = list(instance.controls.order_by("at", "id"))
    lines = [Moment(step.at, step=step) for step in _told(actions, controls)]
    lines += [Moment(one.at, control=one) for one in controls if one.action_id is None]
    asked = urlencode({"contact": str(instance.contact_id), "workflow": instance.template.slug})
    return Story(
        state=_state(instance, actions, controls),
        tone={"active": "info", "paused": "warn", "completed": "good", "failed": "bad"}.get(instance.status, ""),
        reversed_why=f"{reverse('admin:workflows_why')}?{asked}",
        lines=sorted(lines, key=lambda line: (line.at, line.step.action.position if line.step else 0)),
    )


def of_step(action: ScheduledAction) -> StepTold:
    """One step, with everything that moved it."""
    return _told([action], action.instance.controls.order_by("at", "id"))[0]


def _told(actions: Sequence[ScheduledAction], controls: Iterable[ControlEntry]) -> list[StepTold]:
    ids = [action.pk for action in actions]
    attempts: dict[object, list[ActionAttempt]] = defaultdict(list)
    for attempt in ActionAttempt.objects.filter(action__in=ids).order_by("started_at", "id")[:ATTEMPTS]:
        attempts[attempt.action_id].append(attempt)
    found = Message.objects.filter(action__in=ids).defer("text", "html").prefetch_related("events")
    messages = {message.action: message for message in found}
    return [StepTold(action, attempts[action.pk], controls, messages.get(action.pk)) for action in actions]


def happened_at(action: ScheduledAction) -> dt.datetime:
    """When the step happened, or is going to be tried."""
    if action.status in (Status.PENDING, Status.CLAIMED):
        return max(action.due_at, action.next_attempt_at)
    return action.finished_at or action.started_at or action.due_at


def lateness(action: ScheduledAction) -> str:
    """How far behind its plan a step came, in words; empty when it was punctual or did not happen."""
    if action.status not in (Status.DONE, Status.FAILED, Status.DEAD) or action.finished_at is None:
        return ""
    behind = action.finished_at - action.due_at
    return f"{duration(behind)} later than planned" if behind > PUNCTUAL else ""


def duration(length: dt.timedelta) -> str:
    """2 days 3 hours: the two largest parts."""
    minutes = int(length.total_seconds()) // 60
    parts = [(minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")]
    said = [numbers.counted(count, unit) for count, unit in parts if count]
    return " ".join(said[:2]) or "less than a minute"


def _later_events(message: Message) -> list[str]:
    told = []
    for event in message.events.all():
        if event.type in TELLING:
            machine = " (perhaps by a scanner)" if event.machine else ""
            told.append(f"{TELLING[event.type]} {datetimes.words(event.at)}{machine}.")
    return told


def _result(action: ScheduledAction) -> dict[str, Any]:
    return action.result if isinstance(action.result, dict) else {}


def _shift(action: ScheduledAction) -> str:
    started = action.instance.started_at
    moved = action.due_at - (started + actions.of(action.action_type).delay_of(action))
    if moved <= PUNCTUAL:
        return ""
    return f"Planned {duration(moved)} later than at the start, because the workflow was on hold meanwhile."


def _why_ended(action: ScheduledAction) -> str:
    result, reason = _result(action), action.why_left_out
    if action.status == Status.SKIPPED and reason:
        if result.get("by"):
            return f"Left out by {result['by']}: {reason}"
        steps_back = isinstance(result["reason"], dict) and result["reason"].get("code") in YIELDS
        return f"Stepped back for another email, since two within 20 hours are too many. {reason}" * steps_back or (
            f"Left out: {reason}"
        )
    if action.status == Status.CANCELLED:
        return f"Cancelled with its workflow{': ' + reason if reason else '.'}"
    return ""


def _state(instance: WorkflowInstance, actions: list[ScheduledAction], controls: list[ControlEntry]) -> str:
    counted = Counter(action.status for action in actions)
    wrong = counted["failed"] + counted["dead"]
    bad_steps = numbers.counted(wrong, "step")
    by = _by(controls, {"paused": "pause", "cancelled": "cancel"}.get(instance.status, ""))
    if instance.status == "paused":
        return f"On hold since {describe.moment(instance.paused_at)}{by}. Nothing happens until somebody resumes it."
    if instance.status == "cancelled":
        return f"Cancelled {describe.moment(instance.ended_at)}{by}."
    if instance.status == "completed":
        skipped = f", {counted['skipped']} left out" if counted["skipped"] else ""
        return f"Completed {describe.moment(instance.ended_at)}: {counted['done']} steps done{skipped}."
    if instance.status == "failed":
        return f"Ended {describe.moment(instance.ended_at)}, and {bad_steps} went wrong. See below what to do."
    trouble = f" {bad_steps} went wrong." if wrong else ""
    unclear = f" {numbers.counted(counted['ambiguous'], 'step').capitalize()} unclear." if counted["ambiguous"] else ""
    return f"Under way.{trouble}{unclear} {_next(actions)}".strip()


def _next(actions: list[ScheduledAction]) -> str:
    if following := progress.what_comes(actions):
        return f"Next: {following}."
    return "Nothing is planned any more; it ends once what is unclear is settled."


def _by(controls: list[ControlEntry], verb: str) -> str:
    last = next((entry for entry in reversed(controls) if entry.verb == verb and entry.action_id is None), None)
    return f" by {last.actor}: {last.reason.rstrip('.')}" if last else ""


def _times(count: int) -> str:
    return {0: "", 1: "once"}.get(count, f"{count} times")
