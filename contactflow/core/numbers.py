"""Numbers that stand in an address or a form, where anybody may have typed anything."""

from __future__ import annotations

LONGEST = 9  # digits: more rows, days or pages nobody asks for


def parse_int(text: object) -> int | None:
    """A plain whole number, or None for whatever else it says."""
    said = "" if text is None else str(text)
    return int(said) if said.isascii() and said.isdigit() and len(said) <= LONGEST else None


def key(text: object) -> int:
    """The number of the row that is asked for; 0, which no row has, for whatever names none."""
    return parse_int(text) or 0
