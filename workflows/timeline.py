"""Workflows of one contact, their steps, and what staff decided about them, for the timeline."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from contacts import describe
from contacts.models import Contact
from contacts.timeline import BAD, GOOD, INFO, WARN, Entry, Source
from workflows import actions, progress
from workflows.models import ControlEntry, ScheduledAction, WorkflowInstance

WORKFLOW, STEP, CONTROL = "workflow", "step", "control"
Status = ScheduledAction.Status
TOLD = [Status.DONE, Status.FAILED, Status.DEAD, Status.SKIPPED, Status.AMBIGUOUS]
STEPS = {
    Status.DONE: ("Done", GOOD),
    Status.FAILED: ("Failed", BAD),
    Status.DEAD: ("Gave up", BAD),
    Status.SKIPPED: ("Skipped", ""),
    Status.AMBIGUOUS: ("Unclear whether it arrived", WARN),
}
ENDS = {
    "completed": ("Completed", GOOD, ("Every step is done or was skipped.",)),
    "cancelled": ("Cancelled", "", ()),
    "failed": ("Ended with a failure", BAD, ("Every step has ended, and at least one of them failed.",)),
}


def _tell_start(instance: WorkflowInstance) -> Entry:
    brand = f"Speaks for {instance.business_entity}" if instance.business_entity else ""
    because = f"Because: {describe.because(instance.because)}" if instance.because else ""
    return Entry(
        kind=WORKFLOW,
        at=instance.started_at,
        title=f"Workflow started: {instance.template}",
        lines=tuple(line for line in (because, brand) if line),
        tone=INFO,
        row=instance,
    )


def _tell_end(instance: WorkflowInstance) -> Entry:
    said, tone, lines = ENDS[instance.status]
    at = instance.ended_at or instance.updated_at
    return Entry(kind=WORKFLOW, at=at, title=f"{said}: {instance.template}", lines=lines, tone=tone, row=instance)


def _tell_step(action: ScheduledAction) -> Entry:
    said, tone = STEPS[Status(action.status)]
    reason = action.why_left_out
    lines = (
        f"Workflow: {action.instance.template}",
        f"Because: {reason}" if reason else "",
        progress.cut(action.last_error, 300) if action.status in (Status.FAILED, Status.DEAD, Status.AMBIGUOUS) else "",
    )
    return Entry(
        kind=STEP,
        at=action.ended,  # type: ignore[attr-defined]  # annotated
        title=f"{said}: {progress.name_of(action)}",
        lines=tuple(line for line in lines if line),
        tone=tone,
        row=action,
    )


def _tell_control(entry: ControlEntry) -> Entry:
    about = progress.name_of(entry.action) if entry.action else str(entry.instance.template)
    return Entry(
        kind=CONTROL,
        at=entry.at,
        title=f"{entry.get_verb_display()}: {about}",
        lines=(f"Reason: {entry.reason}",) if entry.reason else (),
        by=entry.actor,
        row=entry.instance,
    )


def _steps_of(contact: Contact) -> QuerySet[Any]:
    """Through the contact's instances. Ordered by an expression, since an index on everybody's times would tempt the
    planner to read those of all other people first."""
    rows = ScheduledAction.objects.filter(instance__in=contact.workflow_instances.all(), status__in=TOLD)
    # Their alert, task or email stands in the timeline itself, and tells more.
    speak_for_themselves = [kind.name for kind in actions.all_types() if kind.is_in_timeline]
    return (
        rows.exclude(status=Status.DONE, action_type__in=speak_for_themselves)
        .annotate(ended=Coalesce("finished_at", "started_at", "due_at"))
        .select_related("instance__template", "step", "target", "template")
    )


def _controls_of(contact: Contact) -> QuerySet[Any]:
    rows = ControlEntry.objects.filter(instance__in=contact.workflow_instances.all())
    return rows.annotate(moment=Coalesce("at", F("at"))).select_related(
        "instance__template", "action__step", "action__target", "action__template"
    )


SOURCES = (
    Source(name="workflows.control", kinds={CONTROL: Q()}, rows=_controls_of, time="moment", tell=_tell_control),
    Source(
        name="workflows.end",
        kinds={WORKFLOW: Q()},
        rows=lambda contact: contact.workflow_instances.filter(ended_at__isnull=False).select_related("template"),
        time="ended_at",
        tell=_tell_end,
    ),
    Source(
        name="workflows.start",
        kinds={WORKFLOW: Q()},
        rows=lambda contact: contact.workflow_instances.select_related("template", "business_entity"),
        time="started_at",
        tell=_tell_start,
    ),
    Source(name="workflows.step", kinds={STEP: Q()}, rows=_steps_of, time="ended", tell=_tell_step),
)
