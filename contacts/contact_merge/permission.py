"""The strictest permission wins: whoever said no as either of the two has said no."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from contacts import consent
from contacts.models import BusinessEntity, Consent, Contact, Suppression

Scope = tuple[int | None, str]  # the brand (None: every brand) and the channel


@dataclass(frozen=True)
class Strictest:
    """What has to be added, so that no word given as one of the two lifts a no of the other."""

    withdrawals: tuple[Scope, ...]
    suppression: Suppression | None
    """Of the address that goes, where it was somebody's wish and the address that stays is not blocked itself."""


def strictest(*, keep: Contact, drop: Contact, address: str) -> Strictest:
    """`address` is the one that stays."""
    words = {
        contact.pk: list(Consent.objects.filter(contact=contact).order_by("recorded_at", "id"))
        for contact in (keep, drop)
    }
    other = drop.email if address == keep.email else keep.email
    return Strictest(tuple(_withdrawals(words[keep.pk], words[drop.pk])), _carried(address, other))


def apply(*, contact: Contact, strictest: Strictest, dropped: str, now: dt.datetime) -> dict[str, list[str]]:
    """Record it for the person, whose rows are united by now; returns the ids of the rows it made."""
    brands = BusinessEntity.objects.in_bulk([brand for brand, _ in strictest.withdrawals if brand is not None])
    withdrawn = [
        consent.withdraw(
            contact=contact,
            business_entity=brands[brand] if brand is not None else None,
            channel=channel,
            source=f"Merged with {dropped}: the stricter permission holds",
            now=now,
        )
        for brand, channel in strictest.withdrawals
    ]
    made = {Consent._meta.db_table: [str(row.pk) for row in withdrawn]}
    if (carried := strictest.suppression) is not None:
        detail = "The person was merged with one whose address is blocked."
        row = consent.suppress(
            email=contact.email, reason=carried.reason, detail=detail, scope=carried.scope, until=carried.until
        )
        made[Suppression._meta.db_table] = [str(row.pk)]
    return made


def _withdrawals(kept: list[Consent], dropped: list[Consent]) -> Iterable[Scope]:
    """Every scope in which one of them had said no, and the newest word of both together would not say so."""
    together = sorted([*kept, *dropped], key=lambda word: (word.recorded_at, word.pk))
    scopes = {(word.business_entity_id, word.channel) for word in together}
    everywhere = set()
    for brand, channel in sorted(scopes, key=lambda scope: (scope[0] is not None, scope[0] or 0, scope[1])):
        said_no = any(_is_withdrawn(words, brand, channel) for words in (kept, dropped))
        if said_no and not _is_withdrawn(together, brand, channel) and channel not in everywhere:
            everywhere |= {channel} if brand is None else set()  # the newest word for every brand holds for each
            yield brand, channel


def _is_withdrawn(words: list[Consent], brand: int | None, channel: str) -> bool:
    """As contacts.consent judges: the newest word for the brand, or for every brand."""
    heard = [word for word in words if word.channel == channel and word.business_entity_id in (None, brand)]
    return bool(heard) and heard[-1].state == Consent.State.WITHDRAWN


def _carried(stays: str, goes: str) -> Suppression | None:
    """A bounce says something of the address that goes, and nothing of the one that stays."""
    found = consent.suppression_of(email=goes)
    if found is None or found.reason == Suppression.Reason.BOUNCED:
        return None
    return None if consent.suppression_of(email=stays) else found
