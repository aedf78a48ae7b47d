"""Workflows and their versions: what runs is published and stays as it was; changes are made in a draft."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.contrib.filters.admin import BooleanRadioFilter, DropdownFilter, RelatedDropdownFilter

from contacts import clock
from contacts.admin import confirmation, sentences
from contacts.admin.confirmation import Question
from contacts.admin.pages import Kept, Page, StackedInline, Untitled, button, column, joined, link
from workflows import publishing
from workflows.admin import plans, unfamiliar
from workflows.models import PlannedTouch, Step, WorkflowTemplate, WorkflowVersion


@admin.register(WorkflowTemplate)
class WorkflowTemplateAdmin(Kept):
    list_display = ("name", "slug", "business_entity", "active", "runs")
    list_filter = (("active", BooleanRadioFilter), ("business_entity", RelatedDropdownFilter))
    search_fields = ("name", "slug")
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", "business_entity", "active")}),
        ("What runs now", {"fields": ("runs", "starts_when", "what_happens", "draft")}),
    )
    add_fieldsets = fieldsets[:1]
    actions_detail = ("edit_draft",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowTemplate]:
        return super().get_queryset(request).select_related("business_entity", "current_version")

    def get_readonly_fields(self, request: HttpRequest, obj: WorkflowTemplate | None = None) -> tuple[str, ...]:
        always = ("runs", "starts_when", "what_happens", "draft")
        return ("slug", *always) if obj else always

    def has_draft_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.change_workflowversion")

    @column("Version")
    def runs(self, template: WorkflowTemplate) -> str:
        version = template.current_version
        return f"Version {version.number}" if version else "Nothing is published yet"

    @column("Starts")
    def starts_when(self, template: WorkflowTemplate) -> str:
        return sentences.listed(plans.triggers(template.current_version)) if template.current_version else "-"

    @column("Steps")
    def what_happens(self, template: WorkflowTemplate) -> str:
        return sentences.listed(plans.steps(template.current_version)) if template.current_version else "-"

    @column("Draft")
    def draft(self, template: WorkflowTemplate) -> str:
        waiting = (
            template.versions.select_related("template").filter(published_at=None).first() if template.pk else None
        )
        return link(waiting, "A draft waits to be published") if waiting else "None"

    @button("Edit draft", permission="draft", icon="edit")
    def edit_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Does not ask: the draft is a copy of what runs, and changes nothing until it is published."""
        template = self.get_object(request, unquote(object_id))
        if template is None:
            raise Http404
        draft = publishing.draft_of(template)
        return HttpResponseRedirect(reverse("admin:workflows_workflowversion_change", args=[draft.pk]))


class TouchInline(Untitled):
    model = PlannedTouch
    verbose_name, verbose_name_plural = "touch", "Touches"
    extra = 0
    fields = ("day", "template")


class StepForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    """Says what is wrong with the step as a whole at its kind: Unfold shows only the errors of fields here."""

    def clean_delay_hours(self) -> Decimal:
        hours: Decimal = self.cleaned_data["delay_hours"]
        if hours < 0:
            raise forms.ValidationError("The delay cannot be negative: 0 is at once.")
        return hours

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own hook, unknown to its stubs
        for error in self.errors.pop(NON_FIELD_ERRORS, []):
            self.add_error("action_type", error)


class StepInline(StackedInline):
    model = Step
    form = StepForm
    extra = 0
    inlines: ClassVar = [TouchInline]
    ordering = ("position",)
    autocomplete_fields = ("target", "template")
    fieldsets = (
        (None, {"fields": (
            ("position", "delay_hours"), ("action_type", "priority"), ("target", "template"), ("title", "category"),
            "effort_hours", "description",
        )}),
    )  # fmt: skip


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    class Meta:
        help_texts: ClassVar = {"events": unfamiliar.HELP}


class PublishedFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("draft", "Draft"), ("published", "Published")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WorkflowVersion]) -> QuerySet[WorkflowVersion]:
        if self.value() in ("draft", "published"):
            return queryset.filter(published_at__isnull=self.value() == "draft")
        return queryset


@admin.register(WorkflowVersion)
class WorkflowVersionAdmin(Page):
    form = VersionForm
    list_display = ("template", "number", "state", "starts_by", "published_at", "published_by")
    list_display_links = ("template", "number")
    list_filter = (PublishedFilter, ("template", RelatedDropdownFilter))
    list_select_related = ("template", "published_by")
    search_fields = ("template__name", "template__slug")
    autocomplete_fields = ("contact_types", "lead_sources")
    ordering = ("template__slug", "-number")
    readonly_fields = ("template", "number", "state", "published_at", "published_by", "starts_when", "what_happens")
    published_fieldsets = (
        (None, {"fields": ("template", "number", "published_at", "published_by")}),
        ("What it does", {"fields": ("starts_when", "what_happens")}),
    )
    fieldsets = (
        (None, {"fields": ("template", "number", "state")}),
        ("Starts", {"fields": (
            "events", "contact_types", "lead_sources", "interests", "tags", "reentry", "reentry_days",
        )}),
    )  # fmt: skip
    inlines = (StepInline,)
    actions_detail = ("publish",)

    def get_fieldsets(self, request: HttpRequest, obj: WorkflowVersion | None = None) -> Any:
        return self.fieldsets if obj is None or obj.is_draft else self.published_fieldsets

    def get_inlines(self, request: HttpRequest, obj: WorkflowVersion | None) -> Any:
        """Steps are edited in a draft; a published version tells them in sentences."""
        return self.inlines if obj is None or obj.is_draft else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A draft is opened from its workflow."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: WorkflowVersion | None = None) -> bool:
        return (obj is None or obj.is_draft) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: WorkflowVersion | None = None) -> bool:
        return obj is not None and obj.is_draft and super().has_delete_permission(request, obj)

    def has_publish_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.change_workflowversion")

    def possible_buttons(self, row: WorkflowVersion) -> tuple[str, ...]:
        return ("publish",) if row.is_draft else ()

    def title_of(self, row: WorkflowVersion) -> str:
        return f"{row.template}, version {row.number}"

    @column("State", ordering="published_at", label={"Draft": "warning", "Published": "success"})
    def state(self, version: WorkflowVersion) -> str:
        return "Draft" if version.is_draft else "Published"

    @column("Starts")
    def starts_when(self, version: WorkflowVersion) -> str:
        return sentences.listed(plans.triggers(version))

    @column("Steps")
    def what_happens(self, version: WorkflowVersion) -> str:
        return sentences.listed(plans.steps(version))

    @column("Started by")
    def starts_by(self, version: WorkflowVersion) -> str:
        return joined(version.events)

    def response_change(self, request: HttpRequest, obj: WorkflowVersion) -> HttpResponse:
        messages.success(request, "Saved. Publish it when it is ready.")
        return HttpResponseRedirect(reverse("admin:workflows_workflowversion_change", args=[obj.pk]))

    @button("Publish", permission="publish", icon="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(version: WorkflowVersion, answers: dict[str, Any]) -> str:
            publishing.publish(version=version, by=request.user, now=clock.database_now())  # type: ignore[arg-type]  # staff only
            return "Published: contacts who start from now on go through this version."

        question = Question(
            title="Publish this version",
            explanation="Contacts who start from now on go through it. Those who are under way keep the version they "
            "started with. A published version cannot be changed any more. What is published is what is saved.",
            warning=unfamiliar.warning,
            submit="Publish",
            act=act,
            refusals=(publishing.NotPublishable,),
        )
        return confirmation.ask(self, request, object_id, question)
