"""What would happen to a contact, when, and how it would read; nothing is written or sent."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from contacts import intake, reference_data
from contacts.cleaning import Unacceptable
from contacts.models import BusinessEntity, Contact, ContactStatus, ContactType, LeadSource
from workflows import actions, scheduling
from workflows.actions.base import ActionType, Foreseen, Planned, Someone
from workflows.actions.follow_up import TOUCH_DISTANCE
from workflows.drafts import Plan, PlannedStep

DISTANCE = TOUCH_DISTANCE / dt.timedelta(hours=1)
STEPS_BACK = "Would be left out: another email goes to the contact within 20 hours."


class Line(NamedTuple):
    """One action that a plan leads to: of which step, and whether it steps back for another email nearby."""

    number: int
    step: PlannedStep
    planned: Planned
    steps_back: bool = False

    @property
    def kind(self) -> ActionType:
        return actions.of(self.planned.action_type)

    @property
    def is_off(self) -> bool:
        """Left out anyhow."""
        email = self.planned.email
        return self.kind.is_email and email is not None and not email.active


def lines_of(plan: Plan) -> list[Line]:
    """Everything the plan does, in order of time. Asks nothing of the database."""
    lines = [
        Line(number, step, one)
        for number, step in enumerate(plan.steps, start=1)
        for one in actions.of(step.action_type).planned(step)
    ]
    lines.sort(key=lambda line: (line.planned.hours, line.number))
    back = _stepping_back(lines)
    return [line._replace(steps_back=place in back) for place, line in enumerate(lines)]


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
    tags: Iterable[str] = (),
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
        tags=list(tags),
    )
    facts = {
        "contact_types": [kind.name for kind in contact_types],
        "lead_source": lead_source.name if lead_source else "",
        "business_entities": [business_entity.name] if business_entity else [],
        "interests": list(interests),
        "tags": list(tags),
    }
    return Someone(contact=contact, business_entity=business_entity, facts=facts)


def example_named(  # noqa: PLR0913  # what the API takes
    *,
    plan: Plan,
    first_name: str = "",
    contact_types: Iterable[str] = (),
    lead_source: str | None = None,
    business_entity: str | None = None,
    interests: Iterable[str] = (),
    tags: Iterable[str] = (),
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
        tags=tags,
    )


def simulate_plan(*, plan: Plan, someone: Someone, start: dt.datetime) -> list[Foreseen]:
    """The calendar of a plan, in order of time."""
    found = []
    for line in lines_of(plan):
        at = scheduling.due_at(started_at=start, delay_hours=line.planned.hours)
        one = line.kind.foresee(line.planned, line.step, name=plan.name, someone=someone, at=at)
        found.append(replace(one, step=line.number, note=STEPS_BACK if line.steps_back else one.note))
    return found


def _stepping_back(lines: Sequence[Line]) -> set[int]:
    """The places of those that step back for another email nearby, as the engine has it."""
    emails = [(place, line, line.planned.hours) for place, line in enumerate(lines) if line.kind.is_email]
    left_out = {place for place, line, _ in emails if line.is_off}
    found = set()
    for index, (place, line, at) in enumerate(emails):
        later = any(other - at <= DISTANCE for _, _, other in emails[index + 1 :])
        before = any(at - other <= DISTANCE for one, _, other in emails[:index] if one not in left_out)
        if line.kind.may_yield and place not in left_out and (later or before):
            found.add(place)
            left_out.add(place)
    return found
