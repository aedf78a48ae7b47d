"""Human touches: written by the functions through which colleagues act, and by hand for what happens elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from contactflow.core import bulk
from contacts.models import BusinessEntity, Contact
from engagement import response_clock
from engagement.models import Alert, HumanTouch, Message, Task

Kind = HumanTouch.Kind
BY_HAND = (Kind.CALLED, Kind.MET, Kind.REPLIED_ELSEWHERE)
"""What a colleague logs; the others are known from what they did here."""


class NotYet(Exception):
    """What is logged has happened already."""


@transaction.atomic
def record(touches: Sequence[HumanTouch]) -> None:
    """Store them, within the transaction of what colleagues did; who waited for it does not wait any more."""
    bulk.insert(touches)
    response_clock.answer(touches)


def with_row(row: Task | Alert | Message, *, kind: str, by: str, now: dt.datetime) -> None:
    """What a colleague did with the row they did for its contact; of a row about nobody, nothing."""
    if row.contact_id is None:
        return
    touch = HumanTouch(
        contact_id=row.contact_id,
        business_entity_id=row.business_entity_id,
        kind=kind,
        at=now,
        colleague=by[:150],
        reference=row.pk,
    )
    record([touch])


def log(  # noqa: PLR0913  what happened
    *,
    contact: Contact,
    kind: str,
    business_entity: BusinessEntity | None,
    at: dt.datetime,
    colleague: str,
    note: str = "",
    now: dt.datetime,
) -> HumanTouch:
    """A call, a meeting, a reply that came elsewhere. Raises NotYet."""
    if at > now:
        raise NotYet("That is still to come. Say when it happened.")
    touch = HumanTouch(
        contact=contact, kind=kind, business_entity=business_entity, at=at, colleague=colleague, note=note
    )
    record([touch])
    return touch


def last_of(contact_id: UUID) -> dict[str, HumanTouch]:
    """The last one of each kind, the newest first."""
    rows = HumanTouch.objects.filter(contact=contact_id).order_by("kind", "-at").distinct("kind")
    return {one.kind: one for one in sorted(rows, key=lambda one: one.at, reverse=True)}


# For the statement of an intent that has `wanted` (brand_id, is_marketing) and `contact`: whether a colleague was in
# touch so lately that the brand's automatic marketing waits.
QUIET_SQL = """COALESCE((
    SELECT CASE WHEN wanted.is_marketing AND speaker.quiet_hours_after_touch > 0 THEN EXISTS (
        SELECT 1 FROM engagement_humantouch AS touch WHERE touch.contact_id = contact.id
            AND touch.at > clock_timestamp() - make_interval(hours => speaker.quiet_hours_after_touch)
    ) END FROM contacts_businessentity AS speaker WHERE speaker.id = wanted.brand_id
), FALSE)"""
_LATEST = HumanTouch.objects.order_by().values("contact").annotate(last=Max("at"))


def quiet_until(*, wanted: Mapping[UUID, tuple[UUID, BusinessEntity]], now: dt.datetime) -> dict[UUID, dt.datetime]:
    """Of marketing that a brand is to send to a person, by any key: until when it waits, where it does.

    Asks nothing where no brand lets it wait.
    """
    may_wait = {key: pair for key, pair in wanted.items() if pair[1].quiet_hours_after_touch}
    if not may_wait:
        return {}
    people = [contact for contact, _ in may_wait.values()]
    last = dict(_LATEST.filter(contact__in=people).values_list("contact", "last"))
    ends = {
        key: last[contact] + dt.timedelta(hours=brand.quiet_hours_after_touch)
        for key, (contact, brand) in may_wait.items()
        if contact in last
    }
    return {key: end for key, end in ends.items() if end > now}
