"""Values on their way into a spreadsheet, which would run what looks like a formula."""

from __future__ import annotations

import unicodedata

STARTERS = frozenset("=+-@\t\r\n\0|%")
BEFORE = "' \u00a0\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"


def defused(value: object) -> str:
    """The value as text that no spreadsheet calculates: with an apostrophe before what might start a formula.

    Full-width and other forms of the signs count, because some spreadsheets read them as the plain ones, and so does
    what stands behind spaces or invisible characters, which some drop.
    """
    text = "" if value is None else str(value).replace("\0", "")
    start = text.lstrip(BEFORE)[:1]
    return f"'{text}" if start and (start in STARTERS or _plain(start) in STARTERS) else text


def restored(text: str) -> str:
    """What `defused` was given, so that an export comes back as it was."""
    return text[1:] if text.startswith("'") and defused(text[1:]) != text[1:] else text


def _plain(char: str) -> str:
    """The sign another form of it stands for; the minus and dashes are hyphens here."""
    folded = unicodedata.normalize("NFKC", char)
    return "-" if folded in ("\u2212", "\u2010", "\u2011") else folded
