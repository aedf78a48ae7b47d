"""Why a workflow started for a contact, or did not: `admin:workflows_why`, with ?contact=UUID&workflow=SLUG.

Both are optional: a contact alone lists all workflows, a workflow alone asks for the contact.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from contactflow.core import clock
from contactflow.core.admin.model_admin import BaseAdmin
from contacts import describe
from contacts.admin import people_search
from contacts.models import Contact
from workflows import explain
from workflows.admin import plan_sentences, workflow_pages
from workflows.models import WorkflowInstance, WorkflowTemplate


def why(page: BaseAdmin, request: HttpRequest) -> HttpResponse:
    """Sentences about one contact and one workflow, or one contact and all of them."""
    if not request.user.has_perm("contacts.view_contact"):
        raise PermissionDenied
    contact = people_search.chosen(request)
    slug = request.GET.get("workflow", "")
    found = WorkflowTemplate.objects.select_related("business_entity", "current_version__published_by")
    template = found.filter(slug=slug).first() if slug else None
    more: dict[str, Any] = {
        "title": "Why, and why not",
        "subtitle": template.name if template else "",
        "workflow": template,
        "chosen": contact,
        "workflows": WorkflowTemplate.objects.only("slug", "name").order_by("name"),
        "find_address": reverse("admin:workflows_workflowtemplate_find_person"),
        "may_see_people": True,
        **_answer(contact, template),
    }
    if template is not None:
        return workflow_pages.answer(page, request, template, "why", "why", **more)
    return page.framed(request, "admin/workflows/why.html", more)


def _answer(contact: Contact | None, template: WorkflowTemplate | None) -> dict[str, Any]:
    if contact is None:
        return {}
    now = clock.database_now()
    if template is None:
        return {"standings": explain.overview(contact=contact, now=now)}
    present, *past = explain.explain(contact=contact, template=template, now=now)
    return {
        "present": present,
        "past": [{"it": one, "event": describe.name_of_event(one.event)} for one in past],
        "checks": explain.checks(contact=contact, template=template),
        "starts": plan_sentences.triggers(template.current_version)[:1] if template.current_version else [],
        "instances": WorkflowInstance.objects.filter(contact=contact, template=template).select_related(
            "version", "contact", "template"
        )[:5],
    }
