"""Workflows people are in: the list with its filters, and each one's story."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RelatedDropdownFilter

from contactflow.core import clock
from contactflow.core.admin.confirmation import ReasonForm, confirmed
from contactflow.core.admin.model_admin import ReadOnlyAdmin, column, link
from contacts import describe
from contacts.admin.people_search import PeopleSearch
from workflows import controls, progress
from workflows.admin.executions import export, history
from workflows.admin.executions.filters import DayFilter, TargetFilter
from workflows.models import ScheduledAction, WorkflowInstance, WorkflowVersion

INSTANCE_COLOURS = {"Under way": "info", "On hold": "warning", "Finished": "success", "Ended with a failure": "danger"}
SHORTCUTS = (
    ("All", ""),
    ("Under way", "status__exact=active"),
    ("On hold", "status__exact=paused"),
    ("Ended with a failure", "status__exact=failed"),
)
COLUMNS: export.Columns = (
    ("Person", lambda one: one.contact.full_name),
    ("Email", lambda one: one.contact.email),
    ("Workflow", lambda one: one.template.name),
    ("Version", lambda one: one.version.number),
    ("Brand", lambda one: one.business_entity),
    ("State", lambda one: progress.STANDING[one.status]),
    ("Started by", lambda one: describe.name_of_event(one.trigger_event)),
    ("Because", lambda one: describe.because(one.because)),
    ("Started", lambda one: one.started_at),
    ("On hold since", lambda one: one.paused_at),
    ("Ended", lambda one: one.ended_at),
    ("Id", lambda one: one.pk),
)


def control(do: Callable[..., None], name: str, *, done: str, **words: Any) -> Callable[..., HttpResponse]:
    """A button that asks for the reason, then does it to the row; `words` are those of confirmation.confirmed."""

    def act(page: Any, request: HttpRequest, row: WorkflowInstance | ScheduledAction, answers: dict[str, Any]) -> str:
        what = "instance" if isinstance(row, WorkflowInstance) else "action"
        do(**{what: row}, **answers, actor=request.user.get_username(), now=clock.database_now())
        return done

    act.__name__ = do.__name__  # the button's address
    options = {"permission": "control", "form": ReasonForm, "refusals": (controls.NotPossible,), **words}
    return confirmed(name, **options)(act)


class VersionFilter(RelatedDropdownFilter):  # type: ignore[misc]  # Unfold has no types
    """Versions by the name of their workflow, all in one query."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[int, str]]:
        versions = WorkflowVersion.objects.filter(published_at__isnull=False).select_related("template")
        return [
            (one.pk, f"{one.template}, version {one.number}") for one in versions.order_by("template__name", "-number")
        ]


class OfInstance(PeopleSearch):
    """Before an admin of what belongs to an execution."""

    people = "instance__contact"

    @column("Workflow")
    def workflow_name(self, row: Any) -> str:
        return str(row.instance.template)

    @column("Workflow")
    def instance_link(self, row: Any) -> str:
        return link(row.instance, f"{row.instance.template} for {row.instance.contact}")


@admin.register(WorkflowInstance)
class WorkflowInstanceAdmin(PeopleSearch, export.DownloadableList, ReadOnlyAdmin):
    when_empty = (
        "Nobody is in a workflow yet. People enter one when they arrive and fit it, or when you start one on their "
        "page."
    )
    list_display = ("contact_name", "in_workflow", "business_entity", "state", "next", "started_at", "ended_at")
    list_filter = (
        ("status", ChoicesCheckboxFilter),
        ("template", RelatedDropdownFilter),
        ("version", VersionFilter),
        ("business_entity", RelatedDropdownFilter),
        TargetFilter,
        ("started_at", DayFilter),
    )
    shortcuts = SHORTCUTS
    columns = COLUMNS
    file_name = "workflows"
    list_select_related = ("contact", "template", "version__template", "business_entity")
    sortable_by = ("started_at",)  # no other order has an index
    ordering = ("-started_at", "-id")
    fieldsets = (
        (None, {"fields": ("contact_link", "workflow", "business_entity", "state", "why")}),
        ("When", {"fields": ("started_at", "paused_at", "ended_at", "event_link")}),
    )
    show_facets = admin.ShowFacets.NEVER  # counts the whole table once for every choice
    change_form_template = "admin/workflows/runs_instance.html"
    actions_detail = ("pause", "resume", "cancel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowInstance]:
        rows = super().get_queryset(request)
        steps = ScheduledAction.objects.filter(status__in=progress.TO_COME).select_related("step", "target", "template")
        to_come = Prefetch("actions", queryset=progress.seen_now(steps), to_attr="to_come")
        rows = rows.select_related("contact", "template", "version__template", "business_entity", "event")
        return rows.prefetch_related(to_come)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        instance = options.get("obj")
        if instance is not None:
            context["story"] = history.of_instance(instance)
            context["event_name"] = describe.name_of_event(instance.trigger_event)
        return super().render_change_form(request, context, *args, **options)

    def has_control_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.change_workflowinstance")

    def possible_buttons(self, row: WorkflowInstance) -> tuple[str, ...]:
        return {"active": ("pause", "cancel"), "paused": ("resume", "cancel")}.get(row.status, ())

    def title_of(self, row: WorkflowInstance) -> str:
        return f"{row.template} for {row.contact}"

    @column("Why")
    def why(self, instance: WorkflowInstance) -> str:
        return describe.because(instance.because)

    @column("Contact", ordering="contact__email")
    def contact_name(self, instance: WorkflowInstance) -> str:
        return str(instance.contact)

    @column("Workflow", ordering="template")
    def in_workflow(self, instance: WorkflowInstance) -> str:
        return f"{instance.template}, version {instance.version.number}"

    @column("What comes next")
    def next(self, instance: Any) -> str:
        return progress.what_comes(instance.to_come) or "-"

    @column("Workflow")
    def workflow(self, instance: WorkflowInstance) -> str:
        return link(instance.version, f"{instance.template}, version {instance.version.number}")

    @column("State", ordering="status", label=INSTANCE_COLOURS)
    def state(self, instance: WorkflowInstance) -> str:
        return progress.STANDING[WorkflowInstance.Status(instance.status)]

    @column("Started by")
    def event_link(self, instance: WorkflowInstance) -> str:
        if instance.event is None:
            return "-"
        return link(instance.event, describe.name_of_event(instance.event.kind))

    pause = control(
        controls.pause, "Pause", icon="pause",
        title="Pause this workflow for this contact", submit="Pause the workflow",
        explanation="Nothing of it happens until somebody resumes it; then everything is due that much later.",
        done="It is on hold now.",
    )  # fmt: skip
    resume = control(
        controls.resume, "Resume", icon="play_arrow",
        title="Resume this workflow for this contact", submit="Resume the workflow",
        explanation="It goes on where it stood; everything is due later by the length of the pause.",
        done="It goes on.",
    )  # fmt: skip
    cancel = control(
        controls.cancel, "Cancel workflow", icon="cancel", danger=True,
        title="Cancel this workflow for this contact", submit="Cancel the workflow",
        explanation="What has not happened yet never will. This cannot be undone.",
        done="It is cancelled.",
    )  # fmt: skip
