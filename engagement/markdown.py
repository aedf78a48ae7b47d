"""Markdown words with Liquid in them -> HTML and plain text with slots, to be filled for each person.

Values never pass through the Markdown parser: it sees a word for each token of Liquid, and a slot takes the word's
place in the parsed result. So a name like `[x](http://evil)` stays a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from engagement import autolinks
from engagement.liquid import blocks
from engagement.liquid.blocks import Marked
from engagement.liquid.slots import ATTRIBUTE_SLOT, SLOT_END, TEXT_SLOT, WEB, slot, unsigned
from engagement.liquid.source import Output, Piece, Tag
from engagement.plain_text import GAP

LINK_SCHEMES = (*WEB, "mailto:", "tel:")
_TAGS = {
    *("p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "hr", "code", "pre", "img"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "s", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}, "th": {"align"}, "td": {"align"},
}  # fmt: skip
_STYLES = {
    "p": "margin:0 0 16px 0",
    "ul": "margin:0 0 16px 0;padding:0 0 0 24px",
    "ol": "margin:0 0 16px 0;padding:0 0 0 24px",
    "li": "margin:0 0 6px 0",
    "h1": "margin:0 0 16px 0;font-size:24px;line-height:1.3",
    "h2": "margin:24px 0 12px 0;font-size:20px;line-height:1.3",
    "h3": "margin:20px 0 8px 0;font-size:17px;line-height:1.3",
    "blockquote": "margin:0 0 16px 0;padding:0 0 0 16px;border-left:3px solid #cbd5e1",
    "table": "margin:0 0 16px 0;border-collapse:collapse",
    "th": "padding:6px 12px 6px 0;border-bottom:1px solid #cbd5e1;vertical-align:top",
    "td": "padding:6px 12px 6px 0;border-bottom:1px solid #e4e4df;vertical-align:top",
    "hr": "margin:24px 0;border:0;border-top:1px solid #cbd5e1",
    "img": "max-width:100%;height:auto;border:0",
    "code": "font-family:Consolas,Menlo,monospace",
    "pre": "margin:0 0 16px 0;white-space:pre-wrap",
}
_UNDERLINE = {"h1": "\ue013"}  # a heading's line follows once its length is known
_OTHER_UNDERLINE = "\ue014"
_UNDERLINED = re.compile("((?:.+\n)+)([\ue013\ue014])")
LONGEST_UNDERLINE = 60
# Numbers of items are counted once all loops have gone round: a list begins, with the depth; its next item.
_LIST, _NUMBER = "\ue015", "\ue016"
_NUMBERS = re.compile(f"{_LIST}([a-z])([0-9]+){SLOT_END}|{_NUMBER}([a-z])")
# An item in which nothing is left; what belongs to it stands further in.
_EMPTY_ITEM = re.compile(
    rf"^([> ]*)(?:-|{_NUMBER}[a-z]\.) [ \t{GAP}]*((?:{_LIST}[a-z][0-9]+{SLOT_END})?)(?:\n|\Z)(?!\n?\1 )", re.MULTILINE
)
_TAGS_ALONE = re.compile(f"(?:\\s*{TEXT_SLOT}[0-9]+{SLOT_END})+\\s*")
_WITH_CONTENT = ("text", "code_inline", "code_block", "fence")


@dataclass(frozen=True)
class Document:
    """Parsed words, with a slot for each token of Liquid by its number in `marked.tokens`."""

    tokens: Sequence[Token]
    parser: MarkdownIt
    marked: Marked

    def html(self, *, colour: str) -> str:
        """Sanitised HTML with inline styles, as mail programs need it. Raises TemplateSyntaxError where a tag of
        Liquid tears an element apart."""
        raw = self.parser.renderer.render(self.tokens, self.parser.options, {})
        styles = {**_STYLES, "a": f"color:inherit;text-decoration:underline;text-decoration-color:{colour}"}
        page = nh3.clean(
            raw,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes={"http", "https", "mailto", "tel"},
            set_tag_attribute_values={tag: {"style": style} for tag, style in styles.items()},
        ).strip()
        if self.has_tags:
            page = blocks.unwrapped(page, self.marked.tokens)
            blocks.check_whole(page, self.marked.tokens)
        return page

    @property
    def has_tags(self) -> bool:
        return any(isinstance(token, Tag) for token in self.marked.tokens)

    def text(self) -> str:
        """The same for people who read plain text: links as "text (address)", lists and headings by signs."""
        return finished(self.draft()).strip("\n")

    def draft(self) -> str:
        """The plain text that `finished` has to complete once all values stand in it."""
        softbreak = "\n" if self.parser.options["breaks"] else " "
        return _Reader(self.tokens, softbreak=softbreak, tags=self._is_tag if self.has_tags else None).read()

    def _is_tag(self, number: int) -> bool:
        return isinstance(self.marked.tokens[number], Tag)

    def addresses(self) -> Iterator[tuple[int, str]]:
        """Where links and images point, each with the line on which its paragraph begins."""
        for line, token in self._numbered():
            if token.type in ("link_open", "image"):
                yield line, str(token.attrs["href" if token.type == "link_open" else "src"])

    def contents(self) -> Iterator[tuple[int, str]]:
        """What stands there as it was typed, each line by itself."""
        return ((line, token.content) for line, token in self._numbered() if token.type == "text")

    def _numbered(self) -> Iterator[tuple[int, Token]]:
        for block in self.tokens:
            line = block.map[0] + 1 if block.map else 1
            for token in _flat([block]):
                line += token.type in ("softbreak", "hardbreak")
                yield self.marked.line_of(line), token


def read(text: str, *, keep_line_breaks: bool = False) -> Document:
    """Markdown without variables."""
    return compose([text], keep_line_breaks=keep_line_breaks)


def compose(
    pieces: Sequence[Piece],
    *,
    is_address: Callable[[Output], bool] = lambda output: False,
    keep_line_breaks: bool = False,
) -> Document:
    """Markdown with slots. What `is_address` is a whole web address of the brand's: it becomes a link."""
    parser = _parser(keep_line_breaks=keep_line_breaks)
    words = [unsigned(piece) if isinstance(piece, str) else piece for piece in pieces]
    marked = blocks.mark(words)
    ours = {
        number: marked.word(number)
        for number, token in enumerate(marked.tokens)
        if isinstance(token, Output) and is_address(token)
    }
    tags = [marked.word(number) for number, token in enumerate(marked.tokens) if isinstance(token, Tag)]
    tokens = parser.parse(marked.text, {autolinks.MARKERS: list(ours.values()), autolinks.BORDERS: tags})
    for cell in tokens:
        if cell.type in ("th_open", "td_open"):  # an attribute passes the sanitiser, and Outlook reads it
            cell.attrs = {"align": str(cell.attrs.get("style", "left")).removeprefix("text-align:")}
    for token in _flat(tokens):  # Markdown made signs of entities
        token.content = unsigned(token.content)
        token.attrs = {
            name: unsigned(value) if isinstance(value, str) else value for name, value in token.attrs.items()
        }
    _replace(tokens, _Slots(marked.words, frozenset(ours)))
    return Document(tokens, parser, marked)


