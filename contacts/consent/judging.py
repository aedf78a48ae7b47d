"""Whether a person may be written to: one expression of SQL, for those who ask and for the statement that sends."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from contactflow.core import prepared
from contactflow.core.reasons import Reason
from contacts.models import BusinessEntity, Consent, Contact, ContactStatus

EMAIL = "email"
NOTHING_SENT = "FALSE"


@dataclass(frozen=True)
class Verdict:
    """Whether, and why (not); `contacts.describe.permission` says the reason in words."""

    allowed: bool
    reason: Reason
    is_capped: bool = False
    """Allowed once a week: whoever sends two at a time has to look again with the contact locked."""


@dataclass(frozen=True)
class Wish:
    """Somebody wants to write to the contact for a brand. Marketing asks more than an answer they asked for; `kind` is
    the category that people may refuse."""

    contact: Contact
    business_entity: BusinessEntity | None = None
    is_marketing: bool = True
    kind: str = ""


# Why not, as a code; NULL where the contact may be written to. Scalar subqueries with a LIMIT, so that each row looks
# into an index, whatever the planner makes of how many rows a generic plan has: a join would hash whole tables.
# Joins `contact` and its `status`; `wanted` has brand_id, is_marketing and kind. The address of somebody erased stands
# here as a hash until it comes in again, when contacts.intake writes it out.
_REFUSAL = """
    COALESCE(
        CASE WHEN status.blocks_contact THEN 'status_blocks' END,
        CASE WHEN %(channel)s = 'email' THEN (
            SELECT 'address_suppressed' FROM contacts_suppression AS stop
            WHERE lower(stop.email) = lower(contact.email) AND (stop.until IS NULL OR stop.until > clock_timestamp())
              AND (wanted.is_marketing OR stop.scope = 'everything')
            LIMIT 1
        ) END,
        CASE WHEN wanted.is_marketing THEN COALESCE(
            CASE COALESCE((
                SELECT word.state FROM contacts_consent AS word
                WHERE word.contact_id = contact.id AND word.channel = %(channel)s
                  AND (word.business_entity_id IS NULL OR word.business_entity_id = wanted.brand_id)
                ORDER BY word.recorded_at DESC, word.id DESC LIMIT 1
            ), '') WHEN 'withdrawn' THEN 'consent_withdrawn' WHEN 'pending' THEN 'consent_pending' WHEN '' THEN (
                SELECT 'consent_missing' FROM contacts_businessentity AS brand
                WHERE brand.id = wanted.brand_id AND brand.requires_consent
            ) END,
            (SELECT CASE WHEN choice.paused_until > clock_timestamp() THEN 'paused'
                         WHEN wanted.kind = ANY(choice.refused_kinds) THEN 'kind_refused'
                         WHEN choice.frequency = 'weekly' AND {sent_lately} THEN 'one_a_week' END AS refusal
             FROM {choices} ORDER BY refusal LIMIT 1)
        ) END
    )
"""
# The newest choice for the brand and the newest for every brand.
_CHOICES = """(
    SELECT DISTINCT ON (business_entity_id) frequency, paused_until, refused_kinds
    FROM contacts_preference
    WHERE contact_id = contact.id AND (business_entity_id IS NULL OR business_entity_id = wanted.brand_id)
    ORDER BY business_entity_id, recorded_at DESC, id DESC
) AS choice"""


def may_contact_sql(*, sent_lately: str = NOTHING_SENT) -> str:
    """The judgement for a statement that judges at the moment it writes. `sent_lately` is an expression that knows
    whether marketing of `wanted.brand_id` went to `contact` within a week."""
    return f"{_REFUSAL.format(sent_lately=sent_lately, choices=_CHOICES)} IS NULL"


_JUDGE = """
    SELECT {refusal}, status.name, stop.reason, word.state, word.name, word.recorded_at, choice.paused_until,
           choice.is_capped
    FROM unnest(%(contacts)s::uuid[], %(brands)s::bigint[], %(marketing)s::boolean[], %(kinds)s::text[])
        WITH ORDINALITY AS wanted (contact_id, brand_id, is_marketing, kind, place)
        LEFT JOIN contacts_contact AS contact ON contact.id = wanted.contact_id
        LEFT JOIN contacts_contactstatus AS status ON status.id = contact.status_id
        LEFT JOIN LATERAL (
            SELECT stop.reason FROM contacts_suppression AS stop WHERE lower(stop.email) = lower(contact.email) LIMIT 1
        ) AS stop ON true
        LEFT JOIN LATERAL (
            SELECT word.state, word.recorded_at, brand.name FROM contacts_consent AS word
            LEFT JOIN contacts_businessentity AS brand ON brand.id = word.business_entity_id
            WHERE word.contact_id = contact.id AND word.channel = %(channel)s
              AND (word.business_entity_id IS NULL OR word.business_entity_id = wanted.brand_id)
            ORDER BY word.recorded_at DESC, word.id DESC LIMIT 1
        ) AS word ON true
        LEFT JOIN LATERAL (
            SELECT max(paused_until) AS paused_until, bool_or(frequency = 'weekly') AS is_capped FROM {choices}
        ) AS choice ON wanted.is_marketing
    ORDER BY wanted.place
