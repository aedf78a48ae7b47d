"""Whom a workflow would start for among the people who are here, counted by the database and never beyond a bound."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Lower

from contactflow.core.statement_timeout import QueryTooSlow, statement_timeout
from contacts import consent
from contacts.models import Contact, EntityMembership, Suppression
from workflows import actions, validation
from workflows.drafts import Plan
from workflows.models import WorkflowInstance, WorkflowTemplate, WorkflowVersion

MOST = 5_000  # what is counted; beyond it "more than" is enough to decide on
COUNT_FOR = 1000  # milliseconds


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What starting a plan for everybody who matches would mean."""

    people: int
    is_more: bool
    emails_each: int
    first_email_at: dt.datetime | None
    is_counted: bool = True  # False: there are so many people to look through that it would take too long

    @property
    def emails(self) -> int:
        return self.people * self.emails_each


def reach(*, template: WorkflowTemplate, plan: Plan, now: dt.datetime, most: int = MOST) -> Reach:
    """How many people match at present, how many emails that is at most, and when the first would go."""
    found: int | None = None
    with suppress(QueryTooSlow), statement_timeout(milliseconds=COUNT_FOR):
        found = people(template=template, plan=plan, now=now).order_by().values("pk")[: most + 1].count()
    return Reach(
        people=min(found or 0, most),
        is_more=(found or 0) > most,
        emails_each=validation.emails_of(plan),
        first_email_at=_first_email_at(plan, now),
        is_counted=found is not None,
    )


def people(*, template: WorkflowTemplate, plan: Plan, now: dt.datetime) -> QuerySet[Contact]:
    """Everybody the workflow would start for at this moment, as enrolment would judge them one by one."""
    refused = (
        consent.standing()
        .alias(address=Lower("email"))
        .filter(address=OuterRef("email"), reason__in=(Suppression.Reason.MANUAL, Suppression.Reason.ERASED))
    )
    found = Contact.objects.filter(status__blocks_contact=False).filter(~Exists(refused))
    if plan.business_entity:
        memberships = EntityMembership.objects.filter(contact=OuterRef("pk"), business_entity=plan.business_entity)
        found = found.filter(Exists(memberships))
    if plan.contact_types:
        kinds = Contact.contact_types.through.objects.filter(
            contact=OuterRef("pk"), contacttype__in=[kind.pk for kind in plan.contact_types]
        )
        found = found.filter(Exists(kinds))
    if plan.lead_sources:
        found = found.filter(lead_source__in=[source.pk for source in plan.lead_sources])
    if plan.interests or plan.tags:
        found = found.alias(_interests=_lowered("interests"), _tags=_lowered("tags")).filter(_cares_about(plan))
    return _may_start(found, template, plan, now)


def _cares_about(plan: Plan) -> Q:
    """One group: an interest or a tag, whatever its case."""
    asked = Q()
    if plan.interests:
        asked |= Q(_interests__overlap=_low(plan.interests))
    if plan.tags:
        asked |= Q(_tags__overlap=_low(plan.tags))
    return asked


def _may_start(found: QuerySet[Contact], template: WorkflowTemplate, plan: Plan, now: dt.datetime) -> QuerySet[Contact]:
    """Without those whom re-entry keeps out."""
    before = WorkflowInstance.objects.filter(contact=OuterRef("pk"), template=template)
    if plan.reentry == WorkflowVersion.Reentry.ONCE:
        return found.filter(~Exists(before))
    if plan.reentry == WorkflowVersion.Reentry.AFTER_DAYS:
        since = now - dt.timedelta(days=plan.reentry_days or 0)
        return found.filter(~Exists(before.filter(started_at__gt=since)))
    return found


def _first_email_at(plan: Plan, now: dt.datetime) -> dt.datetime | None:
    hours = [float(one.hours) for one in actions.emails_of(plan.steps)]
    return now + dt.timedelta(hours=min(hours)) if hours else None


def _lowered(field: str) -> Any:
    # Of the array as a text: one call for all its words.
    words = Func(F(field), template="lower(%(expressions)s::text)::text[]")
    words.output_field = ArrayField(TextField())
    return words


def _low(words: Iterable[str]) -> list[str]:
    return [word.lower() for word in words]
