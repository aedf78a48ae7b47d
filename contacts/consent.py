"""Whether a person may be written to. The only place that changes permission, and the only one that judges it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Func
from django.db.models.functions import Lower, Now

from contactflow.core import mail_addresses, prepared
from contactflow.core.reasons import Reason
from contacts.models import BusinessEntity, Consent, Contact, ContactEvent, ContactStatus, Suppression

EMAIL = "email"
KEPT = "Kept when the contact was deleted"
# Through the unique index; one statement whatever their number.
KEPT_OUT_SQL = """
    SELECT address FROM unnest(CAST(%s AS text[])) AS address WHERE EXISTS (
        SELECT 1 FROM contacts_suppression  -- of somebody who was erased it has a hash
        WHERE lower(email) IN (address, contacts_address_hash(address)) AND reason = 'manual'
    )
"""


@dataclass(frozen=True)
class Verdict:
    """Whether, and why (not); `contacts.describe.permission` says the reason in words."""

    allowed: bool
    reason: Reason


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
    return judge(people=[(contact, business_entity)], channel=channel)[0]


def judge(*, people: Sequence[tuple[Contact, BusinessEntity | None]], channel: str = EMAIL) -> list[Verdict]:
    """`may_contact` for many, each for a brand, in three queries whatever their number."""
    contacts = {contact.pk: contact for contact, _ in people}
    general = _general_refusals(contacts.values(), channel)
    records = newest_records(contacts.values(), channel)
    return [
        general.get(contact.pk) or _judged(_newest(records[contact.pk], brand), channel) for contact, brand in people
    ]


# The same judgement for a statement that judges at the moment it writes; it joins `contact` and its `status`, and says
# which brand is meant as `brand_id`.
MAY_CONTACT_SQL = """
    NOT status.blocks_contact
    AND NOT (%(channel)s = 'email'
             AND EXISTS (SELECT 1 FROM contacts_suppression WHERE lower(email) = lower(contact.email)))
    AND 'withdrawn' IS DISTINCT FROM (
        SELECT word.state FROM contacts_consent AS word
        WHERE word.contact_id = contact.id AND word.channel = %(channel)s
          AND (word.business_entity_id IS NULL OR word.business_entity_id = brand_id)
        ORDER BY word.recorded_at DESC, word.id DESC LIMIT 1
    )