"""


def may_contact(
    *,
    contact: Contact,
    business_entity: BusinessEntity | None = None,
    channel: str = EMAIL,
    is_marketing: bool = True,
    kind: str = "",
) -> Verdict:
    """Judged on what the database holds now, not on what the caller loaded a while ago.

    Nobody passes Do Not Contact or the suppression of an address. Marketing also heeds the newest record of consent
    for the brand (or for every brand), without one what the brand requires, and what the person chose.
    """
    return judge(wishes=[Wish(contact, business_entity, is_marketing, kind)], channel=channel)[0]


def judge(*, wishes: Sequence[Wish], channel: str = EMAIL, sent_lately: str = NOTHING_SENT) -> list[Verdict]:
    """`may_contact` for many, in one statement whatever their number."""
    values = {
        "contacts": [one.contact.pk for one in wishes],
        "brands": [one.business_entity.pk if one.business_entity else None for one in wishes],
        "marketing": [one.is_marketing for one in wishes],
        "kinds": [one.kind for one in wishes],
        "channel": channel,
    }
    refusal = _REFUSAL.format(sent_lately=sent_lately, choices=_CHOICES)
    rows = prepared.rows(_JUDGE.format(refusal=refusal, choices=_CHOICES), values)
    return [_verdict(wish, channel, *row) for wish, row in zip(wishes, rows, strict=True)]


def _verdict(  # noqa: PLR0913  the columns of the statement
    wish: Wish,
    channel: str,
    refusal: str | None,
    status: str | None,
    suppressed: str | None,
    state: str | None,
    brand: str | None,
    recorded_at: dt.datetime | None,
    paused_until: dt.datetime | None,
    is_capped: bool | None,
) -> Verdict:
    if status is None:
        return Verdict(False, Reason.of("contact_gone"))
    if refusal is None:
        granted = wish.is_marketing and state == Consent.State.GRANTED
        return Verdict(True, Reason.of("consent_given" if granted else "nothing_against"), bool(is_capped))
    said: dict[str, Any] = {
        "status_blocks": {"status": status},
        "address_suppressed": {"why": suppressed},
        "consent_withdrawn": {"channel": channel, "brand": brand or "", "on": _day(recorded_at)},
        "consent_pending": {"channel": channel, "brand": brand or "", "on": _day(recorded_at)},
        "consent_missing": {"brand": wish.business_entity.name if wish.business_entity else ""},
        "paused": {"until": _day(paused_until)},
    }
    return Verdict(False, Reason.of(refusal, **said.get(refusal, {})))


def _day(moment: dt.datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""


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


@dataclass(frozen=True)
class Standing:
    """How one brand (None: every brand) stands with a person, and the record it rests on."""

    business_entity: BusinessEntity | None
    verdict: Verdict
    record: Consent | None


def standings(*, contact: Contact, business_entities: Sequence[BusinessEntity]) -> list[Standing]:
    """`may_contact` by email for several brands, in two queries whatever their number; for none: for every brand."""
    records = newest_records([contact])[contact.pk]
    brands: list[BusinessEntity | None] = [*business_entities] or [None]
    verdicts = judge(wishes=[Wish(contact, brand) for brand in brands])
    return [Standing(brand, verdict, newest(records, brand)) for brand, verdict in zip(brands, verdicts, strict=True)]


def newest(records: Sequence[Consent], brand: BusinessEntity | None) -> Consent | None:
    """The record that holds for the brand, of the newest ones in their order."""
    meant = (None, brand.pk if brand else None)
    return next((one for one in records if one.business_entity_id in meant), None)


def strictest(*, known: ContactStatus, arriving: ContactStatus) -> ContactStatus:
    """Of two sources that speak of a status: an arrival may forbid contact, but never allow it again."""
    return known if known.blocks_contact and not arriving.blocks_contact else arriving
