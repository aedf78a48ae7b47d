"""The page of a workflow: the form, beside it the timeline it makes, above it what waits to be published."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse

from contactflow.core import clock, datetimes
from contactflow.core.admin.model_admin import BaseAdmin, name_of
from workflows import drafts, publishing, simulation, validation
from workflows.actions.base import Severity
from workflows.admin import plan_sentences, workflow_pages
from workflows.admin.editor_choices import Offer
from workflows.admin.editor_forms import Editor
from workflows.drafts import EditedMeanwhile, Plan
from workflows.models import StartOrder, WorkflowTemplate
from workflows.simulation import Line


def change(page: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show what the draft says, or what runs; save what was typed into the draft."""
    template = workflow_pages.opened(page, request, object_id)
    if request.method == "POST":
        if not workflow_pages.may_edit(request):
            raise PermissionDenied
        return _save(page, request, template, request.POST)
    plan = drafts.plan_of(drafts.in_work(template), template)
    if not workflow_pages.may_edit(request):
        return _answer(page, request, template, plan)
    editor = Editor(offer=Offer.read(), plan=plan)
    editor.place(validation.find(plan))
    return _answer(page, request, template, plan, editor=editor, seen=drafts.fingerprint(plan))


def preview(page: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """The timeline of the form as it stands. Nothing is written."""
    template = workflow_pages.opened(page, request, object_id, allowed=workflow_pages.may_edit(request))
    editor = Editor(offer=Offer.read(), plan=Plan(name=template.name), sent=request.POST)
    editor.is_readable()
    plan = editor.plan()
    return TemplateResponse(request, "admin/workflows/timeline.html", _timeline(plan))


def _save(page: BaseAdmin, request: HttpRequest, template: WorkflowTemplate, sent: QueryDict) -> HttpResponse:
    editor = Editor(offer=Offer.read(), plan=Plan(name=template.name), sent=sent)
    is_readable = editor.is_readable()
    plan = editor.plan()
    found = validation.find(plan)
    if not is_readable or any(fault.severity == Severity.REFUSED for fault in found):
        editor.place(found)
        return _answer(page, request, template, plan, editor=editor, seen=sent.get("seen", ""), refused=True)
    try:
        draft = drafts.save(
            template=template,
            plan=plan,
            seen=sent.get("seen", ""),
            by=request.user,  # type: ignore[arg-type]  # staff only
            now=clock.database_now(),
        )
    except EditedMeanwhile as other:
        editor.place(found)
        more = {"seen": drafts.fingerprint(other.held), "clash": _clash(other, plan)}
        return _answer(page, request, template, plan, editor=editor, **more)
    if draft is not None and "_publish" in sent and not found:
        return HttpResponseRedirect(workflow_pages.address(template, "publish"))
    messages.success(request, _said(draft is not None, len(found), wants_to_publish="_publish" in sent))
    return HttpResponseRedirect(workflow_pages.address(template))


def _said(has_draft: bool, faults: int, *, wants_to_publish: bool) -> str:
    if not has_draft:
        return "Saved. The steps are those that run already, so there is nothing to publish."
    if faults:
        things = "1 thing has" if faults == 1 else f"{faults} things have"
        return f"Saved as a draft. {things} to be settled before it can be published: see below."
    return "Saved as a draft. What runs stays as it is until you publish." if not wants_to_publish else "Saved."


def _clash(other: EditedMeanwhile, mine: Plan) -> dict[str, Any]:
    """Who was quicker, and what their version says where the typed one says something else."""
    return {
        "who": name_of(other.by) if other.by else "Somebody",
        "when": datetimes.words(other.at) if other.at else "",
        "differences": plan_sentences.between(mine, other.held),
        "name": other.held.name if other.held.name != mine.name else "",
    }


def _timeline(plan: Plan) -> dict[str, Any]:
    return {
        "lines": [_told(line) for line in simulation.lines_of(plan)],
        "emails": validation.emails_of(plan),
        "triggers": plan_sentences.triggers_of(plan),
        "problems": [fault.sentence for fault in validation.find(plan)],
    }


def _told(line: Line) -> dict[str, Any]:
    """One line of the timeline, as the page shows it."""
    hours, note = line.planned.hours, ""
    if line.is_off:
        note = "Left out: this email is switched off."
    elif line.steps_back:
        note = "Left out: another email goes to the contact within 20 hours."
    return {
        "day": int(hours // 24),
        "after": plan_sentences.delay(hours).capitalize(),
        "step": line.number,
        "kind": line.kind,
        "what": line.kind.what(line.planned, line.step),
        "whom": line.kind.whom(line.step),
        "note": note,
    }


def _answer(page: BaseAdmin, request: HttpRequest, template: WorkflowTemplate, plan: Plan, **more: Any) -> HttpResponse:
    draft = template.versions.select_related("edited_by").filter(published_at=None).first()
    current = template.current_version
    return workflow_pages.answer(
        page, request, template, "change", "workflow",
        plan=plan,
        sentences=plan_sentences.steps_of(plan),
        draft=draft,
        current=current,
        changes=plan_sentences.of_versions(current, draft, template),
        running=publishing.in_flight(template),
        order=StartOrder.objects.filter(template=template).first(),
        preview_address=workflow_pages.address(template, "preview"),
        publish_address=workflow_pages.address(template, "publish"),
        discard_address=workflow_pages.address(template, "discard"),
        people_address=workflow_pages.address(template, "people"),
        **_timeline(plan),
        **more,
    )  # fmt: skip
