"""What the pages about one workflow have in common: who may, what stands above, where the other pages are."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import reverse

from contactflow.core import numbers
from contactflow.core.admin.model_admin import BaseAdmin
from workflows.models import WorkflowTemplate

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


def context(
    page: BaseAdmin, request: HttpRequest, template: WorkflowTemplate, here: str, **more: Any
) -> dict[str, Any]:
    """What every page about the workflow starts with."""
    tabs = [{"name": words, "address": address(template, name), "is_here": name == here} for name, words in PAGES]
    why = f"{reverse('admin:workflows_why')}?workflow={template.slug}"
    running = f"{reverse('admin:workflows_workflowinstance_changelist')}?template__id__exact={template.pk}"
    tabs += [
        {"name": "Why, and why not", "address": why, "is_here": here == "why"},
        {"name": "Who is in it", "address": running, "is_here": False},
    ]
    return {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "original": template,
        "workflow": template,
        "title": template.name,
        "subtitle": template.name,
        "tabs": tabs,
        "may_edit": may_edit(request),
        "may_start": may_start(request),
        "switch_address": address(template, "switch"),
        "duplicate_address": address(template, "duplicate"),
    } | more
