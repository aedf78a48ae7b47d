"""Switching a workflow on or off, and starting it for people who are here: only after seeing what that means."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from contactflow.core import clock
from contactflow.core.admin.model_admin import BaseAdmin
from workflows import drafts, publishing
from workflows.admin import plan_sentences, workflow_pages
from workflows.models import StartOrder
from workflows.starting import audience, bulk


def switch(page: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show what switching means, then switch."""
    template = workflow_pages.opened(page, request, object_id, allowed=workflow_pages.may_edit(request))
    if request.method == "POST":
        is_on = request.POST.get("active") == "on"
        publishing.switch(template=template, is_on=is_on)
        said = (
            "Switched on: whoever arrives from now on and matches starts it."
            if is_on
            else "Switched off: nobody starts it any more. Whoever is under way goes on."
        )
        messages.success(request, said)
        return HttpResponseRedirect(workflow_pages.address(template))
    now, version = clock.database_now(), template.current_version
    plan = drafts.plan_of(version, template)
    return workflow_pages.answer(
        page, request, template, "change", "switch",
        title=f"Switch {template.name} {'off' if template.active else 'on'}",
        current=version,
        is_on=template.active,
        reach=audience.reach(template=template, plan=plan, now=now) if version and not template.active else None,
        sentences=plan_sentences.triggers_of(plan) if version else [],
        running=publishing.in_flight(template),
    )  # fmt: skip


def start_people(page: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """The numbers, and the button that starts what runs for everybody who matches."""
    template = workflow_pages.opened(page, request, object_id, allowed=workflow_pages.may_start(request))
    now = clock.database_now()
    if request.method == "POST":
        try:
            bulk.order(template=template, by=request.user, now=now)  # type: ignore[arg-type]  # staff only
        except bulk.NotStartable as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, "Asked: the workers start it for them, a few at a time. This page shows how far they are."
            )
        return HttpResponseRedirect(workflow_pages.address(template, "people"))
    version = template.current_version
    plan = drafts.plan_of(version, template)
    orders = StartOrder.objects.filter(template=template).select_related("asked_by")[:5]
    return workflow_pages.answer(
        page, request, template, "change", "start_people",
        title=f"Start {template.name} for people who are here",
        current=version,
        reach=audience.reach(template=template, plan=plan, now=now) if version else None,
        sentences=plan_sentences.triggers_of(plan) if version else [],
        steps=plan_sentences.steps_of(plan) if version else [],
        orders=orders,
        is_running=any(order.finished_at is None for order in orders),
    )  # fmt: skip
