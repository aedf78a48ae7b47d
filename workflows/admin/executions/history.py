"""What happened to one person in one workflow, told in order: steps, attempts, and what colleagues decided."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from contactflow.core import datetimes, numbers
from contacts import describe
from engagement.models import Message
from workflows import actions, failure_causes, progress
from workflows.describe import YIELDS
from workflows.models import ActionAttempt, ControlEntry, ScheduledAction, WorkflowInstance

Status = ScheduledAction.Status
Outcome = ActionAttempt.Outcome
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


@dataclass(frozen=True)
class Way:
    """Where something can be read on."""

    text: str
    address: str


@dataclass(kw_only=True)
class StepTold:
    """One step as its page and the story show it."""

    action: ScheduledAction
    name: str
    tone: str
    state: str
    """What it waits for; empty once it is over."""
    at: dt.datetime
    """Its place in the story: when it happened, or will."""
    late: str
    because: list[str]
    """The rules that moved it."""
    results: list[Way] = field(default_factory=list)
    said: str = ""
    """What came of it, where there is nothing to open."""
    trouble: failure_causes.Explanation | None = None
    known: list[str] = field(default_factory=list)
    """What is known of an unclear hand-over."""
    attempts: list[ActionAttempt] = field(default_factory=list)
    controls: list[ControlEntry] = field(default_factory=list)

    @property
    def address(self) -> str:
        return reverse("admin:workflows_scheduledaction_change", args=[self.action.pk])

    @property
    def chip(self) -> str:
        return self.action.get_status_display()


@dataclass(kw_only=True)
class Moment:
    """A line of the story: a step, or what a colleague did to the whole workflow."""

    at: dt.datetime
    step: StepTold | None = None
    control: ControlEntry | None = None


@dataclass(kw_only=True)
class Story:
    state: str
    tone: str
    reversed_why: str
    """The address that explains why this and other workflows started; empty where there is none."""
    lines: list[Moment]


def of_instance(instance: WorkflowInstance) -> Story:
    """The whole story. The number of queries does not depend on the number of steps."""
    rows = ScheduledAction.objects.filter(instance=instance).select_related("step", "target", "template")
    actions = list(progress.seen_now(rows))
    for action in actions:
        action.instance = instance
    controls = list(instance.controls.order_by("at", "id"))
    steps = _told(actions, controls)
    lines = [Moment(at=step.at, step=step) for step in steps]
    lines += [Moment(at=one.at, control=one) for one in controls if one.action_id is None]
    return Story(
        state=_state(instance, actions, controls),
        tone={"active": "info", "paused": "warn", "completed": "good", "failed": "bad"}.get(instance.status, ""),
        reversed_why=_why_address(instance),
        lines=sorted(lines, key=lambda line: (line.at, line.step.action.position if line.step else 0)),
    )


def of_step(action: ScheduledAction) -> StepTold:
    """One step, with everything that moved it."""
    controls = list(action.instance.controls.order_by("at", "id"))
    return _told([action], controls)[0]


def _told(actions: list[ScheduledAction], controls: list[ControlEntry]) -> list[StepTold]:
    ids = [action.pk for action in actions]
    attempts: dict[object, list[ActionAttempt]] = defaultdict(list)
    for attempt in ActionAttempt.objects.filter(action__in=ids).order_by("started_at", "id")[:ATTEMPTS]:
        attempts[attempt.action_id].append(attempt)
    messages = {
        message.action: message
        for message in Message.objects.filter(action__in=ids).defer("text", "html").prefetch_related("events")
    }
    return [_step(action, attempts[action.pk], controls, messages.get(action.pk)) for action in actions]


def _step(
    action: ScheduledAction, attempts: list[ActionAttempt], controls: list[ControlEntry], message: Message | None
) -> StepTold:
    own = [entry for entry in controls if entry.action_id == action.pk]
    needs_person = action.status in NEEDS_PERSON
    said, results = _results(action, message)
    return StepTold(
        action=action,
        name=progress.name_of(action),
        tone=TONES.get(Status(action.status), ""),
        state=progress.state_of(action) if action.status in UNDER_WAY else "",
        at=happened_at(action),
        late=lateness(action),
        because=_moved_by(action, attempts, own),
        results=results,
        said=said,
        trouble=failure_causes.explain(action.cause) if needs_person else None,
        known=what_is_known(action, attempts, message) if action.status == Status.AMBIGUOUS else [],
        attempts=attempts,
        controls=own,
    )


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


def what_is_known(action: ScheduledAction, attempts: list[ActionAttempt], message: Message | None) -> list[str]:
    """Everything that helps to find out whether an unclear email arrived."""
    known = []
    last = attempts[-1] if attempts else None
    handed_over = (last.started_at if last else None) or action.started_at
    if handed_over:
        known.append(f"Handed over {datetimes.words(handed_over)}.")
    known.append(_phase(action.cause))
    if message is not None:
        known.append(f"To {message.recipient}, from {message.sender or 'the sender of EMAIL_URL'}.")
        if message.message_id:
            known.append(f"Message id to search for in the mail server's log: {message.message_id}")
        known += _later_events(message) or ["Nothing came back since that would tell: no delivery, opening or reply."]
    return known


def _phase(cause: str) -> str:
    if cause == "no_answer":
        return "The whole message had left; the connection broke before the mail server answered."
    if cause == "strange_answer":
        return "The whole message had left; the mail server's answer said neither yes nor no."
    return "The hand-over had begun; how far it came is not known, since the worker ended."


def _later_events(message: Message) -> list[str]:
    told = []
    for event in message.events.all():
        if event.type in TELLING:
            machine = " (perhaps by a scanner)" if event.machine else ""
            told.append(f"{TELLING[event.type]} {datetimes.words(event.at)}{machine}.")
    return told


def _results(action: ScheduledAction, message: Message | None) -> tuple[str, list[Way]]:
    result = action.result if isinstance(action.result, dict) else {}
    kind = actions.of(action.action_type)
    ways = [
        Way(text, reverse(f"admin:{page}", args=[result[key]]))
        for key, (text, page) in kind.links.items()
        if result.get(key)
    ]
    if message is not None:
        ways.append(Way("Open the email", reverse("admin:engagement_message_change", args=[message.pk])))
    if result.get("settled"):
        return f"Settled by {result.get('by') or 'a colleague'}: {result['settled']}", ways
    if action.status == Status.DONE and result.get("response"):
        return f"The mail server said: {result['response']}", ways
    return kind.outcome(result), ways


def _moved_by(action: ScheduledAction, attempts: list[ActionAttempt], own: list[ControlEntry]) -> list[str]:
    """The rules that moved the step from its plan, or ended it."""
    said = [_shift(action), _why_ended(action)]
    counted = Counter(attempt.outcome for attempt in attempts)
    if refused := counted[Outcome.RETRY]:
        said.append(
            f"Refused for now {_times(refused)}: each time it was put off, twice as long as before, six hours at most."
        )
    if counted[Outcome.PAUSED]:
        said.append("Email as a whole was in trouble and paused; that cost this step no attempt.")
    if crashed := counted[Outcome.CRASHED]:
        said.append(f"A worker stopped {_times(crashed)} while it prepared this; it was tried again alone.")
    if retried := sum(entry.verb in (ControlEntry.Verb.RETRY, ControlEntry.Verb.RESOLVE_NOT_SENT) for entry in own):
        said.append(f"Started again by a colleague {_times(retried)}.")
    return [sentence for sentence in said if sentence]


def _shift(action: ScheduledAction) -> str:
    started = action.instance.started_at
    moved = action.due_at - (started + actions.of(action.action_type).delay_of(action))
    if moved <= PUNCTUAL:
        return ""
    return f"Planned {duration(moved)} later than at the start, because the workflow was on hold meanwhile."


def _why_ended(action: ScheduledAction) -> str:
    result = action.result if isinstance(action.result, dict) else {}
    reason = action.why_left_out
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
    following = progress.what_comes(actions)
    return (
        f"Next: {following}." if following else "Nothing is planned any more; it ends once what is unclear is settled."
    )


def _by(controls: list[ControlEntry], verb: str) -> str:
    last = next((entry for entry in reversed(controls) if entry.verb == verb and entry.action_id is None), None)
    return f" by {last.actor}: {last.reason.rstrip('.')}" if last else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _why_address(instance: WorkflowInstance) -> str:
    try:
        address = reverse("admin:workflows_why")
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode({'contact': str(instance.contact_id), 'workflow': instance.template.slug})}"
