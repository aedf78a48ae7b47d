"""The versions of a workflow: who published what and when, what differs, and the way back."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.contrib.filters.admin import RelatedDropdownFilter

from contactflow.core import clock
from contactflow.core.admin import comparing
from contactflow.core.admin.filters import IsNullFilter
from contactflow.core.admin.model_admin import BaseAdmin, ReadOnlyAdmin, column, link
from contacts import describe
from contacts.admin.events import KINDS
from contacts.models import ContactEvent
from workflows import drafts, publishing, validation
from workflows.admin import plan_sentences, workflow_pages
from workflows.models import WorkflowTemplate, WorkflowVersion
from workflows.starting import audience


def versions(page: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Every version, and the difference between any two: ?before=1&after=3."""
    template = workflow_pages.opened(page, request, object_id)
    rows = list(template.versions.select_related("published_by", "edited_by").order_by("-number"))
    before, after = comparing.chosen(request, rows)
    plan = drafts.plan_of(after, template)
    return workflow_pages.answer(
        page, request, template, "versions", "versions",
        versions=rows,
        current=template.current_version,
        running=dict(publishing.in_flight(template)),
        before=before,
        after=after,
        changes=plan_sentences.of_versions(before, after, template),
        sentences=plan_sentences.triggers_of(plan) if after else [],
        steps=plan_sentences.steps_of(plan),
    )  # fmt: skip


