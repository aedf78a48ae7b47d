"""What came of a test, counted from the rows: of people, once each, by what they did and no machine.

Two people who became one count once, and not at all where they got different versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from engagement.experiments.statistics import Count
from engagement.models import Experiment

HELD_OUT = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of one variant: who was given it, to whom it went and did not come back for good, and how many of these did what
    counts. `all` is of those whose time is over; `even` of those among them who were spread evenly."""

    assigned: int
    delivered: int
    so_far: int
    all: Count
    even: Count

    @property
    def still_counting(self) -> int:
        return self.delivered - self.all.people


_NOTHING = Outcome(
    assigned=0, delivered=0, so_far=0, all=Count(people=0, successes=0), even=Count(people=0, successes=0)
)
# Whether the person did it in time: `began` is when the email left, or when who was held out would have got it.
_DID = {
    Experiment.Counts.CLICK: """EXISTS (
        SELECT 1 FROM engagement_messageevent AS event WHERE event.message_id = message.id
            AND event.type = 'clicked' AND event.label = 'human' AND event.at < began + span)""",
    Experiment.Counts.REPLY: """EXISTS (
        SELECT 1 FROM engagement_messageevent AS event WHERE event.message_id = message.id
            AND event.type = 'replied' AND event.at < began + span)""",
    Experiment.Counts.GOAL: """EXISTS (
        SELECT 1 FROM engagement_conversion AS conversion WHERE conversion.contact_id = assigned.contact_id
            AND conversion.goal_id = %(goal)s AND conversion.at >= began AND conversion.at < began + span)""",
}
_COUNT = """
    WITH person AS (
        SELECT COALESCE(variant.key, '') AS key, assigned.is_even,
            variant.id IS NULL OR (message.id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM engagement_messageevent AS bounce WHERE bounce.message_id = message.id
                    AND bounce.type = 'bounced' AND bounce.detail->>'kind' = 'hard'
            )) AS delivered,
            began + span <= %(now)s AS is_over, {did} AS did
        FROM (
            SELECT *, row_number() OVER person AS place,
                min(COALESCE(variant_id, 0)) OVER person <> max(COALESCE(variant_id, 0)) OVER person AS is_torn
            FROM engagement_assignment WHERE experiment_id = %(experiment)s
            WINDOW person AS (
                PARTITION BY contact_id ORDER BY at, id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            )
        ) AS assigned
        LEFT JOIN engagement_variant AS variant ON variant.id = assigned.variant_id
        LEFT JOIN LATERAL (
            SELECT * FROM engagement_message AS first WHERE first.contact_id = assigned.contact_id
                AND first.version_id = variant.version_id AND first.status = 'sent' AND first.sent_at >= assigned.at
            ORDER BY first.sent_at LIMIT 1
        ) AS message ON TRUE
        CROSS JOIN LATERAL (SELECT CASE WHEN variant.id IS NULL THEN assigned.at ELSE message.sent_at END AS began,
            make_interval(hours => %(hours)s) AS span) AS time
        WHERE place = 1 AND NOT is_torn
    )
    SELECT key, count(*), count(*) FILTER (WHERE delivered), count(*) FILTER (WHERE delivered AND did),
        count(*) FILTER (WHERE delivered AND is_over), count(*) FILTER (WHERE delivered AND is_over AND did),
        count(*) FILTER (WHERE delivered AND is_over AND is_even),
        count(*) FILTER (WHERE delivered AND is_over AND is_even AND did)
    FROM person GROUP BY key
"""


def of(experiment: Experiment, *, now: datetime) -> dict[str, Outcome]:
    """By the key of each variant, "A" first, and HELD_OUT last where somebody is. One statement."""
    values: dict[str, Any] = {
        "now": now,
        "hours": experiment.window_hours,
        "goal": experiment.goal_id,
        "experiment": experiment.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(did=_DID[Experiment.Counts(experiment.counts)]), values)
        found = {key: _outcome(numbers) for key, *numbers in cursor.fetchall()}
    keys = list(experiment.variants.values_list("key", flat=True))
    return {key: found.get(key, _NOTHING) for key in [*keys, *([HELD_OUT] if HELD_OUT in found else [])]}


def counts(outcomes: Mapping[str, Outcome], *, is_even: bool = False) -> dict[str, Count]:
    """Those that are compared, without who was held out."""
    return {key: one.even if is_even else one.all for key, one in outcomes.items() if key != HELD_OUT}


def _outcome(numbers: list[int]) -> Outcome:
    assigned, delivered, so_far, people, successes, even, even_successes = numbers
    return Outcome(
        assigned=assigned,
        delivered=delivered,
        so_far=so_far,
        all=Count(people=people, successes=successes),
        even=Count(people=even, successes=even_successes),
    )
