"""What stands for a value in words that others read: one harmless line."""

from __future__ import annotations

import re
import unicodedata

VALUE_LIMIT = 500  # characters of one value
_BRACES = str.maketrans("{}", "()")
# They turn the reading direction of everything behind them; a name that needs one carries its direction in itself.
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")

GAP = "\ue017"
"""Stands where a value was left out, until `close_gaps`."""
_GAPS = re.compile(rf"(?P<comma>,?)[ \t]*{GAP}(?:[ \t]*{GAP})*(?P<tail>,?[ \t]*)")
_EMPTIED = re.compile(rf"<(p|li|h[1-6])( [^<>]*)?>\s*{GAP}[\s{GAP}]*</\1>\n?")
_ENDS = re.compile(r"\s*(?:[.!?:;,)<]|\n|\Z)")


def plain(value: str, limit: int = VALUE_LIMIT) -> str:
    """A value as it may stand in an email: one line, no control characters, no braces, not endless."""
    value = value[: 2 * limit]  # what stands behind is not seen, however many spaces fall together
    if not (value.isascii() and value.isprintable()):
        value = "".join(_harmless(character) for character in value)
    return cut(" ".join(value.translate(_BRACES).split()), limit)


def _harmless(character: str) -> str:
    if character in _DIRECTION_MARKS or character == GAP or unicodedata.category(character) == "Cs":
        return ""
    return " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words where there are any and never inside a composed character."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    at_word = head.rpartition(" ")[0]
    if len(at_word) > limit // 2:
        head = at_word
    while head and (_continues(text[len(head)]) or head[-1] == "\u200d"):
        head = head[:-1]
    return head.rstrip(" ,;:-") + "…"


def _continues(character: str) -> bool:
    return character in _JOINERS or bool(unicodedata.combining(character)) or "\U0001f3fb" <= character <= "\U0001f3ff"


def close_gaps(text: str) -> str:
    """Text or HTML in which each value that was left out takes its comma and space along, or its paragraph."""
    if GAP not in text:
        return text
    if "<" in text:
        text = _EMPTIED.sub("", text)
    return _GAPS.sub(_closed, text)


def _closed(found: re.Match[str]) -> str:
    text, comma, tail = found.string, found["comma"], found["tail"]
    begins_line = not comma and (not (before := text[: found.start()]) or before[-1] in "\n>")
    if begins_line:
        return "" if tail.strip(",") or not tail else tail
    rest = tail + text[found.end() : found.end() + 80]
    if not _ENDS.match(rest):
        return comma + tail
    return tail.lstrip(" \t") if tail.startswith((" ", "\t")) else tail
