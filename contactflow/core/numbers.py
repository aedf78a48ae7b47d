"""Numbers in words, and numbers in an address or a form, where anybody may have typed anything."""

from __future__ import annotations

LONGEST = 9  # digits: more rows, days or pages nobody asks for


def parse_int(text: object) -> int | None:
    """A plain whole number, or None for whatever else it says."""
    said = "" if text is None else str(text)
    return int(said) if said.isascii() and said.isdigit() and len(said) <= LONGEST else None


def counted(number: int, one: str, many: str = "") -> str:
    """1 step, 1,200 steps, 3 people."""
    return f"1 {one}" if number == 1 else f"{number:,} {many or one + 's'}"


def key(text: object) -> int:
    """The number of the row that is asked for; 0, which no row has, for whatever names none."""
    return parse_int(text) or 0
