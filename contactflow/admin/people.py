"""A contact with what every room knows about them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from contacts import clock
from contacts.admin.pages import RecordInline, column, joined, link
from contacts.admin.people import ContactAdmin
from contacts.intake import Receipt
from contacts.models import Contact
from engagement.models import Message, Task
from notion_bridge.admin.subjects import InNotion
from workflows import enrolment, wake
from workflows.models import WorkflowInstance


class InstanceInline(RecordInline):
    model = WorkflowInstance
    verbose_name_plural = "Workflows"
    fields = ("workflow", "status", "because", "started_at", "ended_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("template")

    @column("Workflow")
    def workflow(self, instance: WorkflowInstance) -> str:
        return link(instance, str(instance.template))


class MessageInline(RecordInline):
    model = Message
    verbose_name_plural = "Emails"
    fields = ("subject_link", "status", "sent_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("text", "html")

    @column("Subject")
    def subject_link(self, message: Message) -> str:
        return link(message)


class TaskInline(RecordInline):
    model = Task
    verbose_name_plural = "Tasks"
    fields = ("title_link", "status", "priority", "due_at")
    readonly_fields = fields

    @column("Task")
    def title_link(self, task: Task) -> str:
        return link(task)


@admin.register(Contact)
class WholeContactAdmin(InNotion, ContactAdmin):
    """A contact with what every room knows about them; a change starts its workflows at once."""

    inlines: ClassVar = (*ContactAdmin.inlines, InstanceInline, MessageInline, TaskInline)

    def tell(self, request: HttpRequest, receipt: Receipt) -> None:
        started = enrolment.enrol(event=receipt.event, now=clock.database_now()).instances
        wake.on_commit()
        if started:
            messages.info(request, f"Started: {joined(instance.template for instance in started)}.")
