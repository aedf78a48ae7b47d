"""The response clock: how soon new people hear from a brand, against what it promises."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from contacts.models import BusinessEntity

DAYS = 7
LOOKED_AT = 500  # people for each brand, the newest
HOW = (
    f"Measured over the people who came to a brand in the last {DAYS} days (at most the newest {LOOKED_AT} of each), "
    "but for those who stood in a list: from their arrival to the first thing a colleague did for them: wrote to them, "
    "called or met them, finished a task, acknowledged an alert. It counts in the brand's working hours. What a "
    "workflow sent by itself is counted beside it. A lead source that promises less time than the brand (less still "
    "for its tag) is held to that."
)


@dataclass(frozen=True)
class Clock:
    brand: BusinessEntity
    new: int
    in_time: int
    late: int
    waiting: int
    """Nobody has answered yet, and there is still time."""
    overdue: int
    """Nobody has answered, and the promise is broken."""
    automatic: int
    """Had an email that a workflow sent, whoever answered."""

    @property
    def kept(self) -> int | None:
        """How much of the promise was kept, in per cent, judged by those whose time is up or who were answered."""
        judged = self.in_time + self.late + self.overdue
        return round(100 * self.in_time / judged) if judged else None


def clocks(*, now: dt.datetime, brands: list[BusinessEntity]) -> list[Clock]:
    """Of the newest arrivals of each brand."""
    if not brands:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENT, {"brands": [brand.pk for brand in brands], "now": now, "days": DAYS, "limit": LOOKED_AT}
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    return [Clock(brand, *found.get(brand.pk, (0,) * len(CONDITIONS))) for brand in brands]


def people(*, brand_id: int, how: str, now: dt.datetime) -> list[UUID]:
    """The people behind one number."""
    values: dict[str, Any] = {"brands": [brand_id], "now": now, "days": DAYS, "limit": LOOKED_AT}
    with connection.cursor() as cursor:
        cursor.execute(f"{ANSWERS} SELECT contact_id FROM answer WHERE {CONDITIONS[how]}", values)  # noqa: S608  # constants
        return [row[0] for row in cursor.fetchall()]


OUTCOMES = {
    "all": "all of them",
    "in_time": "answered in time",
    "late": "answered late",
    "waiting": "not answered, still in time",
    "overdue": "waiting longer than promised",
    "automatic": "had an automatic email",
}
CONDITIONS = {
    "all": "true",
    "in_time": "answered_at <= due_at",
    "late": "answered_at > due_at",
    "waiting": "answered_at IS NULL AND due_at >= %(now)s",
    "overdue": "answered_at IS NULL AND due_at < %(now)s",
    "automatic": "has_automatic",
}
# Served by clock_of_brand. Nobody owed an answer to who turned out to need none.
ANSWERS = """
    WITH answer AS (
        SELECT brand.id AS brand_id, clock.contact_id, clock.answered_at, clock.due_at, EXISTS (
            SELECT 1 FROM engagement_message WHERE contact_id = clock.contact_id AND status = 'sent'
                AND sent_at >= clock.started_at AND action IS NOT NULL
        ) AS has_automatic
        FROM contacts_businessentity AS brand CROSS JOIN LATERAL (
            SELECT contact_id, started_at, answered_at, due_at FROM engagement_responseclock
            WHERE business_entity_id = brand.id AND started_at >= %(now)s - %(days)s * interval '1 day'
                AND reason = 'arrived' AND (dropped_at IS NULL OR dropped_at > due_at)
            ORDER BY started_at DESC LIMIT %(limit)s
        ) AS clock
        WHERE brand.id = ANY(%(brands)s)
    )
"""
COUNTS = f"SELECT brand_id, {', '.join(f'count(*) FILTER (WHERE {one})' for one in CONDITIONS.values())}"
STATEMENT = f"{ANSWERS} {COUNTS} FROM answer GROUP BY brand_id"  # constants
