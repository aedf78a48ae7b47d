"""Alerts of the response clock: the team is warned before a promise is missed, somebody else is told afterwards."""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from contactflow.core import bulk, datetimes
from contactflow.core.clock import database_now
from contacts.models import Contact
from engagement import alerts
from engagement.models import Alert, Delivery, Priority, ResponseClock, Target
from engagement.models.clocks import UNANSWERED

BATCH = 200
APART = 3
"""So many people of one team at a time have an alert each; more share one."""
LEADERSHIP = "leadership_team"  # hears of what was missed where no team is marked for it


@dataclass(frozen=True, kw_only=True)
class Stage:
    told: str  # the column that says it was told
    due: str  # the column that says when it is to be told
    priority: str


WARNING = Stage(told="warned_at", due="warn_at", priority=Priority.HIGH)
MISSED = Stage(told="missed_at", due="due_at", priority=Priority.URGENT)


# Each part is answered by its partial index: clock_to_miss, clock_to_warn.
_LOOK = """
    SELECT EXISTS (
        SELECT 1 FROM engagement_responseclock WHERE answered_at IS NULL AND dropped_at IS NULL
            AND missed_at IS NULL AND due_at <= statement_timestamp()
    ) OR EXISTS (
        SELECT 1 FROM engagement_responseclock WHERE answered_at IS NULL AND dropped_at IS NULL
            AND warned_at IS NULL AND warn_at <= statement_timestamp()
    )
"""


def run_pump_step(deadline: float) -> int:
    """A step of settings.PUMP_STEPS: tell of what was missed and of what will be."""
    done = 0
    while _is_something_due() and (did := tell(now=database_now())):
        done += did
        if time.monotonic() >= deadline:
            break
    return done


def _is_something_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_LOOK)
        return bool(cursor.fetchone()[0])


def tell(*, now: dt.datetime) -> int:
    """A batch of both; for how many clocks."""
    return sum(_tell(stage, now) for stage in (MISSED, WARNING))


