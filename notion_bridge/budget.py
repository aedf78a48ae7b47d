"""One budget of requests to Notion for all processes: a rate, lanes, and the pauses that Notion asks for.

Generic cell rate algorithm on the row of RequestBudget, by the database's clock: every request moves the theoretical
arrival time (`tat`) one interval on, and a lane may run ahead of it by so many intervals. A lane somebody waits for may
run ahead furthest, so it goes first while the average holds. Nobody reserves a slot: who sleeps, asks again, and so
can still be overtaken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import connection, transaction

HORIZON = 4  # intervals; one more than the furthest that a lane brings the theoretical arrival time
OUTCOME_LENGTH = 40
LONGEST_NAP = 5.0  # seconds; a pause that staff lift, or a rate they raise, is noticed this soon
LONGEST_PAUSE = 366 * 86_400.0  # seconds; more than this is no wish but a mistake, and no time the database can hold


class Lane(Enum):
    """Who waits for a request; the value is how many intervals it may run ahead of the average."""

    PERSON = 2  # somebody looks at a screen
    SYNC = 1  # ordinary synchronisation
    BULK = 0  # a backlog: a first pull, a full pass


class Later(Exception):
    """The budget grants no request before the caller's deadline. Nothing was sent; `until` is when to ask again."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"No request to Notion before {until:%Y-%m-%d %H:%M:%S} UTC.")
        self.until = until


# One statement decides and books, under the lock of its one row: no two processes get the same slot. A time further
# ahead than any lane could have brought it (a clock set back, a rate raised) counts for nothing.
_TAKE = """
    INSERT INTO notion_bridge_requestbudget AS budget (id, tat, troubles)
    VALUES (1, clock_timestamp() + make_interval(secs => %(interval)s), 0)
    ON CONFLICT (id) DO UPDATE SET tat = make_interval(secs => %(interval)s) + CASE
        WHEN budget.tat BETWEEN clock_timestamp() AND clock_timestamp() + make_interval(secs => %(horizon)s)
        THEN budget.tat ELSE clock_timestamp()
    END
    WHERE NOT budget.tat BETWEEN clock_timestamp() + make_interval(secs => %(ahead)s)
            AND clock_timestamp() + make_interval(secs => %(horizon)s)
        AND (budget.blocked_until IS NULL OR budget.blocked_until <= clock_timestamp())
    RETURNING id
"""
_FREE_AT = """
    SELECT slot.free_at, extract(epoch FROM slot.free_at - clock_timestamp())::float
    FROM (
        SELECT greatest(tat - make_interval(secs => %(ahead)s), blocked_until) AS free_at
        FROM notion_bridge_requestbudget WHERE id = 1
    ) AS slot
"""
# Requests that were under way together are refused together: while a pause is in force, they count as one trouble.
_BLOCK = """
    INSERT INTO notion_bridge_requestbudget AS budget (id, tat, troubles, blocked_until)
    VALUES (1, clock_timestamp(), 1, clock_timestamp() + make_interval(secs => coalesce(%(seconds)s::float, 1)))
    ON CONFLICT (id) DO UPDATE SET (troubles, blocked_until) = (
        SELECT least(before.troubles + 1, 1000), greatest(
            budget.blocked_until,
            clock_timestamp() + make_interval(
                secs => coalesce(%(seconds)s::float, least(60, 2 ^ least(before.troubles, 10)))
            )
        )
        FROM (
            SELECT budget.troubles - coalesce(budget.blocked_until > clock_timestamp(), false)::int AS troubles
        ) AS before
    )
    RETURNING blocked_until
"""
# An answer to a request that left before the pause says nothing about the pause.
_SETTLE = """
    WITH calmed AS (
        UPDATE notion_bridge_requestbudget SET troubles = 0, blocked_until = NULL
        WHERE id = 1 AND %(outcome)s = 'ok'
            AND troubles > 0 AND (blocked_until IS NULL OR blocked_until <= clock_timestamp())
    )
    INSERT INTO notion_bridge_requesttally AS tally (minute, outcome, count)
    VALUES (date_trunc('minute', clock_timestamp()), %(outcome)s, 1)
    ON CONFLICT (minute, outcome) DO UPDATE SET count = tally.count + 1
"""


def acquire(lane: Lane, deadline: float | None = None, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return when one request may leave now; raise Later when that is after the deadline (a time.monotonic() value).

    A slot that is free is granted whatever the deadline. Not to be called inside a transaction (RuntimeError): it
    would keep everybody else from the budget while it sleeps.
    """
    while not _take(lane):
        free_at, wait = _next_slot(lane)
        if deadline is not None and time.monotonic() + wait > deadline:
            raise Later(free_at)
        sleep(min(wait, LONGEST_NAP))


def block(seconds: float | None) -> datetime:
    """Let no process send a request before that many seconds have passed, and say until when that is.

    None means that Notion named no time: 1, 2, 4, ... 60 seconds, longer with every refusal in a row.
    """
    with _committed_at_once() as cursor:
        cursor.execute(_BLOCK, {"seconds": None if seconds is None else min(max(seconds, 0.0), LONGEST_PAUSE)})
        until: datetime = cursor.fetchone()[0]
    return until


def settle(outcome: str) -> None:
    """Count one answered request of this minute: "ok", or the code of the error. An "ok" ends a row of refusals."""
    with _committed_at_once() as cursor:
        cursor.execute(_SETTLE, {"outcome": outcome[:OUTCOME_LENGTH]})


@contextmanager
def _committed_at_once() -> Iterator[Any]:
    """A cursor outside of any transaction (RuntimeError), so that other processes see what it changes."""
    with transaction.atomic(durable=True, savepoint=False), connection.cursor() as cursor:
        yield cursor


def _take(lane: Lane) -> bool:
    with _committed_at_once() as cursor:
        interval = _interval()
        ahead, horizon = lane.value * interval, HORIZON * interval
        cursor.execute(_TAKE, {"interval": interval, "ahead": ahead, "horizon": horizon})
        return cursor.fetchone() is not None


def _next_slot(lane: Lane) -> tuple[datetime, float]:
    with connection.cursor() as cursor:
        cursor.execute(_FREE_AT, {"ahead": lane.value * _interval()})
        free_at, wait = cursor.fetchone()
    return free_at, max(wait, 0.0)


def _interval() -> float:
    return 1 / float(settings.NOTION_REQUESTS_PER_SECOND)
