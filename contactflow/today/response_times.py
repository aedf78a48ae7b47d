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
    f"Measured over the people who came to a brand in the last {DAYS} days (at most the newest {LOOKED_AT} of each): "
    "from their arrival to the first thing a colleague did for them: wrote to them, finished a task, acknowledged an "
    "alert. What a workflow sent by itself is counted beside it. A lead source that promises less time than the brand "
    "(less still for its tag) is held to that."
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
    """The newest people of each brand by membership_since; of each person the first message, task and alert."""
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
    "in_time": "answered <= promised",
    "late": "answered > promised",
    "waiting": "answered IS NULL AND promised >= %(now)s",
    "overdue": "answered IS NULL AND promised < %(now)s",
    "automatic": "has_automatic",
}
ANSWERS = """
    WITH person AS (
        SELECT brand.id AS brand_id, newest.contact_id, newest.since, newest.since + interval '1 hour' * least(
            brand.response_hours, source.response_hours,
            CASE WHEN lower(source.hot_tag) = ANY(lower(contact.tags::text)::text[]) THEN source.hot_response_hours END
        ) AS promised
        FROM contacts_businessentity AS brand CROSS JOIN LATERAL (
            SELECT contact_id, since FROM contacts_entitymembership
            WHERE business_entity_id = brand.id AND since >= %(now)s - %(days)s * interval '1 day'
            ORDER BY since DESC LIMIT %(limit)s
        ) AS newest
        JOIN contacts_contact AS contact ON contact.id = newest.contact_id
        LEFT JOIN contacts_leadsource AS source ON source.id = contact.lead_source_id
        WHERE brand.id = ANY(%(brands)s)
    ), answer AS (
        SELECT person.*, least(
            (SELECT min(sent_at) FROM engagement_message
             WHERE contact_id = person.contact_id AND status = 'sent' AND sent_at >= person.since AND action IS NULL),
            (SELECT min(completed_at) FROM engagement_task
             WHERE contact_id = person.contact_id AND status = 'done' AND completed_at >= person.since),
            (SELECT min(acknowledged_at) FROM engagement_alert
             WHERE contact_id = person.contact_id AND acknowledged_at >= person.since)
        ) AS answered, EXISTS (
            SELECT 1 FROM engagement_message WHERE contact_id = person.contact_id AND status = 'sent'
                AND sent_at >= person.since AND action IS NOT NULL
        ) AS has_automatic FROM person
    )
"""
COUNTS = f"SELECT brand_id, {', '.join(f'count(*) FILTER (WHERE {one})' for one in CONDITIONS.values())}"
STATEMENT = f"{ANSWERS} {COUNTS} FROM answer GROUP BY brand_id"  # constants