def _tell(stage: Stage, now: dt.datetime) -> int:
    """Told exactly once: the clocks and their alerts are one transaction."""
    due = ResponseClock.objects.filter(UNANSWERED, **{f"{stage.told}__isnull": True, f"{stage.due}__lte": now})
    ids = list(due.order_by(stage.due).values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    with transaction.atomic():
        clocks = _held(due.filter(pk__in=ids))
        blocked = [clock.pk for clock in clocks if clock.contact.status.blocks_contact]
        ResponseClock.objects.filter(pk__in=blocked).update(dropped_at=now)
        told = [clock for clock in clocks if clock.pk not in blocked]
        # Warned of what is missed already, nobody would be any wiser.
        late = [clock for clock in told if stage is WARNING and clock.due_at <= now]
        ResponseClock.objects.filter(pk__in=[clock.pk for clock in told]).update(**{stage.told: now})
        _raise([clock for clock in told if clock not in late], stage, now)
    return len(clocks)


def _held(due: QuerySet[ResponseClock]) -> list[ResponseClock]:
    """Those whose contacts nobody else holds, who are locked before anything of theirs, as everywhere."""
    concerned = due.values("contact")
    locked = Contact.objects.select_for_update(no_key=True, skip_locked=True).filter(pk__in=concerned).order_by("pk")
    rows = due.filter(contact__in=[contact.pk for contact in locked])
    return list(rows.select_related("contact__status", "contact__owner", "business_entity").order_by("due_at", "pk"))


def _raise(clocks: Sequence[ResponseClock], stage: Stage, now: dt.datetime) -> None:
    if not clocks:
        return
    teams = _teams(clocks) if stage is WARNING else _leaders(clocks)
    by_team: dict[tuple[Target, int], list[ResponseClock]] = defaultdict(list)
    for clock in clocks:
        if team := teams.get(clock.pk):
            by_team[team, clock.business_entity_id].append(clock)
    raised: list[Alert] = []
    for (team, _), waiting in by_team.items():
        if len(waiting) <= APART:
            raised += [_about([clock], team, stage, now) for clock in waiting]
        else:
            raised.append(_about(waiting, team, stage, now))
    alerts.raise_many(raised, now=now)
    if stage is WARNING:
        _tell_owners(raised, clocks, now)


def _about(clocks: Sequence[ResponseClock], team: Target, stage: Stage, now: dt.datetime) -> Alert:
    first = clocks[0]
    who = str(first.contact) if len(clocks) == 1 else f"{len(clocks)} people"
    brand, is_one = first.business_entity, len(clocks) == 1
    verb = "waits" if is_one else "wait"
    if stage is MISSED:
        title = f"{who} {verb} longer than {brand} promised"
        ending = "Nobody of the team has answered."
    else:
        title = f"{who} {verb} for an answer from {brand}"
        ending = "Write to them, call them, or do their task, so that the promise is kept."
    lines = [
        f"{_named(clock.contact)}: since {datetimes.words(clock.started_at, now=now)}, "
        f"promised by {datetimes.words(clock.due_at, now=now)}."
        for clock in clocks[:50]
    ]
    return Alert(
        title=title,
        message="\n".join([*lines, ending]),
        priority=stage.priority,
        target=team,
        contact=first.contact if is_one else None,
        business_entity=brand,
    )


def _named(contact: Contact) -> str:
    return f"{contact.full_name} ({contact.email})" if contact.full_name else contact.email


def _tell_owners(raised: Sequence[Alert], clocks: Sequence[ResponseClock], now: dt.datetime) -> None:
    """Who looks after somebody hears of it even outside of the team."""
    owners: dict[UUID | None, Any] = {clock.contact_id: clock.contact.owner for clock in clocks}
    known = set(Delivery.objects.filter(alert__in=raised).values_list("alert", "address"))
    bulk.insert(
        [
            Delivery(alert=alert, address=owner.email, next_attempt_at=now)
            for alert in raised
            if (owner := owners.get(alert.contact_id)) and owner.is_active and owner.email
            if (alert.pk, owner.email) not in known
        ]
    )


def _teams(clocks: Sequence[ResponseClock]) -> dict[int, Target]:
    """Who was alerted last about the person for the brand, else about anybody of the brand, else a team of it."""
    about: dict[tuple[UUID | None, int | None], Target] = {}
    found = Alert.objects.filter(contact__in=[clock.contact_id for clock in clocks]).select_related("target")
    for alert in found.order_by("created_at"):
        about[alert.contact_id, alert.business_entity_id] = alert.target
        about[alert.contact_id, None] = alert.target
    teams = _of_brands({clock.business_entity_id for clock in clocks})
    chosen = {
        clock.pk: about.get((clock.contact_id, clock.business_entity_id))
        or teams.get(clock.business_entity_id)
        or about.get((clock.contact_id, None))
        or teams.get(None)
        for clock in clocks
    }
    return {pk: team for pk, team in chosen.items() if team}


def _of_brands(brands: set[int]) -> dict[int | None, Target]:
    """A team of each brand, and one of none; those with people behind them first."""
    rows = Target.objects.filter(Q(business_entity__in=brands) | Q(business_entity=None)).prefetch_related("people")
    found: dict[int | None, Target] = {}
    for team in sorted(rows, key=lambda team: (not team.people.all(), team.pk)):
        found.setdefault(team.business_entity_id, team)
    return found


def _leaders(clocks: Sequence[ResponseClock]) -> dict[int, Target]:
    """The team that is marked for it, of the brand or of all; else the leadership; else whoever was warned."""
    marked = Target.objects.filter(Q(hears_of_missed=True) | Q(slug=LEADERSHIP)).order_by("hears_of_missed", "-pk")
    found = {(team.hears_of_missed, team.business_entity_id): team for team in marked}
    fallback = next((team for team in marked if team.slug == LEADERSHIP), None)
    teams = _teams(clocks)
    chosen = {
        clock.pk: found.get((True, clock.business_entity_id))
        or found.get((True, None))
        or fallback
        or teams.get(clock.pk)
        for clock in clocks
    }
    return {pk: team for pk, team in chosen.items() if team}
