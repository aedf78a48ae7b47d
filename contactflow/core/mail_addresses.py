"""Addresses of mail as they go over the wire. Whoever stores, compares or sends one asks here.

International domains are ASCII by IDNA 2008 with UTS 46: the rule of 2003 makes another domain of straße.example.
"""

from __future__ import annotations

import re
from email.utils import getaddresses
from functools import lru_cache

import idna

_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", re.IGNORECASE)
_NO_LOCAL_PART = re.compile(r"[\s\x00-\x1f\x7f()<>\[\]:;,\\\"]")
_NAME_AND_ADDRESS = re.compile(r"([^<>]*)<([^<>]*)>")


class NotAscii(ValueError):
    """The part before the @ is beyond ASCII, which many mail servers refuse."""


@lru_cache(maxsize=4096)
def ascii_domain(domain: str) -> str:
    """xn--... where it is international, else as it is; "" for what is no domain."""
    try:
        found = domain if domain.isascii() else idna.encode(domain.lower(), uts46=True).decode()
    except idna.IDNAError:
        return ""
    return found if len(found) <= 253 and _DOMAIN.fullmatch(found) else ""


def on_the_wire(address: str) -> str:
    """The address in ASCII. Raises ValueError for what no mail server takes."""
    local, at, domain = address.strip().rpartition("@")
    wire_domain = ascii_domain(domain)
    if not (local and at and wire_domain) or "@" in local or _NO_LOCAL_PART.search(local):
        raise ValueError(address)
    if not local.isascii():
        raise NotAscii(address)
    return f"{local}@{wire_domain}"


def folded(address: str) -> str:
    """One spelling for all that mean the same mailbox, for comparing."""
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local}@{ascii_domain(domain) or domain}"


def why_no_mailbox(typed: str) -> str:
    """What is wrong with a name and address as a header has them, ending in the remedy; "" for nothing."""
    name, address = _name_and_address(typed)
    try:
        on_the_wire(address)
    except ValueError:
        return 'one name and address, such as "The 7 Space" <hello@example.com>'
    found = getaddresses([typed])
    if len(found) == 1 and found[0][1] == address and _bare(found[0][0]) == _bare(name):
        return ""
    return f'one name and address; a name with such signs stands in double quotes: "{_bare(name)}" <{address}>'


def _name_and_address(typed: str) -> tuple[str, str]:
    found = _NAME_AND_ADDRESS.fullmatch(typed.strip())
    return (found.group(1), found.group(2).strip()) if found else ("", typed.strip())


def _bare(name: str) -> str:
    return " ".join(name.replace('"', "").replace("\\", "").split())
