"""Liquid within Markdown: each token as a word the parser keeps, tags on lines of their own as blocks, list items or
rows of tables; and whether the HTML between them is whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from engagement.liquid.slots import SLOT_END, TEXT_SLOT
from engagement.liquid.source import Output, Piece, Tag, TemplateSyntaxError

_ITEM = re.compile(r"(\s*(?:[-*+]|\d{1,9}[.)])\s+)\S")
_TAG_SLOT = f"{TEXT_SLOT}([0-9]+){SLOT_END}"
_LONE = re.compile(rf"<p(?: [^<>]*)?>((?:\s*{_TAG_SLOT})+)\s*</p>")
_LONE_ITEM = re.compile(rf"<li(?: [^<>]*)?>((?:\s*{_TAG_SLOT})+)\s*</li>")
_LONE_ROW = re.compile(rf"<tr>\s*<td(?: [^<>]*)?>((?:\s*{_TAG_SLOT})+)\s*</td>(?:\s*<td(?: [^<>]*)?>\s*</td>)*\s*</tr>")
_ELEMENT = re.compile(rf"""<(/?)([a-z][a-z0-9]*)(?:\s(?:[^<>"]|"[^"]*")*)?>|{_TAG_SLOT}""")
_VOID = frozenset({"br", "hr", "img"})
_LETTERS = "abcdefghijklmnoprstuvwxyz"  # four make more than a source has places; no q, so that no two words overlap


@dataclass(frozen=True)
class Marked:
    """Text with a word for each token."""

    text: str
    prefix: str
    tokens: Sequence[Output | Tag]
    lines: Sequence[int]
    """The line that staff wrote, for each line of the text."""

    @property
    def words(self) -> re.Pattern[str]:
        return re.compile(rf"{self.prefix}(\d+)[yz]")

    def word(self, number: int) -> str:
        return f"{self.prefix}{number}{'y' if isinstance(self.tokens[number], Tag) else 'z'}"

    def line_of(self, line: int) -> int:
        return self.lines[min(max(line, 1), len(self.lines)) - 1] if self.lines else line


def mark(pieces: Sequence[Piece]) -> Marked:
    """With each tag that stands in a line of its own where Markdown leaves it alone."""
    tokens = [piece for piece in pieces if not isinstance(piece, str)]
    prefix = _prefix(pieces)
    marked = Marked("", prefix, tokens, ())
    lines, origins = [""], [1]
    number = 0
    for piece in pieces:
        if not isinstance(piece, str):
            lines[-1] += marked.word(number)
            number += 1
            if piece.lines:
                origins[-1] = piece.line
            continue
        first, *rest = piece.split("\n")
        lines[-1] += first
        for line in rest:
            lines.append(line)
            origins.append(origins[-1] + 1)
    for place, piece in _first_of_lines(lines, marked):
        origins[place] = piece.line
    text, origin = _Lines(lines, origins, marked).laid_out()
    return Marked("\n".join(text), prefix, tokens, origin)


def _first_of_lines(lines: Sequence[str], marked: Marked) -> Iterator[tuple[int, Output | Tag]]:
    """Tokens may have several lines: what follows one is counted from the next token on."""
    for place, line in enumerate(lines):
        if found := marked.words.search(line):
            yield place, marked.tokens[int(found.group(1))]


def _prefix(pieces: Sequence[Piece]) -> str:
    """A few letters that occur nowhere in the words; lower-case, because parsers of addresses fold case."""
    text = "".join(piece for piece in pieces if isinstance(piece, str)).lower()
    if "qv" not in text:
        return "qv"
    taken = set(re.findall("(?=qv([a-z]{4}))", text))
    return "qv" + next(found for found in map("".join, product(_LETTERS, repeat=4)) if found not in taken)


class _Lines:
    def __init__(self, lines: list[str], origins: list[int], marked: Marked) -> None:
        self._lines, self._origins, self._marked = lines, origins, marked
        lone = re.compile(rf"\s*(?:{marked.prefix}\d+y\s*)+\Z")
        self._lone = [bool(lone.match(line)) for line in lines]
        self._text: list[str] = []
        self._origin: list[int] = []
        self._as: dict[int, str] = {}  # tag-only line -> what stands before its tags: the sign of an item, or "|"

    def laid_out(self) -> tuple[list[str], list[int]]:
        if not any(self._lone):
            return self._lines, self._origins
        for start, end, between in self._blocks():
            if found := self._sign(start, end, between):
                self._as |= dict.fromkeys((start, *between, end), found)
        for place, line in enumerate(self._lines):
            if self._lone[place]:
                self._put_tags(place, line.strip())
            else:
                if place and self._needs_blank(place - 1, line):
                    self._put("", place)
                self._put(line, place)
        return self._text, self._origin

    def _put(self, line: str, place: int) -> None:
        self._text.append(line)
        self._origin.append(self._origins[place])

    def _put_tags(self, place: int, tags: str) -> None:
        sign = self._as.get(place)
        is_after_words = bool(self._text and self._text[-1].strip())
        if sign == "|":
            self._put(f"| {tags} |", place)
        elif sign is None:
            if is_after_words:
                self._put("", place)
            self._put(self._lines[place], place)
            self._put("", place)
        else:
            if is_after_words and not self._is_item(place - 1) and place - 1 not in self._as:
                self._put("", place)
            self._put(sign + tags, place)

    def _needs_blank(self, before: int, line: str) -> bool:
        """Behind a tag that became an item, what is no item must not be read as part of it."""
        sign = self._as.get(before, "|")
        return sign != "|" and bool(line.strip()) and not _ITEM.match(line) and not line.startswith((" ", "\t"))

    def _blocks(self) -> Iterator[tuple[int, int, list[int]]]:
        """Each block whose tags all stand alone in their lines: where it opens and closes, and what is between."""
        opened: list[tuple[int, list[int], bool]] = []
        for place, line in enumerate(self._lines):
            numbers = [int(found) for found in self._marked.words.findall(line)]
            tags = [tag for tag in (self._marked.tokens[number] for number in numbers) if isinstance(tag, Tag)]
            is_single = self._lone[place] and len(tags) == 1
            for tag in tags:
                if tag.opens:
                    opened.append((place, [], is_single))
                elif tag.parts and opened:
                    start, between, good = opened[-1]
                    opened[-1] = (start, [*between, place], good and is_single)
                elif tag.closes and opened:
                    start, between, good = opened.pop()
                    if good and is_single:
                        yield start, place, between

    def _is_item(self, place: int) -> bool:
        return place >= 0 and bool(_ITEM.match(self._lines[place]))

    def _sign(self, start: int, end: int, between: Sequence[int]) -> str:
        within = [line for place, line in enumerate(self._lines[start + 1 : end], start + 1) if not self._lone[place]]
        if not within:
            return ""
        if self._is_row(start) and all("|" in line for line in within):
            return "|"
        if all(_ITEM.match(line) or (line.startswith((" ", "\t")) and line.strip()) for line in within):
            first = _ITEM.match(within[0])
            return first.group(1) if first else ""
        return ""

    def _is_row(self, place: int) -> bool:
        """Whether the line stands right below a row of a table."""
        above = place - 1
        while above >= 0 and self._lone[above]:
            above -= 1
        return above >= 0 and "|" in self._lines[above]


def unwrapped(page: str, tokens: Sequence[Output | Tag]) -> str:
    """HTML without the paragraphs, items and rows that hold nothing but tags."""

    def bare(found: re.Match[str]) -> str:
        numbers = re.findall(_TAG_SLOT, found.group(1))
        return found.group(1) if all(isinstance(tokens[int(number)], Tag) for number in numbers) else found.group()

    for lone in (_LONE, _LONE_ITEM, _LONE_ROW):
        page = lone.sub(bare, page)
    return page


def check_whole(page: str, tokens: Sequence[Output | Tag]) -> None:
    """Raises TemplateSyntaxError where an element begins within a branch and ends outside, or the other way round."""
    open_: list[str | Tag] = []
    for found in _ELEMENT.finditer(page):
        closing, name, number = found.groups()
        if number is None:
            _element(open_, name, is_closing=bool(closing))
        elif isinstance(tag := tokens[int(number)], Tag):
            _tag(open_, tag)


def _element(open_: list[str | Tag], name: str, *, is_closing: bool) -> None:
    if is_closing:
        torn = open_.pop() if open_ else None
        if torn != name:
            raise TemplateSyntaxError(_torn(torn if isinstance(torn, Tag) else None))
    elif name not in _VOID:
        open_.append(name)


def _tag(open_: list[str | Tag], tag: Tag) -> None:
    if tag.opens:
        open_.append(tag)
    elif tag.parts or tag.closes:
        if not open_ or not isinstance(open_[-1], Tag):
            raise TemplateSyntaxError(_torn(tag))
        if tag.closes:
            open_.pop()


def _torn(tag: Tag | None) -> str:
    where = f"Line {tag.line}: {{% {tag.name} %}}" if tag else "A {% tag %}"
    return (
        f"{where} divides a paragraph, a list or **bold** words. Put it on a line of its own, or write both halves of "
        "what it divides within it."
    )
