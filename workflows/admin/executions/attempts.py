"""Every attempt, every decision of staff, and the workers' signs of life: plain records."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesCheckboxFilter

from contactflow.core.admin.model_admin import ReadOnlyAdmin, column, link
from contacts import search
from contacts.admin.people_search import FOUND, PeopleSearch, people_of
from workflows import progress
from workflows.admin.executions.filters import DayFilter
from workflows.admin.executions.instances import OfInstance
from workflows.models import ActionAttempt, ControlEntry, WorkerHeartbeat, WorkflowInstance


@admin.register(ActionAttempt)
class ActionAttemptAdmin(PeopleSearch, ReadOnlyAdmin):
    when_empty = "Nothing was tried yet. Each time a step is carried out, that is written down here."
    people = "action__instance__contact"
    list_display = ("started_at", "step_name", "contact_name", "number", "outcome", "short_error")
    list_filter = (("outcome", ChoicesCheckboxFilter), ("started_at", DayFilter))
    sortable_by = ()  # the newest come first; no other order has an index
    ordering = ("-id",)
    fields = ("action_link", "number", "outcome", "started_at", "ended_at", "worker", "error")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ActionAttempt]:
        rows = super().get_queryset(request)
        return rows.select_related("action__step", "action__target", "action__template", "action__instance__contact")

    def title_of(self, row: ActionAttempt) -> str:
        return f"Attempt {row.number}: {progress.name_of(row.action)}"

    @column("Step")
    def step_name(self, attempt: ActionAttempt) -> str:
        return progress.name_of(attempt.action)

    @column("Step")
    def action_link(self, attempt: ActionAttempt) -> str:
        return link(attempt.action, f"{progress.name_of(attempt.action)} for {attempt.action.instance.contact}")

    @column("What went wrong")
    def short_error(self, attempt: ActionAttempt) -> str:
        return progress.cut(attempt.error)


@admin.register(ControlEntry)
class ControlEntryAdmin(OfInstance, ReadOnlyAdmin):
    when_empty = (
        "Nobody had to step in yet. When a colleague pauses, cancels, repeats or skips something, the reason is kept "
        "here."
    )
    list_display = ("at", "verb", "actor", "contact_name", "workflow_name", "reason")
    list_filter = (("verb", ChoicesCheckboxFilter), ("at", DayFilter))
    sortable_by = ("at",)  # no other order has an index
    search_fields = ("actor", "reason", "instance__contact__email")
    search_help_text = "Search by colleague, reason, or the contact's name, email address, company or telephone number."
    fields = ("verb", "instance_link", "action_link", "reason", "actor", "at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ControlEntry], search_term: str
    ) -> tuple[QuerySet[ControlEntry], bool]:
        for word in search.terms(search_term):
            ran = WorkflowInstance.objects.filter(contact__in=people_of(word)).order_by()
            theirs = list(ran.values_list("pk", flat=True)[:FOUND])
            queryset = queryset.filter(Q(actor__icontains=word) | Q(reason__icontains=word) | Q(instance__in=theirs))
        return queryset, False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ControlEntry]:
        rows = super().get_queryset(request)
        return rows.select_related(
            "instance__contact", "instance__template", "action__step", "action__target", "action__template"
        )

    @column("Step")
    def action_link(self, entry: ControlEntry) -> str:
        return link(entry.action, progress.name_of(entry.action)) if entry.action else "The whole workflow"


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin):
    when_empty = (
        "No worker has ever run, so nothing goes out. Whoever runs Contactflow starts one with “make run” or "
        "“manage.py worker”."
    )
    list_display = ("name", "beat_at", "started_at")
    fields = list_display
    search_fields = ("name",)
