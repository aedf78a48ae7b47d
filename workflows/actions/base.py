"""What an action type is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar

from contactflow.core.reasons import Reason
from contacts.models import BusinessEntity, Contact
from engagement import personal_lines
from engagement.delivery import Order
from engagement.models import EngagementTemplate, Priority
from workflows import describe, scheduling
from workflows.drafts import PlannedStep
from workflows.models import ScheduledAction, Step

Lane = ScheduledAction.Lane
Result = dict[str, Any]


class Severity(Enum):
    REFUSED = "refused"  # cannot be stored
    BROKEN = "broken"  # can be stored, would not work
    DOUBTFUL = "doubtful"  # works, but not as anybody means it; older versions may have it


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`step` and `touch` count from 0; without a step it is about the workflow as a whole."""

    field: str
    message: str
    severity: Severity = Severity.BROKEN
    step: int | None = None
    touch: int | None = None

    @property
    def sentence(self) -> str:
        """The fault on its own, away from its field."""
        if self.step is None:
            return self.message
        return f"Step {self.step + 1}: {self.message[0].lower()}{self.message[1:]}"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One action that a step leads to, so long after the start."""

    hours: Decimal
    action_type: str
    email: EngagementTemplate | None = None


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """One action as it would be. For emails `subject` and `text` as rendered; `missing` names what would hold it."""

    at: dt.datetime
    action_type: str
    what: str
    target: str = ""
    whom: str = ""
    subject: str = ""
    text: str = ""
    missing: list[str] = field(default_factory=list)
    step: int = 0
    html: str = ""
    title: str = ""
    message: str = ""
    priority: str = ""
    category: str = ""
    due_at: dt.datetime | None = None
    used_fallbacks: list[str] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Someone:
    """For whom it is foreseen: a contact, or an example person who exists nowhere."""

    contact: Contact
    business_entity: BusinessEntity | None
    facts: Mapping[str, Any] | None = None
    because: str = ""  # why it would start, as alerts and tasks tell it

    @property
    def zone(self) -> str:
        """The contact's time zone; without one, the brand's."""
        return self.contact.timezone or self.team_zone

    @property
    def team_zone(self) -> str:
        return self.business_entity.timezone if self.business_entity else "UTC"


class ActionType:
    """One thing that a workflow can do, with all that the engine and the desk have to know of it.

    Of the lane INSIDE are those that only write to our own database, by `perform_many`. Those of the lane OUTSIDE hand
    something over to the world: they `order` a message, and engagement's dispatcher leads it through prepare, intent,
    hand-over and result.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    noun: ClassVar[str]
    icon: ClassVar[str]  # of Material Symbols
    lane: ClassVar[Lane]
    fields: ClassVar[tuple[str, ...]] = ()  # which fields of its step count
    is_step: ClassVar[bool] = True  # whether staff choose it for a step; otherwise only the engine plans it
    is_email: ClassVar[bool] = False  # whether it writes to the contact
    pursues: ClassVar[bool] = False  # whether it writes to the contact, or plans to: an exit ends it
    may_yield: ClassVar[bool] = False  # whether `why_yields` is asked, which costs a lock on the contact
    is_in_timeline: ClassVar[bool] = False  # whether what it makes stands in the contact's timeline by itself
    links: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Where its result is read on: the key with the id, to the words of the link and the name of the page."""

    # Doing it

    def perform_many(self, actions: Sequence[ScheduledAction], now: dt.datetime) -> list[Result]:
        """Do them, within the transaction that settles them; the result of each, in their order.

        They come with step, target and instance, with its contact and template. Done again it makes nothing twice.
        """
        raise NotImplementedError

    def order(self, action: ScheduledAction) -> Order | None:
        """What is to leave the house for it; None when its step lacks something. The dispatcher does the rest."""
        raise NotImplementedError

    def why_not(self, action: ScheduledAction) -> Reason | None:
        """Why the action is not to be done any more; None when it is."""
        status = action.instance.contact.status
        return Reason.of("status_blocks", status=status.name) if status.blocks_contact else None

    def why_yields(self, action: ScheduledAction) -> Reason | None:
        """Why it steps back at the last moment, judged in the intent's transaction with the contact locked."""
        return None

    # Planning it

    def faults(self, step: PlannedStep) -> Iterator[Fault]:
        """What is wrong with its step."""
        return iter(())

    def planned(self, step: PlannedStep | Step) -> list[Planned]:
        """The actions its step leads to."""
        return [Planned(hours=step.delay_hours, action_type=self.name, email=step.template)]

    def foresee(self, planned: Planned, step: PlannedStep, *, name: str, someone: Someone, at: dt.datetime) -> Foreseen:
        """The action in a dry run of the workflow of that name."""
        return Foreseen(at=at, action_type=self.name, what=self.label)

    # Telling it

    def sentence(self, step: PlannedStep | Step) -> str:
        """What its step does, without when."""
        return self.label.lower()

    def what(self, planned: Planned, step: PlannedStep) -> str:
        """What a line of the calendar says beside the noun."""
        return step.title

    def whom(self, step: PlannedStep) -> str:
        """For whom, in the same line."""
        return whom(step, nobody="nobody chosen yet")

    def name_of(self, action: ScheduledAction) -> str:
        """The action in lists, the timeline and the history."""
        return self.label

    def outcome(self, result: Mapping[str, Any]) -> str:
        """What came of it, where `links` lead nowhere."""
        return ""

    def delay_of(self, action: ScheduledAction) -> dt.timedelta:
        """How long after the start it was planned."""
        return scheduling.delay_of(action.step)


