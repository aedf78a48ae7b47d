"""Active Workflow Instances: what runs for whom. Contactflow writes them; from Notion only the status comes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from django.db.models import Q

from notion_bridge.adapters.adapter import Adapter, Applied, Made, Source, Values, moment
from notion_bridge.mapping import Value
from notion_bridge.models import Kind, NotionDatabase, PageLink
from workflows import controls, progress
from workflows.models import ScheduledAction, WorkflowInstance

Status = WorkflowInstance.Status
STATUSES: Final = {
    Status.ACTIVE: "Active",
    Status.PAUSED: "On Hold",
    Status.COMPLETED: "Completed",
    Status.FAILED: "Error",
    Status.CANCELLED: "Cancelled",
}
# (what it is here, what somebody chose in Notion) -> what is done about it
CONTROLS: Final[dict[tuple[str, str], Callable[..., None]]] = {
    (Status.ACTIVE, "on hold"): controls.pause,
    (Status.PAUSED, "active"): controls.resume,
    (Status.ACTIVE, "cancelled"): controls.cancel,
    (Status.PAUSED, "cancelled"): controls.cancel,
}
OPEN: Final = ("pending", "claimed", "sending")
ACTOR: Final = "Notion"


class InstanceAdapter(Adapter):
    model = WorkflowInstance
    link_field = "instance"
    key_field = "instance_id"

    def sources(self) -> Sequence[Source]:
        return (
            Source(rows=WorkflowInstance.objects.all(), at="updated_at", key="id"),
            Source(rows=WorkflowInstance.objects.all(), at="contact__updated_at", key="id"),  # their name and address
            Source(rows=ScheduledAction.objects.filter(finished_at__isnull=False), at="finished_at", key="instance_id"),
        )

    def knows(self, name: str, option: str) -> bool:
        return name != "status" or option.casefold() in {label.casefold() for label in STATUSES.values()}

    def belonging(self, keys: Sequence[UUID]) -> Sequence[UUID]:
        """Those of people who live in Notion; of everybody where no database of people is connected."""
        if not NotionDatabase.objects.filter(kind=Kind.CONTACTS).exclude(data_source_id="").exists():
            return keys
        on_their_way = [PageLink.State.LINKED, PageLink.State.CREATING]
        living = Q(contact__notion_link__state__in=on_their_way) | Q(notion_link__isnull=False)
        return list(WorkflowInstance.objects.filter(living, pk__in=keys).values_list("pk", flat=True))

    def snapshot(self, keys: Sequence[UUID]) -> dict[UUID, dict[str, Value]]:
        instances = WorkflowInstance.objects.filter(pk__in=keys)
        related = instances.select_related("contact", "template", "business_entity")
        steps = ("actions__step", "actions__template", "actions__target")
        return {one.pk: _values(one) for one in related.prefetch_related(*steps)}

    def apply(self, row: WorkflowInstance, values: Values, *, enrol: bool, now: dt.datetime) -> Applied:
        outcome = Applied()
        if "status" in values:
            _set_status(row, str(values["status"]), outcome, now)
        return outcome

    def make(self, values: Values, *, page_id: UUID, key: UUID | None, enrol: bool, now: dt.datetime) -> Made:
        row = WorkflowInstance.objects.filter(pk=key).first() if key else None
        because = "" if row else "Contactflow starts workflows and writes their pages; this one belongs to none."
        return Made(row=row, because=because)


def _set_status(instance: WorkflowInstance, wanted: str, outcome: Applied, now: dt.datetime) -> None:
    control = CONTROLS.get((instance.status, wanted.casefold()))
    label = STATUSES[Status(instance.status)]
    if control is None:
        outcome.overruled["status"] = f'The workflow is {label}; it cannot be set to "{wanted or "nothing"}".'
        return
    try:
        control(instance=instance, reason=f"Set to {wanted} in Notion", actor=ACTOR, now=now)
    except controls.NotPossible as error:
        outcome.overruled["status"] = str(error)


def _values(instance: WorkflowInstance) -> dict[str, Value]:
    actions = sorted(instance.actions.all(), key=lambda one: (one.due_at, one.position, one.occurrence))
    contact = instance.contact
    return {
        "name": f"{instance.template.name}: {contact.full_name or contact.email}",
        "instance_id": str(instance.pk),
        "workflow": instance.template.slug,
        "status": STATUSES[Status(instance.status)],
        "contact_email": contact.email,
        "business_entity": instance.business_entity.name if instance.business_entity else "",
        "trigger_event": instance.trigger_event,
        "current_step": _current(actions),
        "start_date": moment(instance.started_at),
        "end_date": moment(instance.ended_at),
        "execution_results": "\n".join(_result(one) for one in actions if one.status not in OPEN),
    }


def _current(actions: Sequence[ScheduledAction]) -> str:
    waiting = [one for one in actions if one.status in OPEN]
    if not waiting:
        return "All steps are over" if actions else ""
    return f"{len(actions) - len(waiting) + 1} of {len(actions)}: {progress.name_of(waiting[0])}"


def _result(action: ScheduledAction) -> str:
    reason = action.last_error if action.status in ("failed", "dead", "ambiguous") else action.why_left_out
    said = f" ({' '.join(str(reason).split())[:200]})" if reason else ""
    at = f" {moment(action.finished_at)}" if action.finished_at else ""
    return f"{progress.name_of(action)}: {action.get_status_display().lower()}{at}{said}"
