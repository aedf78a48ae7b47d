"""What is due within a day, hour by hour, and whether what was due happened on time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from contacts.models import BusinessEntity
from workflows.models import ScheduledAction

HOURS = 24
LOOKED_AT = 20_000  # steps, of those due next and of those finished last: enough to judge, and read in a moment


@dataclass(frozen=True)
class Hour:
    begins: dt.datetime
    count: int
    share: int
    """Of the fullest hour, in per cent: the height of its bar."""


@dataclass(frozen=True)
class Punctuality:
    """How late steps were done in the last day; None while there is nothing to judge by."""

    half_within: dt.timedelta | None
    most_within: dt.timedelta | None
    done: int
    is_sample: bool
    oldest_overdue: dt.datetime | None
    oldest_id: str | None


def due_by_hour(*, now: dt.datetime, brand: BusinessEntity | None = None) -> tuple[list[Hour], bool]:
    """The next 24 hours, and whether more is due than was counted.

    Both halves are served by the partial indexes of the claim (action_claim_inside, action_claim_outside).
    """
    first = timezone.localtime(now).replace(minute=0, second=0, microsecond=0)
    found: dict[dt.datetime, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT date_trunc('hour', next_attempt_at), count(*) FROM (
                {_due("inside", brand)}
                UNION ALL
                {_due("outside", brand)}
            ) AS soon GROUP BY 1
            """,  # noqa: S608  # made of constants; values are parameters
            {
                "from": now,
                "to": first + dt.timedelta(hours=HOURS),
                "limit": LOOKED_AT,
                "brand": brand.pk if brand else None,
            },
        )
        found = dict(cursor.fetchall())
    counts = [found.get(first + dt.timedelta(hours=number), 0) for number in range(HOURS)]
    most = max(counts) or 1
    hours = [
        Hour(first + dt.timedelta(hours=number), count, round(100 * count / most))
        for number, count in enumerate(counts)
    ]
    return hours, sum(counts) >= LOOKED_AT


def punctuality(*, now: dt.datetime, brand: BusinessEntity | None = None) -> Punctuality:
    """From the plan to the end, over what was done in the last day: the newest of it, by the index action_finished."""
    join = "" if brand is None else _OF_BRAND
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*), percentile_cont(ARRAY[.5, .95]) WITHIN GROUP (ORDER BY late) FROM (
                SELECT greatest(extract(epoch FROM action.finished_at - action.due_at), 0) AS late
                FROM workflows_scheduledaction AS action {join}
                WHERE action.finished_at >= %(from)s AND action.status = 'done'
                ORDER BY action.finished_at DESC LIMIT %(limit)s
            ) AS done
            """,  # noqa: S608  # made of constants; values are parameters
            {"from": now - dt.timedelta(days=1), "limit": LOOKED_AT, "brand": brand.pk if brand else None},
        )
        done, lateness = cursor.fetchone()
    half, most = (dt.timedelta(seconds=float(value)) for value in lateness) if lateness else (None, None)
    oldest = _oldest_overdue(now=now, brand=brand)
    return Punctuality(half, most, done, done >= LOOKED_AT, *(oldest or (None, None)))


_OF_BRAND = """JOIN workflows_workflowinstance AS instance ON instance.id = action.instance_id
    AND (instance.business_entity_id = %(brand)s OR instance.business_entity_id IS NULL)"""


def _due(lane: str, brand: BusinessEntity | None) -> str:
    return f"""(
        SELECT action.next_attempt_at FROM workflows_scheduledaction AS action {"" if brand is None else _OF_BRAND}
        WHERE action.status = 'pending' AND NOT action.suspect AND NOT action.paused AND action.lane = '{lane}'
            AND action.next_attempt_at >= %(from)s AND action.next_attempt_at < %(to)s
        ORDER BY action.next_attempt_at LIMIT %(limit)s
    )"""  # noqa: S608  # made of constants


def _oldest_overdue(*, now: dt.datetime, brand: BusinessEntity | None) -> tuple[dt.datetime, str] | None:
    """What should have been taken up already; somebody whose workflow is on hold waits on purpose."""
    found = []
    for lane in ScheduledAction.Lane:
        waiting = ScheduledAction.objects.filter(
            status=ScheduledAction.Status.PENDING, suspect=False, paused=False, lane=lane,
            next_attempt_at__lt=now, instance__status="active",
        )  # fmt: skip
        if brand is not None:
            waiting = waiting.filter(instance__business_entity=brand)
        row = waiting.order_by("next_attempt_at").values_list("due_at", "id").first()
        found += [(row[0], str(row[1]))] if row else []
    return min(found, default=None)