class ForColleague(ActionType):
    """What a colleague gets: addressed to the step's target, worded by the step or by what is known of the contact."""

    lane = Lane.INSIDE
    fields: ClassVar[tuple[str, ...]] = ("target", "priority", "title", "description")
    is_in_timeline = True

    def faults(self, step: PlannedStep) -> Iterator[Fault]:
        if step.target is None:
            yield Fault(field="target", message="Choose who is alerted or gets the task.", severity=Severity.REFUSED)
        for name in ("title", "description"):
            for fault in personal_lines.faults(getattr(step, name)):
                yield Fault(field=name, message=fault)

    def foresee(self, planned: Planned, step: PlannedStep, *, name: str, someone: Someone, at: dt.datetime) -> Foreseen:
        return Foreseen(
            at=at,
            action_type=self.name,
            what=f"{self.label}: {_filled(step.title, step, someone, at)}" if step.title else self.label,
            target=step.target.slug if step.target else "",
            whom=str(step.target or ""),
            title=_filled(step.title, step, someone, at) or f"{name}: {someone.contact}",
            message=_filled(step.description, step, someone, at) or describe.about(someone.contact, someone.because),
            priority=step.priority or Priority.MEDIUM.value,
            category=step.category,
        )


def worded(text: str, action: ScheduledAction) -> str:
    """What the step says, with what is known of the contact, the event that started it and the step."""
    if not personal_lines.has_liquid(text):
        return text
    instance, step = action.instance, action.step
    event = instance.event if personal_lines.asks_event(text) else None
    return personal_lines.fill(
        text,
        contact=instance.contact,
        business_entity=instance.business_entity,
        facts=personal_lines.facts_of(event) if event else None,
        task={"priority": step.priority, "category": step.category},
        now=action.due_at,
    )


def _filled(text: str, step: PlannedStep, someone: Someone, at: dt.datetime) -> str:
    return personal_lines.fill(
        text,
        contact=someone.contact,
        business_entity=someone.business_entity,
        facts=someone.facts,
        task={"priority": step.priority, "category": step.category},
        now=at,
    )


def whom(step: PlannedStep | Step, *, nobody: str) -> str:
    return f"{step.target or nobody}{f' ({step.priority.lower()})' if step.priority else ''}"