def publish(page: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """What will change, who is under way on what, and the button."""
    template = workflow_pages.opened(page, request, object_id, allowed=workflow_pages.may_edit(request))
    draft = template.versions.select_related("template").filter(published_at=None).first()
    if draft is None:
        messages.info(request, "There is no draft to publish: what is saved runs already.")
        return HttpResponseRedirect(workflow_pages.address(template))
    if request.method == "POST":
        return _publish(request, template, draft)
    plan, current = drafts.plan_of(draft, template), template.current_version
    changes = plan_sentences.of_versions(current, draft, template)
    starts_change = current is None or any("tep" not in change.where for change in changes)
    now = clock.database_now()
    return workflow_pages.answer(
        page, request, template, "publish", "publish",
        title=f"Publish {template.name}",
        draft=draft,
        seen=drafts.fingerprint(plan),
        current=current,
        changes=changes,
        problems=[fault.sentence for fault in validation.find(plan)],
        warning=_unknown_events(draft),
        running=publishing.in_flight(template),
        reach=audience.reach(template=template, plan=plan, now=now) if starts_change else None,
        plan=plan,
        sentences=plan_sentences.triggers_of(plan),
        steps=plan_sentences.steps_of(plan),
    )  # fmt: skip


def restore(page: BaseAdmin, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
    """Ask, then let the draft say what that version said."""
    template = workflow_pages.opened(page, request, object_id, allowed=workflow_pages.may_edit(request))
    version = template.versions.select_related("template__business_entity").filter(number=number).first()
    if version is None or version.is_draft:
        raise Http404
    if request.method == "POST":
        drafts.restore(version=version, by=request.user, now=clock.database_now())  # type: ignore[arg-type]  # staff
        messages.success(request, f"The draft now says what version {number} said. Publish it when it is right.")
        return HttpResponseRedirect(workflow_pages.address(template))
    draft = template.versions.filter(published_at=None).first()
    return workflow_pages.answer(
        page, request, template, "versions", "ask",
        title=f"Take version {number} back into the draft",
        explanation="What runs stays as it is until you publish the draft.",
        warning="The draft there is now is overwritten." if draft else "",
        changes=plan_sentences.of_versions(drafts.in_work(template), version, template),
        changes_heading="What this changes in what you see on the page now",
        submit=f"Take version {number} back",
        back=workflow_pages.address(template, "versions"),
    )  # fmt: skip


def discard(page: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Ask, showing what would be lost, then throw the draft away."""
    template = workflow_pages.opened(page, request, object_id, allowed=workflow_pages.may_edit(request))
    draft = template.versions.filter(published_at=None).first()
    if draft is None or template.current_version is None:
        messages.info(request, "There is no draft to throw away, or nothing published to go back to.")
        return HttpResponseRedirect(workflow_pages.address(template))
    if request.method == "POST":
        drafts.discard(template=template)
        messages.success(request, "The draft is gone. You see what runs.")
        return HttpResponseRedirect(workflow_pages.address(template))
    return workflow_pages.answer(
        page, request, template, "change", "ask",
        title="Throw the draft away",
        explanation="What runs is not touched. These changes are lost:",
        changes=plan_sentences.of_versions(template.current_version, draft, template),
        submit="Throw away",
        is_danger=True,
    )  # fmt: skip


class CopyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    class Meta:
        model = WorkflowTemplate
        fields = ("name", "slug")
        labels: ClassVar = {"slug": "Short name for the API"}
        help_texts: ClassVar = {"slug": "Lower-case letters, digits and underscores. It cannot be changed later."}
        error_messages: ClassVar = {"slug": {"unique": "Another workflow has this short name."}}
        widgets: ClassVar = {name: forms.TextInput(attrs={"class": "desk-input"}) for name in fields}


def duplicate(page: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """A copy under another name, as a draft."""
    template = workflow_pages.opened(
        page, request, object_id, allowed=workflow_pages.may_edit(request) and page.has_add_permission(request)
    )
    initial = {"name": f"{template.name} (copy)"[:120], "slug": f"{template.slug[:59]}_copy"}
    form = CopyForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        by: Any = request.user
        made = drafts.duplicate(template=template, **form.cleaned_data, by=by, now=clock.database_now())
        messages.success(request, "Copied as a draft: nothing of it runs until you publish it.")
        return HttpResponseRedirect(workflow_pages.address(made))
    return workflow_pages.answer(
        page, request, template, "change", "ask",
        title=f"Copy {template.name}",
        explanation="The copy has the same steps, as a draft. Nothing of it runs until you publish it.",
        form=form,
        submit="Make the copy",
    )  # fmt: skip


def _publish(request: HttpRequest, template: WorkflowTemplate, draft: WorkflowVersion) -> HttpResponse:
    try:
        publishing.publish(
            version=draft,
            by=request.user,  # type: ignore[arg-type]  # staff
            now=clock.database_now(),
            seen=request.POST.get("seen", ""),
        )
    except publishing.NotPublishable as refusal:
        for problem in refusal.problems:
            messages.error(request, problem)
        return HttpResponseRedirect(workflow_pages.address(template))
    said = f"Version {draft.number} is published: whoever starts from now on goes through it."
    if not template.active:
        said += " The workflow is switched off, so nothing starts yet."
    messages.success(request, said)
    return HttpResponseRedirect(workflow_pages.address(template))


def _unknown_events(version: WorkflowVersion) -> str:
    """A workflow that waits for a misspelt name would never start, and nobody would notice."""
    published = WorkflowVersion.objects.filter(published_at__isnull=False).exclude(pk=version.pk)
    unknown = [
        event
        for event in version.events
        if event not in KINDS
        and not published.filter(events__contains=[event]).exists()
        and not ContactEvent.objects.filter(kind=event).exists()
    ]
    return " ".join(f"Nothing has sent {event} so far: check how it is spelt." for event in unknown)


class PublishedFilter(IsNullFilter):
    is_null, is_set = ("draft", "Draft"), ("published", "Published")
    lookup = "published_at__isnull"


@admin.register(WorkflowVersion)
class WorkflowVersionAdmin(ReadOnlyAdmin):
    """To read: a draft is edited on the page of its workflow."""

    when_empty = "Every published version of a workflow is kept here."
    list_display = ("template", "number", "state", "starts_by", "published_at", "published_by")
    list_display_links = ("template", "number")
    list_filter = (PublishedFilter, ("template", RelatedDropdownFilter))
    list_select_related = ("template", "published_by")
    search_fields = ("template__name", "template__slug")
    ordering = ("template__slug", "-number")
    fieldsets = (
        (None, {"fields": ("workflow", "number", "state", "published_at", "published_by")}),
        ("What it does", {"fields": ("starts_when", "what_happens")}),
    )

    def title_of(self, row: WorkflowVersion) -> str:
        return f"{row.template}, version {row.number}"

    @column("Workflow")
    def workflow(self, version: WorkflowVersion) -> str:
        return link(version.template)

    @column("State", ordering="published_at", label={"Draft": "warning", "Published": "success"})
    def state(self, version: WorkflowVersion) -> str:
        return "Draft" if version.is_draft else "Published"

    @column("Starts")
    def starts_when(self, version: WorkflowVersion) -> str:
        return describe.listed(plan_sentences.triggers(version))

    @column("Steps")
    def what_happens(self, version: WorkflowVersion) -> str:
        return describe.listed(plan_sentences.steps_of(drafts.plan_of(version, version.template)))

    @column("Started by")
    def starts_by(self, version: WorkflowVersion) -> str:
        return "; ".join(map(plan_sentences.event, version.events)).capitalize() or "-"
