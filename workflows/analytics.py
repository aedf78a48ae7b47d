"""Read-only questions about what runs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from contacts.models import Contact
from engagement import breakers, describe
from engagement.inbound import mailboxes
from engagement.models import ChannelState
from workflows import heartbeat
from workflows.models import WorkflowInstance

RECENT = 10


def status(*, now: dt.datetime) -> dict[str, Any]:
    """What GET status answers, from real counts; `system_status` is operational or degraded, `problems` say why."""
    problems = problems_of(now=now)
    return {
        "active_workflows": WorkflowInstance.objects.filter(status="active").count(),
        "total_contacts_processed": Contact.objects.count(),
        "recent_executions": recent_executions(),
        "system_status": "degraded" if problems else "operational",
        "problems": problems,
    }


def recent_executions() -> QuerySet[WorkflowInstance]:
    """The instances that started last, newest first."""
    return WorkflowInstance.objects.select_related("contact", "template").order_by("-started_at", "-id")[:RECENT]


def problems_of(*, now: dt.datetime) -> list[str]:
    """What keeps the system from being operational, in sentences with their remedy."""
    problems = [
        f"The channel {paused.channel} is paused until {paused.paused_until:%Y-%m-%d %H:%M:%S %Z}: "
        + describe.why(paused.reason)
        for paused in ChannelState.objects.filter(paused_until__gt=now)
    ]
    problems += [describe.why(reason) for reason in mailboxes.problems()]
    problems += [f"Marketing of {one} is stopped: {describe.why(one.reason)}" for one in breakers.stopped()]
    if not worker_is_alive():
        problems.append("No worker gave a sign of life lately. Start one with: manage.py worker")
    return problems


def worker_is_alive() -> bool:
    """Whether any cluster of workers gave a fresh sign of life."""
    return any(health.fresh for health in heartbeat.all_health())
