"""Tasks, alerts, running workflows and emails, with what other rooms know of them: workflows, and pages in Notion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contactflow.core.admin.model_admin import column
from contactflow.core.numbers import counted
from engagement.admin.alerts import AlertAdmin
from engagement.admin.emails import EngagementTemplateAdmin, Use
from engagement.admin.tasks import TaskAdmin
from engagement.models import Alert, EngagementTemplate, Task
from notion_bridge.admin.display import InNotion
from workflows.admin.executions import WorkflowInstanceAdmin
from workflows.models import PlannedTouch, ScheduledAction, Step, WorkflowInstance, WorkflowTemplate

if TYPE_CHECKING:
    Rows = admin.ModelAdmin[Any]
else:
    Rows = object

for model in (Task, Alert, WorkflowInstance, EngagementTemplate):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class FromWorkflow(Rows):
    """For the page of a task or an alert: which workflow made it. Goes before its admin."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        step = ScheduledAction.objects.filter(pk=OuterRef("action"))
        rows: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(
                instance_of_step=Subquery(step.values("instance")[:1]),
                workflow_of_step=Subquery(step.values("instance__template__name")[:1]),
            )
        )
        return rows

    @column("Made by")
    def made_by(self, row: Any) -> SafeString | str:
        if row.instance_of_step is None:
            return "By hand" if row.action is None else "A workflow that is deleted"
        address = reverse("admin:workflows_workflowinstance_change", args=[row.instance_of_step])
        return format_html('<a href="{}" class="text-link">{}</a>', address, row.workflow_of_step)


@admin.register(Task)
class WholeTaskAdmin(InNotion, FromWorkflow, TaskAdmin):
    """A task with the workflow that made it and its page in Notion."""


@admin.register(Alert)
class WholeAlertAdmin(FromWorkflow, AlertAdmin):
    """An alert with the workflow that raised it."""


@admin.register(WorkflowInstance)
class WholeInstanceAdmin(InNotion, WorkflowInstanceAdmin):
    """A workflow somebody is in, with its page in Notion."""

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        instance = options.get("obj")
        if instance is not None and hasattr(instance, "notion_link"):
            told = {"in_notion": self.in_notion(instance), "state_in_notion": self.state_in_notion(instance)}
            context.update(told)
        return super().render_change_form(request, context, *args, **options)


@admin.register(EngagementTemplate)
class WholeEmailAdmin(EngagementTemplateAdmin):
    """An email with the steps and touches of published workflows that send it."""

    list_display: tuple[str, ...] = (
        "name", "business_entity", "category", "level_name", "sent_by", "active", "version", "last_changed",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[EngagementTemplate]:
        steps, touches = (
            Coalesce(Subquery(rows.order_by().values("template").annotate(n=Count("pk")).values("n")), Value(0))
            for rows in _sent_by(OuterRef("pk"))
        )
        return super().get_queryset(request).annotate(uses=steps + touches)

    @column("Sent by", ordering="uses")
    def sent_by(self, template: EngagementTemplate) -> str:
        number: int = getattr(template, "uses", 0)
        return counted(number, "step") if number else "Nothing yet"

    def used_by(self, template: EngagementTemplate) -> list[Use]:
        steps, touches = _sent_by(template)
        found = [
            _use(step.version.template, f"step {step.position}, after {_hours(float(step.delay_hours))}")
            for step in steps.select_related("version__template").order_by("version__template__name", "position")
        ]
        return found + [
            _use(touch.step.version.template, f"follow-up on day {touch.day}")
            for touch in touches.select_related("step__version__template").order_by("day")
        ]


def _sent_by(template: Any) -> tuple[QuerySet[Step], QuerySet[PlannedTouch]]:
    """The steps and touches of published workflows that send it."""
    touches = PlannedTouch.objects.filter(step__version=F("step__version__template__current_version"))
    steps = Step.objects.filter(version=F("version__template__current_version"))
    return steps.filter(template=template), touches.filter(template=template)


def _use(workflow: WorkflowTemplate, step: str) -> Use:
    address = reverse("admin:workflows_workflowtemplate_change", args=[workflow.pk])
    name = workflow.name if workflow.active else f"{workflow.name} (switched off)"
    return Use(workflow=name, step=step, address=address)


def _hours(hours: float) -> str:
    if hours and hours % 24 == 0:
        return counted(round(hours / 24), "day")
    return "1 hour" if hours == 1 else f"{hours:g} hours"