@cache
def _parser(*, keep_line_breaks: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": keep_line_breaks})
    return parser.enable(["table", "strikethrough"]).use(autolinks.plugin)


def _replace(tokens: Sequence[Token], put: _Slots) -> None:
    for token in _flat(tokens):
        if token.type in _WITH_CONTENT:
            # Of an address as it was typed the words are the address too: in plain text nothing else links.
            token.content = (put.in_address if token.info == "auto" else put.in_text)(token.content)
        for name, value in token.attrs.items():
            if isinstance(value, str):
                token.attrs[name] = put.in_address(value) if name in ("href", "src") else put.in_attribute(value)
        if token.type == "image":
            for word in token.children or ():  # they become the picture's alternative text, an attribute
                word.content = put.in_attribute(word.content)


@dataclass(frozen=True)
class _Slots:
    """Puts slots in the place of words, as each place takes them."""

    words: re.Pattern[str]
    addresses: frozenset[int]

    def in_text(self, text: str) -> str:
        return self.words.sub(lambda found: slot(int(found.group(1))), text).replace("{", "(").replace("}", ")")

    def in_attribute(self, text: str) -> str:
        return self.in_text(text).replace(TEXT_SLOT, ATTRIBUTE_SLOT)

    def in_address(self, address: str) -> str:
        if (whole := self.words.match(address)) and int(whole.group(1)) in self.addresses:
            # only a web address of ours may begin a link
            return quote(slot(int(whole.group(1)), ATTRIBUTE_SLOT)) + self.in_address(address[whole.end() :])
        return self.words.sub(lambda found: quote(slot(int(found.group(1)))), address)


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())


