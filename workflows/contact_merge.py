"""Two people who are one: what both go through goes on once, and no email reaches them twice.

What is being handed over, or unclear, is left alone: whether it left is not ours to say.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from contactflow.core.numbers import counted
from contactflow.core.reasons import Reason
from engagement.models import Message
from workflows import actions, controls, describe, wake
from workflows.instance_state import settle_instance
from workflows.models import ControlEntry, ScheduledAction, WorkflowInstance

Status = ScheduledAction.Status
Verb = ControlEntry.Verb
OPEN = ("active", "paused")
TWICE = Reason.of("merged_workflow_twice")
DOUBLE = Reason.of("merged_email_twice")
ALREADY = Reason.of("merged_email_sent")
ENDED_BY_MERGE = [reason.code for reason in (TWICE, DOUBLE, ALREADY)]
LEFT = (Message.Status.SENT, Message.Status.SENDING, Message.Status.AMBIGUOUS)  # it left, or may have
KEY_LENGTH = 31  # of the re-entry key that is left beside whose it was


@dataclass(frozen=True)
class Plan:
    """What is ended: whole workflows, and emails within workflows that go on."""

    instances: tuple[WorkflowInstance, ...]
    actions: tuple[ScheduledAction, ...]  # emails due to both of them, without the first
    already: tuple[ScheduledAction, ...]  # emails due to one of them that the other has, or may have


def plan(*, keep: UUID, drop: UUID) -> Plan:
    """What a merge would cancel. Reads only."""
    rows = WorkflowInstance.objects.filter(contact__in=(keep, drop)).select_related("template")
    ended = tuple(_doubled(list(rows.order_by("started_at", "id")), keep))
    gone = {instance.pk for instance in ended}
    waiting = ScheduledAction.objects.filter(
        instance__contact__in=(keep, drop), instance__status__in=OPEN, status__in=["pending", "claimed"]
    ).exclude(instance__in=gone)
    rows_due = waiting.filter(action_type__in=actions.emails(), template__isnull=False).select_related(
        "template", "instance"
    )
    emails = list(rows_due.order_by("due_at", "id"))
    already = tuple(_had_by_the_other(emails, (keep, drop)))
    had = {action.pk for action in already}
    return Plan(ended, tuple(_doubled_emails([one for one in emails if one.pk not in had])), already)


def hold(*, contacts: Sequence[UUID]) -> None:
    """Lock what they go through, and take back what workers hold but have not begun to hand over.

    The caller holds both contacts, weakly: whoever is about to record an intent may still end. A worker that lost its
    claim notices, and the step is claimed anew, for whoever the contact is then.
    """
    instances = WorkflowInstance.objects.filter(contact__in=contacts).select_for_update(no_key=True)
    ids = list(instances.order_by("pk").values_list("pk", flat=True))
    held = ScheduledAction.objects.filter(instance__in=ids, status__in=["pending", "claimed", "sending"])
    list(held.select_for_update().order_by("pk").values_list("pk"))
    claimed = ScheduledAction.objects.filter(instance__in=ids, status=Status.CLAIMED)
    claimed.update(status=Status.PENDING, lease_until=None, token=None, held_by="")


def end(*, planned: Plan, actor: str, now: dt.datetime) -> dict[str, Any]:
    """Cancel what is planned; returns how it was, for `begin_again`. The caller holds the locks."""
    instances = [_state(instance) for instance in planned.instances]
    steps = ScheduledAction.objects.filter(instance__in=planned.instances, status=Status.PENDING)
    of_instances = [str(pk) for pk in steps.values_list("pk", flat=True)]
    touched = sorted({action.instance_id for action in (*planned.actions, *planned.already)})
    instances += [_state(one) for one in WorkflowInstance.objects.filter(pk__in=touched)]
    _cancel(of_instances, TWICE, now)
    for instance in planned.instances:
        WorkflowInstance.objects.filter(pk=instance.pk).update(
            status="cancelled", paused_at=None, ended_at=now, updated_at=Now()
        )
        controls.record(instance.pk, Verb.CANCEL, describe.why(TWICE), actor, now)
    of_emails = [str(action.pk) for action in (*planned.actions, *planned.already)]
    for cancelled, reason in ((planned.actions, DOUBLE), (planned.already, ALREADY)):
        _cancel([str(action.pk) for action in cancelled], reason, now)
        for action in cancelled:
            controls.record(action.instance_id, Verb.SKIP, describe.why(reason), actor, now, action=action.pk)
    for pk in touched:
        settle_instance(instance_id=pk)
    left = dict(WorkflowInstance.objects.filter(pk__in=[one["id"] for one in instances]).values_list("pk", "status"))
    instances = [{**one, "left": left[UUID(one["id"])]} for one in instances]
    return {"instances": instances, "actions": [*of_instances, *of_emails]}


def make_room(*, keep: UUID, drop: UUID) -> dict[str, str]:
    """Give what both started under one key ("once") two keys; returns the keys as they were, by instance."""
    known = set(WorkflowInstance.objects.filter(contact=keep).values_list("template", "reentry_key"))
    changed = {}
    for instance in WorkflowInstance.objects.filter(contact=drop):
        if (instance.template_id, instance.reentry_key) in known:
            changed[str(instance.pk)] = instance.reentry_key
            key = f"{instance.reentry_key[:KEY_LENGTH]}~{drop.hex}"
            WorkflowInstance.objects.filter(pk=instance.pk).update(reentry_key=key)
    return changed


def restore_keys(*, keys: dict[str, str]) -> None:
    for pk, key in keys.items():
        WorkflowInstance.objects.filter(pk=pk).update(reentry_key=key)


def begin_again(*, record: dict[str, Any], actor: str, now: dt.datetime) -> list[str]:
    """Take back what `end` did, as far as its time has not passed; says what stays cancelled."""
    late = 0
    for was in record["instances"]:
        instance = WorkflowInstance.objects.get(pk=was["id"])
        is_changed_since = instance.status != was["left"] and not {instance.status, was["left"]} <= set(OPEN)
        if is_changed_since:  # by somebody who decided anew
            continue
        cancelled = _still_cancelled(record["actions"], instance)
        # A paused workflow's clock stands still, so nothing of it is late.
        in_time = cancelled if "paused" in (was["status"], instance.status) else cancelled.filter(due_at__gt=now)
        number = in_time.count()
        passed = cancelled.count() - number
        late += passed
        in_time.update(status=Status.PENDING, finished_at=None, result={})
        if was["left"] not in OPEN and (number or not passed):
            _reopen(instance.pk, was)
            controls.record(instance.pk, Verb.RESUME, "the merge was undone", actor, now)
    wake.on_commit()
    stay = "stays" if late == 1 else "stay"
    return [f"{counted(late, 'step')} whose time has passed {stay} cancelled."] if late else []


def _still_cancelled(actions: Sequence[str], instance: WorkflowInstance) -> QuerySet[ScheduledAction]:
    return instance.actions.filter(pk__in=actions, status=Status.CANCELLED, result__reason__code__in=ENDED_BY_MERGE)


def _reopen(instance: UUID, was: dict[str, Any]) -> None:
    WorkflowInstance.objects.filter(pk=instance).update(
        status=was["status"], paused_at=was["paused_at"], ended_at=was["ended_at"], updated_at=Now()
    )


def _doubled(instances: list[WorkflowInstance], keep: UUID) -> Iterable[WorkflowInstance]:
    """Of what both go through, the one that goes on is the one that came furthest, then the elder; oldest first."""
    by_template: dict[int, list[WorkflowInstance]] = defaultdict(list)
    for instance in instances:
        if instance.status != WorkflowInstance.Status.CANCELLED:
            by_template[instance.template_id].append(instance)
    for rows in by_template.values():
        running = [row for row in rows if row.status in OPEN]
        once = [row for row in rows if row.reentry_key.startswith("once")]
        rivals = once if any(row.status not in OPEN for row in once) else running
        if len({row.contact_id == keep for row in rivals}) < 2:
            continue  # only one of them
        stays = next((row for row in rivals if row.status not in OPEN), rivals[0])
        yield from (row for row in rivals if row.status in OPEN and row.contact_id != stays.contact_id)


def _doubled_emails(actions: list[ScheduledAction]) -> Iterable[ScheduledAction]:
    """The same email due to both of them: the earlier one stays."""
    first: dict[int, UUID] = {}
    for action in actions:
        if action.template_id is None:
            continue
        stays = first.setdefault(action.template_id, action.instance.contact_id)
        if action.instance.contact_id != stays:
            yield action


def _had_by_the_other(actions: list[ScheduledAction], people: tuple[UUID, UUID]) -> Iterable[ScheduledAction]:
    """What somebody got once themselves may be meant to come again; what only the other got would be a surprise."""
    letters = Message.objects.filter(contact__in=people, status__in=LEFT, version__isnull=False)
    had = set(letters.order_by().values_list("version__template", "contact").distinct())
    other = dict(zip(people, reversed(people), strict=True))
    for action in actions:
        person = action.instance.contact_id
        if (action.template_id, other[person]) in had and (action.template_id, person) not in had:
            yield action


def _cancel(ids: Sequence[str], reason: Reason, now: dt.datetime) -> None:
    ScheduledAction.objects.filter(pk__in=ids, status=Status.PENDING).update(
        status=Status.CANCELLED, finished_at=now, result={"reason": reason.as_json()}
    )


def _state(instance: WorkflowInstance) -> dict[str, Any]:
    return {
        "id": str(instance.pk),
        "status": instance.status,
        "paused_at": instance.paused_at and instance.paused_at.isoformat(),
        "ended_at": instance.ended_at and instance.ended_at.isoformat(),
    }
