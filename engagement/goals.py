"""Recording that people reached goals: by hand, by the API, and by what happens with them.

Whatever recorded it, a conversion counts as its goal says, is owed to what came before it, and leaves an event
`converted`, which workflows start by and stop for.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from contactflow.core.clock import database_now
from contacts import intake
from contacts.models import Contact, ContactEvent
from engagement import attribution
from engagement.models import Conversion, Goal

CONVERTED = "converted"
OVERLAP = dt.timedelta(seconds=60)  # what was written meanwhile and committed later is not missed
MOVED_EVERY = dt.timedelta(seconds=30)
AT_ONCE = 200
LARGEST = Decimal(10) ** 10
Counting = Goal.Counting


class NotYet(Exception):
    """What is recorded has happened already."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """That somebody reached a goal; the same key is the same conversion."""

    goal: Goal
    contact: UUID
    at: dt.datetime
    source: str
    key: str
    value: Decimal | None = None
    """None: what the goal says one is worth."""
    currency: str = ""
    actor: str = ""
    note: str = ""


@transaction.atomic
def record(reached: Sequence[Reached], *, now: dt.datetime) -> list[Conversion]:
    """Store those that count and are not known yet, and leave an event for each. Raises NotYet."""
    if any(one.at > now for one in reached):
        raise NotYet("That is still to come. Say when it happened.")
    people = Contact.objects.filter(pk__in={one.contact for one in reached}).order_by("pk")
    contacts = {one.pk: one for one in people.select_for_update(no_key=True)}
    known = set(Conversion.objects.filter(key__in=[one.key for one in reached]).values_list("key", flat=True))
    before = _before(reached)
    counting: list[Conversion] = []
    for one in sorted(reached, key=lambda one: one.at):
        times = before[one.contact, one.goal.pk]
        if one.contact in contacts and one.key not in known and _counts(one, times):
            known.add(one.key)
            times.append(one.at)
            counting.append(_conversion(one))
    attribution.attribute(counting)
    Conversion.objects.bulk_create(counting)
    for conversion in counting:
        _leave_event(conversion, contacts[conversion.contact_id], now)
    return counting


def run_pump_step(deadline: float) -> int:
    """Look for what happened since the last time: events of these names, contacts with these statuses."""
    done = 0
    while time.monotonic() < deadline:
        number, is_all = _look(database_now())
        done += number
        if is_all:
            break
    return done


def _before(reached: Sequence[Reached]) -> dict[tuple[UUID, int], list[dt.datetime]]:
    """When each person reached each of the goals."""
    rows = Conversion.objects.filter(
        contact__in={one.contact for one in reached}, goal__in={one.goal.pk for one in reached}
    )
    found: dict[tuple[UUID, int], list[dt.datetime]] = defaultdict(list)
    for contact, goal, at in rows.values_list("contact", "goal", "at"):
        found[contact, goal].append(at)
    return found


def _counts(one: Reached, times: Sequence[dt.datetime]) -> bool:
    match one.goal.counting:
        case Counting.ONCE:
            return not times
        case Counting.SPACED:
            apart = dt.timedelta(days=one.goal.every_days or 1)
            return all(abs(one.at - at) >= apart for at in times)
    return True


def _conversion(one: Reached) -> Conversion:
    own = one.value is not None
    return Conversion(
        contact_id=one.contact,
        goal=one.goal,
        business_entity_id=one.goal.business_entity_id,
        at=one.at,
        value=one.value if own else one.goal.value,
        currency=one.currency or one.goal.currency,
        source=one.source,
        key=one.key,
        actor=one.actor[:150],
        note=one.note[:500],
    )


def _leave_event(conversion: Conversion, contact: Contact, now: dt.datetime) -> None:
    goal = conversion.goal
    about = {
        "goal": goal.slug,
        "goal_name": goal.name,
        "value": str(conversion.value) if conversion.value is not None else None,
        "currency": conversion.currency,
        "source": conversion.source,
        "at": conversion.at.isoformat(),
        "conversion": str(conversion.pk),
        "colleague": conversion.actor if conversion.source == Conversion.Source.HAND else "",
        "note": conversion.note,
    }
    intake.record_event(
        email=contact.email,
        kind=CONVERTED,
        source=ContactEvent.Source.SYSTEM,
        business_entities=[goal.business_entity.name],
        metadata={name: value for name, value in about.items() if value},
        event_key=f"{CONVERTED}:{conversion.pk}",
        now=now,
    )


# What happens with people


def _look(now: dt.datetime) -> tuple[int, bool]:
    """How many goals were reached, and whether that was all there is."""
    by = (Goal.ReachedBy.EVENT, Goal.ReachedBy.STATUS)
    goals = list(Goal.objects.filter(active=True, reached_by__in=by).select_related("business_entity", "status"))
    if not goals:
        return 0, True
    since = min(one.looked_until for one in goals)
    rows = ContactEvent.objects.filter(_of(goals), received_at__gt=since - OVERLAP).exclude(kind=CONVERTED)
    rows = rows.exclude(mode=ContactEvent.Mode.BASELINE)  # what a list says of the past was not reached now
    wanted = rows.only("contact_id", "kind", "received_at", "payload", "changes").order_by("received_at", "pk")
    events = list(wanted[:AT_ONCE])
    is_all = len(events) < AT_ONCE
    if not is_all:  # those of one moment belong together: the next look begins after it
        last = events[-1]
        events += wanted.filter(received_at=last.received_at, pk__gt=last.pk)
    reached = [_reached(goal, event) for event in events for goal in goals if _reaches(goal, event)]
    recorded = record(_unknown(reached), now=max(now, *(one.at for one in reached))) if reached else []
    until = now if is_all else max(events[-1].received_at + OVERLAP, since)
    if not is_all or now - since > MOVED_EVERY:
        Goal.objects.filter(pk__in=[one.pk for one in goals]).update(looked_until=until)
    return len(recorded), is_all


def _of(goals: Sequence[Goal]) -> Q:
    names = {name for one in goals for name in one.events if one.reached_by == Goal.ReachedBy.EVENT}
    wanted = Q(kind__in=names)
    if any(one.reached_by == Goal.ReachedBy.STATUS for one in goals):
        wanted |= Q(changes__has_key="status")
    return wanted


def _unknown(reached: Sequence[Reached]) -> list[Reached]:
    """Most of what is looked at again is recorded already: nobody is locked for that."""
    known = set(Conversion.objects.filter(key__in=[one.key for one in reached]).values_list("key", flat=True))
    return [one for one in reached if one.key not in known]


def _reaches(goal: Goal, event: ContactEvent) -> bool:
    if event.received_at <= goal.created_at:
        return False
    if goal.reached_by == Goal.ReachedBy.STATUS:
        change = event.changes.get("status")
        return bool(change) and goal.status is not None and change[-1] == goal.status.name
    return event.kind in goal.events and _is_of_brand(goal, event)


def _is_of_brand(goal: Goal, event: ContactEvent) -> bool:
    """An event that names brands is theirs alone; of another one its name says enough."""
    named = event.payload.get("business_entities") if isinstance(event.payload, dict) else None
    return not named or goal.business_entity.name in named or goal.business_entity.slug in named


def _reached(goal: Goal, event: ContactEvent) -> Reached:
    is_event = goal.reached_by == Goal.ReachedBy.EVENT
    told = event.payload.get("metadata") if is_event and isinstance(event.payload, dict) else None
    about: Mapping[str, Any] = told if isinstance(told, dict) else {}
    currency = str(about.get("currency") or "").strip().upper()
    return Reached(
        goal=goal,
        contact=event.contact_id,
        at=event.received_at,
        source=Conversion.Source.EVENT if is_event else Conversion.Source.STATUS,
        key=f"event:{goal.slug}:{event.pk}",
        value=amount(about.get("value")),
        currency=currency if len(currency) == 3 and currency.isascii() and currency.isalpha() else "",
    )


def amount(value: Any) -> Decimal | None:
    """A number that a conversion can be worth; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return round(number, 2) if number.is_finite() and 0 <= number < LARGEST else None
