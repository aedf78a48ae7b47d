"""Tasks, whether the channels run, and how often a language model was asked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import (
    ChoicesCheckboxFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)

from contacts import clock
from contacts.admin import confirmation, sentences
from contacts.admin.confirmation import Question
from contacts.admin.pages import Kept, Record, button, column, link
from engagement import analytics, tasking
from engagement.admin.alerts import PRIORITY_COLOURS
from engagement.channels import state as channel_state
from engagement.models import ChannelState, PassageBudget, Task

STATUS_COLOURS = {"Done": "success", "In progress": "info", "On hold": "warning"}
FINISHED = (Task.Status.DONE, Task.Status.CANCELLED)


class DueFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "Overdue"), ("today", "Later today"), ("open", "Open")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        if self.value() == "today":
            return analytics.due_today(queryset, now=clock.database_now())
        if self.value() not in ("overdue", "open"):
            return queryset
        unfinished = queryset.exclude(status__in=FINISHED)
        return unfinished.filter(due_at__lt=Now()) if self.value() == "overdue" else unfinished


@admin.register(Task)
class TaskAdmin(Kept):
    list_display = ("title", "contact_link", "urgency", "state", "target", "assignee", "due_at")
    list_filter = (
        DueFilter,
        ("status", ChoicesCheckboxFilter),
        ("priority", ChoicesDropdownFilter),
        ("target", RelatedDropdownFilter),
        ("business_entity", RelatedDropdownFilter),
    )
    list_select_related = ("contact", "target", "assignee", "business_entity")
    search_fields = ("title", "contact__email")
    autocomplete_fields = ("contact", "assignee", "target")
    readonly_fields = ("source", "created_at", "completed_at")
    fieldsets = (
        (None, {"fields": ("title", "description", "category", "priority", "status", "due_at", "effort_hours")}),
        ("Who", {"fields": ("contact", "business_entity", "target", "assignee")}),
        ("History", {"fields": ("source", "created_at", "completed_at")}),
    )
    add_fieldsets = fieldsets[:-1]
    actions = ("finish_chosen",)
    actions_detail = ("finish",)

    def has_finish_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_task")

    def possible_buttons(self, row: Task) -> tuple[str, ...]:
        return () if row.status in FINISHED else ("finish",)

    @column("Priority", ordering="priority", label=PRIORITY_COLOURS)
    def urgency(self, task: Task) -> str:
        return task.get_priority_display()

    @column("Status", ordering="status", label=STATUS_COLOURS)
    def state(self, task: Task) -> str:
        return task.get_status_display()

    @column("Contact")
    def contact_link(self, task: Task) -> str:
        return link(task.contact)

    def save_model(self, request: HttpRequest, obj: Task, form: forms.ModelForm[Task], change: bool) -> None:
        """The status goes through tasking, which also knows when a task was completed."""
        wanted, now = obj.status, clock.database_now()
        obj.status = form.initial["status"] if change else Task.Status.TO_DO
        obj.updated_at = now
        if change:
            obj.save(update_fields=[name for name in form.changed_data if name != "status"] + ["updated_at"])
        else:
            obj.save()
        if wanted != obj.status:
            tasking.set_status(task=obj, status=wanted, now=now)

    @button("Done", permission="finish", icon="check")
    def finish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(task: Task, answers: dict[str, Any]) -> str:
            tasking.set_status(task=task, status=Task.Status.DONE, now=clock.database_now())
            return "The task is done."

        question = Question(
            title="Is this task done?", explanation="It leaves the list of open tasks.", submit="Done", act=act
        )
        return confirmation.ask(self, request, object_id, question)

    @admin.action(description="Done: the chosen tasks", permissions=["finish"])
    def finish_chosen(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        now, count = clock.database_now(), 0
        for task in chosen.exclude(status__in=FINISHED).iterator():
            tasking.set_status(task=task, status=Task.Status.DONE, now=now)
            count += 1
        messages.success(request, f"{count} done.")


@admin.register(ChannelState)
class ChannelStateAdmin(Record):
    list_display = ("channel", "state", "reason", "troubles", "updated_at")
    fields = ("channel", "state", "reason", "troubles", "updated_at")
    search_fields = ("channel",)
    actions_detail = ("resume",)

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_channelstate")

    def possible_buttons(self, row: ChannelState) -> tuple[str, ...]:
        return ("resume",) if row.paused_until else ()

    @column("State")
    def state(self, channel: ChannelState) -> str:
        return f"Paused until {sentences.moment(channel.paused_until)}" if channel.paused_until else "Running"

    @button("Resume now", permission="resume", icon="play_arrow")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(channel: ChannelState, answers: dict[str, Any]) -> str:
            channel_state.clear(channel.channel)
            return "The channel runs again; what waited goes out at its next attempt."

        question = Question(
            title="Resume this channel now",
            explanation="Do this once its trouble is over: if it is not, the channel pauses again, for longer.",
            submit="Resume",
            act=act,
        )
        return confirmation.ask(self, request, object_id, question)


@admin.register(PassageBudget)
class PassageBudgetAdmin(Record):
    list_display = ("day", "calls")
    fields = list_display
    search_fields = ("day",)
    ordering = ("-day",)
