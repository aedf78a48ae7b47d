"""The mailboxes that are read: INBOX_URL for the installation, INBOX_URL_<BRAND> for one brand.

Passwords stand in the environment alone. What a URL says wrong is a reason, and never shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.conf import settings

from contactflow.core import mail_addresses
from contactflow.core.reasons import Reason, Refused

PORTS = {"imaps": 993, "imap": 143}
_HOST = re.compile(r"[\w.-]*\w|[0-9a-f:.]+")  # a name, or an address
EXAMPLE = "imaps://user:password@mail.example.com/INBOX"


class Unusable(Refused):
    """The address of a mailbox that cannot be read so; the reason says what is wrong with which variable."""


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """Where a mailbox is and how to get in; `brand` is the slug of the brand it belongs to, "" for all of them."""

    variable: str
    brand: str
    encrypted: bool
    host: str
    port: int
    user: str
    password: str
    folder: str

    @property
    def name(self) -> str:
        """Without a password: for people and as the key of its cursor."""
        port = "" if self.port == PORTS["imaps"] else f":{self.port}"
        return f"{self.user}@{self.host}{port}/{self.folder}"[:320]

    @property
    def address(self) -> str:
        """What one writes to; "" where the user name does not say it."""
        try:
            return mail_addresses.on_the_wire(self.user).lower()
        except ValueError:
            return ""

    def __repr__(self) -> str:
        return f"<Inbox {self.name}>"


def configured() -> list[Inbox]:
    """Every mailbox that is to be read and can be."""
    return [one for one in _read() if isinstance(one, Inbox)]


def unusable() -> list[Unusable]:
    """What is wrong with the others."""
    return [one for one in _read() if isinstance(one, Unusable)]


def of_brand(slug: str) -> Inbox | None:
    """The mailbox of a brand, else that of the installation."""
    found = {one.brand: one for one in configured()}
    return found.get(slug) or found.get("")


def understand(variable: str, url: str, *, brand: str = "") -> Inbox:
    """The mailbox that a URL names. Raises Unusable."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise Unusable(Reason.of("inbox_url_unusable", variable=variable)) from None
    host = parts.hostname or ""
    if parts.scheme not in PORTS or not _HOST.fullmatch(host) or not parts.username or not parts.password:
        raise Unusable(Reason.of("inbox_url_unusable", variable=variable))
    if parts.query or parts.fragment or port == 0:
        raise Unusable(Reason.of("inbox_url_signs", variable=variable))
    return Inbox(
        variable=variable,
        brand=brand,
        encrypted=parts.scheme == "imaps",
        host=host,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.lstrip("/")) or "INBOX",
    )


def _read() -> list[Inbox | Unusable]:
    found: list[Inbox | Unusable] = []
    urls: Mapping[str, str] = settings.INBOX_URLS
    for brand, url in urls.items():
        variable = f"INBOX_URL_{brand.upper()}" if brand else "INBOX_URL"
        try:
            found.append(understand(variable, url, brand=brand))
        except Unusable as refusal:
            found.append(refusal)
    return found
