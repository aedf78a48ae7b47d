"""Tasks, whether the channels run, and how often a language model was asked."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    ChoicesCheckboxFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)

from contactflow.core import clock
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import NoDeleteAdmin, ReadOnlyAdmin, column, link, name_of
from contacts import describe
from engagement import describe as engagement_describe
from engagement import tasking, worklist
from engagement.admin import due_dates, live_updates, task_actions, task_bulk_actions
from engagement.admin.alerts import PRIORITY_COLOURS
from engagement.admin.board import REMEMBERED, WHOSE, Board
from engagement.admin.priority_order import RANK
from engagement.channels import state as channel_state
from engagement.models import ChannelState, PassageBudget, Task
from engagement.worklist import FINISHED, Scope

STATUS_CHIPS = {"done": "is-good", "in_progress": "is-info", "on_hold": "is-warn"}
TOGETHER = 1000  # so many at once; a page waits for them
PAST = {("due", "any"), ("status__exact", "done"), ("status__exact", "cancelled")}


class WhoseFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    title = "whose"
    parameter_name = WHOSE

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Scope.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        return worklist.tasks_of(queryset, scope=self.value() or Scope.ALL, user=cast(User, request.user))


class DueFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    """Open tasks unless something else is asked for: what is finished has no place at the top of a day's list."""

    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("overdue", "Overdue"), ("today", "Later today"), ("any", "Open and finished")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        match self.value():
            case "today":
                return worklist.due_today(queryset, now=clock.database_now())
            case "overdue":
                return worklist.unfinished(queryset).filter(due_at__lt=Now())
            case "open":
                return worklist.unfinished(queryset)
            case None if not self._asks_otherwise(request):
                return worklist.unfinished(queryset)
        return queryset

    def _asks_otherwise(self, request: HttpRequest) -> bool:
        """A status, words to look for, or rows of another list: then finished ones are meant, too."""
        others = {WHOSE, "p", "o", "priority__exact", "target__id__exact", "business_entity__id__exact"}
        return any(value and name not in others for name, value in request.GET.items())


