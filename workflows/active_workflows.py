"""The workflows that run, with all that judging and starting them needs, kept in memory until staff change them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Prefetch

from contacts.config_revision import Kept
from workflows.conditions import Triggers
from workflows.models import Step, WorkflowTemplate, WorkflowVersion


@dataclass(frozen=True)
class Candidate:
    """An active template with what is published of it. Versions never change; the template may be renamed."""

    template: WorkflowTemplate
    version: WorkflowVersion
    triggers: Triggers
    steps: tuple[Step, ...]


def load() -> tuple[Candidate, ...]:
    """Every active template that has a published version; what staff changed is seen at once, in every process."""
    return KEPT.now()


def at(revision: uuid.UUID | None) -> tuple[Candidate, ...]:
    """The same for who has asked for the revision already (contacts.config_revision)."""
    return KEPT.at(revision)


def candidate_of(template: WorkflowTemplate, version: WorkflowVersion) -> Candidate:
    """Any version as if it were the one that runs, to judge what it would do."""
    return Candidate(
        template=template, version=version, triggers=triggers_of(template, version), steps=tuple(version.steps.all())
    )


def triggers_of(template: WorkflowTemplate, version: WorkflowVersion) -> Triggers:
    return Triggers(
        events=tuple(version.events),
        business_entity=template.business_entity.name if template.business_entity else "",
        contact_types=tuple(kind.name for kind in version.contact_types.all()),
        lead_sources=tuple(source.name for source in version.lead_sources.all()),
        interests=tuple(version.interests),
        tags=tuple(version.tags),
    )


def _read(revision: uuid.UUID | None) -> tuple[Candidate, ...]:
    versions = WorkflowVersion.objects.prefetch_related("contact_types", "lead_sources", "steps")
    templates = WorkflowTemplate.objects.filter(active=True).select_related("business_entity")
    found = templates.prefetch_related(Prefetch("current_version", queryset=versions))
    return tuple(candidate_of(one, one.current_version) for one in found if one.current_version)


KEPT = Kept(_read)
