"""Web and email addresses that staff wrote as they are become links. It runs before values stand in the words, so that
no value ever becomes one. The caller names the markers of variables that are addresses of staff's themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# A scheme or www. begins one anywhere; without, it is one by a common ending, or by a path behind it.
_ADDRESS = (
    r"|(?P<mail>(?<![\w.%+-])[\w.%+-]+@(?:[\w-]+\.)+[\w-]{2,})"
    r"|(?:https?://|(?<![\w.-])www\.)[^\s<>\"]+"
    r"|(?<![\w.@/-])(?:[\w-]+\.)+(?:(?:com|org|net|info|biz|edu|gov)(?![\w-])(?:[/?#][^\s<>\"]*)?|[a-z]{2,}/[^\s<>\"]*)"
)
MARKERS = "markers"
"""In the parser's environment: what stands for variables that are addresses."""
BORDERS = "borders"
"""There too: what stands for tags, which no address goes across."""
_BEHIND = ".,;:!?'\"…*_~»“”\u2019"


def plugin(parser: MarkdownIt) -> None:
    """For MarkdownIt.use."""
    parser.core.ruler.push("autolinks", _link_all)


def _link_all(state: StateCore) -> None:
    address = _address(tuple(state.env.get(MARKERS, ())))
    borders = state.env.get(BORDERS)
    border = re.compile(f"({'|'.join(borders)})") if borders else None
    for block in state.tokens:
        if block.type == "inline":
            block.children = list(_linked(_divided(block.children or [], border), state.md, address))


def _divided(tokens: Sequence[Token], border: re.Pattern[str] | None) -> Iterator[Token]:
    for token in tokens:
        if border is None or token.type != "text" or not border.search(token.content):
            yield token
            continue
        for part in filter(None, border.split(token.content)):
            yield Token("text", "", 0, content=part, level=token.level)


@lru_cache(maxsize=64)
def _address(markers: tuple[str, ...]) -> re.Pattern[str]:
    """What begins with one of the markers is whole as it is, with the path behind it."""
    ours = rf"(?:{'|'.join(markers)})(?:[/?#][^\s<>\"]*)?" if markers else "(?!)"
    return re.compile(f"(?P<ours>{ours}){_ADDRESS}", re.IGNORECASE)


def _linked(tokens: Iterable[Token], parser: MarkdownIt, address: re.Pattern[str]) -> Iterator[Token]:
    is_within_link = False
    for token in tokens:
        is_within_link = token.type == "link_open" or (is_within_link and token.type != "link_close")
        if token.type == "text" and not is_within_link:
            yield from _cut(token.content, token.level, parser, address)
        else:
            yield token


def _cut(text: str, level: int, parser: MarkdownIt, address: re.Pattern[str]) -> Iterator[Token]:
    position = 0
    for found in address.finditer(text):
        label = _without_end(found.group())
        target = (
            f"mailto:{label}" if found["mail"] else label if found["ours"] or "://" in label else f"https://{label}"
        )
        href = parser.normalizeLink(target)
        if not found["ours"] and not re.match(r"mailto:|https?://[\w.-]+\w", href, re.IGNORECASE):
            continue
        if found.start() > position:
            yield Token("text", "", 0, content=text[position : found.start()], level=level)
        yield Token("link_open", "a", 1, {"href": href}, level=level, markup="linkify", info="auto")
        yield Token("text", "", 0, content=label, level=level + 1, info="auto")
        yield Token("link_close", "a", -1, level=level, markup="linkify", info="auto")
        position = found.start() + len(label)
    if position < len(text):
        yield Token("text", "", 0, content=text[position:], level=level)


def _without_end(address: str) -> str:
    """Without what ends the sentence around it; a bracket belongs to it where it was opened in it."""
    while address and (address[-1] in _BEHIND or (address[-1] == ")" and address.count(")") > address.count("("))):
        address = address[:-1]
    return address
