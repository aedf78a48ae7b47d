"""Which links of an email lead through us, and the addresses that stand there instead."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from itertools import accumulate
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils.encoding import iri_to_uri

from contactflow.core import tokens
from contacts.models import BusinessEntity, Contact

OPEN, CLICK = "open", "click"  # purposes of tokens
PIXEL_PATH, CLICK_PATH = "/t/o/", "/t/c/"
HIDDEN = 1 << 16  # from this index on a link is the hidden one, which leads where the first one does
MOST = 500  # links of a message that are followed
OWN_PAGES = ("/u/", "/p/")  # permission is nobody's click


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """How one message is followed, whose id is known before it is stored."""

    message_id: UUID
    host: str
    opens: bool
    clicks: bool

    def click(self, index: int) -> str:
        """The address that leads to the message's stored target of this index."""
        return f"{self.host}{CLICK_PATH}{tokens.make(CLICK, self.message_id, UUID(int=index))}"

    def completed(self, page: str, *, has_links: bool) -> str:
        """With what nobody sees, at the end of the page."""
        hidden = ""
        if has_links and settings.TRACKING_HIDDEN_LINK:
            hidden = f'<a href="{self.click(HIDDEN)}" style="display:none" tabindex="-1" aria-hidden="true"></a>'
        if self.opens:
            address = f"{self.host}{PIXEL_PATH}{tokens.make(OPEN, self.message_id)}.gif"
            hidden += f'<img src="{address}" alt="" width="1" height="1" style="display:block;border:0">'
        before, end, after = page.rpartition("</body>")
        return f"{before}{hidden}{end}{after}" if end else page + hidden


def tracking_of(*, message_id: UUID, brand: BusinessEntity | None, contact: Contact) -> Tracking | None:
    """What brand and person leave to follow; None where that is nothing."""
    opens, clicks = (brand.tracks_opens, brand.tracks_clicks) if brand else (True, True)
    if not contact.is_tracked or not (opens or clicks):
        return None
    host = (brand.tracking_url if brand else "") or settings.TRACKING_URL or settings.PUBLIC_URL
    return Tracking(message_id=message_id, host=host.rstrip("/"), opens=opens, clicks=clicks)


class Targets:
    """Where the links of one message lead that are followed, by their numbers: in the order in which they are met.

    Only what leads elsewhere in the web: not to a place within the email, a mailbox, a telephone, or to our pages
    about permission. A target that occurs twice is one.
    """

    def __init__(self, tracking: Tracking | None) -> None:
        self._tracking = tracking
        self._numbers: dict[str, int] = {}
        self._own = tuple(settings.PUBLIC_URL + path for path in OWN_PAGES)

    @property
    def found(self) -> list[str]:
        return list(self._numbers)

    def follow(self, address: str) -> str | None:
        """The address that stands in the place of this one; None where it stays."""
        target = "" if address.startswith(self._own) else _target(address)
        if not target or self._tracking is None or len(self._numbers) >= MOST:
            return None
        return self._tracking.click(self._numbers.setdefault(target, len(self._numbers)))


def untracked(page: str, targets: Sequence[str]) -> str:
    """The page as colleagues may look at it: without the picture, its links lead straight to their targets."""
    parts, end = [], 0
    for start, tag, attributes in _Links(page, tags=("a", "img")).found:
        said = dict(attributes)
        if PIXEL_PATH in (said.get("src") or ""):
            put = ""
        elif CLICK_PATH in (said.get("href") or ""):
            put = _tag([*_without_href(attributes), ("href", _target_of(said["href"] or "", targets))])
        else:
            continue
        parts += [page[end:start], put]
        end = start + len(tag)
    return "".join([*parts, page[end:]])


def _target_of(address: str, targets: Sequence[str]) -> str:
    ids = tokens.read(CLICK, address.rpartition(CLICK_PATH)[2], count=2)
    return targets[ids[1].int] if ids and ids[1].int < len(targets) else "#"


class _Links(HTMLParser):
    """The opening tags of links as they stand there, each with its place and its attributes without entities."""

    def __init__(self, page: str, tags: Collection[str] = ("a",)) -> None:
        super().__init__()
        self._wanted = tags
        self.found: list[tuple[int, str, list[tuple[str, str | None]]]] = []
        self._lines = [0, *accumulate(len(line) + 1 for line in page.split("\n"))]
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._wanted:
            line, column = self.getpos()
            self.found.append((self._lines[line - 1] + column, self.get_starttag_text() or "", attrs))


def _without_href(attributes: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    return [(name, value) for name, value in attributes if name != "href"]


def _tag(attributes: list[tuple[str, str | None]]) -> str:
    said = [f'{name}="{html.escape(value or "")}"' for name, value in attributes]
    return f"<a {' '.join(said)}>"


@lru_cache(maxsize=1024)
def _target(address: str) -> str:
    """Where a link leads, as a header can say it; "" for what is not followed."""
    address = address.strip()
    if not address.lower().startswith(("http://", "https://")) or not address.isprintable() or " " in address:
        return ""
    return address if address.isascii() else _in_ascii(address)


def _in_ascii(address: str) -> str:
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return ""
    return str(iri_to_uri(parts._replace(netloc=f"{host}{port}").geturl()))
