"""Reads `{{ name }}` and `{{ name|words }}` in staff's words, and puts plain values in their place.

A parser of its own, not a template language: there is nothing to call, look up or nest, and a brace that is not part
of a variable is an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

VALUE_LIMIT = 500  # characters of one value
_TOKEN = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"(?:[a-z_]+|(?:custom|passage)\.[^\s.|{}][^|{}]*)\Z")
_BRACES = str.maketrans("{}", "()")
# They turn the reading direction of everything behind them; a name that needs one carries its direction in itself.
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


@dataclass(frozen=True)
class Variable:
    name: str
    fallback: str | None  # the words after |; None when there are none
    line: int


Piece = str | Variable


class TemplateSyntaxError(Exception):
    """The words cannot be read; the message names the line and the remedy."""


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Piece, ...]:
    """The text as plain pieces and variables. Raises TemplateSyntaxError at the first brace out of place."""
    pieces: list[Piece] = []
    position = 0
    for match in _TOKEN.finditer(text):
        pieces.append(_literal(text[position : match.start()], text, position))
        pieces.append(_variable(match.group(1), _line(text, match.start())))
        position = match.end()
    pieces.append(_literal(text[position:], text, position))
    return tuple(piece for piece in pieces if piece != "")


def variables(pieces: Sequence[Piece]) -> Iterator[Variable]:
    return (piece for piece in pieces if isinstance(piece, Variable))


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _literal(literal: str, text: str, start: int) -> str:
    found = re.search(r"[{}]", literal)
    if not found:
        return literal
    line = _line(text, start + found.start())
    near = literal[found.start() : found.start() + 2]
    if near in ("{%", "{#"):
        raise TemplateSyntaxError(
            f'Line {line}: "{near}" is not understood. Only variables such as {{{{ first_name }}}} are.'
        )
    if near == "{{":
        raise TemplateSyntaxError(f'Line {line}: "{{{{" without a closing "}}}}". Write {{{{ first_name }}}}.')
    raise TemplateSyntaxError(
        f'Line {line}: a brace "{near[0]}" stands alone. Write a round bracket, or a whole variable.'
    )


def _variable(inside: str, line: int) -> Variable:
    name, bar, fallback = (part.strip() for part in inside.partition("|"))
    if not _NAME.match(name):
        raise TemplateSyntaxError(
            f'Line {line}: "{{{{{inside}}}}}" is not a variable. Write {{{{ first_name }}}}, or '
            "{{ first_name|there }} to say what stands in for a missing value."
        )
    if "|" in fallback or len(fallback) > VALUE_LIMIT:
        raise TemplateSyntaxError(
            f'Line {line}: the words after "|" in {{{{ {name} }}}} may not contain another "|" and have at most '
            f"{VALUE_LIMIT} characters."
        )
    return Variable(name, plain(fallback) if bar else None, line)


def plain(value: str, limit: int = VALUE_LIMIT) -> str:
    """A value as it may stand in an email: one line, no control characters, no braces, not endless."""
    if not (value.isascii() and value.isprintable()):
        value = "".join(_harmless(character) for character in value)
    return cut(" ".join(value.translate(_BRACES).split()), limit)


def _harmless(character: str) -> str:
    if character in _DIRECTION_MARKS or unicodedata.category(character) == "Cs":
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


def assemble(pieces: Sequence[Piece], words: dict[Variable, str]) -> str:
    """The text with each variable replaced. A variable that is left out ("") takes its comma and space along."""
    text = ""
    for number, piece in enumerate(pieces):
        if isinstance(piece, str):
            text += _after_gap(piece, text) if _is_gap(pieces, words, number - 1) else piece
        elif words[piece]:
            text += words[piece]
        else:
            text = _before_gap(text, pieces[number + 1 :])
    return text


def _is_gap(pieces: Sequence[Piece], words: dict[Variable, str], number: int) -> bool:
    before = pieces[number] if number >= 0 else ""
    return isinstance(before, Variable) and not words[before]


def _before_gap(text: str, following: Sequence[Piece]) -> str:
    text = text.rstrip(" \t")
    rest = following[0] if following else ""
    ends_here = isinstance(rest, str) and re.match(r"\s*(?:[.!?:;,)]|\n|\Z)", rest)
    return text.rstrip(",") if ends_here else text


def _after_gap(piece: str, text: str) -> str:
    at_line_start = not text or text.endswith("\n")
    if at_line_start:
        return re.sub(r"\A,?[ \t]+", "", piece)
    return re.sub(r"\A[ \t]+(?=[.!?:;,)])", "", piece)
