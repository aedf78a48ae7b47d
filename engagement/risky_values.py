"""Values that a mail program makes something of. Who types one as a name writes to strangers in a brand's name.

In emails such a value counts as missing; staff see which and why.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from contacts.models import Contact

# What people tell of themselves, and how long it can be. Beyond, it is no name but a message.
TOLD = {"first_name": 60, "last_name": 60, "company": 100, "job_title": 100, "phone": 60, "locale": 35}
LONGEST = 500
WHY = {
    "web_address": "reads like a web address",
    "email_address": "has an @ in it",
    "phone_number": "reads like a telephone number",
    "too_long": "is longer than such a value can be",
}
_SCHEME = re.compile(r"://|\bwww\d?\.|\b(?:mailto|tel|sms|callto|facetime|skype|whatsapp|javascript|data):", re.I)
_HOST = re.compile(
    r"(?<![\w-])(?:[^\W_][\w-]*\.)+(?:xn--[a-z0-9-]+|[^\W\d_]{2,})(?![\w-])|\b\d{1,3}(?:\.\d{1,3}){3}\b", re.I
)
_TITLE = re.compile(r"\w|dr|prof|dipl|ing|mag|mr|mrs|ms|st|sr|jr|med|phil|rer|jur", re.I)  # or an initial
_FACULTY = re.compile(r"med|phil|rer|jur")  # no top-level domains
_NO_SURNAME = re.compile(r"com|net|org|info|biz|app|dev|xyz|shop|site|online|top|club|live|store|link|click", re.I)
_NUMBER = re.compile(r"\d(?:[\s().+/-]*\d){6,}")


def usable(value: str, *, longest: int = LONGEST) -> str:
    """The value, or "" for one that must not stand in an email."""
    return "" if why(value, longest=longest) else value


def why(value: str, *, longest: int = LONGEST) -> str:
    """A code of WHY; "" for a value that stays what it is in every mail program."""
    if len(value) > longest:
        return "too_long"
    text = value
    if not value.isascii():  # letters that look like others, other dots, and what shows nothing
        text = unicodedata.normalize("NFKC", value).replace("\u3002", ".")
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    if "@" in text:
        return "email_address"
    if ":" not in text and "." not in text:
        return ""
    return "web_address" if _SCHEME.search(text) or any(map(_is_host, _HOST.finditer(text))) else ""


def _is_host(found: re.Match[str]) -> bool:
    """J.Smith, J.R.Tolkien and Dr.Müller are people; t.co is not."""
    *before, last = found.group().split(".")
    is_surname = last.istitle() and len(last) > 2 and not _NO_SURNAME.fullmatch(last)
    is_name = (is_surname or bool(_FACULTY.fullmatch(last))) and all(map(_TITLE.fullmatch, before))
    return not is_name or found.string[found.end() :].startswith("/")


def of_contact(contact: Contact) -> Iterator[tuple[str, str]]:
    """Each value that emails leave out: what people call it, and a code of WHY."""
    told: list[tuple[str, str, int]] = [(name, getattr(contact, name), longest) for name, longest in TOLD.items()]
    told += [("interests", word, LONGEST) for word in contact.interests]
    told += [("tags", word, LONGEST) for word in contact.tags]
    told += [(str(name), value, LONGEST) for name, value in contact.custom.items() if isinstance(value, str)]
    for name, value, longest in told:
        if code := why_told(name, value, longest=longest):
            yield name.replace("_", " "), code


def why_told(name: str, value: str, *, longest: int = LONGEST) -> str:
    """`why`, for what stands in this field: only a telephone number may read like one, and a field of staff's."""
    code = why(value, longest=longest)
    return code or ("phone_number" if name in TOLD and name != "phone" and _NUMBER.search(value) else "")


def told(contact: Contact) -> dict[str, Any]:
    """The fields of TOLD as they may stand in an email."""
    values = ((name, getattr(contact, name), longest) for name, longest in TOLD.items())
    return {name: "" if why_told(name, value, longest=longest) else value for name, value, longest in values}


def words(given: Iterable[str]) -> list[str]:
    return [word for word in given if not why(word)]
