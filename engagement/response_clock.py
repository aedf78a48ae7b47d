"""The response clock: started by what people do, stopped by what colleagues do for them, and by nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from contacts.models import BusinessEntity, Contact, ContactEvent, LeadSource
from engagement.models import HumanTouch, Reply, ResponseClock
from engagement.models.clocks import UNANSWERED

Reason = ResponseClock.Reason
WARNED_AFTER = 0.75  # of what was promised
NEW_CONTACT, CONTACT_UPDATED = "new_contact", "contact_updated"
UNMOVED = (ContactEvent.Mode.BASELINE, ContactEvent.Mode.EDIT)


def promised_hours(*, brand: BusinessEntity, source: LeadSource | None, tags: Iterable[str]) -> int:
    """The shortest of what the brand and the source promise, and the source for whom it has marked by its tag."""
    hours = [brand.response_hours]
    if source is not None:
        hours.append(source.response_hours)
        is_hot = source.hot_tag and source.hot_tag.casefold() in {tag.casefold() for tag in tags}
        if is_hot and source.hot_response_hours is not None:
            hours.append(source.hot_response_hours)
    return min(hours)


def of_arrival(
    *, event: ContactEvent, brands: Sequence[BusinessEntity], source: LeadSource | None, tags: Iterable[str],
    now: dt.datetime,
) -> list[ResponseClock]:  # fmt: skip
    """The clocks an event starts, for the caller to store: of a new person, or of one who sent a message.

    Who stands in a list did nothing themselves, and who is known already or edited does not wait.
    """
    arrives = event.kind == NEW_CONTACT or (event.kind == CONTACT_UPDATED and bool(event.payload.get("message")))
    if not arrives or event.mode in UNMOVED or event.source == ContactEvent.Source.CSV:
        return []
    at = now if event._state.adding else event.received_at
    owed = [(brand, promised_hours(brand=brand, source=source, tags=tags)) for brand in brands]
    return [_clock(event.contact, brand, Reason.ARRIVED, event.pk, at, hours) for brand, hours in owed]


def of_replies(replies: Sequence[Reply]) -> None:
    """Start one for each person whom nobody owes an answer yet: the earliest that waits is what counts."""
    waiting = waiting_for({reply.contact_id for reply in replies if reply.contact_id})
    owed = {(one.contact_id, one.business_entity_id) for one in waiting}
    started: list[ResponseClock] = []
    for reply in sorted(replies, key=lambda one: one.received_at):
        contact, brand = reply.contact, reply.business_entity
        if contact is None or brand is None or (contact.pk, brand.pk) in owed:
            continue
        hours = promised_hours(brand=brand, source=contact.lead_source, tags=contact.tags)
        started.append(_clock(contact, brand, Reason.REPLIED, reply.pk, reply.received_at, hours))
        owed.add((contact.pk, brand.pk))
    ResponseClock.objects.bulk_create(started, ignore_conflicts=True)


def _clock(
    contact: Contact, brand: BusinessEntity, reason: Reason, reference: UUID, at: dt.datetime, hours: int
) -> ResponseClock:
    working, promise = brand.working_time, dt.timedelta(hours=hours)
    return ResponseClock(
        contact=contact,
        business_entity=brand,
        reason=reason,
        reference=reference,
        started_at=at,
        promised_hours=hours,
        warn_at=working.later(at, promise * WARNED_AFTER),
        due_at=working.later(at, promise),
    )


# A touch for no brand in particular answers for each of them.
_ANSWERED = """
    UPDATE engagement_responseclock AS clock SET answered_at = touch.at, touch_id = touch.id
    FROM engagement_humantouch AS touch
    WHERE touch.id = ANY(%s) AND clock.contact_id = touch.contact_id AND clock.started_at <= touch.at
      AND clock.answered_at IS NULL AND clock.dropped_at IS NULL
      AND (touch.business_entity_id IS NULL OR touch.business_entity_id = clock.business_entity_id)
"""


def answer(touches: Iterable[HumanTouch]) -> None:
    """Stop what waits for these."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERED, [[touch.pk for touch in touches]])


def run_on(*, message_id: UUID) -> None:
    """What the mail stopped did not reach them: it was not answered, unless by what colleagues did since."""
    touch = HumanTouch.objects.filter(reference=message_id).first()
    if touch and ResponseClock.objects.filter(touch=touch).update(answered_at=None, touch=None):
        answer(HumanTouch.objects.filter(contact=touch.contact_id, at__gt=touch.at))


def drop(*, contact: Contact, brand: BusinessEntity | None, now: dt.datetime) -> int:
    """A colleague says that no answer is needed: neither kept nor missed, unless it was missed before."""
    rows = ResponseClock.objects.filter(UNANSWERED, contact=contact)
    return (rows.filter(business_entity=brand) if brand else rows).update(dropped_at=now)


def next_due(*, brands: Sequence[BusinessEntity], limit: int) -> list[ResponseClock]:
    """Who waits for these, the most pressing first."""
    rows = ResponseClock.objects.filter(UNANSWERED, business_entity__in=brands).select_related(
        "business_entity", "contact"
    )
    return list(rows.order_by("due_at", "id")[:limit])


def waiting_for(contacts: Iterable[UUID]) -> list[ResponseClock]:
    """What these people wait for, the next to be due first."""
    rows = ResponseClock.objects.filter(UNANSWERED, contact__in=list(contacts))
    return list(rows.select_related("business_entity").order_by("due_at", "id"))
