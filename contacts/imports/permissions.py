"""What our own export says of being emailed, and that cell read again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from contacts.imports import cells
from contacts.models import Consent

EVERY_BRAND: Final = "every brand"
NOTHING: Final = "Nothing recorded"
BLOCKED: Final = "No: "  # and what keeps them from being written to, whatever they said
STATES: Final[dict[str, str]] = {one.label: one.value for one in Consent.State}
ENTRY: Final = re.compile(
    rf'({"|".join(map(re.escape, STATES))}) \((?:"((?:[^"]|"")*)"|(.+?)), \d{{4}}-\d{{2}}-\d{{2}}\)(?:; |$)', re.DOTALL
)


def written(records: Sequence[Consent]) -> str:
    """The records in their order; a brand's name in quotation marks where it could be taken for something else."""
    return "; ".join(f"{one.get_state_display()} ({_brand(one)}, {one.recorded_at:%Y-%m-%d})" for one in records)


def read(cell: str) -> dict[str, bool | None] | None:
    """By the name of a brand (empty: every brand) whether they may be emailed, as Arrival.permission says it; None
    where the cell is none of ours. Who is blocked or was asked to confirm is so where the list comes from: whether
    somebody who is known here may be emailed is known better here."""
    text = cell.strip()
    if text == NOTHING:
        return {}
    if text.startswith(BLOCKED):
        return {"": None}
    found: dict[str, bool | None] = {}
    entries = list(ENTRY.finditer(text))
    if "".join(entry[0] for entry in entries) != text:
        return None
    for state, quoted, plain in (entry.groups() for entry in entries):
        brand = quoted.replace('""', '"') if quoted is not None else "" if plain == EVERY_BRAND else plain
        found[brand] = None if STATES[state] == Consent.State.PENDING else STATES[state] == Consent.State.GRANTED
    return found or None


def _brand(record: Consent) -> str:
    if record.business_entity is None:
        return EVERY_BRAND
    name = record.business_entity.name
    return cells.quoted(name) if name != EVERY_BRAND else f'"{name}"'
