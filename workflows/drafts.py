"""A workflow as plain values, and the draft it is written into: what runs stays untouched until it is published."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, Prefetch
from django.db.models.functions import Now

from contacts.models import BusinessEntity, ContactType, LeadSource
from engagement.models import EngagementTemplate, Target
from workflows.models import PlannedTouch, Step, WorkflowTemplate, WorkflowVersion


@dataclass(frozen=True, kw_only=True)
class Touch:
    """One email of a follow-up: which, and how many days after the start."""

    day: int
    template: EngagementTemplate | None


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """A step as it stands in a form: anything may still be missing."""

    action_type: str
    delay_hours: Decimal = Decimal(0)
    target: Target | None = None
    template: EngagementTemplate | None = None
    title: str = ""
    description: str = ""
    category: str = ""
    priority: str = ""
    effort_hours: Decimal | None = None
    touches: tuple[Touch, ...] = ()


STEP_FIELDS = tuple(field.name for field in fields(PlannedStep) if field.name != "touches")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a version says, with the name that stands above it."""

    name: str
    description: str = ""
    is_tracked: bool = True
    business_entity: BusinessEntity | None = None
    events: tuple[str, ...] = ()
    contact_types: tuple[ContactType, ...] = ()
    lead_sources: tuple[LeadSource, ...] = ()
    interests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reentry: str = WorkflowVersion.Reentry.ONCE
    reentry_days: int | None = None
    on_reply: str = WorkflowVersion.OnReply.STOP
    reply_pause_days: int | None = None
    steps: tuple[PlannedStep, ...] = ()


class EditedMeanwhile(Exception):
    """Somebody saved the workflow since the form was opened. `held` is what it says now, `by` and `at` tell who."""

    def __init__(self, *, held: Plan, by: User | None, at: dt.datetime | None) -> None:
        super().__init__("Somebody changed this workflow while you were editing it.")
        self.held, self.by, self.at = held, by, at


def draft_of(template: WorkflowTemplate) -> WorkflowVersion:
    """The draft of a template; without one, a copy of the current version becomes it."""
    with transaction.atomic():
        WorkflowTemplate.objects.select_for_update().get(pk=template.pk)
        draft = template.versions.filter(published_at=None).first()
        return draft or _copy(template)


def in_work(template: WorkflowTemplate) -> WorkflowVersion | None:
    """What an editor sees: the draft if there is one, else what runs."""
    draft = template.versions.select_related("edited_by").filter(published_at=None).first()
    return draft or template.current_version


def plan_of(version: WorkflowVersion | None, template: WorkflowTemplate) -> Plan:
    """What a version says; of no version, an empty plan."""
    if version is None:
        return Plan(
            name=template.name,
            description=template.description,
            is_tracked=template.is_tracked,
            business_entity=template.business_entity,
        )
    touches = Prefetch("touches", queryset=PlannedTouch.objects.select_related("template__current_version"))
    rows = version.steps.select_related("target", "template__current_version").prefetch_related(touches)
    return Plan(
        name=template.name,
        description=template.description,
        is_tracked=template.is_tracked,
        business_entity=brand_of(version, template),
        events=tuple(version.events),
        contact_types=tuple(version.contact_types.all()),
        lead_sources=tuple(version.lead_sources.all()),
        interests=tuple(version.interests),
        tags=tuple(version.tags),
        reentry=version.reentry,
        reentry_days=version.reentry_days,
        on_reply=version.on_reply,
        reply_pause_days=version.reply_pause_days,
        steps=tuple(_planned(row) for row in rows),
    )


def brand_of(version: WorkflowVersion, template: WorkflowTemplate) -> BusinessEntity | None:
    """A draft that was edited has its own; everything else has the template's."""
    return version.business_entity if version.edited_at and version.is_draft else template.business_entity


