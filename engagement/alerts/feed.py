"""Reads on from the last alert seen, for terminals and event streams.

`created_at` is set at the insert but seen at the commit, so an alert can turn up behind one that was shown already.
The feed therefore looks back over a window at each reading and leaves out what it showed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from contactflow.core.clock import database_now
from engagement.models import Alert

OVERLAP = timedelta(seconds=60)  # longer than any transaction that raises an alert
Cursor = tuple[datetime, UUID]


def since(
    *, after: Cursor | None, target: str | None = None, limit: int = 100, seen: frozenset[UUID] = frozenset()
) -> list[Alert]:
    """Alerts behind the cursor, the oldest first, with those that may have been committed late; never one of `seen`.

    Without a cursor: from the first alert on. A caller that keeps no `seen` may get an alert of the overlap again.
    """
    alerts = _alerts(target).order_by("created_at", "id").exclude(pk__in=seen)
    if after is not None:
        alerts = alerts.filter(created_at__gt=after[0] - OVERLAP).exclude(pk=after[1])
    return list(alerts[:limit])


def still_open(*, target: str | None, limit: int) -> list[Alert]:
    """The newest alerts nobody acknowledged, the oldest of them first."""
    return list(_alerts(target).filter(acknowledged_at__isnull=True).order_by("-created_at", "-id")[:limit])[::-1]


def _alerts(target: str | None) -> QuerySet[Alert]:
    alerts = Alert.objects.select_related("target", "contact", "business_entity")
    return alerts.filter(target__slug=target) if target else alerts


class Feed:
    """One reader's place in the stream of alerts. Shows the open ones first, then every new one exactly once."""

    def __init__(self, *, target: str | None = None, after: Alert | None = None, backlog: int = 20) -> None:
        """`after`: resume behind this alert instead of with the open ones."""
        self._target = target
        self._backlog = 0 if after else backlog
        self._place: datetime | None = after.created_at if after else None
        self._seen: dict[UUID, datetime] = {after.pk: after.created_at} if after else {}

    def read(self, *, limit: int = 100) -> list[Alert]:
        """What is new since the last reading."""
        if self._place is None:
            return self._begin()
        place = (self._place, _NOBODY)
        fresh = since(after=place, target=self._target, limit=limit, seen=frozenset(self._seen))
        self._remember(fresh)
        return fresh

    def _begin(self) -> list[Alert]:
        """Alerts that were committed before now are the backlog's; everything later is news."""
        self._place = database_now()
        recent = since(after=(self._place, _NOBODY), target=self._target, limit=10_000)
        backlog = still_open(target=self._target, limit=self._backlog) if self._backlog else []
        self._seen = {alert.pk: alert.created_at for alert in (*recent, *backlog)}
        return backlog

    def _remember(self, alerts: list[Alert]) -> None:
        if not alerts or self._place is None:
            return
        self._place = max(self._place, *(alert.created_at for alert in alerts))
        self._seen.update((alert.pk, alert.created_at) for alert in alerts)
        oldest = self._place - OVERLAP
        self._seen = {pk: at for pk, at in self._seen.items() if at > oldest}


_NOBODY = UUID(int=0)
