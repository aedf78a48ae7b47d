"""Notion's rich text <-> plain text with links as Markdown. Whatever is written reads back exactly as it was.

Notion counts UTF-16 units, so an emoji is two; a text longer than one item may be is cut into several, never inside a
character that people see as one.
"""

from __future__ import annotations

import json
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

MAX_UNITS: Final = 2_000  # of one item's text, and of a link's address
MAX_ITEMS: Final = 100
MAX_BYTES: Final = 400_000  # of the whole text as JSON: a request may have 500 kB, and other properties travel too
_LONGEST_CLUSTER: Final = 64  # further back nobody looks for the beginning of a visible character

_LINK: Final = re.compile(r"\[((?:[^\[\]\n]|\[[^\[\]\n]*+\])++)\]\(((?:https?://|mailto:|tel:)[^\s()<>\[\]]++)\)")
_UNSAFE_IN_LINK: Final = re.compile(r"[\s()<>\[\]]")
_HOST: Final = re.compile(r"[\w.-]+(:\d{1,5})?")
_JOINER: Final = "\u200d"
_SITE: Final = "https://www.notion.so"

Item = dict[str, Any]
Run = tuple[str, str]  # text and the address it links to, or ""


class Malformed(ValueError):
    """What came is not rich text; says what it lacks."""


def units(text: str) -> int:
    """The length as Notion counts it."""
    return len(text) + sum(char > "\uffff" for char in text)


def clean(text: str) -> str:
    """The form both sides can store: line breaks as \\n, no NUL, no half of a surrogate pair."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


# Reading


def plain(items: object) -> str:
    """The text without links, as a name or an address has it."""
    return clean("".join(text for text, _ in _runs(items)))


def with_links(items: object) -> str:
    """The text with its links as Markdown."""
    return clean("".join(_markdown(text, url) for text, url in _merged(_runs(items))))


def has_formatting(items: object) -> bool:
    """Whether something in it would be lost when plain text and links are written over it."""
    return isinstance(items, list) and any(_is_formatted(item) for item in items)


def _runs(items: object) -> Iterator[Run]:
    if not isinstance(items, list):
        raise Malformed("the text is not a list of text items")
    for item in items:
        if not isinstance(item, Mapping):
            raise Malformed("one of its text items is not an object")
        yield _words(item), _address(item)


def _words(item: Mapping[str, Any]) -> str:
    words = item.get("plain_text")
    if words is None:
        words = _inner(item).get("content")
    if not isinstance(words, str):
        raise Malformed("one of its text items has no text")
    return words


def _address(item: Mapping[str, Any]) -> str:
    link = _inner(item).get("link")
    href = item.get("href") or (link.get("url") if isinstance(link, Mapping) else None)
    if not isinstance(href, str):
        return ""
    return f"{_SITE}{href}" if href.startswith("/") else href


def _inner(item: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = item.get("text")
    return inner if isinstance(inner, Mapping) else {}


def _merged(runs: Iterable[Run]) -> Iterator[Run]:
    """Neighbours with one link are one link: Notion keeps bold words, and we long ones, as items of their own."""
    before: Run = ("", "")
    for text, url in runs:
        if url == before[1]:
            before = (before[0] + text, url)
        else:
            yield before
            before = (text, url)
    yield before


def _markdown(text: str, url: str) -> str:
    if not url or not text or _is_bare(text, url):
        return text
    safe = _UNSAFE_IN_LINK.sub(lambda found: urllib.parse.quote(found.group()), url)
    written = f"[{text}]({safe})"
    return written if _LINK.fullmatch(written) else f"{text} ({safe})"


def _is_bare(text: str, url: str) -> bool:
    """Whether the text says the address itself, as Notion's editor links what looks like one."""
    short = url.removesuffix("/")
    bare = short.removeprefix("https://").removeprefix("http://").removeprefix("mailto:").removeprefix("tel:")
    return text.removesuffix("/") in (short, bare)


def _is_formatted(item: object) -> bool:
    if not isinstance(item, Mapping):
        return False
    marks = item.get("annotations")
    marks = marks if isinstance(marks, Mapping) else {}
    coloured = marks.get("color") not in (None, "default")
    return item.get("type", "text") != "text" or coloured or any(value is True for value in marks.values())


# Writing


def items(text: str, *, links: bool) -> tuple[list[Item], bool]:
    """The items to send, and whether the whole text is in them."""
    cleaned = clean(text)
    made = [_item(piece, url) for piece, url in _pieces(cleaned, links=links)]
    if links and len(made) > MAX_ITEMS:
        made = [_item(piece, url) for piece, url in _pieces(cleaned, links=False)]
    kept = _within_bytes(made[:MAX_ITEMS])
    return kept, len(kept) == len(made)


def _pieces(text: str, *, links: bool) -> list[Run]:
    runs = _found_links(text) if links else [(text, "")]
    return [(piece, url) for words, url in runs for piece in split(words)]


def _found_links(text: str) -> Iterator[Run]:
    """Text and links in turn. What would not read back exactly as it stands there stays text."""
    at, before = 0, ""
    for found in _LINK.finditer(text):
        words, url = found.groups()
        follows_its_like = found.start() == at and url == before
        if follows_its_like or _is_bare(words, url) or not _is_sendable(url):
            continue
        yield text[at : found.start()], ""
        yield words, url
        at, before = found.end(), url
    yield text[at:], ""


def _is_sendable(url: str) -> bool:
    if units(url) > MAX_UNITS or not url.startswith("http"):
        return units(url) <= MAX_UNITS
    return _HOST.fullmatch(url.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]) is not None


def _item(text: str, url: str) -> Item:
    return {"type": "text", "text": {"content": text, "link": {"url": url}} if url else {"content": text}}


def _within_bytes(made: Sequence[Item]) -> list[Item]:
    kept, size = [], 0
    for item in made:
        size += len(json.dumps(item, ensure_ascii=False).encode())
        if size > MAX_BYTES:
            break
        kept.append(item)
    return kept


def split(text: str, *, limit: int = MAX_UNITS) -> list[str]:
    """Pieces of at most so many units that together are the text; none for an empty one."""
    pieces, at = [], 0
    while at < len(text):
        end = _cut(text, at, limit)
        pieces.append(text[at:end])
        at = end
    return pieces


def _cut(text: str, at: int, limit: int) -> int:
    end = min(at + limit, len(text))
    size = units(text[at:end])
    while size > limit:
        end -= 1
        size -= units(text[end])
    if end == len(text):
        return end
    for earlier in range(end, max(at, end - _LONGEST_CLUSTER), -1):
        if not _is_one_character(text[earlier - 1], text[earlier]):
            return earlier
    return end


def _is_one_character(left: str, right: str) -> bool:
    """Whether people see the two as one: accents, joined emoji, skin tones, flags."""
    extends = unicodedata.category(right)[0] == "M" or right == _JOINER or "\U0001f3fb" <= right <= "\U0001f3ff"
    tagged = "\U000e0020" <= right <= "\U000e007f"
    flag = all("\U0001f1e6" <= char <= "\U0001f1ff" for char in (left, right))
    return extends or tagged or flag or left == _JOINER
