"""JSON bodies, read so that no body can hurt: bounded, without tricks, refused with a sentence."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_BYTES = 1_048_576
MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1

# A whole string (also one that never ends, so that the scan stays linear) or one bracket.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJSONParser(JSONParser):
    """The only parser of the API."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]
        return load(request._request.body)


def load(raw: bytes) -> Any:
    """The value of a JSON text; raises ParseError naming what is wrong. Never recurses deeper than MAX_DEPTH."""
    text = _decode(raw)
    _refuse_depth(text)
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_bounded,
            object_pairs_hook=_without_repetition,
        )
    except json.JSONDecodeError as error:
        raise ParseError(f"The body is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from None
    if "\\u" in text:  # only an escape can smuggle these in
        _refuse_unstorable(value)
    return value


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8: encode it as UTF-8.") from None


def _refuse_depth(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        character = token[0][0]
        if character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        if depth > MAX_DEPTH:
            raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not a JSON number.")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ParseError(f"The number {digits[:20]} is too large.")
    return number


def _bounded(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > MAX_INTEGER:
        raise ParseError(f"The number {digits[:20]}... is too large: send it as text.")
    return int(digits)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]  # add
        raise ParseError(f"The name {twice[:100]!r} occurs twice in one object.")
    return value


def _refuse_unstorable(value: Any) -> None:
    waiting = [("", value)]
    while waiting:
        name, item = waiting.pop()
        if isinstance(item, dict):
            waiting += [(name or key, inner) for key, inner in item.items()]
            waiting += [(name or "a name", key) for key in item]
        elif isinstance(item, list):
            waiting += [(name, inner) for inner in item]
        elif isinstance(item, str) and (found := _UNSTORABLE.search(item)):
            kind = "a NUL character" if found[0] == "\0" else "half of a surrogate pair"
            raise ParseError(f"{printable(name) or 'The text'} contains {kind}, which is no text.")


def printable(name: str) -> str:
    """A name as it may stand in an answer, whatever was sent."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", name)[:100]
