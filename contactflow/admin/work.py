"""Tasks and running workflows with their pages in Notion."""

from __future__ import annotations

from django.contrib import admin

from engagement.admin.work import TaskAdmin
from engagement.models import Task
from notion_bridge.admin.subjects import InNotion
from workflows.admin.runs import WorkflowInstanceAdmin
from workflows.models import WorkflowInstance

for model in (Task, WorkflowInstance):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Task)
class WholeTaskAdmin(InNotion, TaskAdmin):
    """A task with its page in Notion."""


@admin.register(WorkflowInstance)
class WholeInstanceAdmin(InNotion, WorkflowInstanceAdmin):
    """A workflow somebody is in, with its page in Notion."""
