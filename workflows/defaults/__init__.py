"""Loads the nine workflows of a fresh deployment, as content.toml says, never overwriting what staff changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction

from contacts.models import BusinessEntity, ContactType, LeadSource
from engagement.models import EngagementTemplate, Target
from workflows import drafts, publishing
from workflows.conditions import CONTACT_UPDATED, NEW_CONTACT
from workflows.drafts import Plan, PlannedStep, Touch
from workflows.models import WorkflowTemplate

ARRIVALS = (NEW_CONTACT, CONTACT_UPDATED)
Content = Mapping[str, Any]
WORKFLOWS: list[Content] = tomllib.loads((Path(__file__).parent / "content.toml").read_text(encoding="utf-8"))[
    "workflows"
]


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


def digest(content: Content) -> str:
    """What a deployment remembers of the content it loaded."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _load(content: Content, now: dt.datetime, *, check_only: bool) -> str:
    template = WorkflowTemplate.objects.filter(slug=content["slug"]).first()
    if template is not None and (template.loaded_digest == digest(content) or _touched(template)):
        return ""
    line = f"workflow {content['slug']}: {'added' if template is None else 'renewed'}"
    if not check_only:
        _write(content, template or _create(content), now)
    return line


def _touched(template: WorkflowTemplate) -> bool:
    version = template.current_version
    published_by_staff = version is not None and version.published_by_id is not None
    return published_by_staff or template.versions.filter(published_at=None).exists()


def _create(content: Content) -> WorkflowTemplate:
    brand = BusinessEntity.objects.get(slug=content["entity"]) if content.get("entity") else None
    named = {name: content[name] for name in ("slug", "name", "description")}
    return WorkflowTemplate.objects.create(**named, business_entity=brand)


def _write(content: Content, template: WorkflowTemplate, now: dt.datetime) -> None:
    plan = Plan(
        name=template.name,
        business_entity=template.business_entity,
        events=tuple(content.get("events", ARRIVALS)),
        contact_types=tuple(ContactType.objects.filter(slug__in=content.get("contact_types", ()))),
        lead_sources=tuple(LeadSource.objects.filter(slug__in=content.get("lead_sources", ()))),
        interests=tuple(content.get("interests", ())),
        tags=tuple(content.get("tags", ())),
        steps=tuple(_step(step) for step in content["steps"]),
    )
    draft = drafts.write(version=drafts.draft_of(template), plan=plan, by=None, now=now)
    publishing.publish(version=draft, by=None, now=now)
    WorkflowTemplate.objects.filter(pk=template.pk).update(loaded_digest=digest(content))


def _step(content: Content) -> PlannedStep:
    touches = tuple(Touch(day=day, template=_email(slug)) for day, slug in content.get("touches", ()))
    rows = {
        "delay_hours": Decimal(content["delay_hours"]),
        "target": Target.objects.get(slug=content["target"]) if content.get("target") else None,
        "template": _email(content["template"]) if content.get("template") else None,
    }
    return PlannedStep(**{**content, **rows, "touches": touches})


def _email(slug: str) -> EngagementTemplate:
    return EngagementTemplate.objects.get(slug=slug)
