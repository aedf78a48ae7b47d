"""From a draft to an immutable version. Instances stay pinned to the version they started with."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import User
from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Count, Func, IntegerField, OuterRef
from django.db.models.functions import Now

from workflows import validation
from workflows.actions.base import Severity
from workflows.drafts import fingerprint, plan_of
from workflows.models import WorkflowInstance, WorkflowTemplate, WorkflowVersion


class NotPublishable(ValueError):
    """The draft lacks something; `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def problems_of(version: WorkflowVersion) -> list[str]:
    """What would not work in a version, in sentences; empty when nothing does."""
    plan = plan_of(version, version.template)
    return [fault.sentence for fault in validation.find(plan) if fault.severity != Severity.DOUBTFUL]


def publish(*, version: WorkflowVersion, by: User | None, now: dt.datetime, seen: str | None = None) -> WorkflowVersion:
    """Make a draft the version that runs from now on. Raises NotPublishable.

    `seen` is the fingerprint of what whoever publishes was shown: nothing else is published in its place.
    """
    with transaction.atomic():
        template = WorkflowTemplate.objects.select_for_update(of=("self",)).get(pk=version.template_id)
        version.refresh_from_db()
        if problems := _against(version, template, seen):
            raise NotPublishable(problems)
        version.published_at, version.published_by = now, by
        version.save(update_fields=["published_at", "published_by"])
        template.current_version, template.updated_at = version, Now()
        if version.edited_at is not None:  # only a draft that was edited carries the brand it is meant for
            template.business_entity = version.business_entity
        template.save(update_fields=["current_version", "updated_at", "business_entity"])
    return version


def _against(version: WorkflowVersion, template: WorkflowTemplate, seen: str | None) -> list[str]:
    """What keeps the version from being published at this moment."""
    if not version.is_draft:
        return ["This version is published already."]
    plan = plan_of(version, template)
    if seen is not None and seen != fingerprint(plan):
        return ["The draft was changed since you looked at it. Read what it says now, then publish it."]
    return [fault.sentence for fault in validation.find(plan)]


def in_flight(template: WorkflowTemplate) -> list[tuple[int, int]]:
    """How many people are under way on which version: (number, people), the newest first."""
    running = WorkflowInstance.objects.filter(template=template, status__in=["active", "paused"])
    counted = running.values("version__number").annotate(people=Count("pk")).order_by("-version__number")
    return [(row["version__number"], row["people"]) for row in counted]


COUNTED = 1000  # people under way that a list counts; beyond it "more than" will do


def under_way() -> Func:
    """How many people are under way in a workflow, at most COUNTED + 1, for a list of them."""
    running = WorkflowInstance.objects.filter(template=OuterRef("pk"), status__in=["active", "paused"]).order_by()
    some = ArraySubquery(running.values("version")[: COUNTED + 1])
    return Func(some, function="CARDINALITY", output_field=IntegerField())


def switch(*, template: WorkflowTemplate, is_on: bool) -> None:
    """Let new people start it, or nobody any more; whoever is under way goes on either way."""
    WorkflowTemplate.objects.filter(pk=template.pk).update(active=is_on, updated_at=Now())
