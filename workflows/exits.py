"""When a workflow stops writing to somebody, or waits: because of what they did, in all brands.

What is planned to be written to them (emails, touches and the plans of these; answers that they asked for are not
meant) is skipped, or shifted, with the reason. What colleagues have to do goes on. A workflow of which nothing remains
is cancelled. A reply means what the version says: stop, wait some days, go on; everything else stops.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from contactflow.core import prepared
from contactflow.core.reasons import Reason
from contacts.models import ContactEvent
from engagement.models import Purpose
from workflows import actions, describe
from workflows.models import ControlEntry, ScheduledAction, WorkflowInstance, WorkflowVersion

ENDING = ("replied", "converted", "unsubscribed", "bounced", "complained")
AWAY = "out_of_office"
ACTOR = "Contactflow"
Status, Verb, OnReply = ScheduledAction.Status, ControlEntry.Verb, WorkflowVersion.OnReply
OPEN = (Status.PENDING, Status.CLAIMED, Status.SENDING, Status.AMBIGUOUS)
WAITING = (Status.PENDING, Status.CLAIMED)


@dataclass(frozen=True, kw_only=True)
class Exit:
    """Why what runs for a contact ends; or, with `until`, waits. `at` is when that happened."""

    contact_id: uuid.UUID
    reason: Reason
    at: dt.datetime
    until: dt.datetime | None = None
    brands: frozenset[str] = frozenset()
    """Names: of these only. None named: of all."""

    @property
    def is_reply(self) -> bool:
        return self.reason.code == "contact_replied"


def of_event(event: ContactEvent) -> Exit | None:
    """What an event means for what runs; its contact is loaded with its status."""
    at = event.received_at
    if event.contact.status.blocks_contact:
        reason = Reason.of("status_blocks", status=event.contact.status.name)
        return Exit(contact_id=event.contact_id, reason=reason, at=at)
    if event.kind in ENDING:
        brands = event.payload.get("business_entities") if event.kind == "unsubscribed" else None
        reason = Reason.of(f"contact_{event.kind}")
        return Exit(contact_id=event.contact_id, reason=reason, at=at, brands=frozenset(brands or ()))
    if event.kind == AWAY and (until := _until(event)):
        reason = Reason.of("contact_away", until=until.date().isoformat())
        return Exit(contact_id=event.contact_id, reason=reason, at=at, until=until)
    return None


def carry_out(events: Iterable[ContactEvent], *, now: dt.datetime) -> None:
    """Let what runs for the contacts, who are locked, follow from their events. In a few statements for any number."""
    exits = [one for event in events if (one := of_event(event)) is not None]
    if exits:
        apply(exits, now=now)


def apply(exits: Sequence[Exit], *, now: dt.datetime) -> None:
    """The same for who knows already what is to end or to wait. The contacts are locked."""
    stopped: dict[uuid.UUID, Reason] = {}
    delayed: dict[uuid.UUID, Exit] = {}
    for instance, found in _concerned(exits):
        until = _delay(found, instance)
        if until is None:
            stopped.setdefault(instance.pk, found.reason)
        elif until > now:
            delayed[instance.pk] = Exit(contact_id=found.contact_id, reason=found.reason, at=found.at, until=until)
    _stop(stopped, now)
    _delay_all({pk: one for pk, one in delayed.items() if pk not in stopped}, now)


def _until(event: ContactEvent) -> dt.datetime | None:
    told = event.payload.get("metadata")
    try:
        until = dt.datetime.fromisoformat(str(told.get("until"))) if isinstance(told, Mapping) else None
    except ValueError:
        return None
    return until if until is not None and until.tzinfo else None


def _concerned(exits: Sequence[Exit]) -> list[tuple[WorkflowInstance, Exit]]:
    """The running instances, locked in their order, each with every exit that means it."""
    of_contact: dict[uuid.UUID, list[Exit]] = defaultdict(list)
    for one in exits:
        of_contact[one.contact_id].append(one)
    running = WorkflowInstance.objects.filter(contact__in=of_contact, status__in=["active", "paused"])
    locked = running.order_by("pk").select_for_update(of=("self",)).select_related("version", "business_entity")
    return [
        (instance, one)
        for instance in locked
        for one in of_contact[instance.contact_id]
        if (not one.brands or (instance.business_entity and instance.business_entity.name in one.brands))
        and not (one.is_reply and instance.version.on_reply == OnReply.GO_ON)
    ]


def _delay(one: Exit, instance: WorkflowInstance) -> dt.datetime | None:
    """Until when the instance waits; None: it stops."""
    if one.is_reply and instance.version.on_reply == OnReply.PAUSE:
        return one.at + dt.timedelta(days=instance.version.reply_pause_days or 0)
    return one.until


def _what_is_written(instances: Iterable[uuid.UUID]) -> Any:
    """What waits to be written to the contacts, locked."""
    kinds = [kind.name for kind in actions.all_types() if kind.pursues]
    marketing = Q(template=None) | Q(template__purpose=Purpose.MARKETING)
    rows = ScheduledAction.objects.filter(
        marketing, instance__in=list(instances), action_type__in=kinds, status__in=WAITING
    )
    return rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", "instance_id")


def _stop(stopped: Mapping[uuid.UUID, Reason], now: dt.datetime) -> None:
    by_code: dict[str, list[uuid.UUID]] = defaultdict(list)
    touched: set[uuid.UUID] = set()
    reasons = {reason.code: reason for reason in stopped.values()}
    for pk, instance in _what_is_written(stopped) if stopped else ():
        by_code[stopped[instance].code].append(pk)
        touched.add(instance)
    for code, ids in by_code.items():
        ScheduledAction.objects.filter(pk__in=ids).update(
            status=Status.SKIPPED, finished_at=now, lease_until=None, token=None, held_by="",
            result={"reason": reasons[code].as_json()},
        )  # fmt: skip
    _leave_entries(Verb.STOP, {pk: stopped[pk] for pk in touched}, now)
    remaining = ScheduledAction.objects.filter(instance=OuterRef("pk"), status__in=OPEN)
    over = WorkflowInstance.objects.filter(pk__in=touched).exclude(Exists(remaining))
    over.update(status="cancelled", paused_at=None, ended_at=now)
    WorkflowInstance.objects.filter(pk__in=touched).update(updated_at=Now())


# What waits longest for its moment anyway is not moved; the distances between emails stay as they were planned.
_SHIFT = """
    WITH shift AS (
        SELECT action.instance_id, asked.until - min(action.next_attempt_at) AS by
        FROM unnest(%(instances)s::uuid[], %(untils)s::timestamptz[]) AS asked (instance_id, until)
        JOIN workflows_scheduledaction AS action USING (instance_id)
        WHERE action.id = ANY(%(actions)s::uuid[])
        GROUP BY action.instance_id, asked.until
    ), moved AS (
        UPDATE workflows_scheduledaction AS action
        SET due_at = due_at + shift.by, next_attempt_at = next_attempt_at + shift.by,
            status = 'pending', lease_until = NULL, token = NULL, held_by = ''
        FROM shift
        WHERE action.instance_id = shift.instance_id AND action.id = ANY(%(actions)s::uuid[])
          AND shift.by > interval '0'
        RETURNING action.instance_id
    )
    SELECT DISTINCT instance_id FROM moved
"""


def _delay_all(delayed: Mapping[uuid.UUID, Exit], now: dt.datetime) -> None:
    waiting = [pk for pk, _ in _what_is_written(delayed)] if delayed else []
    if not waiting:
        return
    values = {
        "instances": list(delayed),
        "untils": [one.until for one in delayed.values()],
        "actions": waiting,
    }
    moved = {pk for (pk,) in prepared.rows(_SHIFT, values)}
    _leave_entries(Verb.POSTPONE, {pk: delayed[pk].reason for pk in moved}, now)
    WorkflowInstance.objects.filter(pk__in=moved).update(updated_at=Now())


def _leave_entries(verb: str, reasons: Mapping[uuid.UUID, Reason], now: dt.datetime) -> None:
    ControlEntry.objects.bulk_create(
        ControlEntry(instance_id=pk, verb=verb, reason=describe.why(reason)[:500], actor=ACTOR, at=now)
        for pk, reason in reasons.items()
    )
