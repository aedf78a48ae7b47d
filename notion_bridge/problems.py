"""What staff should know or decide: reported once, counted when met again, closed when it is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F

from notion_bridge.errors import Forbidden
from notion_bridge.models import NotionDatabase, PageLink, SyncProblem

Cause = SyncProblem.Cause


def report(  # noqa: PLR0913 - what a report consists of
    *,
    cause: Cause,
    subject: str,
    message: str,
    now: dt.datetime,
    database: NotionDatabase | None = None,
    link: PageLink | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Report it, or count it when it is open already. `subject` says what it is about; `message` also what to do."""
    about = {"message": message, "details": dict(details or {}), "last_at": now}
    known = SyncProblem.objects.filter(cause=cause, subject=subject[:300], closed_at=None)
    if not known.update(times=F("times") + 1, **about):
        SyncProblem.objects.create(
            cause=cause,
            subject=subject[:300],
            database=database or (link.database if link else None),
            link=link,
            first_at=now,
            **about,
        )


def report_right(error: Forbidden, *, now: dt.datetime, stops: str = "") -> None:
    """Which right of the integration is missing; `stops` says what stops meanwhile."""
    report(cause=Cause.RIGHT_MISSING, subject=error.right, message=f"{error.message} {stops}".rstrip(), now=now)


def close(*causes: Cause, now: dt.datetime, subjects: Iterable[str], by: str = "Contactflow") -> None:
    about = [subject[:300] for subject in subjects]
    open_ones = SyncProblem.objects.filter(cause__in=causes, subject__in=about, closed_at=None)
    open_ones.update(closed_at=now, closed_by=by[:150])


def close_all_of(*, link: PageLink, causes: list[Cause], now: dt.datetime) -> None:
    """Everything of these causes that concerned one page is over."""
    SyncProblem.objects.filter(link=link, cause__in=causes, closed_at=None).update(
        closed_at=now, closed_by="Contactflow"
    )
