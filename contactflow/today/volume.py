"""Who arrived and what was sent in the last 30 days, per brand.

Counted exactly on every look, from two indexes that hold nothing but the time and the brand (membership_since,
message_sent_by_brand): the newest month of a million people and millions of emails is read from them alone in tens of
milliseconds. Totals kept per day would be quicker still, but would have to be corrected whenever people are merged,
deleted or moved to another brand; numbers that disagree with the list behind them cost more than they save.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from contacts.models import BusinessEntity

DAYS = 30
OUTLINE = "#8b8b94"  # so that a dark colour shows on a dark page, and a light one on a light page


@dataclass(frozen=True)
class Line:
    """One brand's counts, a number for each day."""

    brand: BusinessEntity
    counts: list[int]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Flow:
    days: list[dt.date]
    lines: list[Line]

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    def chart(self) -> dict[str, Any]:
        """As Chart.js takes it: bars that stand on each other, a colour for each brand, named in the legend."""
        return {
            "labels": [f"{day:%-d %b}" for day in self.days],
            "datasets": [
                {
                    "label": line.brand.name,
                    "data": line.counts,
                    "backgroundColor": line.brand.colour,
                    "borderColor": OUTLINE,
                    "borderWidth": 1,
                }
                for line in self.lines
            ],
        }

    def rows(self) -> list[tuple[dt.date, list[int]]]:
        """A row for each day, newest first, for those who read tables."""
        found = [(day, [line.counts[number] for line in self.lines]) for number, day in enumerate(self.days)]
        return found[::-1]


ARRIVALS = """
    SELECT date_trunc('day', since, %(zone)s), business_entity_id, count(*)
    FROM contacts_entitymembership
    WHERE business_entity_id = ANY(%(brands)s) AND since >= %(from)s GROUP BY 1, 2
"""
SENDS = """
    SELECT date_trunc('day', sent_at, %(zone)s), business_entity_id, count(*)
    FROM engagement_message
    WHERE status = 'sent' AND business_entity_id = ANY(%(brands)s) AND sent_at >= %(from)s GROUP BY 1, 2
"""


def arrivals(*, now: dt.datetime, brands: list[BusinessEntity]) -> Flow:
    """People by the day they came to a brand; somebody of two brands counts for both."""
    return _flow(ARRIVALS, now=now, brands=brands)


def sends(*, now: dt.datetime, brands: list[BusinessEntity]) -> Flow:
    return _flow(SENDS, now=now, brands=brands)


def _flow(statement: str, *, now: dt.datetime, brands: list[BusinessEntity]) -> Flow:
    zone = timezone.get_current_timezone()
    today = timezone.localdate(now)
    days = [today - dt.timedelta(days=number) for number in range(DAYS - 1, -1, -1)]
    with connection.cursor() as cursor:
        begin = dt.datetime.combine(days[0], dt.time.min, tzinfo=zone)
        cursor.execute(statement, {"zone": str(zone), "from": begin, "brands": [brand.pk for brand in brands]})
        found = {(day.astimezone(zone).date(), brand): count for day, brand, count in cursor.fetchall()}
    return Flow(days, [Line(brand, [found.get((day, brand.pk), 0) for day in days]) for brand in brands])
