"""Whether a person may be written to. The only place that changes permission, and the only one that judges it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Lower, Now

from contacts.models import BusinessEntity, Consent, Contact, ContactEvent, ContactStatus, Suppression

EMAIL = "email"
# Through the unique index; one statement whatever their number.
_KEPT_OUT = "SELECT lower(email) FROM contacts_suppression WHERE lower(email) = ANY(%s) AND reason = 'manual'"


@dataclass(frozen=True)
class Verdict:
    """Whether, and in a sentence why (not)."""

    allowed: bool
    reason: str


class NoAllowingStatus(Exception):
    """Staff let every status block contact, so Do Not Contact cannot be lifted."""

    permanent = True


class NoBlockingStatus(Exception):
    """Staff removed every status that blocks contact, so Do Not Contact cannot be set."""

    permanent = True


def may_contact(*, contact: Contact, business_entity: BusinessEntity | None = None, channel: str = EMAIL) -> Verdict:
    """Judged on what the database holds now, not on what the caller loaded a while ago.

    Without a record of consent a person may be written to; the newest record for the brand (or for every brand) holds.
    """
    return _general_refusal(contact, channel) or _judged(_newest_consent(contact, business_entity, channel), channel)


def _general_refusal(contact: Contact, channel: str) -> Verdict | None:
    """What speaks against every brand."""
    status = ContactStatus.objects.filter(contact=contact.pk).first()
    if status is None or status.blocks_contact:
        return Verdict(False, f"the contact is {status.name}" if status else "the contact is gone")
    if channel == EMAIL and (suppression := suppression_of(email=contact.email)):
        return Verdict(False, f"the address is suppressed: {suppression.get_reason_display().lower()}")
    return None


def _judged(newest: Consent | None, channel: str) -> Verdict:
    if newest is not None and newest.state == Consent.State.WITHDRAWN:
        brand = newest.business_entity.name if newest.business_entity else "every brand"
        return Verdict(False, f"consent for {channel} from {brand} was withdrawn on {newest.recorded_at:%Y-%m-%d}")
    return Verdict(True, "consent was given" if newest else "nothing speaks against it")


@dataclass(frozen=True)
class Standing:
    """How one brand (None: every brand) stands with a person, and the record it rests on."""

    business_entity: BusinessEntity | None
    verdict: Verdict
    record: Consent | None


def standings(*, contact: Contact, business_entities: Sequence[BusinessEntity]) -> list[Standing]:
    """`may_contact` by email for several brands, in three queries whatever their number; for none: for every brand."""
    records = list(
        Consent.objects.filter(contact=contact, channel=EMAIL)
        .select_related("business_entity")
        .order_by("-recorded_at", "-id")
    )
    general = _general_refusal(contact, EMAIL)
    found = []
    for brand in business_entities or (None,):
        newest = next((one for one in records if one.business_entity_id in (None, brand.pk if brand else None)), None)
        found.append(Standing(brand, general or _judged(newest, EMAIL), newest))
    return found


def suppression_of(*, email: str) -> Suppression | None:
    """The suppression of an address, whatever the case in which it was entered."""
    # Through LOWER(email), which the unique index serves.
    return Suppression.objects.alias(address=Lower("email")).filter(address=email.strip().lower()).first()


def kept_out(*, emails: Collection[str]) -> frozenset[str]:
    """Those of the normalised addresses that staff entered as not to be contacted."""
    with connection.cursor() as cursor:
        cursor.execute(_KEPT_OUT, [list(emails)])
        return frozenset(address for (address,) in cursor.fetchall())


def strictest(*, known: ContactStatus, arriving: ContactStatus) -> ContactStatus:
    """Of two sources that speak of a status: an arrival may forbid contact, but never allow it again."""
    return known if known.blocks_contact and not arriving.blocks_contact else arriving


def do_not_contact(*, contact: Contact, source: str, now: dt.datetime, colleague: str = "") -> bool:
    """Forbid every contact for good and leave an event that says how; False where it was forbidden already."""
    with transaction.atomic():
        # Without a join: beside a change of the status its row would no longer fit, and nobody would be found.
        stored = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
        if stored.status.blocks_contact:
            contact.status = stored.status
            return False
        blocking = _blocking_status()
        Contact.objects.filter(pk=contact.pk).update(status=blocking, updated_at=Now())
        ContactEvent.objects.create(
            contact=contact,
            kind="contact_updated",
            source=ContactEvent.Source.SYSTEM,
            event_key=f"do_not_contact:{uuid.uuid4().hex}",
            payload={"how": source[:200]} | ({"colleague": colleague} if colleague else {}),
            changes={"status": [stored.status.name, blocking.name]},
            processed_at=now,  # there is nothing to start
        )
    contact.status = blocking
    return True


def contact_again(*, contact: Contact, source: str, now: dt.datetime, colleague: str = "") -> bool:
    """Lift Do Not Contact: the status from before it, else that of a new contact. False where nothing forbids contact.

    What lifts it by this function is a person. Whoever is suppressed (bounced, complained, unsubscribed) stays so.
    """
    with transaction.atomic():
        stored = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
        if not stored.status.blocks_contact:
            contact.status = stored.status
            return False
        allowing = _status_before(stored)
        Contact.objects.filter(pk=contact.pk).update(status=allowing, updated_at=Now())
        ContactEvent.objects.create(
            contact=contact,
            kind="contact_updated",
            source=ContactEvent.Source.ADMIN,
            event_key=f"contact_again:{uuid.uuid4().hex}",
            payload={"how": source[:200], "colleague": colleague},
            changes={"status": [stored.status.name, allowing.name]},
            processed_at=now,  # it starts nothing: a colleague decides what may begin again
        )
    contact.status = allowing
    return True


def withdraw(
    *,
    contact: Contact,
    source: str,
    now: dt.datetime,
    business_entity: BusinessEntity | None = None,
    channel: str = EMAIL,
) -> Consent:
    """Record that the person no longer wants to hear from the brand (from every brand without one)."""
    return _record(contact, Consent.State.WITHDRAWN, source, now, business_entity, channel)


def grant(
    *,
    contact: Contact,
    source: str,
    now: dt.datetime,
    business_entity: BusinessEntity | None = None,
    channel: str = EMAIL,
) -> Consent:
    """Record that the person wants to hear from the brand. It lifts neither Do Not Contact nor a suppression."""
    return _record(contact, Consent.State.GRANTED, source, now, business_entity, channel)


def suppress(*, email: str, reason: str, detail: str = "") -> Suppression:
    """Let the address receive nothing, whoever asks; the first reason stays."""
    if known := suppression_of(email=email):
        return known
    address = email.strip().lower()
    suppression, _ = Suppression.objects.get_or_create(
        email=address, defaults={"reason": reason, "detail": detail[:300]}
    )
    return suppression


def _record(
    contact: Contact,
    state: Consent.State,
    source: str,
    now: dt.datetime,
    business_entity: BusinessEntity | None,
    channel: str,
) -> Consent:
    return Consent.objects.create(
        contact=contact,
        business_entity=business_entity,
        channel=channel,
        state=state,
        source=source[:200],
        recorded_at=now,
    )


def _newest_consent(contact: Contact, business_entity: BusinessEntity | None, channel: str) -> Consent | None:
    scope = Q(business_entity=None)
    if business_entity is not None:
        scope |= Q(business_entity=business_entity)
    rows = Consent.objects.filter(scope, contact=contact, channel=channel).select_related("business_entity")
    return rows.order_by("-recorded_at", "-id").first()


def _status_before(contact: Contact) -> ContactStatus:
    """The one that the newest ban took away; where it is gone or unknown, that of a new contact."""
    allowing = ContactStatus.objects.filter(blocks_contact=False)
    ban = contact.events.filter(changes__has_key="status").order_by("-received_at", "-id").first()
    before = ban.changes["status"][0] if ban else None
    chosen = allowing.filter(name=before).first() or allowing.order_by("-is_default", "position").first()
    if chosen is None:
        raise NoAllowingStatus("Every status blocks contact. Untick it for one under contact statuses.")
    return chosen


def _blocking_status() -> ContactStatus:
    statuses = ContactStatus.objects.filter(blocks_contact=True)
    chosen = statuses.filter(slug="do_not_contact").first() or statuses.first()
    if chosen is None:
        raise NoBlockingStatus("No status blocks contact. Tick it for Do Not Contact under contact statuses.")
    return chosen
