"""From a draft to an immutable version. Instances stay pinned to the version they started with."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from workflows.models import ActionType, PlannedTouch, Step, WorkflowTemplate, WorkflowVersion

_STEP_FIELDS = (
    "position",
    "delay_hours",
    "action_type",
    "target",
    "template",
    "title",
    "description",
    "category",
    "priority",
    "effort_hours",
)


class NotPublishable(ValueError):
    """The draft lacks something; `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def draft_of(template: WorkflowTemplate) -> WorkflowVersion:
    """The draft of a template; without one, a copy of the current version becomes it."""
    with transaction.atomic():
        WorkflowTemplate.objects.select_for_update().get(pk=template.pk)
        draft = template.versions.filter(published_at=None).first()
        return draft or _copy(template)


def problems_of(version: WorkflowVersion) -> list[str]:
    """What keeps a version from being published, in sentences; empty when nothing does."""
    problems = [] if version.events else ["Name at least one event that starts the workflow."]
    steps = list(version.steps.prefetch_related("touches"))
    if not steps:
        problems.append("Add at least one step.")
    for step in steps:
        problems += [f"Step {step.position}: {problem}" for problem in _problems_of_step(step)]
    return problems


def publish(*, version: WorkflowVersion, by: User | None, now: dt.datetime) -> WorkflowVersion:
    """Make a draft the version that runs from now on. Raises NotPublishable."""
    with transaction.atomic():
        template = WorkflowTemplate.objects.select_for_update().get(pk=version.template_id)
        version.refresh_from_db()
        problems = ["This version is published already."] if version.published_at else problems_of(version)
        if problems:
            raise NotPublishable(problems)
        version.published_at, version.published_by = now, by
        version.save(update_fields=["published_at", "published_by"])
        WorkflowTemplate.objects.filter(pk=template.pk).update(current_version=version, updated_at=Now())
    return version


def _problems_of_step(step: Step) -> list[str]:
    problems = []
    if step.delay_hours < 0:
        problems.append("the delay cannot be negative.")
    if step.action_type == ActionType.SEND_EMAIL and (
        step.template is None or step.template.current_version_id is None
    ):
        problems.append("choose an email that has words.")
    if step.action_type in (ActionType.SEND_NOTIFICATION, ActionType.CREATE_TASK) and step.target_id is None:
        problems.append("choose who is alerted or gets the task.")
    if step.action_type == ActionType.CREATE_TASK and not step.title:
        problems.append("give the task a title.")
    if step.action_type == ActionType.SCHEDULE_FOLLOW_UP and not step.touches.all():
        problems.append("plan at least one touch.")
    return problems


def _copy(template: WorkflowTemplate) -> WorkflowVersion:
    current = template.current_version
    last = template.versions.order_by("-number").values_list("number", flat=True).first() or 0
    draft = WorkflowVersion(template=template, number=last + 1)
    if current is None:
        draft.save()
        return draft
    for field in ("events", "interests", "tags", "reentry", "reentry_days"):
        setattr(draft, field, getattr(current, field))
    draft.save()
    draft.contact_types.set(current.contact_types.all())
    draft.lead_sources.set(current.lead_sources.all())
    for step in current.steps.prefetch_related("touches"):
        _copy_step(step, draft)
    return draft


def _copy_step(step: Step, draft: WorkflowVersion) -> None:
    copy = Step.objects.create(version=draft, **{field: getattr(step, field) for field in _STEP_FIELDS})
    PlannedTouch.objects.bulk_create(
        PlannedTouch(step=copy, day=touch.day, template_id=touch.template_id) for touch in step.touches.all()
    )
