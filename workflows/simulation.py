"""What would happen to a contact, when, and how it would read; nothing is written or sent."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from contacts import intake, reference_data
from contacts.cleaning import Unacceptable
from contacts.models import BusinessEntity, Contact, ContactStatus, ContactType, LeadSource
from workflows import actions, drafts, scheduling
from workflows.actions.base import Foreseen, Someone
from workflows.actions.follow_up import TOUCH_DISTANCE
from workflows.drafts import Plan, PlannedStep
from workflows.models import WorkflowTemplate, WorkflowVersion


def simulate(
    *, template: WorkflowTemplate, contact: Contact, start: dt.datetime, version: WorkflowVersion | None = None
) -> list[Foreseen]:
    """The calendar of the template's current version (or the one given) for a contact who starts at `start`."""
    version = version or template.current_version
    if version is None:
        return []
    plan = drafts.plan_of(version, template)
    return simulate_plan(plan=plan, someone=real(contact=contact, plan=plan), start=start)


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


def simulate_plan(*, plan: Plan, someone: Someone, start: dt.datetime) -> list[Foreseen]:
    """The calendar of a plan, in order of time."""
    found = [
        replace(one, step=number)
        for number, step in enumerate(plan.steps, start=1)
        for one in _foresee(step, plan, someone, start)
    ]
    found.sort(key=lambda one: one.at)
    note = "Would be left out: another email goes to the contact within 20 hours."
    left_out = stepping_back([(one.at, one.action_type, bool(one.note)) for one in found])
    return [replace(one, note=note) if place in left_out else one for place, one in enumerate(found)]


Moment = TypeVar("Moment", dt.datetime, dt.timedelta)


def stepping_back(planned: Sequence[tuple[Moment, str, bool]]) -> set[int]:
    """The places of those that step back for another email nearby, as the engine has it.

    Each is told with its moment, its type and whether it is left out anyhow; they stand in order of time.
    """
    emails = [
        (place, at, actions.of(kind), is_out)
        for place, (at, kind, is_out) in enumerate(planned)
        if actions.of(kind).is_email
    ]
    left_out: set[int] = {place for place, _, _, is_out in emails if is_out}
    found = set()
    for index, (place, at, kind, _) in enumerate(emails):
        later = any(other - at <= TOUCH_DISTANCE for _, other, _, _ in emails[index + 1 :])
        before = any(at - other <= TOUCH_DISTANCE for one, other, _, _ in emails[:index] if one not in left_out)
        if kind.may_yield and place not in left_out and (later or before):
            found.add(place)
            left_out.add(place)
    return found


def _foresee(step: PlannedStep, plan: Plan, someone: Someone, start: dt.datetime) -> Iterator[Foreseen]:
    for one in actions.of(step.action_type).planned(step):
        at = scheduling.due_at(started_at=start, delay_hours=one.hours)
        yield actions.of(one.action_type).foresee(one, step, name=plan.name, someone=someone, at=at)
