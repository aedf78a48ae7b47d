"""What runs for whom: instances, their steps, every attempt, and what people decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from contacts import clock
from contacts.admin import confirmation, sentences
from contacts.admin.confirmation import Question, ReasonForm
from contacts.admin.pages import Record, RecordInline, button, column, link
from workflows import controls
from workflows.admin import progress
from workflows.models import ActionAttempt, ControlEntry, ScheduledAction, WorkerHeartbeat, WorkflowInstance

INSTANCE_COLOURS = {"Active": "info", "On hold": "warning", "Completed": "success", "Failed": "danger"}
ACTION_COLOURS = {
    "Waiting": "info", "Done": "success", "Failed": "danger", "Gave up": "danger", "Unclear": "warning",
}  # fmt: skip


class AnswerForm(ReasonForm):
    """What became of an unclear step."""

    sent = forms.TypedChoiceField(
        label="Did it arrive?",
        choices=[("yes", "Yes: count it as done"), ("no", "No: send it now")],
        coerce=lambda answer: answer == "yes",
        widget=UnfoldAdminRadioSelectWidget,
    )
    field_order = ("sent", "reason")


class RetryForm(ActionForm):  # type: ignore[misc]  # Unfold has no types
    """What is chosen to be done with the steps of a list, and why."""

    reason = forms.CharField(
        max_length=500, required=False, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Reason"})
    )


class ActionInline(RecordInline):
    model = ScheduledAction
    verbose_name_plural = "Steps"
    fields = ("step_name", "state", "due_at", "attempts", "problem")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduledAction]:
        rows = super().get_queryset(request).select_related("step", "target", "template", "instance")
        return progress.seen_now(rows)

    @column("Step")
    def step_name(self, action: ScheduledAction) -> str:
        return link(action, progress.name_of(action))

    @column("State")
    def state(self, action: ScheduledAction) -> str:
        return progress.state_of(action)

    @column("What went wrong")
    def problem(self, action: ScheduledAction) -> str:
        return progress.cut(action.last_error)


class ControlInline(RecordInline):
    model = ControlEntry
    verbose_name_plural = "What staff decided"
    fields = ("decision", "reason", "who", "at")
    readonly_fields = fields

    @column("Decision")
    def decision(self, entry: ControlEntry) -> str:
        return entry.get_verb_display()

    @column("Who")
    def who(self, entry: ControlEntry) -> str:
        return entry.actor


class AttemptInline(RecordInline):
    model = ActionAttempt
    verbose_name_plural = "Attempts"
    fields = ("number", "outcome", "started_at", "ended_at", "error")
    readonly_fields = fields


@admin.register(WorkflowInstance)
class WorkflowInstanceAdmin(Record):
    list_display = ("contact_name", "template", "business_entity", "state", "started_at", "ended_at")
    list_filter = (
        ("status", ChoicesCheckboxFilter),
        ("template", RelatedDropdownFilter),
        ("business_entity", RelatedDropdownFilter),
    )
    list_select_related = ("contact", "template", "business_entity")
    search_fields = ("contact__email", "contact__first_name", "contact__last_name")
    search_help_text = "Search by the contact's name or email address."
    fieldsets = (
        (None, {"fields": ("contact_link", "workflow", "business_entity", "state", "why")}),
        ("When", {"fields": ("started_at", "paused_at", "ended_at", "event_link")}),
    )
    inlines = (ActionInline, ControlInline)
    actions_detail = ("pause", "resume", "cancel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowInstance]:
        return (
            super().get_queryset(request).select_related("contact", "template", "version", "business_entity", "event")
        )

    def has_control_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.change_workflowinstance")

    def possible_buttons(self, row: WorkflowInstance) -> tuple[str, ...]:
        return {"active": ("pause", "cancel"), "paused": ("resume", "cancel")}.get(row.status, ())

    def title_of(self, row: WorkflowInstance) -> str:
        return f"{row.template} for {row.contact}"

    @column("Why")
    def why(self, instance: WorkflowInstance) -> str:
        return instance.because

    @column("Contact", ordering="contact__email")
    def contact_name(self, instance: WorkflowInstance) -> str:
        return str(instance.contact)

    @column("Contact")
    def contact_link(self, instance: WorkflowInstance) -> str:
        return link(instance.contact)

    @column("Workflow")
    def workflow(self, instance: WorkflowInstance) -> str:
        return link(instance.version, f"{instance.template}, version {instance.version.number}")

    @column("Status", ordering="status", label=INSTANCE_COLOURS)
    def state(self, instance: WorkflowInstance) -> str:
        return instance.get_status_display()

    @column("Started by")
    def event_link(self, instance: WorkflowInstance) -> str:
        if instance.event is None:
            return "-"
        return link(instance.event, sentences.name_of_event(instance.event.kind))

    @button("Pause", permission="control", icon="pause")
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        explanation = "Nothing of it happens until somebody resumes it; then everything is due that much later."
        return self._control(request, object_id, controls.pause, "Pause", explanation, "It is on hold now.")

    @button("Resume", permission="control", icon="play_arrow")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        explanation = "It goes on where it stood; everything is due later by the length of the pause."
        return self._control(request, object_id, controls.resume, "Resume", explanation, "It goes on.")

    @button("Cancel workflow", permission="control", icon="cancel", danger=True)
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        explanation = "What has not happened yet never will. This cannot be undone."
        return self._control(request, object_id, controls.cancel, "Cancel", explanation, "It is cancelled.")

    def _control(
        self, request: HttpRequest, object_id: str, control: Callable[..., None], verb: str, explanation: str, done: str
    ) -> HttpResponse:
        def act(instance: WorkflowInstance, answers: dict[str, Any]) -> str:
            control(instance=instance, reason=answers["reason"], actor=_name(request), now=clock.database_now())
            return done

        question = Question(
            title=f"{verb} this workflow for this contact",
            explanation=explanation,
            submit=f"{verb} the workflow",
            form=ReasonForm,
            act=act,
            refusals=(controls.NotPossible,),
        )
        return confirmation.ask(self, request, object_id, question)


@admin.register(ScheduledAction)
class ScheduledActionAdmin(Record):
    list_display = ("step_name", "contact_name", "workflow_name", "badge", "when", "attempts")
    list_filter = (
        ("status", ChoicesCheckboxFilter),
        ("action_type", ChoicesDropdownFilter),
        ("instance__template", RelatedDropdownFilter),
        ("target", RelatedDropdownFilter),
    )
    search_fields = ("instance__contact__email", "instance__contact__first_name", "instance__contact__last_name")
    search_help_text = "Search by the contact's name or email address."
    ordering = ("due_at", "id")
    fieldsets = (
        (None, {"fields": ("step_name", "instance_link", "contact_link", "badge", "when", "problem", "outcome")}),
        ("When", {"fields": ("due_at", "next_attempt_at", "finished_at", "attempts")}),
        ("What", {"fields": ("action_type", "target", "template")}),
    )
    inlines = (AttemptInline, ControlInline)
    actions = ("retry_chosen",)
    action_form = RetryForm
    actions_detail = ("retry", "resolve", "skip")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduledAction]:
        rows = super().get_queryset(request)
        return progress.seen_now(
            rows.select_related("step", "target", "template", "instance__contact", "instance__template")
        )

    def has_control_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.change_scheduledaction")

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

    @column("Contact")
    def contact_name(self, action: ScheduledAction) -> str:
        return str(action.instance.contact)

    @column("Workflow")
    def workflow_name(self, action: ScheduledAction) -> str:
        return str(action.instance.template)

    @column("Contact")
    def contact_link(self, action: ScheduledAction) -> str:
        return link(action.instance.contact)

    @column("Workflow")
    def instance_link(self, action: ScheduledAction) -> str:
        return link(action.instance, f"{action.instance.template} for {action.instance.contact}")

    @column("Status", ordering="status", label=ACTION_COLOURS)
    def badge(self, action: ScheduledAction) -> str:
        return action.get_status_display()

    @column("State", ordering="due_at")
    def when(self, action: ScheduledAction) -> str:
        return progress.state_of(action)

    @column("What went wrong")
    def problem(self, action: ScheduledAction) -> str:
        return action.last_error

    @column("What came of it")
    def outcome(self, action: ScheduledAction) -> str:
        return sentences.pairs(action.result)

    @button("Try again", permission="control", icon="replay")
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponse:
        explanation = "It is tried at once; if it succeeds, the workflow goes on."
        return self._control(request, object_id, controls.retry, "Try again", explanation, "It is being tried again.")

    @admin.action(description="Try again: what failed, gave up or was skipped", permissions=["control"])
    def retry_chosen(self, request: HttpRequest, chosen: QuerySet[ScheduledAction]) -> None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, "Nothing was tried again: say why in the field Reason.")
            return
        tried, refused, now = 0, 0, clock.database_now()
        for action in chosen:
            try:
                controls.retry(action=action, reason=reason, actor=_name(request), now=now)
                tried += 1
            except controls.NotPossible:
                refused += 1
        messages.success(request, f"{tried} tried again.")
        if refused:
            messages.warning(request, f"{refused} left as they were: only what failed, gave up or was skipped can be.")

    @button("Skip", permission="control", icon="skip_next", danger=True)
    def skip(self, request: HttpRequest, object_id: str) -> HttpResponse:
        explanation = "It is left out; the other steps of the workflow are not touched."
        return self._control(request, object_id, controls.skip, "Skip", explanation, "It is skipped.")

    @button("Say what became of it", permission="control", icon="help")
    def resolve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        explanation = (
            "It was handed over, but no answer came back, so nobody knows whether it arrived. Look in the mailbox or "
            "ask the contact before you decide: no machine sends it twice on its own."
        )
        return self._control(
            request, object_id, controls.resolve, "Settle", explanation, "It is settled.", form=AnswerForm
        )

    def _control(  # noqa: PLR0913 - one line per button
        self,
        request: HttpRequest,
        object_id: str,
        control: Callable[..., None],
        verb: str,
        explanation: str,
        done: str,
        form: type[forms.Form] = ReasonForm,
    ) -> HttpResponse:
        def act(action: ScheduledAction, answers: dict[str, Any]) -> str:
            control(action=action, **answers, actor=_name(request), now=clock.database_now())
            return done

        question = Question(
            title="Try this step again?" if control is controls.retry else f"{verb}: this step",
            explanation=explanation,
            submit=verb,
            form=form,
            act=act,
            refusals=(controls.NotPossible,),
        )
        return confirmation.ask(self, request, object_id, question)


@admin.register(ActionAttempt)
class ActionAttemptAdmin(Record):
    list_display = ("started_at", "step_name", "contact_name", "number", "outcome", "short_error")
    list_filter = (("outcome", ChoicesCheckboxFilter),)
    search_fields = ("action__instance__contact__email",)
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

    @column("Contact")
    def contact_name(self, attempt: ActionAttempt) -> str:
        return str(attempt.action.instance.contact)

    @column("What went wrong")
    def short_error(self, attempt: ActionAttempt) -> str:
        return progress.cut(attempt.error)


@admin.register(ControlEntry)
class ControlEntryAdmin(Record):
    list_display = ("at", "verb", "actor", "contact_name", "workflow_name", "reason")
    list_filter = (("verb", ChoicesCheckboxFilter),)
    search_fields = ("actor", "reason", "instance__contact__email")
    fields = ("verb", "instance_link", "action_link", "reason", "actor", "at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ControlEntry]:
        rows = super().get_queryset(request).select_related("instance__contact", "instance__template")
        return rows.select_related(
            "instance__contact", "instance__template", "action__step", "action__target", "action__template"
        )

    @column("Contact")
    def contact_name(self, entry: ControlEntry) -> str:
        return str(entry.instance.contact)

    @column("Workflow")
    def workflow_name(self, entry: ControlEntry) -> str:
        return str(entry.instance.template)

    @column("Workflow")
    def instance_link(self, entry: ControlEntry) -> str:
        return link(entry.instance, f"{entry.instance.template} for {entry.instance.contact}")

    @column("Step")
    def action_link(self, entry: ControlEntry) -> str:
        return link(entry.action, progress.name_of(entry.action)) if entry.action else "The whole workflow"


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(Record):
    list_display = ("name", "beat_at", "started_at")
    fields = list_display
    search_fields = ("name",)


def _name(request: HttpRequest) -> str:
    return request.user.get_username()
