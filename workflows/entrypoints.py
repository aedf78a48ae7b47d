"""The doors that answer which workflows started: one transaction from the arrival to its instances."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from contacts import intake
from workflows import enrolment, wake
from workflows.models import WorkflowTemplate


class UnknownWorkflow(ValueError):
    """A caller named a workflow that does not exist or is not active; the message names the allowed ones."""


@dataclass(frozen=True)
class Answer:
    receipt: intake.Receipt
    enrolment: enrolment.Enrolment


def receive_contact(*, arrival: intake.Arrival, source: str, now: dt.datetime, event_key: str | None = None) -> Answer:
    """Create or update the contact and start what matches.

    The same `event_key` twice answers the same and starts nothing. Raises intake.IntakeError for bad input.
    """
    with transaction.atomic():
        receipt = intake.receive(arrival=arrival, source=source, now=now, event_key=event_key)
        return _enrol(receipt, now)


def run_event(
    *,
    email: str,
    kind: str,
    source: str,
    now: dt.datetime,
    request: dict[str, Any] | None = None,
    **about: Any,
) -> Answer:
    """Record that `kind` happened to a contact and start what matches.

    `request` is what the caller asks of enrolment: {"workflows": [slug]} starts just those, {"force": True} passes
    over re-entry. `about` is what intake.record_event takes besides: contact_types, lead_source, business_entities,
    metadata, event_key. Raises intake.IntakeError and UnknownWorkflow for bad input.
    """
    _require_known((request or {}).get("workflows") or [])
    with transaction.atomic():
        receipt = intake.record_event(email=email, kind=kind, source=source, now=now, request=request, **about)
        return _enrol(receipt, now)


def _enrol(receipt: intake.Receipt, now: dt.datetime) -> Answer:
    answer = Answer(receipt=receipt, enrolment=enrolment.enrol(event=receipt.event, now=now))
    wake.on_commit()
    return answer


def _require_known(named: list[str]) -> None:
    if not named:
        return
    allowed = sorted(WorkflowTemplate.objects.filter(active=True).values_list("slug", flat=True))
    unknown = [slug for slug in named if slug not in allowed]
    if unknown:
        raise UnknownWorkflow(f"There is no active workflow {', '.join(unknown)}. Allowed: {', '.join(allowed)}.")
