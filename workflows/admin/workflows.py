"""The list of workflows, and the ways to the pages of each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter

from contactflow.core import datetimes
from contactflow.core.admin.model_admin import NoDeleteAdmin, column, name_of, page
from workflows import publishing
from workflows.admin import (
    activation,
    dry_run,
    editor,
    explanation,
    plan_sentences,
    workflow_pages,
    workflow_versions,
)
from workflows.models import Step, WorkflowTemplate, WorkflowVersion


@admin.register(WorkflowTemplate)
class WorkflowTemplateAdmin(NoDeleteAdmin):
    when_empty = (
        "Make the first workflow: say what starts it and what happens then. It runs once you publish it and switch it "
        "on."
    )
    list_display = ("name", "business_entity", "starts_short", "steps_count", "running_now", "published", "switched")
    list_filter = (("active", BooleanRadioFilter), ("business_entity", RelatedDropdownFilter))
    search_fields = ("name", "slug", "description")
    search_help_text = "Search by name."
    ordering = ("name",)
    fields = ("name", "slug", "description", "business_entity")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowTemplate]:
        current = WorkflowVersion.objects.select_related("published_by").prefetch_related(
            "contact_types", "lead_sources"
        )
        steps = Step.objects.filter(version=OuterRef("current_version")).order_by().values("version")
        rows: QuerySet[WorkflowTemplate] = super().get_queryset(request).select_related("business_entity")
        return rows.prefetch_related(Prefetch("current_version", queryset=current)).annotate(
            steps_now=Subquery(steps.annotate(number=Count("pk")).values("number")), under_way=publishing.under_way()
        )

    preview = page("<int:object_id>/preview/")(editor.preview)
    versions = page("<int:object_id>/versions/")(workflow_versions.versions)
    publish = page("<int:object_id>/publish/")(workflow_versions.publish)
    restore = page("<int:object_id>/restore/<int:number>/")(workflow_versions.restore)
    discard = page("<int:object_id>/discard/")(workflow_versions.discard)
    duplicate = page("<int:object_id>/duplicate/")(workflow_versions.duplicate)
    dry_run = page("<int:object_id>/dry-run/")(dry_run.dry_run)
    switch = page("<int:object_id>/switch/")(activation.switch)
    people = page("<int:object_id>/people/")(activation.start_people)
    find = page("<int:object_id>/find-person/", permission="")(workflow_pages.find)
    find_person = page("find-person/", permission="")(workflow_pages.find)
    why = page("why/", name="workflows_why")(explanation.why)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return editor.change(self, request, object_id)

    def response_add(
        self, request: HttpRequest, obj: WorkflowTemplate, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, "Made. Say what starts it and what happens, then publish it.")
        return HttpResponseRedirect(workflow_pages.address(obj))

    @column("Starts when")
    def starts_short(self, template: WorkflowTemplate) -> str:
        version = template.current_version
        if version is None:
            return "Nothing is published yet"
        words = dict.fromkeys([*version.interests, *version.tags])
        return plan_sentences.in_short(
            version.events, [*version.contact_types.all(), *version.lead_sources.all(), *words]
        )

    @column("Steps", ordering="steps_now")
    def steps_count(self, template: WorkflowTemplate) -> str:
        return str(getattr(template, "steps_now", None) or 0)

    @column("Under way")
    def running_now(self, template: WorkflowTemplate) -> SafeString | str:
        number = getattr(template, "under_way", 0)
        if not number:
            return "nobody"
        said = f"more than {publishing.COUNTED}" if number > publishing.COUNTED else str(number)
        place = reverse("admin:workflows_workflowinstance_changelist")
        return format_html(
            '<a class="desk-link" href="{}?template__id__exact={}&status__in=active&status__in=paused">{}</a>',
            place, template.pk, said,
        )  # fmt: skip

    @column("Published")
    def published(self, template: WorkflowTemplate) -> SafeString | str:
        version = template.current_version
        if version is None or version.published_at is None:
            return "-"
        by = version.published_by
        who = f" by {name_of(by)}" if by else ""
        return format_html("{}{}", datetimes.moment(version.published_at), who)

    @column("Switched", ordering="active")
    def switched(self, template: WorkflowTemplate) -> SafeString | str:
        colour, word = ("is-good", "On") if template.active else ("", "Off")
        return format_html(
            '<a href="{}" class="desk-chip {}" title="Switch it {}">{}</a>',
            workflow_pages.address(template, "switch"), colour, "off" if template.active else "on", word,
        )  # fmt: skip