@admin.register(Task)
class TaskAdmin(Board, NoDeleteAdmin):
    when_empty = "Nothing to do. Workflows put tasks here for you and your team, and you can add your own."
    list_display = ("task", "due_in_words", "urgency", "who", "deeds")
    list_display_links = None  # the column of the task has links of its own
    list_filter = (
        WhoseFilter,
        DueFilter,
        ("status", ChoicesCheckboxFilter),
        ("priority", ChoicesDropdownFilter),
        ("target", RelatedDropdownFilter),
        ("business_entity", RelatedDropdownFilter),
    )
    list_filter_sheet = True
    list_select_related = ("contact", "target", "assignee", "business_entity")
    search_fields = ("title", "contact__email")
    search_help_text = "Title, or the contact's name or address"
    change_list_template = "admin/engagement/board_list.html"
    autocomplete_fields = ("contact", "assignee", "target")
    readonly_fields = ("made_by", "created_at", "completed_at")
    fieldsets = (
        (None, {"fields": ("title", "description", ("status", "priority"), "due_at", ("effort_hours", "category"))}),
        ("Who", {"fields": (("contact", "business_entity"), ("target", "assignee"))}),
        ("How it came about", {"fields": ("made_by", ("created_at", "completed_at"))}),
    )
    add_fieldsets = fieldsets[:-1]
    actions = ("finish_chosen", "take_chosen", "assign_chosen", "put_off_chosen")
    actions_detail = ("finish",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        rows: QuerySet[Task] = super().get_queryset(request).annotate(asked_at=Now())
        return rows

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What is open, due first. Among all that was ever done, the newest first: nobody looks for the oldest."""
        asked = {(name, value) for name, values in request.GET.lists() for value in values if value}
        looks_back = asked & PAST or (request.GET.get("q") and not request.GET.get(DueFilter.parameter_name))
        return ("-created_at", "-id") if looks_back else ("due_at", "created_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Task], search_term: str
    ) -> tuple[QuerySet[Task], bool]:
        return worklist.matching(queryset, text=search_term), False

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return shown if self.has_finish_permission(request) else [name for name in shown if name != "deeds"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        version = worklist.tasks_version(now=clock.database_now())
        if live_updates.is_unchanged(request, version) and self.has_view_permission(request):
            return live_updates.unchanged()
        scope = live_updates.remembered(
            request, parameter=WHOSE, key=REMEMBERED, choices=Scope.values, default=Scope.ALL
        )
        shown = {
            "tabs": live_updates.tabs(request, parameter=WHOSE, choices=Scope.choices, current=scope),
            "scope": scope,
            "live": {"version": version, "address": live_updates.address(request), "every": live_updates.EVERY_SECONDS},
        }
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def has_finish_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_task")

    def possible_buttons(self, row: Task) -> tuple[str, ...]:
        return () if row.status in FINISHED else ("finish",)

    @column("Task", ordering="title")
    def task(self, task: Task) -> SafeString:
        about = [part for part in (task.contact and link(task.contact), task.business_entity) if part]
        return format_html(
            '<div class="work-cell">{}<span class="desk-faint">{}</span>{}</div>',
            link(task),
            format_html_join(" · ", "{}", ((part,) for part in about)),
            _begun(task),
        )

    @column("Due", ordering="due_at")
    def due_in_words(self, task: Any) -> SafeString:
        return format_html('<div class="work-cell">{}</div>', due_dates.chip(task, now=task.asked_at))

    @column("Priority", ordering=RANK, label=PRIORITY_COLOURS)
    def urgency(self, task: Task) -> str:
        return task.get_priority_display()

    @column("Made by")
    def made_by(self, task: Task) -> str:
        """The workflow, where the rooms above tell (this one does not know them)."""
        return task.get_source_display()

    @column("Who", ordering="assignee")
    def who(self, task: Task) -> SafeString:
        taken = name_of(task.assignee) if task.assignee else "Nobody yet"
        return format_html(
            '<div class="work-cell">{}<span class="desk-faint">{}</span></div>', taken, task.target or ""
        )

    @column("Do")
    def deeds(self, task: Task) -> SafeString | str:
        return render_to_string("admin/engagement/board_deeds.html", {"task": task, "later": task_actions.LATER})

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

    @confirmed(
        "Done",
        permission="finish",
        icon="check",
        title="Is this task done?",
        explanation="It leaves the list of open tasks.",
    )
    def finish(self, request: HttpRequest, task: Task, answers: dict[str, Any]) -> str:
        tasking.set_status(task=task, status=Task.Status.DONE, now=clock.database_now())
        return "The task is done."

    @admin.action(description="Done: the chosen tasks", permissions=["finish"])
    def finish_chosen(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        count = task_actions.bulk(
            tasks=worklist.unfinished(chosen)[:TOGETHER], values={"status": Task.Status.DONE}, now=clock.database_now()
        )
        messages.success(request, f"{count} done.")

    @admin.action(description="Take: assign the chosen tasks to me", permissions=["finish"])
    def take_chosen(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        count = task_actions.bulk(tasks=chosen[:TOGETHER], values={"assignee": request.user}, now=clock.database_now())
        messages.success(request, f"{count} {'is' if count == 1 else 'are'} yours.")

    @admin.action(description="Assign the chosen tasks to somebody", permissions=["finish"])
    def assign_chosen(self, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
        return task_bulk_actions.ask_who(self, request, chosen)

    @admin.action(description="Move the due date of the chosen tasks", permissions=["finish"])
    def put_off_chosen(self, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
        return task_bulk_actions.ask_until(self, request, chosen)


def _begun(task: Task) -> SafeString | str:
    """The status, for all that are not simply waiting to be begun."""
    if task.status == Task.Status.TO_DO:
        return ""
    return format_html(
        '<span class="desk-chip {}">{}</span>', STATUS_CHIPS.get(task.status, ""), task.get_status_display()
    )


@admin.register(ChannelState)
class ChannelStateAdmin(ReadOnlyAdmin):
    when_empty = "All is well: no way of sending was ever paused."
    list_display = ("channel", "state", "why", "troubles", "updated_at")
    fields = ("channel", "state", "why", "troubles", "updated_at")
    search_fields = ("channel",)
    actions_detail = ("resume",)

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_channelstate")

    def possible_buttons(self, row: ChannelState) -> tuple[str, ...]:
        return ("resume",) if row.paused_until else ()

    @column("State")
    def state(self, channel: ChannelState) -> str:
        return f"Paused until {describe.moment(channel.paused_until)}" if channel.paused_until else "Running"

    @column("Reason")
    def why(self, channel: ChannelState) -> str:
        return engagement_describe.why(channel.reason)

    @confirmed(
        "Resume now",
        permission="resume",
        icon="play_arrow",
        title="Resume this channel now",
        explanation="Do this once its trouble is over: if it is not, the channel pauses again, for longer.",
        submit="Resume",
    )
    def resume(self, request: HttpRequest, channel: ChannelState, answers: dict[str, Any]) -> str:
        channel_state.clear(channel.channel)
        return "The channel runs again; what waited goes out at its next attempt."


@admin.register(PassageBudget)
class PassageBudgetAdmin(ReadOnlyAdmin):
    when_empty = "No language model was asked yet: premium emails use their approved texts."
    list_display = ("day", "calls")
    fields = list_display
    search_fields = ("day",)
    ordering = ("-day",)
