"""Emails with the workflows that send them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse

from contactflow.core.admin.model_admin import column
from contactflow.core.numbers import counted
from engagement.admin.emails import EngagementTemplateAdmin, Use
from engagement.models import EngagementTemplate
from workflows.models import PlannedTouch, Step, WorkflowTemplate

admin.site.unregister(EngagementTemplate)


@admin.register(EngagementTemplate)
class WholeEmailAdmin(EngagementTemplateAdmin):
    """An email with the steps and touches of published workflows that send it."""

    list_display: tuple[str, ...] = (
        "name", "business_entity", "category", "level_name", "sent_by", "active", "version", "last_changed",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[EngagementTemplate]:
        steps = Step.objects.filter(version=F("version__template__current_version"), template=OuterRef("pk"))
        touches = PlannedTouch.objects.filter(
            step__version=F("step__version__template__current_version"), template=OuterRef("pk")
        )
        counted = [
            Coalesce(Subquery(rows.order_by().values("template").annotate(n=Count("pk")).values("n")), Value(0))
            for rows in (steps, touches)
        ]
        return super().get_queryset(request).annotate(uses=counted[0] + counted[1])

    @column("Sent by", ordering="uses")
    def sent_by(self, template: EngagementTemplate) -> str:
        number: int = getattr(template, "uses", 0)
        if not number:
            return "Nothing yet"
        return counted(number, "step")

    def used_by(self, template: EngagementTemplate) -> list[Use]:
        steps = Step.objects.filter(version=F("version__template__current_version"), template=template)
        touches = PlannedTouch.objects.filter(
            step__version=F("step__version__template__current_version"), template=template
        )
        found = [
            _use(step.version.template, f"step {step.position}, after {_hours(float(step.delay_hours))}")
            for step in steps.select_related("version__template").order_by("version__template__name", "position")
        ]
        return found + [
            _use(touch.step.version.template, f"follow-up on day {touch.day}")
            for touch in touches.select_related("step__version__template").order_by("day")
        ]


def _use(workflow: WorkflowTemplate, step: str) -> Use:
    address = reverse("admin:workflows_workflowtemplate_change", args=[workflow.pk])
    name = workflow.name if workflow.active else f"{workflow.name} (switched off)"
    return Use(workflow=name, step=step, address=address)


def _hours(hours: float) -> str:
    if hours and hours % 24 == 0:
        return "1 day" if hours == 24 else f"{hours / 24:.0f} days"
    return "1 hour" if hours == 1 else f"{hours:g} hours"