def fingerprint(plan: Plan) -> str:
    """Two plans that say the same have the same; kept in an open form, to notice what others saved meanwhile."""
    unordered = {
        name: sorted(getattr(one, "pk", one) for one in getattr(plan, name))
        for name in ("events", "contact_types", "lead_sources", "interests", "tags")
    }
    steps = [vars(step) | {"touches": sorted(step.touches, key=lambda touch: touch.day)} for step in plan.steps]
    said = json.dumps(vars(plan) | unordered | {"steps": steps}, default=_plain)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def save(
    *, template: WorkflowTemplate, plan: Plan, seen: str, by: User | None, now: dt.datetime
) -> WorkflowVersion | None:
    """Write the plan into the draft; without a change to its version there is none. Raises EditedMeanwhile.

    `seen` is the fingerprint of what the editor began with. Name, description and tracking hold at once.
    """
    with transaction.atomic():
        locked = WorkflowTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
        held_version = in_work(locked)
        held = plan_of(held_version, locked)
        if fingerprint(held) != seen:
            by_whom = (held_version.edited_by or held_version.published_by) if held_version else None
            raise EditedMeanwhile(held=held, by=by_whom, at=held_version.edited_at if held_version else None)
        if fingerprint(held) == fingerprint(plan):
            return held_version if held_version and held_version.is_draft else None
        _rename(locked, plan)
        relabelled = replace(held, name=plan.name, description=plan.description, is_tracked=plan.is_tracked)
        if held_version and not held_version.is_draft and fingerprint(relabelled) == fingerprint(plan):
            return None
        return write(version=draft_of(locked), plan=plan, by=by, now=now)


def write(*, version: WorkflowVersion, plan: Plan, by: User | None, now: dt.datetime) -> WorkflowVersion:
    """Let the draft say what the plan says, and nothing else."""
    with transaction.atomic():
        version.business_entity, version.edited_by, version.edited_at = plan.business_entity, by, now
        _fill(version, plan)
    return version


def restore(*, version: WorkflowVersion, by: User | None, now: dt.datetime) -> WorkflowVersion:
    """Let the draft say what an earlier version said; the brand, the name and what runs stay as they are."""
    template = version.template
    with transaction.atomic():
        draft = draft_of(template)
        return write(version=draft, plan=plan_of(version, template), by=by, now=now)


def discard(*, template: WorkflowTemplate) -> bool:
    """Throw the draft away; False when there is none, or when nothing was published that could stand in its place."""
    with transaction.atomic():
        locked = WorkflowTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
        draft = locked.versions.filter(published_at=None).first()
        if draft is None or locked.current_version_id is None:
            return False
        draft.delete()
    return True


def duplicate(
    *, template: WorkflowTemplate, name: str, slug: str, by: User | None, now: dt.datetime
) -> WorkflowTemplate:
    """A new workflow that says the same in a draft; nothing of it runs until it is published."""
    with transaction.atomic():
        made = WorkflowTemplate.objects.create(
            name=name,
            slug=slug,
            description=template.description,
            is_tracked=template.is_tracked,
            business_entity=template.business_entity,
        )
        write(version=draft_of(made), plan=plan_of(in_work(template), template), by=by, now=now)
    return made


def _planned(row: Step) -> PlannedStep:
    touches = tuple(Touch(day=touch.day, template=touch.template) for touch in row.touches.all())
    return PlannedStep(**{name: getattr(row, name) for name in STEP_FIELDS}, touches=touches)


def _plain(value: Any) -> Any:
    """What JSON has no word for: a row is its key, a number has as many places as the database keeps."""
    if isinstance(value, Model):
        return value.pk
    return f"{value:.4f}" if isinstance(value, Decimal) else vars(value)


def _rename(template: WorkflowTemplate, plan: Plan) -> None:
    labels = {"name": plan.name, "description": plan.description, "is_tracked": plan.is_tracked}
    WorkflowTemplate.objects.filter(pk=template.pk).update(**labels, updated_at=Now())


def _copy(template: WorkflowTemplate) -> WorkflowVersion:
    last = template.versions.order_by("-number").values_list("number", flat=True).first() or 0
    draft = WorkflowVersion(template=template, number=last + 1)
    _fill(draft, plan_of(template.current_version, template))
    return draft


def _fill(version: WorkflowVersion, plan: Plan) -> None:
    """Everything but the brand."""
    version.reentry, version.reentry_days = plan.reentry, plan.reentry_days
    version.on_reply, version.reply_pause_days = plan.on_reply, plan.reply_pause_days
    version.events, version.interests, version.tags = list(plan.events), list(plan.interests), list(plan.tags)
    version.save()
    version.contact_types.set(plan.contact_types)
    version.lead_sources.set(plan.lead_sources)
    version.steps.all().delete()
    for position, step in enumerate(plan.steps, start=1):
        values = {name: getattr(step, name) for name in STEP_FIELDS}
        row = Step.objects.create(version=version, position=position, **values)
        PlannedTouch.objects.bulk_create(PlannedTouch(step=row, **vars(touch)) for touch in step.touches)
