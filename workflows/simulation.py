"""What would happen to a contact, when, and how it would read; nothing is written or sent."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contacts import intake, reference_data
from contacts.cleaning import Unacceptable
from contacts.models import BusinessEntity, Contact, ContactStatus, ContactType, LeadSource
from engagement import rendering
from engagement.models import EngagementTemplate
from workflows import describe, drafts, scheduling
from workflows.actions.follow_up import TOUCH_DISTANCE
from workflows.drafts import Plan, PlannedStep
from workflows.models import ActionType, WorkflowTemplate, WorkflowVersion

EMAILS = (ActionType.SEND_EMAIL, ActionType.FOLLOW_UP)


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """One action as it would be. For emails `subject` and `text` as rendered; `missing` names what would hold it."""

    at: dt.datetime
    action_type: str
    what: str
    target: str = ""
    whom: str = ""
    subject: str = ""
    text: str = ""
    missing: list[str] = field(default_factory=list)
    step: int = 0
    html: str = ""
    title: str = ""
    message: str = ""
    priority: str = ""
    category: str = ""
    due_at: dt.datetime | None = None
    used_fallbacks: list[str] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Someone:
    """For whom it is foreseen: a contact, or an example person who exists nowhere."""

    contact: Contact
    business_entity: BusinessEntity | None
    facts: Mapping[str, Any] | None = None
    because: str = ""  # why it would start, as alerts and tasks tell it

    @property
    def zone(self) -> str:
        """The contact's time zone; without one, the brand's."""
        return self.contact.timezone or self.team_zone

    @property
    def team_zone(self) -> str:
        return self.business_entity.timezone if self.business_entity else "UTC"


def simulate(
    *, template: WorkflowTemplate, contact: Contact, start: dt.datetime, version: WorkflowVersion | None = None
) -> list[Foreseen]:
    """The calendar of the template's current version (or the one given) for a contact who starts at `start`."""
    version = version or template.current_version
    if version is None:
        return []
    plan = drafts.plan_of(version, template)
    return rehearse(plan=plan, someone=real(contact=contact, plan=plan), start=start)


def real(*, contact: Contact, plan: Plan) -> Someone:
    """A contact as the plan would meet them: a plan for any brand speaks for the contact's first."""
    first = contact.business_entities.order_by("memberships__position").first()
    return Someone(contact=contact, business_entity=plan.business_entity or first)


def example(
    *,
    first_name: str = "Robin",
    contact_types: Iterable[ContactType] = (),
    lead_source: LeadSource | None = None,
    business_entity: BusinessEntity | None = None,
    interests: Iterable[str] = (),
) -> Someone:
    """A person who is not stored and never will be."""
    status = ContactStatus.objects.filter(is_default=True).first() or ContactStatus(name="Example")
    contact = Contact(
        pk=uuid.uuid4(),
        email="robin@example.org",
        first_name=first_name,
        last_name="Example",
        lead_source=lead_source,
        status=status,
        interests=list(interests),
    )
    facts = {
        "contact_types": [kind.name for kind in contact_types],
        "lead_source": lead_source.name if lead_source else "",
        "business_entities": [business_entity.name] if business_entity else [],
        "interests": list(interests),
        "tags": [],
    }
    return Someone(contact=contact, business_entity=business_entity, facts=facts)


def example_named(
    *,
    plan: Plan,
    first_name: str = "",
    contact_types: Iterable[str] = (),
    lead_source: str | None = None,
    business_entity: str | None = None,
    interests: Iterable[str] = (),
) -> Someone:
    """An example by the names a caller gives; without a brand the plan's. Raises intake.IntakeError."""
    known, errors = reference_data.load(), dict[str, list[str]]()

    def find(field: str, among: Any, name: str) -> Any:
        try:
            return among.find(name)
        except Unacceptable as error:
            errors.setdefault(field, []).append(str(error))

    kinds = [find("contact_types", known.contact_types, name) for name in contact_types]
    source = find("lead_source", known.lead_sources, lead_source) if lead_source else None
    brand = find("business_entity", known.business_entities, business_entity) if business_entity else None
    if errors:
        raise intake.IntakeError(errors)
    return example(
        first_name=first_name or "Robin",
        contact_types=kinds,
        lead_source=source,
        business_entity=brand or plan.business_entity,
        interests=interests,
    )


