"""How the synchronisation is doing, in numbers for the admin, the command line and the health of the whole."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Count, Min, Q, Sum

from notion_bridge import monitoring
from notion_bridge.models import (
    Kind,
    NotionConnection,
    NotionDatabase,
    PageLink,
    RequestBudget,
    RequestTally,
    SyncConflict,
    SyncProblem,
    WebhookDelivery,
)

NOT_TAKEN_OVER = (PageLink.State.WAITING, PageLink.State.DUPLICATE)
OUT_OF_STEP = (PageLink.State.TRASHED, PageLink.State.MOVED, PageLink.State.UNSHARED)
HOUR = dt.timedelta(hours=1)


@dataclass
class DatabaseHealth:
    """A database in numbers; `lag` is how long the oldest change here has waited."""

    row: NotionDatabase
    linked: int
    queue: int
    not_taken_over: int
    out_of_step: int  # trashed, moved, out of reach
    lag: dt.timedelta


@dataclass
class Health:
    connected: bool
    monitored: bool
    paused_because: str
    workspace: str
    databases: list[DatabaseHealth] = field(default_factory=list)
    requests_a_minute: float = 0.0  # over the last five minutes
    errors: dict[str, int] = field(default_factory=dict)  # by cause, of the last hour
    slowed_until: dt.datetime | None = None  # Notion asked us to wait
    events_waiting: int = 0
    last_event_at: dt.datetime | None = None
    open_problems: int = 0
    open_conflicts: int = 0


def gather(*, now: dt.datetime) -> Health:
    """Everything at once, in a bounded number of queries."""
    row = NotionConnection.current()
    health = Health(
        connected=monitoring.is_connected(),
        monitored=row.monitoring,
        paused_because=monitoring.paused_because(),
        workspace=row.workspace,
        databases=_databases(now),
        errors=_errors(now),
        requests_a_minute=_rate(now),
        slowed_until=_slowed_until(now),
        events_waiting=WebhookDelivery.objects.filter(processed_at=None).count(),
        open_problems=SyncProblem.objects.filter(closed_at=None).count(),
        open_conflicts=SyncConflict.objects.filter(winner="").count(),
    )
    last = WebhookDelivery.objects.order_by("-received_at").values_list("received_at", flat=True).first()
    health.last_event_at = last
    return health


def lag(*, now: dt.datetime) -> dt.timedelta:
    """How far Contactflow is behind, while Notion is monitored: since the oldest change waits that can be carried over,
    or since Notion was looked at last."""
    row = NotionConnection.current()
    if not row.monitoring:
        return dt.timedelta(0)
    in_order = NotionDatabase.objects.filter(problem="")
    wanted = PageLink.objects.filter(wanted_at__isnull=False, database__problem="").aggregate(oldest=Min("wanted_at"))
    looked = in_order.aggregate(oldest=Min("polled_at"))
    since = min((at for at in (wanted["oldest"], looked["oldest"]) if at), default=now)
    return max(now - max(since, row.switched_at or since), dt.timedelta(0))


def waiting_for_staff(*, up_to: int) -> tuple[int, int]:
    """How many problems and how many conflicts are open; counted no further than that."""
    problems = SyncProblem.objects.filter(closed_at=None).order_by()[:up_to].count()
    return problems, SyncConflict.objects.filter(winner="").order_by()[:up_to].count()


def _databases(now: dt.datetime) -> list[DatabaseHealth]:
    numbers = {
        "linked": Count("links", filter=Q(links__state=PageLink.State.LINKED)),
        "queue": Count("links", filter=Q(links__wanted_at__isnull=False)),
        "not_taken_over": Count("links", filter=Q(links__state__in=NOT_TAKEN_OVER)),
        "out_of_step": Count("links", filter=Q(links__state__in=OUT_OF_STEP)),
    }
    found = []
    for row in NotionDatabase.objects.annotate(**numbers, oldest=Min("links__wanted_at")):
        counted = row.__dict__  # the annotations
        lag = max(now - (counted["oldest"] or now), dt.timedelta(0))
        found.append(DatabaseHealth(row=row, lag=lag, **{name: counted[name] for name in numbers}))
    return sorted(found, key=lambda one: Kind.values.index(one.row.kind))


def _errors(now: dt.datetime) -> dict[str, int]:
    recent = RequestTally.objects.filter(minute__gt=now - HOUR).exclude(outcome="ok")
    return dict(recent.order_by("outcome").values_list("outcome").annotate(total=Sum("count")))


def _rate(now: dt.datetime) -> float:
    recent = RequestTally.objects.filter(minute__gt=now - dt.timedelta(minutes=5))
    return (recent.aggregate(total=Sum("count"))["total"] or 0) / 5


def _slowed_until(now: dt.datetime) -> dt.datetime | None:
    budget = RequestBudget.objects.filter(pk=RequestBudget.ONLY, blocked_until__gt=now).first()
    return budget.blocked_until if budget else None
