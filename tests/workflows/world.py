"""A deployed installation for tests that follow a contact through it."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Sequence
from typing import Any

from django.db import connection

from contactflow.core.clock import database_now
from contacts import defaults as contact_defaults
from contacts.intake import Arrival, Change, EnrolmentPolicy, happened
from engagement import defaults as engagement_defaults
from workflows import defaults as workflow_defaults
from workflows import entrypoints, execution
from workflows.leases import Claim, Intent
from workflows.models import ScheduledAction, WorkflowInstance

addresses = (f"someone{number}@example.org" for number in itertools.count())


def deploy() -> None:
    contact_defaults.load()
    engagement_defaults.load()
    workflow_defaults.load(now=database_now())


def arrive(**known: Any) -> entrypoints.Answer:
    known.setdefault("email", next(addresses))
    return entrypoints.apply(change=Change(arrival=Arrival(**known), source="api"), now=database_now())


def happen(
    email: str, kind: str, workflows: Sequence[str] = (), *, is_forced: bool = False, **about: Any
) -> entrypoints.Answer:
    policy = EnrolmentPolicy.named(workflows, is_forced=is_forced)
    change = happened(email=email, kind=kind, source="api", **about)
    return entrypoints.apply(change=change, policy=policy, now=database_now())


def run_due() -> None:
    """The pump's rounds until nothing is due."""
    while execution.run_pump_step(time.monotonic() + 60):
        pass


def let_pass(**time_passed: float) -> None:
    """As if that much time had gone by: everything the database remembers moves into the past."""
    back = dt.timedelta(**time_passed)
    moments = {
        "workflows_scheduledaction": ("due_at", "next_attempt_at", "lease_until", "started_at", "finished_at"),
        "workflows_workflowinstance": ("started_at", "paused_at", "ended_at"),
        "workflows_actionattempt": ("started_at", "ended_at"),
        "contacts_contactevent": ("received_at", "processed_at"),
        "engagement_message": ("created_at", "sent_at"),
        "engagement_messageevent": ("at",),
        "engagement_channelstate": ("paused_until", "updated_at"),
    }
    with connection.cursor() as cursor:
        for table, columns in moments.items():
            changes = ", ".join(f"{column} = {column} - %(back)s" for column in columns)
            cursor.execute(f"UPDATE {table} SET {changes}", {"back": back})


def statuses(instance: WorkflowInstance) -> list[tuple[str, str]]:
    return list(instance.actions.order_by("due_at", "position").values_list("action_type", "status"))


def only_action(**filters: Any) -> ScheduledAction:
    return ScheduledAction.objects.get(**filters)


def intent(claim: Claim, action: ScheduledAction) -> Intent:
    """That the action's email is about to be handed over, for nobody's brand."""
    return Intent(claim, action.instance.contact.email, None)
