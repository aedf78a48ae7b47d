"""Markdown words with values -> HTML and plain text.

Values never pass through the Markdown parser: it sees a marker for each, and the value takes the marker's place in the
parsed result. So a name like `[x](http://evil)` stays a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from engagement import autolinks, highlight, placeholders
from engagement.template_syntax import Piece, Variable, assemble

WEB = ("https://", "http://")
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
# Where a value is filled in later (engagement.skeleton): letters to the parser, told apart by where they stand.
TEXT_SLOT, ATTRIBUTE_SLOT, SLOT_END = "\ue010", "\ue011", "\ue012"
_IN_ATTRIBUTE = str.maketrans(TEXT_SLOT, ATTRIBUTE_SLOT)
_UNDERLINE = {"h1": "\ue013"}  # a heading's line follows once its length is known
_OTHER_UNDERLINE = "\ue014"
_UNDERLINED = re.compile("((?:.+\n)+)([\ue013\ue014])")
LONGEST_UNDERLINE = 60
_WITH_CONTENT = ("text", "code_inline", "code_block", "fence")


@dataclass(frozen=True)
class Document:
    """Parsed words with their values in place."""

    tokens: Sequence[Token]
    parser: MarkdownIt

    def html(self, *, colour: str) -> str:
        """Sanitised HTML with inline styles, as mail programs need it."""
        raw = self.parser.renderer.render(self.tokens, self.parser.options, {})
        styles = {**_STYLES, "a": f"color:inherit;text-decoration:underline;text-decoration-color:{colour}"}
        return nh3.clean(
            raw,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes={"http", "https", "mailto", "tel"},
            set_tag_attribute_values={tag: {"style": style} for tag, style in styles.items()},
        ).strip()

    def text(self) -> str:
        """The same for people who read plain text: links as "text (address)", lists and headings by signs."""
        return underline_headings(self.draft())

    def draft(self) -> str:
        """The plain text whose headings `underline_headings` has to underline once all values stand in it."""
        return _Reader(self.tokens, softbreak="\n" if self.parser.options["breaks"] else " ").read()

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
                yield line, token


def read(text: str, *, keep_line_breaks: bool = False) -> Document:
    """Markdown without variables."""
    return compose([text], {}, keep_line_breaks=keep_line_breaks)


def compose(pieces: Sequence[Piece], values: dict[Variable, str], *, keep_line_breaks: bool = False) -> Document:
    """Markdown with its variables' values in place. `values` are plain text; "" leaves a variable out.

    The web address of a brand is staff's: it becomes a link.
    """
    parser = _parser(keep_line_breaks=keep_line_breaks)
    prefix = marker_prefix(pieces)
    markers = {variable: f"{prefix}{number}z" for number, variable in enumerate(values)}
    source = assemble(pieces, {variable: markers[variable] if value else "" for variable, value in values.items()})
    addresses = [markers[variable] for variable, value in values.items() if _is_address(variable, value)]
    tokens = parser.parse(source, {autolinks.MARKERS: addresses})
    for cell in tokens:
        if cell.type in ("th_open", "td_open"):  # an attribute passes the sanitiser, and Outlook reads it
            cell.attrs = {"align": str(cell.attrs.get("style", "left")).removeprefix("text-align:")}
    by_marker = {markers[variable]: value for variable, value in values.items()}
    _replace(tokens, re.compile(rf"{prefix}\d+z"), by_marker)
    return Document(tokens, parser)


def _is_address(variable: Variable, value: str) -> bool:
    placeholder = placeholders.find(variable.name)
    return placeholder is not None and placeholder.is_address and highlight.strip(value).startswith(WEB)


@cache
def _parser(*, keep_line_breaks: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": keep_line_breaks})
    return parser.enable(["table", "strikethrough"]).use(autolinks.plugin)


def marker_prefix(pieces: Sequence[Piece]) -> str:
    """Letters that occur nowhere in the words; lower-case, because parsers of addresses fold case."""
    text = "".join(piece for piece in pieces if isinstance(piece, str)).lower()
    prefix = "qv"
    while prefix in text:
        prefix += "v"
    return prefix


def _replace(tokens: Sequence[Token], marker: re.Pattern[str], values: dict[str, str]) -> None:
    put = _Values(marker, values)
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
class _Values:
    """Puts values in the place of their markers, as each place takes them."""

    marker: re.Pattern[str]
    values: dict[str, str]

    def in_text(self, text: str) -> str:
        return self.marker.sub(lambda match: self.values[match.group()], text).replace("{", "(").replace("}", ")")

    def in_attribute(self, text: str) -> str:
        return highlight.strip(self.in_text(text)).translate(_IN_ATTRIBUTE)

    def in_address(self, address: str) -> str:
        if whole := self.marker.match(address):  # only a web address of ours may begin a link
            value = highlight.strip(self.values[whole.group()])
            return quote(value, safe=":/?#[]@!$&'()*+,;=%~") + self.in_address(address[whole.end() :])
        return self.marker.sub(lambda match: quote(highlight.strip(self.values[match.group()]), safe=""), address)


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())


class _Reader:
    """Turns parsed Markdown into plain text."""

    def __init__(self, tokens: Sequence[Token], *, softbreak: str) -> None:
        self._tokens = tokens
        self._softbreak = softbreak
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
                else:
                    self._add(text)
        return "".join(self._blocks).strip("\n")

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

    def _bullet_list_close(self, token: Token) -> None:
        self._numbers.pop()
        self._tight = bool(self._numbers)

    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, token: Token) -> None:
        number = self._numbers[-1]
        self._bullet = "- " if number is None else f"{number}. "
        if number is not None:
            self._numbers[-1] = number + 1
        self._indents.append(" " * len(self._bullet))

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
        self._add("\n".join(" | ".join(row) for row in self._rows))
        self._rows = []

    def _hr(self, token: Token) -> None:
        self._add("-" * 20)

    def _code_block(self, token: Token) -> None:
        self._add("\n".join(f"    {line}" for line in token.content.rstrip("\n").split("\n")))

    _fence = _code_block


def underline_headings(draft: str) -> str:
    """Headings underlined as long as their longest line."""

    def underlined(found: re.Match[str]) -> str:
        longest = max(len(line) for line in found.group(1).split("\n"))
        sign = "=" if found.group(2) == _UNDERLINE["h1"] else "-"
        return found.group(1) + sign * min(longest, LONGEST_UNDERLINE)

    has_headings = any(sign in draft for sign in (*_UNDERLINE.values(), _OTHER_UNDERLINE))
    return _UNDERLINED.sub(underlined, draft) if has_headings else draft


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
