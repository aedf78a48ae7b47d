"""What people do to instances and actions; each control leaves who, when and why.

Every function locks the instance first, so that a worker and a person never decide at once. They raise NotPossible
when the state does not allow the control.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from functools import partial

from django.db import transaction
from django.db.models import Case, F, When
from django.db.models.functions import Now

from contactflow.core.reasons import Reason, Refused
from contacts.models import Contact
from engagement import delivery
from engagement.channels.base import Receipt
from workflows import describe, wake
from workflows.instance_state import lock_instance, settle_instance
from workflows.models import ControlEntry, ScheduledAction, WorkflowInstance

Status = ScheduledAction.Status
Verb = ControlEntry.Verb


class NotPossible(Refused):
    """The state of the instance or action does not allow the control."""

    def __str__(self) -> str:
        return describe.why(self.reason)


def pause(*, instance: WorkflowInstance, reason: str, actor: str, now: dt.datetime) -> None:
    """Stop the clock of an active instance. What is being handed over at this moment still ends."""
    with transaction.atomic():
        _require_instance(instance, {"active"}, "only_active_pauses")
        WorkflowInstance.objects.filter(pk=instance.pk).update(status="paused", paused_at=now, updated_at=Now())
        instance.actions.update(paused=True)
        # Whoever claimed it finds its token gone: it need not wait for a lease to run out.
        instance.actions.filter(status=Status.CLAIMED).update(
            status=Status.PENDING, lease_until=None, token=None, held_by=""
        )
        record(instance.pk, Verb.PAUSE, reason, actor, now)
    instance.refresh_from_db()


def resume(*, instance: WorkflowInstance, reason: str, actor: str, now: dt.datetime) -> None:
    """Let a paused instance go on; what waits is shifted by the length of the pause."""
    with transaction.atomic():
        _require_instance(instance, {"paused"}, "only_paused_resumes")
        instance.refresh_from_db()
        shift = now - (instance.paused_at or now)
        instance.actions.update(paused=False)
        # What was put off on its own account (a back-off, a retry by hand) keeps that moment.
        instance.actions.filter(status=Status.PENDING).update(
            due_at=F("due_at") + shift,
            next_attempt_at=Case(
                When(next_attempt_at=F("due_at"), then=F("due_at") + shift), default=F("next_attempt_at")
            ),
        )
        WorkflowInstance.objects.filter(pk=instance.pk).update(status="active", paused_at=None, updated_at=Now())
        record(instance.pk, Verb.RESUME, reason, actor, now)
        settle_instance(instance_id=instance.pk)
        wake.on_commit()
    instance.refresh_from_db()


def cancel(*, instance: WorkflowInstance, reason: str, actor: str, now: dt.datetime) -> None:
    """End an instance; what waits is cancelled. What is being handed over or unclear keeps its own outcome."""
    with transaction.atomic():
        _require_instance(instance, {"active", "paused"}, "only_running_cancels")
        instance.actions.filter(status__in=[Status.PENDING, Status.CLAIMED]).update(
            status=Status.CANCELLED,
            finished_at=now,
            lease_until=None,
            token=None,
            held_by="",
            result={"reason": reason},
        )
        WorkflowInstance.objects.filter(pk=instance.pk).update(
            status="cancelled", paused_at=None, ended_at=now, updated_at=Now()
        )
        record(instance.pk, Verb.CANCEL, reason, actor, now)
    instance.refresh_from_db()


def _to_all(
    control: Callable[..., None], statuses: set[str], *, contact: Contact, reason: str, actor: str, now: dt.datetime
) -> int:
    """Do it to every workflow of a contact in such a state, or to none; returns to how many.

    The contact is locked first, as everywhere, so that none starts or is controlled meanwhile.
    """
    with transaction.atomic():
        Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk).first()
        running = WorkflowInstance.objects.filter(contact=contact, status__in=statuses)
        found = list(running.order_by("pk").select_for_update(of=("self",)))
        for instance in found:
            control(instance=instance, reason=reason, actor=actor, now=now)
    return len(found)


pause_all = partial(_to_all, pause, {"active"})
resume_all = partial(_to_all, resume, {"paused"})
cancel_all = partial(_to_all, cancel, {"active", "paused"})


def retry(*, action: ScheduledAction, reason: str, actor: str, now: dt.datetime) -> None:
    """Try again now what failed, gave up or was skipped; its instance becomes active again."""
    with transaction.atomic():
        instance_status = _require_action(action, {Status.FAILED, Status.DEAD, Status.SKIPPED}, "only_ended_retries")
        if instance_status == "cancelled":
            raise NotPossible(Reason.of("workflow_cancelled"))
        _begin_again(action, now)
        record(action.instance_id, Verb.RETRY, reason, actor, now, action=action.pk)
    action.refresh_from_db()


def skip(*, action: ScheduledAction, reason: str, actor: str, now: dt.datetime) -> None:
    """Leave out what waits, failed or gave up."""
    with transaction.atomic():
        _require_action(action, {Status.PENDING, Status.FAILED, Status.DEAD}, "only_waiting_skips")
        _end(action, Status.SKIPPED, {"reason": reason, "by": actor}, now)
        # An instance that failed is judged anew once the failure is dealt with.
        WorkflowInstance.objects.filter(pk=action.instance_id, status="failed").update(status="active", ended_at=None)
        settle_instance(instance_id=action.instance_id)
        record(action.instance_id, Verb.SKIP, reason, actor, now, action=action.pk)
    action.refresh_from_db()


def resolve(*, action: ScheduledAction, sent: bool, reason: str, actor: str, now: dt.datetime) -> None:
    """Settle an unclear action: it was sent and is done, or it was not and is sent now."""
    with transaction.atomic():
        instance_status = _require_action(action, {Status.AMBIGUOUS}, "only_unclear_resolves")
        if sent:
            settled = Receipt(transport="smtp", response=f"Settled by {actor}")
            delivery.record_sent({action.pk: settled})
            _end(action, Status.DONE, {"settled": reason, "by": actor}, now)
            settle_instance(instance_id=action.instance_id)
        else:
            delivery.record_failed(action.pk, reason=Reason.of("not_sent", by=actor, why=reason), now=now)
            if instance_status == "cancelled":
                _end(action, Status.CANCELLED, {"settled": reason, "by": actor}, now)
            else:
                _begin_again(action, now)
        verb = Verb.RESOLVE_SENT if sent else Verb.RESOLVE_NOT_SENT
        record(action.instance_id, verb, reason, actor, now, action=action.pk)
    action.refresh_from_db()


def _begin_again(action: ScheduledAction, now: dt.datetime) -> None:
    ScheduledAction.objects.filter(pk=action.pk).update(
        status=Status.PENDING,
        next_attempt_at=now,
        attempts=0,
        suspect=False,
        lone_crashes=0,
        finished_at=None,
        result={},
    )
    WorkflowInstance.objects.filter(pk=action.instance_id, status__in=["completed", "failed"]).update(
        status="active", ended_at=None, updated_at=Now()
    )
    wake.on_commit()


def _end(action: ScheduledAction, status: str, result: dict[str, str], now: dt.datetime) -> None:
    ScheduledAction.objects.filter(pk=action.pk).update(status=status, finished_at=now, result=result)


def _require_instance(instance: WorkflowInstance, allowed: set[str], code: str) -> None:
    status = lock_instance(instance_id=instance.pk)
    if status not in allowed:
        raise NotPossible(Reason.of(code, status=WorkflowInstance.Status(status).label.lower()))


def _require_action(action: ScheduledAction, allowed: Iterable[Status], code: str) -> str:
    """Lock instance and action; returns the instance's status."""
    instance_status = lock_instance(instance_id=action.instance_id)
    status = Status(ScheduledAction.objects.select_for_update().values_list("status", flat=True).get(pk=action.pk))
    if status not in allowed:
        raise NotPossible(Reason.of(code, status=status.label.lower()))
    return instance_status


def record(
    instance_id: uuid.UUID, verb: str, reason: str, actor: str, now: dt.datetime, *, action: uuid.UUID | None = None
) -> None:
    """Leave who did what, when and why."""
    ControlEntry.objects.create(
        instance_id=instance_id, action_id=action, verb=verb, reason=reason[:500], actor=actor[:150], at=now
    )