"""


def _general_refusals(contacts: Collection[Contact], channel: str) -> dict[uuid.UUID, Verdict]:
    """What speaks against every brand."""
    rows = Contact.objects.filter(pk__in=[one.pk for one in contacts])
    known = {pk: about for pk, *about in rows.values_list("pk", "status__name", "status__blocks_contact")}
    suppressed = _suppressions([one.email for one in contacts]) if channel == EMAIL else {}
    found: dict[uuid.UUID, Verdict] = {}
    for contact in contacts:
        name, blocks = known.get(contact.pk, ("", True))
        if blocks:
            reason = Reason.of("status_blocks", status=name) if name else Reason.of("contact_gone")
            found[contact.pk] = Verdict(False, reason)
        elif suppression := suppressed.get(mail_addresses.folded(contact.email)):
            found[contact.pk] = Verdict(False, Reason.of("address_suppressed", why=suppression.reason))
    return found


def newest_records(contacts: Collection[Contact], channel: str = EMAIL) -> dict[uuid.UUID, list[Consent]]:
    """Of each contact, the newest record for each brand and the newest for all; the newest of them first."""
    rows = (
        Consent.objects.filter(contact__in=[one.pk for one in contacts], channel=channel)
        .order_by("contact_id", "business_entity_id", "-recorded_at", "-id")
        .distinct("contact_id", "business_entity_id")
        .select_related("business_entity")
    )
    found: dict[uuid.UUID, list[Consent]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.recorded_at, row.pk), reverse=True):
        found[row.contact_id].append(row)
    return found


def _newest(records: Sequence[Consent], brand: BusinessEntity | None) -> Consent | None:
    meant = (None, brand.pk if brand else None)
    return next((one for one in records if one.business_entity_id in meant), None)


def _judged(newest: Consent | None, channel: str) -> Verdict:
    if newest is not None and newest.state == Consent.State.WITHDRAWN:
        brand = newest.business_entity.name if newest.business_entity else ""
        on = f"{newest.recorded_at:%Y-%m-%d}"
        return Verdict(False, Reason.of("consent_withdrawn", channel=channel, brand=brand, on=on))
    return Verdict(True, Reason.of("consent_given" if newest else "nothing_against"))


@dataclass(frozen=True)
class Standing:
    """How one brand (None: every brand) stands with a person, and the record it rests on."""

    business_entity: BusinessEntity | None
    verdict: Verdict
    record: Consent | None


def standings(*, contact: Contact, business_entities: Sequence[BusinessEntity]) -> list[Standing]:
    """`may_contact` by email for several brands, in three queries whatever their number; for none: for every brand."""
    records = newest_records([contact])[contact.pk]
    general = _general_refusals([contact], EMAIL).get(contact.pk)
    found = []
    for brand in business_entities or (None,):
        newest = _newest(records, brand)
        found.append(Standing(brand, general or _judged(newest, EMAIL), newest))
    return found


def _suppressions(emails: Iterable[str]) -> dict[str, Suppression]:
    """By address, however it was entered."""
    # Through LOWER(email), which the unique index serves.
    addresses = [mail_addresses.folded(email) for email in emails]
    return {
        one.email.lower(): one
        for one in Suppression.objects.alias(address=Lower("email")).filter(address__in=addresses)
    }


def suppression_of(*, email: str) -> Suppression | None:
    """The suppression of an address, however it was entered."""
    return _suppressions([email]).get(mail_addresses.folded(email))


def kept_out(*, emails: Collection[str]) -> frozenset[str]:
    """Those of the normalised addresses that staff entered as not to be contacted."""
    return frozenset(address for (address,) in prepared.rows(KEPT_OUT_SQL, [list(emails)]))


def strictest(*, known: ContactStatus, arriving: ContactStatus) -> ContactStatus:
    """Of two sources that speak of a status: an arrival may forbid contact, but never allow it again."""
    return known if known.blocks_contact and not arriving.blocks_contact else arriving


def do_not_contact(*, contact: Contact, source: str, now: dt.datetime, colleague: str = "") -> bool:
    """Forbid every contact for good and leave an event that says how; False where it was forbidden already."""
    by = {"colleague": colleague} if colleague else {}
    return _change_status(contact, blocks=True, payload={"how": source[:200], **by}, now=now)


def contact_again(*, contact: Contact, source: str, now: dt.datetime, colleague: str = "") -> bool:
    """Lift Do Not Contact: the status from before it, else that of a new contact. False where nothing forbids contact.

    What lifts it by this function is a person. Whoever is suppressed (bounced, complained, unsubscribed) stays so.
    """
    return _change_status(contact, blocks=False, payload={"how": source[:200], "colleague": colleague}, now=now)


@transaction.atomic
def _change_status(contact: Contact, *, blocks: bool, payload: dict[str, str], now: dt.datetime) -> bool:
    # Without a join: beside a change of the status its row would no longer fit, and nobody would be found.
    stored = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    before = stored.status
    if before.blocks_contact == blocks:
        contact.status = before
        return False
    after = _blocking_status() if blocks else _status_before(stored)
    Contact.objects.filter(pk=contact.pk).update(status=after, updated_at=Now())
    ContactEvent.objects.create(
        contact=contact,
        kind="contact_updated",
        source=ContactEvent.Source.SYSTEM if blocks else ContactEvent.Source.ADMIN,
        event_key=f"{'do_not_contact' if blocks else 'contact_again'}:{uuid.uuid4().hex}",
        payload=payload,
        changes={"status": [before.name, after.name]},
        processed_at=now,  # it starts nothing: a colleague decides what may begin again
    )
    contact.status = after
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


def told(
    *,
    contact: Contact,
    known: Sequence[Consent],
    brand: BusinessEntity | None,
    may: bool,
    source: str,
    now: dt.datetime,
) -> Consent | None:
    """The record, to be written, of what a source tells; None where it tells nothing new, or would allow again what
    was forbidden. `known` has the newest record for each brand and for all, the newest first."""
    state = Consent.State.GRANTED if may else Consent.State.WITHDRAWN
    concerned = [one for one in known if brand is None or one.business_entity_id in (None, brand.pk)]
    newest = next((one for one in concerned if brand or one.business_entity_id is None), None)
    is_forbidden = any(one.state == Consent.State.WITHDRAWN for one in (concerned if brand is None else concerned[:1]))
    if (newest is not None and newest.state == state) or (may and is_forbidden):
        return None
    return Consent(
        contact=contact, business_entity=brand, channel=EMAIL, state=state, source=source[:200], recorded_at=now
    )


def suppress(*, email: str, reason: str, detail: str = "") -> Suppression:
    """Let the address receive nothing, whoever asks; the first reason stays."""
    if known := suppression_of(email=email):
        return known
    address = mail_addresses.folded(email)
    suppression, _ = Suppression.objects.get_or_create(
        email=address, defaults={"reason": reason, "detail": detail[:300]}
    )
    return suppression


def hash_suppressions(*, emails: Iterable[str]) -> None:
    """Keep of these addresses only a salted hash. Should one come in again, a trigger writes it out again."""
    rows = Suppression.objects.alias(address=Lower("email")).filter(address__in=[one.lower() for one in emails])
    rows.exclude(detail__startswith=KEPT).update(detail=KEPT)
    rows.update(email=Func("email", function="contacts_address_hash"))


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
