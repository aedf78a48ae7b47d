"""Which values the person has afterwards. Pure: nothing is read or written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from contacts import cleaning, consent
from contacts.models import Contact

# The values of which one stays, as they are called on the page; the rest is united.
CHOSEN: Final[Mapping[str, str]] = {
    "email": "Email",
    "first_name": "First name",
    "last_name": "Last name",
    "phone": "Phone",
    "company": "Company",
    "job_title": "Job title",
    "status": "Status",
    "lead_source": "Lead source",
    "owner": "Owner",
    "timezone": "Timezone",
    "locale": "Locale",
}
COLUMNS: Final[Mapping[str, str]] = {name: f"{name}_id" for name in ("status", "lead_source", "owner")}
KEEP, DROP = "keep", "drop"


@dataclass(frozen=True)
class Choice:
    """One field on the page: what both say, and which of them stays."""

    name: str
    label: str
    keep: str
    drop: str
    stays: str
    because: str = ""
    """Why there is nothing to choose; empty where there is."""

    @property
    def is_open(self) -> bool:
        return not self.because and bool(self.keep and self.drop) and self.keep != self.drop


def choices(*, keep: Contact, drop: Contact, chosen: Mapping[str, str]) -> list[Choice]:
    """Every field with what both say. Empty values give way; a status that forbids contact never does."""
    return [_choice(name, keep, drop, chosen) for name in CHOSEN]


def merged(*, keep: Contact, drop: Contact, chosen: Mapping[str, str]) -> dict[str, Any]:
    """The columns of the person afterwards; types and brands are rows of their own."""
    sides = {KEEP: keep, DROP: drop}
    columns: dict[str, Any] = {}
    for one in choices(keep=keep, drop=drop, chosen=chosen):
        column = COLUMNS.get(one.name, one.name)
        columns[column] = getattr(sides[one.stays], column)
        if one.name == "email":
            columns["email_typed"] = sides[one.stays].email_typed
    return columns | {
        "tags": cleaning.united(keep.tags, drop.tags),
        "interests": cleaning.united(keep.interests, drop.interests),
        "custom": {**drop.custom, **keep.custom},
        "notes": _joined(keep.notes, drop.notes),
        "added_on": min(filter(None, (keep.added_on, drop.added_on)), default=None),
        "is_tracked": keep.is_tracked and drop.is_tracked,
        "created_at": min(keep.created_at, drop.created_at),
        "last_interaction_at": max(filter(None, (keep.last_interaction_at, drop.last_interaction_at)), default=None),
    }


def _choice(name: str, keep: Contact, drop: Contact, chosen: Mapping[str, str]) -> Choice:
    said = {KEEP: _said(keep, name), DROP: _said(drop, name)}
    stays = KEEP if said[KEEP] or not said[DROP] else DROP
    if said[KEEP] and said[DROP] and chosen.get(name) in (KEEP, DROP):
        stays = chosen[name]
    because = ""
    if name == "status" and keep.status.blocks_contact != drop.status.blocks_contact:
        strictest = consent.strictest(known=keep.status, arriving=drop.status)
        stays = KEEP if strictest == keep.status else DROP
        because = f"{strictest} holds: nobody may be written to again by a merge."
    return Choice(name, CHOSEN[name], said[KEEP], said[DROP], stays, because)


def _said(contact: Contact, name: str) -> str:
    value = getattr(contact, name)
    return "" if value is None else str(value)


def _joined(kept: str, dropped: str) -> str:
    if dropped.strip() in kept:
        return kept
    return f"{kept.rstrip()}\n\n{dropped}" if kept.strip() else dropped
