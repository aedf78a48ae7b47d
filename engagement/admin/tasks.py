"""Tasks, whether the channels run, and how often a language model was asked."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSplitDateTimeWidget

from contactflow.core import clock, datetimes
from contactflow.core.admin import bulk
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.filters import choice_filter
from contactflow.core.admin.model_admin import NoDeleteAdmin, ReadOnlyAdmin, column, link, name_of
from contactflow.core.numbers import counted
from contacts import describe
from engagement import describe as engagement_describe
from engagement import tasking, worklist
from engagement.admin import due_dates, task_actions
from engagement.admin.board import Board
from engagement.admin.live_updates import WHOSE
from engagement.channels import state as channel_state
from engagement.models import ChannelState, PassageBudget, Task
from engagement.worklist import FINISHED, Scope

STATUS_CHIPS = {"done": "is-good", "in_progress": "is-info", "on_hold": "is-warn"}
TOGETHER = 1000  # so many at once; a page waits for them
PAST = {("due", "any"), ("status__exact", "done"), ("status__exact", "cancelled")}


class ColleagueForm(forms.Form):
    colleague = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_staff=True).order_by("username"),
        required=False,
        empty_label="Nobody yet",
        widget=UnfoldAdminSelectWidget(),
        help_text="Only colleagues who can log in here are listed.",
    )


class DueForm(forms.Form):
    until = forms.ChoiceField(
        choices=[*task_actions.LATER.items(), ("moment", "Another day and hour")],
        label="Due",
        widget=UnfoldAdminSelectWidget(),
    )
    moment = forms.SplitDateTimeField(
        required=False,
        label="Another day and hour",
        widget=UnfoldAdminSplitDateTimeWidget(),
        validators=[clock.validate_moment],
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("until") == "moment" and not found.get("moment") and "moment" not in self.errors:
            self.add_error("moment", "Say which day and hour.")
        return found


def _named(task: Task) -> str:
    return f"{task.title}, for {task.contact}" if task.contact else task.title


TASKS: Any = {"noun": ("task", "tasks"), "at_once": TOGETHER, "cuts": True, "named": _named}


@choice_filter("whose", WHOSE, Scope.choices)
def by_person(rows: QuerySet[Task], chosen: str, request: HttpRequest) -> QuerySet[Task]:
    return worklist.tasks_of(rows, scope=chosen or Scope.ALL, user=cast(User, request.user))


DUE = [("open", "Open"), ("overdue", "Overdue"), ("today", "Later today"), ("any", "Open and finished")]
# Whoever asks for something else (a status, words to look for, rows of another list) means finished ones, too.
ABOUT_OPEN = {WHOSE, "p", "o", "priority__exact", "target__id__exact", "business_entity__id__exact"}


@choice_filter("due", "due", DUE)
def by_due_date(rows: QuerySet[Task], chosen: str, request: HttpRequest) -> QuerySet[Task]:
    """Open tasks unless something else is asked for: what is finished has no place at the top of a day's list."""
    if "due" not in request.GET and not any(value and name not in ABOUT_OPEN for name, value in request.GET.items()):
        chosen = "open"
    match chosen:
        case "today":
            return worklist.due_today(rows, now=clock.database_now())
        case "overdue":
            return worklist.unfinished(rows).filter(due_at__lt=Now())
        case "open":
            return worklist.unfinished(rows)
    return rows


@admin.register(Task)
class TaskAdmin(Board, NoDeleteAdmin):
    when_empty = "Nothing to do. Workflows put tasks here for you and your team, and you can add your own."
    list_display = ("task", "due_in_words", "urgency", "who", "deed")
    list_filter = (
        by_person,
        by_due_date,
        ("status", ChoicesCheckboxFilter),
        ("priority", ChoicesDropdownFilter),
        ("target", RelatedDropdownFilter),
        ("business_entity", RelatedDropdownFilter),
    )
    list_select_related = ("contact", "target", "assignee", "business_entity")
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
        looks_back = asked & PAST or (request.GET.get("q") and not request.GET.get("due"))
        return ("-created_at", "-id") if looks_back else ("due_at", "created_at")

    def version(self) -> str:
        return worklist.tasks_version(now=clock.database_now())

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
    def deed(self, task: Task) -> SafeString | str:
        return render_to_string("admin/engagement/board_deeds.html", {"task": task, "later": task_actions.LATER})

    def save_model(self, request: HttpRequest, obj: Task, form: forms.ModelForm[Task], change: bool) -> None:
        """The status goes through tasking, which also knows when a task was completed."""
        wanted, now = obj.status, clock.database_now()
        obj.status = form.initial["status"] if change else Task.Status.TO_DO
        obj.updated_at = now
        if change:
            obj.due_date = None if "due_at" in form.changed_data else obj.due_date
            obj.save(
                update_fields=[name for name in form.changed_data if name != "status"] + ["due_date", "updated_at"]
            )
        else:
            obj.save()
        if wanted != obj.status:
            tasking.set_status(task=obj, status=wanted, now=now, by=request.user.get_username())

    @confirmed(
        "Done",
        permission="deed",
        icon="check",
        title="Is this task done?",
        explanation="It leaves the list of open tasks.",
    )
    def finish(self, request: HttpRequest, task: Task, answers: dict[str, Any]) -> str:
        by, now = request.user.get_username(), clock.database_now()
        tasking.set_status(task=task, status=Task.Status.DONE, now=now, by=by)
        return "The task is done."

    @admin.action(description="Done: the chosen tasks", permissions=["deed"])
    def finish_chosen(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        count = task_actions.bulk(
            tasks=worklist.unfinished(chosen)[:TOGETHER],
            values={"status": Task.Status.DONE},
            now=clock.database_now(),
            by=request.user.get_username(),
        )
        messages.success(request, f"{count} done.")

    @admin.action(description="Take: assign the chosen tasks to me", permissions=["deed"])
    def take_chosen(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        count = task_actions.bulk(tasks=chosen[:TOGETHER], values={"assignee": request.user}, now=clock.database_now())
        messages.success(request, f"{count} {'is' if count == 1 else 'are'} yours.")

    @bulk.asked(
        "Who shall do these tasks?", description="Assign the chosen tasks to somebody", permission="deed",
        submit="Assign", form=ColleagueForm, **TASKS,
    )  # fmt: skip
    def assign_chosen(self, request: HttpRequest, tasks: list[Task], answers: dict[str, Any]) -> str:
        who = answers["colleague"]
        count = task_actions.bulk(tasks=tasks, values={"assignee": who}, now=clock.database_now())
        return f"{counted(count, 'task')}: {f'assigned to {name_of(who)}' if who else 'nobody has them any more'}."

    @bulk.asked(
        "Until when?", description="Move the due date of the chosen tasks", permission="deed",
        submit="Move the due date", form=DueForm, **TASKS,
    )  # fmt: skip
    def put_off_chosen(self, request: HttpRequest, tasks: list[Task], answers: dict[str, Any]) -> str:
        now, until = clock.database_now(), answers["until"]
        until = answers["moment"] if until == "moment" else task_actions.put_off_until(until, now=now)
        count = task_actions.bulk(tasks=tasks, values={"due_at": until}, now=now)
        return f"{counted(count, 'task')}: due {datetimes.words(until)}."


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
    list_display = ("day", "calls", "of_brands")
    fields = list_display
    search_fields = ("day",)
    ordering = ("-day",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PassageBudget]:
        return super().get_queryset(request).prefetch_related("brands__business_entity")

    @column("Of brands")
    def of_brands(self, budget: PassageBudget) -> str:
        return "; ".join(map(str, budget.brands.all())) or "-"
