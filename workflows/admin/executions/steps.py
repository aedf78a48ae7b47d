"""The steps of workflows: one list of them all, each one's page, and what people do to them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.widgets import UnfoldAdminRadioSelectWidget

from contactflow.core import numbers
from contactflow.core.admin.confirmation import ReasonForm
from contactflow.core.admin.model_admin import ReadOnlyAdmin, column
from contacts import brands
from workflows import controls, failure_causes, progress
from workflows.admin.executions import export, history
from workflows.admin.executions.digests import DigestPages
from workflows.admin.executions.failures import FailurePages
from workflows.admin.executions.filters import CauseFilter, DayFilter
from workflows.admin.executions.instances import OfInstance, control
from workflows.models import ScheduledAction, WorkflowInstance

ACTION_COLOURS = {
    "Waiting": "info", "Done": "success", "Failed": "danger", "Gave up": "danger", "Unclear": "warning",
}  # fmt: skip
SHORTCUTS = (
    ("All", ""),
    ("Waiting, soonest first", "status__exact=pending"),
    ("Failed or gave up", "status__exact=failed&status__exact=dead"),
    ("Unclear", "status__exact=ambiguous"),
    ("Left out", "status__exact=skipped"),
)
COLUMNS: export.Columns = (
    ("Step", progress.name_of),
    ("Person", lambda one: one.instance.contact.full_name),
    ("Email", lambda one: one.instance.contact.email),
    ("Workflow", lambda one: one.instance.template.name),
    ("Brand", lambda one: one.instance.business_entity),
    ("Kind", lambda one: one.get_action_type_display()),
    ("For", lambda one: one.target),
    ("State", lambda one: one.get_status_display()),
    ("Planned", lambda one: one.due_at),
    ("Ended", lambda one: one.finished_at),
    ("Late", history.lateness),
    ("Attempts", lambda one: one.attempts),
    ("What went wrong", lambda one: failure_causes.explain(one.cause).title if one.cause else ""),
    ("In the words of the mail server", lambda one: str(one.reason.get("said") or "")),
    ("Id", lambda one: one.pk),
)


class AnswerForm(ReasonForm):
    """What became of an unclear step."""

    sent = forms.TypedChoiceField(
        label="Did it arrive?",
        choices=[("yes", "Yes: count it as done"), ("no", "No: send it now")],
        coerce=lambda answer: answer == "yes",
        widget=UnfoldAdminRadioSelectWidget,
    )
    field_order = ("sent", "reason")


@admin.register(ScheduledAction)
class ScheduledActionAdmin(OfInstance, export.DownloadableList, FailurePages, DigestPages, ReadOnlyAdmin):
    when_empty = "Nothing is planned. Steps come here when somebody enters a workflow."
    brand_path = "instance__business_entity"
    list_display = ("step_name", "contact_name", "workflow_name", "badge", "when", "late", "attempts")
    list_filter = (
        ("status", ChoicesCheckboxFilter),
        CauseFilter,
        ("action_type", ChoicesDropdownFilter),
        ("instance__template", RelatedDropdownFilter),
        ("instance__business_entity", RelatedDropdownFilter),
        ("target", RelatedDropdownFilter),
        ("due_at", DayFilter),
    )
    shortcuts = SHORTCUTS
    columns = COLUMNS
    file_name = "steps"
    sortable_by = ("when",)  # no other order has an index
    fieldsets = ((None, {"fields": ("step_name", "instance_link", "contact_link", "badge", "when")}),)
    show_facets = admin.ShowFacets.NEVER  # counts the whole table once for every choice
    change_form_template = "admin/workflows/runs_step.html"
    actions = ("retry_chosen", "skip_chosen", "arrived_chosen", "not_arrived_chosen")
    actions_detail = ("retry", "resolve", "skip")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduledAction]:
        rows = super().get_queryset(request)
        if _asks_for_none(request):
            return rows.none()
        return progress.seen_now(
            rows.select_related(
                "step", "target", "template", "instance__contact", "instance__template", "instance__business_entity"
            )
        )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What is to come, soonest first; what was, newest first."""
        is_to_come = request.GET.getlist("status__exact") == ["pending"]
        return ("due_at", "id") if is_to_come else ("-due_at", "-id")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        action = options.get("obj")
        if action is not None:
            context["step"] = history.of_step(action)
        return super().render_change_form(request, context, *args, **options)

    def possible_buttons(self, row: ScheduledAction) -> tuple[str, ...]:
        possible = {
            "pending": ("skip",),
            "failed": ("retry", "skip"),
            "dead": ("retry", "skip"),
            "skipped": ("retry",),
            "ambiguous": ("resolve",),
        }
        return possible.get(row.status, ())

    def title_of(self, row: ScheduledAction) -> str:
        return f"{progress.name_of(row)} for {row.instance.contact}"

    @column("Step")
    def step_name(self, action: ScheduledAction) -> str:
        return progress.name_of(action)

    @column("Status", ordering="status", label=ACTION_COLOURS)
    def badge(self, action: ScheduledAction) -> str:
        return action.get_status_display()

    @column("State", ordering="due_at")
    def when(self, action: ScheduledAction) -> str:
        return progress.state_of(action)

    @column("Late")
    def late(self, action: ScheduledAction) -> str:
        return history.lateness(action).removesuffix(" than planned")

    retry = control(
        controls.retry, "Try again", icon="replay", title="Try this step again?",
        explanation="It is tried at once; if it succeeds, the workflow goes on.",
        done="It is being tried again.",
    )  # fmt: skip
    skip = control(
        controls.skip, "Skip", icon="skip_next", danger=True, title="Skip: this step",
        explanation="It is left out; the other steps of the workflow are not touched.",
        done="It is skipped.",
    )  # fmt: skip
    resolve = control(
        controls.resolve, "Say what became of it", icon="help", title="Settle: this step", submit="Settle",
        explanation="It was handed over, but no answer came back, so nobody knows whether it arrived. Look in the "
        "mailbox or ask the contact before you decide: no machine sends it twice on its own.",
        done="It is settled.", form=AnswerForm,
    )  # fmt: skip


def _asks_for_none(request: HttpRequest) -> bool:
    """Whether the workflow asked for never ran for the chosen brand: else every step would be read to find that out."""
    brand = brands.chosen(request) if getattr(request, "is_listing", False) else None
    workflow = numbers.parse_int(request.GET.get("instance__template__id__exact"))
    if brand is None or workflow is None:
        return False
    ran = WorkflowInstance.objects.filter(template=workflow).order_by()
    return not brands.only(ran, brand=brand, path="business_entity").exists()
