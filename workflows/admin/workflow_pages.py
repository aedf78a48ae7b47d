"""What the pages about workflows have in common: who may, what stands above, where the others are, finding people."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from contactflow.core import numbers
from contactflow.core.admin.model_admin import BaseAdmin
from contacts.models import Contact
from workflows.models import WorkflowTemplate

SHORTEST, MOST = 2, 8  # what is typed to find somebody, and how many are shown
EDIT = ("workflows.change_workflowversion", "workflows.change_workflowtemplate")
START = ("workflows.change_workflowtemplate", "workflows.add_workflowinstance")
PAGES = (
    ("change", "Steps and times"),
    ("versions", "Versions"),
    ("dry_run", "Dry run"),
)


def may_edit(request: HttpRequest) -> bool:
    return request.user.has_perms(EDIT)


def may_start(request: HttpRequest) -> bool:
    """Starting people is an operator's work as much as an editor's."""
    user = request.user
    return user.has_perm("workflows.change_workflowinstance") or user.has_perm("workflows.change_workflowtemplate")


def opened(page: BaseAdmin, request: HttpRequest, object_id: str, *, allowed: bool = True) -> WorkflowTemplate:
    """The workflow, for whoever may see it; `allowed` says whether they may do what they ask."""
    if not page.has_view_permission(request) or not allowed:
        raise PermissionDenied
    found = WorkflowTemplate.objects.select_related("business_entity", "current_version__published_by")
    template = found.filter(pk=numbers.key(object_id)).first()
    if template is None:
        raise Http404
    return template


def address(template: WorkflowTemplate, name: str = "change", *more: object) -> str:
    return reverse(f"admin:workflows_workflowtemplate_{name}", args=[template.pk, *more])


def answer(
    page: BaseAdmin, request: HttpRequest, template: WorkflowTemplate, here: str, name: str, **more: Any
) -> HttpResponse:
    """The page of that name about the workflow, below the tab that says where one is."""
    tabs = [{"name": words, "address": address(template, name), "is_here": name == here} for name, words in PAGES]
    why = f"{reverse('admin:workflows_why')}?workflow={template.slug}"
    running = f"{reverse('admin:workflows_workflowinstance_changelist')}?template__id__exact={template.pk}"
    tabs += [
        {"name": "Why, and why not", "address": why, "is_here": here == "why"},
        {"name": "Who is in it", "address": running, "is_here": False},
    ]
    context = {
        "original": template,
        "workflow": template,
        "title": template.name,
        "subtitle": template.name,
        "tabs": tabs,
        "may_edit": may_edit(request),
        "may_start": may_start(request),
        "switch_address": address(template, "switch"),
        "duplicate_address": address(template, "duplicate"),
        "back": address(template),
    }
    return page.framed(request, f"admin/workflows/{name}.html", context | more)


def find(page: BaseAdmin, request: HttpRequest, object_id: str = "") -> HttpResponse:
    """Up to eight people whose name, address or company has what was typed, each a link to the page that asked."""
    if not request.user.has_perm("contacts.view_contact"):
        raise PermissionDenied
    asked = " ".join(request.GET.get("person", "").split())
    others = request.GET.copy()
    for name in ("person", "contact"):
        others.pop(name, None)
    context = {
        "asked": asked,
        "is_short": len(asked) < SHORTEST,
        "people": Contact.objects.search(asked)[:MOST] if len(asked) >= SHORTEST else [],
        "rest": others.urlencode(),
        "page": _page_of(request),
    }
    return TemplateResponse(request, "admin/workflows/people.html", context)


def _page_of(request: HttpRequest) -> str:
    """The page that asked, as htmx names it: only its path, never another server."""
    path = request.headers.get("HX-Current-URL", "").partition("?")[0].partition("://")[2].partition("/")[2]
    return f"/{path}" if path.startswith("admin/") else ""
