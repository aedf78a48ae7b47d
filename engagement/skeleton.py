"""An email's words within its brand's layout, put together once; for each person only the values are filled in.

Parsing Markdown, sanitising and rendering the layout cost a hundred times what filling in costs. A slot is a character
of Unicode's private area that says where it stands, the number of its value, and an end.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from engagement import highlight, layout, markdown
from engagement.markdown import ATTRIBUTE_SLOT, SLOT_END, TEXT_SLOT
from engagement.template_syntax import Piece, Variable
from engagement.tracking import links
from engagement.tracking.links import Tracking
from engagement.unsubscribing import Footer, WayOut

SUBJECT, PREHEADER, FIRST = 0, 1, 2
_ADDRESS_SLOT = quote(TEXT_SLOT)  # within an address it was percent-encoded
_SLOT = re.compile(f"({TEXT_SLOT}|{ATTRIBUTE_SLOT}|{_ADDRESS_SLOT})([0-9]+)(?:{SLOT_END}|{quote(SLOT_END)})")
_SLOT_SIGNS = re.compile(f"[{TEXT_SLOT}{ATTRIBUTE_SLOT}{SLOT_END}]")


@dataclass(frozen=True)
class Skeleton:
    """Both parts, cut at their slots."""

    html_parts: Sequence[str]
    text_parts: Sequence[str]
    tracked_parts: Sequence[str]
    """The HTML with a slot for the address of each link that is followed."""
    targets: Sequence[Sequence[str]]
    """Where these lead, each cut at its slots."""

    def html(self, values: Sequence[str]) -> str:
        return _filled(self.html_parts, values, _HTML_FORMS)

    def tracked(self, values: Sequence[str], tracking: Tracking) -> tuple[str, list[str]]:
        """The HTML that tells of opens and clicks, and where its links lead."""
        links = [_filled(target, values, _TEXT_FORMS) for target in self.targets] if tracking.clicks else []
        addresses = [tracking.click(number) for number in range(len(links))]
        page = _filled(self.tracked_parts if links else self.html_parts, [*values, *addresses], _HTML_FORMS)
        return tracking.completed(page, has_links=bool(links)), links

    def text(self, values: Sequence[str]) -> str:
        return markdown.underline_headings(_filled(self.text_parts, values, _TEXT_FORMS))


@lru_cache(maxsize=256)
def build(
    *,
    pieces: tuple[Piece, ...],
    values: tuple[tuple[Variable, str | None], ...],
    brand: layout.Brand,
    preheader: bool,
    footer: Footer | None = None,
) -> Skeleton:
    """`values` says of each variable, in the order in which values are filled in, what it is for everybody: "" where
    it is left out, an address that may begin a link; None for what a person's value fills. With a footer the
    addresses to unsubscribe and to choose follow the values.
    """
    standing = {
        variable: _slot(number) if value is None else _SLOT_SIGNS.sub("", value)
        for number, (variable, value) in enumerate(values, start=FIRST)
    }
    words = [_SLOT_SIGNS.sub("", piece) if isinstance(piece, str) else piece for piece in pieces]
    body = markdown.compose(words, standing)
    behind = FIRST + len(values)
    way_out = WayOut(footer, _link_slot(behind), _link_slot(behind + 1)) if footer else None
    shown = _slot(PREHEADER) if preheader else ""
    page = layout.html(brand=brand, subject=_slot(SUBJECT), preheader=shown, body=body, way_out=way_out)
    behind += 2 if footer else 0  # then come the addresses of links
    tracked, targets = links.replaced(page, lambda number: _link_slot(behind + number))
    return Skeleton(
        html_parts=_SLOT.split(page),
        text_parts=_SLOT.split(layout.text(brand=brand, body=body, way_out=way_out)),
        tracked_parts=_SLOT.split(tracked),
        targets=[_SLOT.split(target) for target in targets],
    )


def _slot(number: int) -> str:
    return f"{TEXT_SLOT}{number}{SLOT_END}"


def _link_slot(number: int) -> str:
    return f"{ATTRIBUTE_SLOT}{number}{SLOT_END}"


def _filled(parts: Sequence[str], values: Sequence[str], forms: dict[str, Callable[[str], str]]) -> str:
    filled = list(parts[::3])
    for place, (slot, number) in enumerate(zip(parts[1::3], parts[2::3], strict=True)):
        filled[place] += forms[slot](values[int(number)])
    return "".join(filled)


def _escape(value: str) -> str:
    return html.escape(value, quote=False)


def _address(value: str) -> str:
    return quote(highlight.strip(value), safe="")


_HTML_FORMS: dict[str, Callable[[str], str]] = {
    TEXT_SLOT: _escape,
    ATTRIBUTE_SLOT: lambda value: html.escape(highlight.strip(value)),
    _ADDRESS_SLOT: _address,
}
_TEXT_FORMS: dict[str, Callable[[str], str]] = {
    TEXT_SLOT: str,
    ATTRIBUTE_SLOT: highlight.strip,
    _ADDRESS_SLOT: _address,
}
