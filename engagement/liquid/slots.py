"""Where something is filled in, and in which form: what a value has to be to stand there.

A slot is a character of Unicode's private area that says in which form, the number of its token, and an end. Links and
pictures whose address is not fixed stand between signs of their own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from engagement import highlight
from engagement.plain_text import GAP

TEXT_SLOT, ATTRIBUTE_SLOT, SLOT_END = "\ue010", "\ue011", "\ue012"
LINK, IMAGE, ADDRESS_END = "\ue018", "\ue019", "\ue01a"
VALUE = "\ue01b"  # before each value within an address, and behind the brand's, until it is known where its host ends
_SIGNS = re.compile("[\ue010-\ue01f]")
_ENCODED_SIGNS = re.compile("%+(?=EE%80%9[0-9A-F])", re.IGNORECASE)
_IN_ADDRESS, _WEB = quote(TEXT_SLOT), quote(ATTRIBUTE_SLOT)  # within an address they are percent-encoded
SLOT = re.compile(
    f"({TEXT_SLOT}|{ATTRIBUTE_SLOT}|{_IN_ADDRESS}|{_WEB})([0-9]{{1,6}})(?:{SLOT_END}|{quote(SLOT_END)})"
    f"|([{LINK}{IMAGE}{ADDRESS_END}])"
)
WEB = ("https://", "http://")
SCHEMES = (*WEB, "mailto:", "tel:", "#")
_IN_HOST = re.compile(f"(https?://[^/?#\\s]*){VALUE}(?=[^/?#\\s\\w]*\\w)", re.IGNORECASE)
Form = Callable[[str], str]


def unsigned(text: str) -> str:
    """What staff wrote, without the signs of slots and addresses."""
    return _ENCODED_SIGNS.sub("", _SIGNS.sub("", text))


def slot(number: int, kind: str = TEXT_SLOT) -> str:
    return f"{kind}{number}{SLOT_END}"


def is_allowed(address: str, kind: str) -> bool:
    """Whether it has a scheme that a link or picture may have."""
    return address.lower().startswith(SCHEMES if kind == LINK else WEB)


def apart(text: str) -> str:
    """Without the signs of values; what would extend the host of an address that is read stands apart from it."""
    return _IN_HOST.sub(r"\1 ", text).replace(VALUE, "") if VALUE in text else text


def line_form(value: str) -> str:
    """In plain text."""
    return value or GAP


def text_form(value: str) -> str:
    """In HTML."""
    return html.escape(value, quote=False) if value else GAP


def attribute_form(value: str) -> str:
    return html.escape(stripped_form(value))


def stripped_form(value: str) -> str:
    """In plain text, where no mark may stand."""
    return value if value.isascii() else highlight.strip(value)


def address_form(value: str) -> str:
    return VALUE + quote(stripped_form(value), safe="")


def web_form(value: str) -> str:
    """A whole web address at the beginning of one, in plain text; what is none, as a part of one."""
    address = highlight.strip(value)
    return quote(address, safe=":/?#[]@!$&'()*+,;=%~") + VALUE if address.startswith(WEB) else address_form(value)


def web_attribute_form(value: str) -> str:
    return html.escape(web_form(value))


HTML: Mapping[str, Form] = {
    TEXT_SLOT: text_form, ATTRIBUTE_SLOT: attribute_form, _IN_ADDRESS: address_form, _WEB: web_attribute_form,
}  # fmt: skip
PLAIN: Mapping[str, Form] = {
    TEXT_SLOT: line_form, ATTRIBUTE_SLOT: stripped_form, _IN_ADDRESS: address_form, _WEB: web_form,
}  # fmt: skip


FORMS = {f"cf_{form.__name__}": form for form in (*HTML.values(), *PLAIN.values())}