class _Reader:
    """Turns parsed Markdown into plain text."""

    def __init__(self, tokens: Sequence[Token], *, softbreak: str, tags: Callable[[int], bool] | None = None) -> None:
        self._tokens = tokens
        self._softbreak = softbreak
        self._is_tag = tags
        self._blocks: list[str] = []
        self._indents: list[str] = []  # what each line of the current block begins with
        self._bullet = ""  # what its first line begins with instead, once
        self._numbers: list[int | None] = []  # per open list: the next number, None for bullets
        self._tight = False
        self._rows: list[list[str]] = []  # of the table that is being read

    def read(self) -> str:
        for token in self._tokens:
            step = getattr(self, f"_{token.type}", None)
            if step is not None:
                step(token)
            elif token.type == "inline":
                text = _inline_text(token.children or [], self._softbreak)
                if self._rows:
                    self._rows[-1].append(text)
                elif self._is_tags(text):
                    self._add_tags(text.strip())
                else:
                    self._add(text)
        return "".join(self._blocks).strip("\n")

    def _is_tags(self, text: str) -> bool:
        """Whether it holds nothing but tags of Liquid."""
        if self._is_tag is None or not _TAGS_ALONE.fullmatch(text):
            return False
        return all(self._is_tag(int(number)) for number in re.findall(f"{TEXT_SLOT}([0-9]+)", text))

    def _add_tags(self, text: str) -> None:
        """They take no line of their own; what they enclose begins with its own."""
        if self._bullet:
            self._blocks.append(("" if self._tight or not self._blocks else "\n") + text)
            self._bullet, self._tight = "", True
            return
        self._blocks.append(text)

    def _add(self, text: str) -> None:
        if not text.strip() and not self._bullet:
            return
        indent = "".join(self._indents)
        first = "".join(self._indents[:-1]) + self._bullet if self._bullet else indent
        lines = text.split("\n")
        body = "\n".join([first + lines[0], *(indent + line for line in lines[1:])])
        between = "" if not self._blocks else "\n" if self._tight and self._bullet else "\n\n"
        self._blocks.append(between + "\n".join(line.rstrip() for line in body.split("\n")))
        self._bullet = ""
        self._tight = bool(self._numbers)

    def _heading_open(self, token: Token) -> None:
        self._tight = False

    def _heading_close(self, token: Token) -> None:
        self._blocks.append("\n" + _UNDERLINE.get(token.tag, _OTHER_UNDERLINE))

    def _bullet_list_open(self, token: Token) -> None:
        self._open_list(None)

    def _ordered_list_open(self, token: Token) -> None:
        self._open_list(int(token.attrs.get("start", 1)))

    def _open_list(self, number: int | None) -> None:
        self._tight = bool(self._numbers)
        self._numbers.append(number)
        if number is not None:
            self._blocks.append(f"{_LIST}{self._depth}{number}{SLOT_END}")

    @property
    def _depth(self) -> str:
        return chr(ord("a") + min(len(self._numbers), 26) - 1)

    def _bullet_list_close(self, token: Token) -> None:
        self._numbers.pop()
        self._tight = bool(self._numbers)

    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, token: Token) -> None:
        number = self._numbers[-1]
        self._bullet = "- " if number is None else f"{_NUMBER}{self._depth}. "
        if number is not None:
            self._numbers[-1] = number + 1
        self._indents.append(" " * len("- " if number is None else f"{number}. "))

    def _list_item_close(self, token: Token) -> None:
        self._indents.pop()
        self._bullet = ""

    def _blockquote_open(self, token: Token) -> None:
        self._indents.append("> ")

    def _blockquote_close(self, token: Token) -> None:
        self._indents.pop()

    def _tr_open(self, token: Token) -> None:
        self._rows.append([])

    def _table_close(self, token: Token) -> None:
        rows = (row[0].strip() if self._is_tags("".join(row)) else "\n" + " | ".join(row) for row in self._rows)
        self._add("".join(rows).removeprefix("\n"))
        self._rows = []

    def _hr(self, token: Token) -> None:
        self._add("-" * 20)

    def _code_block(self, token: Token) -> None:
        self._add("\n".join(f"    {line}" for line in token.content.rstrip("\n").split("\n")))

    _fence = _code_block


def without_empty_items(draft: str) -> str:
    """The plain text, once all values stand in it, without the items of lists that they left empty."""
    found = 1
    while found:
        draft, found = _EMPTY_ITEM.subn(r"\2", draft)
    return draft


def finished(draft: str) -> str:
    """With its headings underlined as long as their longest line, its lists numbered, and no gap between blocks."""
    if _NUMBER in draft:
        draft = _numbered(draft)
    if any(sign in draft for sign in (*_UNDERLINE.values(), _OTHER_UNDERLINE)):
        draft = _underlined(draft)
    return re.sub(r"\n{3,}", "\n\n", draft) if "\n\n\n" in draft else draft


def _underlined(draft: str) -> str:
    def underlined(found: re.Match[str]) -> str:
        longest = max(len(line) for line in found.group(1).split("\n"))
        sign = "=" if found.group(2) == _UNDERLINE["h1"] else "-"
        return found.group(1) + sign * min(longest, LONGEST_UNDERLINE)

    return re.sub("\n?[\ue013\ue014]", "", _UNDERLINED.sub(underlined, draft))  # of headings left empty, none


def _numbered(draft: str) -> str:
    at: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        depth, start, item = found.groups()
        if item is None:
            at[depth] = int(start)
            return ""
        at[item] = at.get(item, 1) + 1
        return str(at[item] - 1)

    return _NUMBERS.sub(number, draft)


def _inline_text(tokens: Sequence[Token], softbreak: str) -> str:
    text = ""
    opened: list[tuple[str, int]] = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            text += token.content
        elif token.type == "softbreak":
            text += softbreak
        elif token.type == "hardbreak":
            text += "\n"
        elif token.type == "image":
            text += _inline_text(token.children or [], softbreak)
        elif token.type == "link_open":
            opened.append((str(token.attrs["href"]), len(text)))
        elif token.type == "link_close":
            address, start = opened.pop()
            text += "" if token.info == "auto" else _address_behind(text[start:], address)
        elif token.type in ("s_open", "s_close"):
            text += "~"
    return text


def _address_behind(label: str, address: str) -> str:
    """What follows a link's label; nothing when the label says it already."""
    shown = address.removeprefix("mailto:").removeprefix("tel:")
    return "" if label.strip() in (address, shown) else f" ({shown})"
