"""What would happen to a contact, when, and how it would read; nothing is written or sent."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from contacts.models import BusinessEntity, Contact
from engagement import rendering
from engagement.models import EngagementTemplate
from workflows import scheduling
from workflows.models import ActionType, Step, WorkflowTemplate


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """One action as it would be. For emails `subject` and `text` as rendered; `missing` names what would hold it."""

    at: dt.datetime
    action_type: str
    what: str
    target: str = ""
    subject: str = ""
    text: str = ""
    missing: list[str] = field(default_factory=list)


def simulate(*, template: WorkflowTemplate, contact: Contact, start: dt.datetime) -> list[Foreseen]:
    """The calendar of the template's current version for a contact who starts at `start`, in order of time."""
    version = template.current_version
    if version is None:
        return []
    entity = template.business_entity or contact.business_entities.order_by("memberships__position").first()
    steps = version.steps.select_related("target", "template__current_version").prefetch_related(
        "touches__template__current_version"
    )
    foreseen = [one for step in steps for one in _foresee(step, contact, entity, start)]
    return sorted(foreseen, key=lambda one: one.at)


def _foresee(step: Step, contact: Contact, entity: BusinessEntity | None, start: dt.datetime) -> list[Foreseen]:
    at = scheduling.due_at(started_at=start, delay_hours=step.delay_hours)
    if step.action_type == ActionType.SEND_EMAIL and step.template is not None:
        return [_email(step.template, step.action_type, contact, entity, at)]
    if step.action_type == ActionType.SCHEDULE_FOLLOW_UP:
        return [
            _email(touch.template, ActionType.FOLLOW_UP, contact, entity, start + dt.timedelta(days=touch.day))
            for touch in step.touches.all()
        ]
    label = ActionType(step.action_type).label
    what = f"{label}: {step.title}" if step.title else label
    return [Foreseen(at=at, action_type=step.action_type, what=what, target=step.target.slug if step.target else "")]


def _email(
    template: EngagementTemplate, action_type: str, contact: Contact, entity: BusinessEntity | None, at: dt.datetime
) -> Foreseen:
    if template.current_version is None:
        return Foreseen(at=at, action_type=action_type, what=template.name, missing=["words"])
    rendered = rendering.render(
        version=template.current_version,
        contact=contact,
        business_entity=template.business_entity or entity,
        now=at,
    )
    return Foreseen(
        at=at,
        action_type=action_type,
        what=template.name,
        subject=rendered.subject,
        text=rendered.text,
        missing=list(rendered.missing),
    )
