"""An email's words within its brand's layout, compiled once; for each person only the values are filled in.

Parsing Markdown, sanitising and rendering the layout cost a hundred times what filling in costs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from engagement import layout, markdown, placeholders
from engagement.liquid import building, slots, source
from engagement.liquid.program import Given, Program, Run
from engagement.liquid.slots import ADDRESS_END, ATTRIBUTE_SLOT, HTML, IMAGE, LINK, PLAIN, slot
from engagement.liquid.source import Output, Source
from engagement.plain_text import GAP, close_gaps
from engagement.unsubscribing import Footer, WayOut

SUBJECT, PREHEADER, UNSUBSCRIBE, PREFERENCES = range(4)
"""The places of what `Run.given` has to hold."""
_GIVEN = tuple(Given(place) for place in range(4))
_LINKS = re.compile(r'(<a\b(?:\s+[\w:-]+="[^"]*")*?\s+href=")([^"]*)(")')
_PICTURES = re.compile(r'(<img\b(?:\s+[\w:-]+="[^"]*")*?\s+src=")([^"]*)(")')
_OWN_ADDRESS = re.compile(r"""\s*default\s*:\s*(?:"https?://[^"\s]+"|'https?://[^'\s]+')\s*""")
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*")
_EMPTY = re.compile(r"<(li|ul|ol)(?: [^<>]*)?>\s*</\1>\n?")


@dataclass(frozen=True)
class Skeleton:
    """Both parts of an email."""

    page: Program
    plain: Program
    has_tags: bool

    def html(self, run: Run) -> str:
        """Raises Unrenderable."""
        page = slots.apart(self.page.render(run))
        found: int = self.has_tags or GAP in page
        page = close_gaps(page)
        while found:
            page, found = _EMPTY.subn("", page)
        return page

    def text(self, run: Run) -> str:
        """Raises Unrenderable."""
        text = slots.apart(self.plain.render(run))
        if self.has_tags or GAP in text:
            text = close_gaps(markdown.without_empty_items(text))
        return markdown.finished(text).strip() + "\n"


@lru_cache(maxsize=256)
def build(*, body: str, brand: layout.Brand, preheader: bool, footer: Footer | None = None) -> Skeleton:
    """With a footer `Run.given` holds the addresses to unsubscribe and to choose. Raises TemplateSyntaxError."""
    document = compiled(body)
    tokens = [*document.marked.tokens, *_GIVEN]
    first = len(document.marked.tokens)
    way_out = None
    if footer:
        unsubscribe, preferences = (slot(first + one, ATTRIBUTE_SLOT) for one in (UNSUBSCRIBE, PREFERENCES))
        way_out = WayOut(footer, unsubscribe, preferences)
    shown = slot(first + PREHEADER) if preheader else ""
    page = layout.html(brand=brand, subject=slot(first + SUBJECT), preheader=shown, body=document, way_out=way_out)
    page = _LINKS.sub(rf"\1{LINK}\2{ADDRESS_END}\3", page.replace("{", "(").replace("}", ")"))
    page = _PICTURES.sub(rf"\1{IMAGE}\2{ADDRESS_END}\3", page)
    text = layout.text(brand=brand, body=document, way_out=way_out).replace("{", "(").replace("}", ")")
    return Skeleton(
        page=building.build(page, tokens, HTML, placeholders.named),
        plain=building.build(text, tokens, PLAIN, placeholders.named),
        has_tags=document.has_tags,
    )


@lru_cache(maxsize=64)  # saving looks at it twice, and a preview after each word
def compiled(body: str) -> markdown.Document:
    """Raises TemplateSyntaxError."""
    return markdown.compose(read(body).pieces, is_address=is_address)


def read(text: str) -> Source:
    """Raises TemplateSyntaxError."""
    return source.read(text, placeholders.ROOTS)


def is_address(output: Output) -> bool:
    """Whether it prints the web address of the brand, or one of staff's own that stands in, and nothing else."""
    path, _, words = output.expression.partition("|")
    found = path.strip().split(".") if _NAME.fullmatch(path.strip()) else None
    named = placeholders.named(found) if found else None
    placeholder = placeholders.find(named[0]) if named else None
    return placeholder is not None and placeholder.is_address and bool(not words or _OWN_ADDRESS.fullmatch(words))


@lru_cache(maxsize=1024)
def line(text: str) -> Program:
    """A text without Markdown. Raises TemplateSyntaxError."""
    pieces: Sequence[source.Piece] = read(text).pieces
    tokens = [piece for piece in pieces if not isinstance(piece, str)]
    parts, number = [], 0
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(slots.unsigned(piece))
        else:
            parts.append(slot(number))
            number += 1
    return building.build("".join(parts), tokens, PLAIN, placeholders.named)
