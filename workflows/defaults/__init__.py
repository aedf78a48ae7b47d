"""Loads the workflows of a fresh deployment, never overwriting what staff changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict

from django.db import transaction

from contacts.models import BusinessEntity, ContactType, LeadSource
from engagement.models import EngagementTemplate, Target
from workflows import publishing
from workflows.defaults.content import WORKFLOWS, StepContent, WorkflowContent
from workflows.models import PlannedTouch, Step, WorkflowTemplate, WorkflowVersion


def load(*, now: dt.datetime, check_only: bool = False) -> list[str]:
    """Add what is missing and renew what nobody here touched; returns a line for each. `check_only` changes nothing.

    A workflow whose newest version was published by staff, or that has a draft, is left alone.
    """
    lines = []
    for content in WORKFLOWS:
        with transaction.atomic():
            line = _load(content, now, check_only=check_only)
        if line:
            lines.append(line)
    return lines


def digest(content: WorkflowContent) -> str:
    """What a deployment remembers of the content it loaded."""
    return hashlib.sha256(json.dumps(asdict(content), sort_keys=True).encode()).hexdigest()


def _load(content: WorkflowContent, now: dt.datetime, *, check_only: bool) -> str:
    template = WorkflowTemplate.objects.filter(slug=content.slug).first()
    if template is not None and (template.loaded_digest == digest(content) or _touched(template)):
        return ""
    line = f"workflow {content.slug}: {'added' if template is None else 'renewed'}"
    if not check_only:
        _write(content, template or _create(content), now)
    return line


def _touched(template: WorkflowTemplate) -> bool:
    version = template.current_version
    published_by_staff = version is not None and version.published_by_id is not None
    return published_by_staff or template.versions.filter(published_at=None).exists()


def _create(content: WorkflowContent) -> WorkflowTemplate:
    return WorkflowTemplate.objects.create(
        slug=content.slug,
        name=content.name,
        description=content.description,
        business_entity=BusinessEntity.objects.get(slug=content.entity) if content.entity else None,
    )


def _write(content: WorkflowContent, template: WorkflowTemplate, now: dt.datetime) -> None:
    last = template.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = WorkflowVersion.objects.create(
        template=template,
        number=last + 1,
        events=list(content.events),
        interests=list(content.interests),
        tags=list(content.tags),
    )
    version.contact_types.set(ContactType.objects.filter(slug__in=content.contact_types))
    version.lead_sources.set(LeadSource.objects.filter(slug__in=content.lead_sources))
    for position, step in enumerate(content.steps, start=1):
        _write_step(version, position, step)
    publishing.publish(version=version, by=None, now=now)
    WorkflowTemplate.objects.filter(pk=template.pk).update(loaded_digest=digest(content))


def _write_step(version: WorkflowVersion, position: int, content: StepContent) -> None:
    step = Step.objects.create(
        version=version,
        position=position,
        delay_hours=content.delay_hours,
        action_type=content.action_type,
        target=Target.objects.get(slug=content.target) if content.target else None,
        template=EngagementTemplate.objects.get(slug=content.template) if content.template else None,
        title=content.title,
        category=content.category,
        priority=content.priority,
        effort_hours=content.effort_hours,
    )
    for day, slug in content.touches:
        PlannedTouch.objects.create(step=step, day=day, template=EngagementTemplate.objects.get(slug=slug))
