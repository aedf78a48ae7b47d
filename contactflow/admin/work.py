"""Tasks, alerts and running workflows: what made them, and their pages in Notion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contactflow.core.admin.model_admin import column
from engagement.admin.alerts import AlertAdmin
from engagement.admin.tasks import TaskAdmin
from engagement.models import Alert, Task
from notion_bridge.admin.display import InNotion
from workflows.admin.executions import WorkflowInstanceAdmin
from workflows.models import ScheduledAction, WorkflowInstance

if TYPE_CHECKING:
    Rows = admin.ModelAdmin[Any]
else:
    Rows = object

for model in (Task, Alert, WorkflowInstance):
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
