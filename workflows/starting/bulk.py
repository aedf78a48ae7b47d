"""Starting a workflow for people who are here already: only when somebody asks, in batches, through enrolment."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F

from contactflow.core import clock
from contacts import intake
from contacts.intake import EnrolmentPolicy
from contacts.models import Contact, ContactEvent
from workflows import drafts, entrypoints, wake
from workflows.conditions import MANUAL_TRIGGER
from workflows.models import StartOrder, WorkflowTemplate
from workflows.starting import audience

CHUNK = 500


class NotStartable(ValueError):
    """The message says why the workflow cannot be started for people who are here."""


def order(*, template: WorkflowTemplate, by: User | None, now: dt.datetime) -> StartOrder:
    """Ask the workers to start what runs for everybody who matches. Raises NotStartable."""
    if not template.active:
        raise NotStartable("Switch the workflow on first.")
    if template.current_version_id is None:
        raise NotStartable("Publish the workflow first.")
    try:
        with transaction.atomic():
            made = StartOrder.objects.create(template=template, asked_by=by, asked_at=now)
    except IntegrityError:
        raise NotStartable("It is being started for people who are here already: wait until that is done.") from None
    wake.on_commit()
    return made


def run_pump_step(deadline: float) -> int:
    """Go on with the orders until the time is up; returns how many people were looked at."""
    looked_at = 0
    while time.monotonic() < deadline and (did := run_some(now=clock.database_now())):
        looked_at += did
    return looked_at


@transaction.atomic
def run_some(*, now: dt.datetime, limit: int = CHUNK) -> int:
    """The next people of the oldest open order. A crash undoes the chunk; nobody is started twice."""
    # One worker at a time per order; another takes the next order, or none.
    orders = StartOrder.objects.select_for_update(skip_locked=True, of=("self",)).filter(finished_at=None)
    asked = orders.select_related("template__current_version", "template__business_entity").order_by("asked_at").first()
    if asked is None:
        return 0
    some = _next_of(asked, now, limit)
    if not some:
        StartOrder.objects.filter(pk=asked.pk).update(finished_at=now)
        return 0
    started = _start(asked, some, now)
    StartOrder.objects.filter(pk=asked.pk).update(
        reached=some[-1].pk, looked_at=F("looked_at") + len(some), started=F("started") + started
    )
    return len(some)


def _next_of(asked: StartOrder, now: dt.datetime, limit: int) -> list[Contact]:
    template = asked.template
    if not template.active or template.current_version is None:
        return []  # switched off meanwhile: what was started stays, the rest is not
    plan = drafts.plan_of(template.current_version, template)
    found = audience.people(template=template, plan=plan, now=now).order_by("pk")
    if asked.reached is not None:
        found = found.filter(pk__gt=asked.reached)
    return list(found[:limit])


def _start(asked: StartOrder, some: Sequence[Contact], now: dt.datetime) -> int:
    """As for anybody: events that are enrolled, with their reasons. Returns how many workflows started."""
    answered = entrypoints.apply_many(
        changes=[
            intake.happened(
                email=contact.email,
                kind=MANUAL_TRIGGER,
                source=ContactEvent.Source.ADMIN,
                event_key=f"start:{asked.pk}:{contact.pk}",
            )
            for contact in some
        ],
        policy=EnrolmentPolicy.only([asked.template.slug]),
        now=now,
    )
    return sum(len(enrolment.instances) for _, enrolment in answered)
