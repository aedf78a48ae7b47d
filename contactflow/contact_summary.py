"""What a colleague wants to know of a contact before anything else: permission, what runs, what is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import formats, timezone

from contacts import consent, describe
from contacts.consent import Standing
from contacts.models import BusinessEntity, Consent, Contact, ContactEvent, EntityMembership
from engagement import response_clock, risky_values, touches
from engagement.models import Alert, HumanTouch, ResponseClock, Task
from workflows import progress
from workflows.models import ScheduledAction, WorkflowInstance

NOTHING_LEAVES = ("status_blocks", "address_suppressed", "contact_gone")  # marketing or not
SHOWN = 10  # of each; the timeline has the others
OPEN = ("pending", "claimed", "sending", "ambiguous")


@dataclass(frozen=True)
class Running:
    """A workflow that is not over, its next step, and when that comes."""

    instance: WorkflowInstance
    step: str
    when: str

    @property
    def is_paused(self) -> bool:
        return self.instance.status == "paused"


@dataclass(frozen=True)
class Permission:
    """Whether a brand may write to them, in a sentence."""

    brand: str
    allowed: bool
    sentence: str


@dataclass(frozen=True)
class Summary:
    memberships: Sequence[EntityMembership]
    permissions: Sequence[Permission]
    running: Sequence[Running]
    tasks: Sequence[Task]
    alerts: Sequence[Alert]
    waiting: Sequence[ResponseClock]
    """What they wait for an answer of, the most pressing first."""
    last_touches: Sequence[HumanTouch]
    unused: Sequence[str]
    """What emails leave out of what they told us, in words."""


def gather(*, contact: Contact) -> Summary:
    """A fixed number of queries, each for a few rows."""
    memberships = list(contact.memberships.all())
    return Summary(
        memberships=memberships,
        permissions=permissions_of(contact, [one.business_entity for one in memberships]),
        running=running_for(contact),
        tasks=list(
            Task.objects.filter(contact=contact)
            .exclude(status__in=["done", "cancelled"])
            .select_related("target", "assignee")
            .order_by("due_at", "created_at")[:SHOWN]
        ),
        alerts=list(
            Alert.objects.filter(contact=contact, acknowledged_at__isnull=True)
            .select_related("target")
            .order_by("-created_at")[:SHOWN]
        ),
        waiting=response_clock.waiting_for([contact.pk]),
        last_touches=list(touches.last_of(contact.pk).values()),
        unused=[f"{name.capitalize()} {risky_values.WHY[code]}" for name, code in risky_values.of_contact(contact)],
    )


def running_for(contact: Contact) -> list[Running]:
    """What is not over, with the next step of each."""
    rows = WorkflowInstance.objects.filter(contact=contact, status__in=["active", "paused"])
    instances = list(rows.select_related("template").order_by("-started_at", "-id")[: SHOWN * 2])
    steps = progress.seen_now(ScheduledAction.objects.filter(instance__in=instances, status__in=OPEN))
    following: dict[object, ScheduledAction] = {}
    for action in steps.select_related("instance", "step", "target", "template").order_by("next_attempt_at"):
        following.setdefault(action.instance_id, action)
    return [_running(instance, following.get(instance.pk)) for instance in instances]


def _running(instance: WorkflowInstance, action: ScheduledAction | None) -> Running:
    if action is None:
        return Running(instance, "", "nothing is left to do")
    return Running(instance, progress.name_of(action), progress.state_of(action))


def permissions_of(contact: Contact, brands: Sequence[BusinessEntity]) -> list[Permission]:
    """One sentence for each brand; one for all where something forbids every contact."""
    if contact.status.blocks_contact:
        return [Permission("Every brand", False, _forbidden(contact))]
    return [_permission(one) for one in consent.standings(contact=contact, business_entities=brands)]


def _permission(standing: Standing) -> Permission:
    brand = str(standing.business_entity or "Every brand")
    record = standing.record
    if not standing.verdict.allowed:
        how = f" ({_how(record)})" if record and standing.verdict.reason.code.startswith("consent_") else ""
        what = "Not by email" if standing.verdict.reason.code in NOTHING_LEAVES else "No marketing by email"
        return Permission(brand, False, f"{what}: {describe.permission(standing.verdict.reason)}{how}")
    seldom = ", at most one email a week" if standing.verdict.is_capped else ""
    if record is None:
        return Permission(brand, True, f"May be written to: no consent record needed{seldom}")
    told = f"permission was given on {_day(record.recorded_at)} ({_how(record)})"
    return Permission(brand, True, f"May be written to: {told}{seldom}")


def _how(record: Consent) -> str:
    """Where it comes from, who said it, and in which words."""
    said = [record.source, record.actor and f"by {record.actor}", record.get_basis_display() if record.basis else ""]
    words = f"“{shortened(record.wording)}”" if record.wording else ""
    version = f"version {record.wording_version}" if record.wording_version else ""
    return ", ".join(filter(None, [*said, words, version]))


def shortened(text: str, most: int = 120) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}…"


def _forbidden(contact: Contact) -> str:
    events = contact.events.filter(Q(changes__has_key="status") | Q(kind="new_contact"))
    ban = events.order_by("-received_at", "-id").first()
    if ban is None:
        return f"{contact.status}: nobody writes to this person"
    how = str(ban.payload.get("how") or "") or _where(ban)
    return f"{contact.status} since {_day(ban.received_at)}, because: {how}"


def _where(event: ContactEvent) -> str:
    return f"so it came in through {event.get_source_display()}"


def _day(at: object) -> str:
    return formats.date_format(timezone.localtime(at), "j M Y")  # type: ignore[arg-type]  # a moment