def rehearse(*, plan: Plan, someone: Someone, start: dt.datetime) -> list[Foreseen]:
    """The calendar of a plan, in order of time."""
    found = [
        one for number, step in enumerate(plan.steps, start=1) for one in _foresee(step, plan, someone, start, number)
    ]
    return yielding(sorted(found, key=lambda one: one.at))


def yielding(foreseen: list[Foreseen]) -> list[Foreseen]:
    """Touches step back for other emails nearby, as the engine has it; those say so."""
    result: list[Foreseen] = []
    for index, one in enumerate(foreseen):
        if one.action_type != ActionType.FOLLOW_UP:
            result.append(one)
            continue
        before = [other for other in result if other.action_type in EMAILS and not other.note]
        after = [
            other
            for other in foreseen[index + 1 :]
            if other.action_type in EMAILS and other.at - one.at <= TOUCH_DISTANCE
        ]
        near = bool(after) or any(one.at - other.at <= TOUCH_DISTANCE for other in before)
        note = "Would be left out: another email goes to the contact within 20 hours."
        result.append(replace(one, note=note) if near else one)
    return result


def _foresee(step: PlannedStep, plan: Plan, someone: Someone, start: dt.datetime, number: int) -> list[Foreseen]:
    at = scheduling.due_at(started_at=start, delay_hours=step.delay_hours)
    if step.action_type == ActionType.SEND_EMAIL:
        return [_email(step.template, step.action_type, someone, at, number)]
    if step.action_type == ActionType.SCHEDULE_FOLLOW_UP:
        return [
            _email(touch.template, ActionType.FOLLOW_UP, someone, max(at, start + dt.timedelta(days=touch.day)), number)
            for touch in step.touches
        ]
    return [_inside(step, plan, someone, at, number)]


def _inside(step: PlannedStep, plan: Plan, someone: Someone, at: dt.datetime, number: int) -> Foreseen:
    """An alert or a task, worded as the engine words it."""
    label = ActionType(step.action_type).label
    is_task = step.action_type == ActionType.CREATE_TASK
    priority = step.priority or "medium"
    return Foreseen(
        at=at,
        action_type=step.action_type,
        what=f"{label}: {step.title}" if step.title else label,
        target=step.target.slug if step.target else "",
        whom=str(step.target or ""),
        step=number,
        title=step.title or f"{plan.name}: {someone.contact}",
        message=step.description or describe.about(someone.contact, someone.because),
        priority=priority,
        category=step.category,
        due_at=scheduling.task_due_at(now=at, priority=priority) if is_task else None,
    )


def _email(
    template: EngagementTemplate | None, action_type: str, someone: Someone, at: dt.datetime, number: int
) -> Foreseen:
    if template is None or template.current_version is None:
        what = template.name if template else "An email that is still to be chosen"
        return Foreseen(at=at, action_type=action_type, what=what, missing=["words"], step=number)
    rendered = rendering.render(
        version=template.current_version,
        contact=someone.contact,
        business_entity=template.business_entity or someone.business_entity,
        now=at,
        facts=dict(someone.facts) if someone.facts else None,
    )
    return Foreseen(
        at=at,
        action_type=action_type,
        what=template.name,
        subject=rendered.subject,
        text=rendered.text,
        missing=list(rendered.missing),
        step=number,
        html=rendered.html,
        used_fallbacks=list(rendered.used_fallbacks),
        note="" if template.active else "Would be left out: this email is switched off.",
    )
