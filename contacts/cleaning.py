"""What people typed -> what may be stored. Pure; what cannot be made good is `Unacceptable`, with the remedy."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import html
import importlib.resources
import json
import math
import re
import unicodedata
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import phonenumbers

from contactflow.core import mail_addresses

MAX_WORDS = 100
MAX_CUSTOM_BYTES = 65_536
MAX_DEPTH = 40
PHONE_LENGTH = 60

# Joiners and direction marks carry meaning in many scripts, yet show nothing on their own.
_MARKS = frozenset("\u200c\u200d\u200e\u200f\u061c")
# Invisible, and good only to hide or to turn the text around them: zero-width space, soft hyphen, byte-order mark,
# word joiner, bidi embeddings, overrides and isolates, deprecated format characters, annotation marks.
_HIDDEN = frozenset(
    [
        *map(chr, range(0x202A, 0x202F)),
        *map(chr, range(0x2060, 0x2070)),
        *map(chr, range(0xFFF9, 0xFFFC)),
        *("\u00ad", "\u200b", "\ufeff"),
    ]
)
_AROUND = "\u200b\ufeff"  # what copying from a web page or a spreadsheet leaves around a value
_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});")
# Not "Null", which is a name.
_NOTHING = frozenset(
    ("null", "NULL", "(null)", "undefined", "None", "none", "NaN", "n/a", "N/A", "#N/A", "[object Object]")
)
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
# Digits and what people put between them. Anything else (an extension, "Tel", letters of a keypad) is no number, though
# phonenumbers would make digits of it.
_DIALLED = re.compile(r"[(\s]*[+\uff0b]?[\d\s()./\u00b7\u2010-\u2015\u2022\u2212-]+")
_SECOND_NUMBER = re.compile(r"/\D*(\d\D*){1,3}$")  # 1234567/68: the last digits of another one
_ZONES_OF_NOBODY = ("CET", "EET", "EST", "HST", "MET", "MST", "WET")
# Former names of time zones that now follow the clock of another country, or of none.
_MOVED_ZONES = {
    "Iceland": "IS", "Africa/Asmera": "ER", "Africa/Timbuktu": "ML", "America/Coral_Harbour": "CA",
    "America/Virgin": "VI", "Atlantic/Jan_Mayen": "SJ", "Pacific/Ponape": "FM", "Pacific/Truk": "FM",
    "Pacific/Yap": "FM", **dict.fromkeys(("Antarctica/South_Pole", *_ZONES_OF_NOBODY), ""),
}  # fmt: skip


class Unacceptable(ValueError):
    """A sentence for the person who typed the value."""


def email(typed: str) -> str:
    """The one form of an address: lower-case, the domain as it goes over the wire (IDN domains become xn--...)."""
    address = typed.strip().strip(_AROUND).strip()
    if not address:
        raise Unacceptable("The email address is missing. Give one like name@example.org.")
    if any(char.isspace() or unicodedata.category(char)[0] == "C" for char in address):
        raise Unacceptable("The email address has a space, a line break or an invisible character in it. Remove it.")
    local, _, domain = address.rpartition("@")
    if not local or not domain or "@" in local:
        raise Unacceptable("The email address needs exactly one @ between a name and a domain.")
    normalised = f"{_local_part(local)}@{_domain(domain)}"
    if len(normalised) > 254:
        raise Unacceptable("The email address is longer than 254 characters.")
    return normalised


def _local_part(typed: str) -> str:
    lowered = typed.lower()
    if len(lowered) > 64:
        raise Unacceptable("The email address has more than 64 characters before the @.")
    if not _LOCAL_PART.fullmatch(lowered):
        raise Unacceptable(
            "The email address is malformed before the @: use letters a to z, digits and . _ + -, "
            "with no dot at either end and no two dots in a row."
        )
    return lowered


def _domain(typed: str) -> str:
    domain = mail_addresses.ascii_domain(typed.lower())
    labels = domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        raise Unacceptable("The email address is malformed after the @: give a domain like example.org.")
    return domain


def name(typed: str) -> str:
    """A line; nothing where a program wrote its word for nothing."""
    cleaned = line(typed)
    return "" if cleaned in _NOTHING else cleaned


def line(typed: str) -> str:
    """One line in any script: NFC, no control or hidden characters, every run of white space one space.

    What a form wrote as HTML (O&#039;Hara) is read.
    """
    if "&" in typed:
        typed = _unescaped(typed)
    if typed.isascii() and typed.isprintable():
        return " ".join(typed.split())
    kept = "".join(char for char in typed if char.isspace() or not _is_unwanted(char))
    cleaned = unicodedata.normalize("NFC", " ".join(kept.split()))
    return cleaned if any(char not in _MARKS and char != " " for char in cleaned) else ""


def _unescaped(typed: str) -> str:
    for _ in range(3):  # some escape what is escaped
        typed = _ENTITY.sub(lambda found: html.unescape(found.group()), typed)
    return typed


def text(typed: str) -> str:
    """Several lines: as `line`, but line breaks (as \\n) and the spaces within a line stay."""
    broken = typed.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    kept = "".join(char for char in broken if char in "\n\t" or not _is_unwanted(char))
    return unicodedata.normalize("NFC", kept).strip()


def _is_unwanted(char: str) -> bool:
    return char in _HIDDEN or unicodedata.category(char) in ("Cc", "Cs")


def words(typed: Iterable[str], *, limit: int) -> list[str]:
    """A list of words, each cleaned and once whatever its case, in the order given."""
    found: dict[str, str] = {}
    for word in typed:
        if cleaned := line(word):
            found.setdefault(cleaned.casefold(), cleaned)
    too_long = [word for word in found.values() if len(word) > limit]
    if too_long:
        raise Unacceptable(f"each of them may have {limit} characters at most.")
    if len(found) > MAX_WORDS:
        raise Unacceptable(f"give {MAX_WORDS} at most.")
    return list(found.values())


def united(known: Sequence[str], more: Iterable[str]) -> list[str]:
    """What is known, then what is new, each once whatever its case."""
    found = {word.casefold(): word for word in known}
    for word in more:
        found.setdefault(word.casefold(), word)
    return list(found.values())


def phone(typed: str, *, locale: str = "", timezone: str = "") -> str:
    """E.164 where all of it is one number and its country is known; else as it was typed. Never refuses."""
    as_typed = line(typed)[:PHONE_LENGTH].rstrip()
    if not _DIALLED.fullmatch(as_typed) or _SECOND_NUMBER.search(as_typed):
        return as_typed
    possible = [
        number for region in _regions(locale=locale, timezone=timezone) if (number := _parsed(as_typed, region))
    ]
    number = next(filter(phonenumbers.is_valid_number, possible), possible[0] if possible else None)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else as_typed


def _parsed(typed: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    with contextlib.suppress(phonenumbers.NumberParseException):
        number = phonenumbers.parse(_international(typed, region), region)
        return number if phonenumbers.is_possible_number(number) else None
    return None


def _international(typed: str, region: str | None) -> str:
    """00 before the country's code becomes +, but where the country dials abroad in another way that begins so."""
    rules = phonenumbers.PhoneMetadata.metadata_for_region(region) if region else None
    prefix = rules.international_prefix if rules else None
    digits = phonenumbers.normalize_digits_only(typed)
    return typed if prefix and re.match(prefix, digits) else re.sub(r"^\s*00(?=[\s\d(])", "+", typed)


def _regions(*, locale: str, timezone: str) -> list[str | None]:
    """The countries a number without a code may belong to, the likelier one first; None: it has to have a code."""
    named = [subtag.upper() for subtag in locale.split("-")[1:]]
    found = [*(name for name in named if name in phonenumbers.SUPPORTED_REGIONS), _countries().get(timezone, "")]
    return [*dict.fromkeys(filter(None, found)), None]


@functools.cache
def _countries() -> dict[str, str]:
    """Time zone, under its present and its former names -> the one country it belongs to."""
    folder = importlib.resources.files("tzdata") / "zoneinfo"
    rows = [row.split("\t") for row in (folder / "zone.tab").read_text(encoding="utf-8").splitlines()]
    present = {row[2]: row[0] for row in rows if len(row) > 2 and not row[0].startswith("#")}
    links = [row.split() for row in (folder / "tzdata.zi").read_text(encoding="utf-8").splitlines() if row[:2] == "L "]
    former = {name: present.get(target, "") for _, target, name in links}
    return former | _MOVED_ZONES | present


@functools.cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in zoneinfo.available_timezones()}


def timezone(typed: str) -> str:
    cleaned = line(typed)
    if not cleaned:
        return ""
    name = _zones().get(cleaned.replace(" ", "_").casefold())
    if name is None:
        raise Unacceptable("Unknown time zone. Give an IANA name like Europe/Berlin.")
    return name


def locale(typed: str) -> str:
    """A BCP 47 tag in its usual spelling: en-GB, zh-Hant-TW."""
    tag = re.split("[.@]", line(typed))[0].replace("_", "-")
    if not tag:
        return ""
    if len(tag) > 35 or not _LOCALE.fullmatch(tag):
        raise Unacceptable("Malformed locale. Give a language tag like en or en-GB.")
    language, *subtags = tag.split("-")
    return "-".join([language.lower(), *map(_subtag, subtags)])


def _subtag(subtag: str) -> str:
    if len(subtag) == 2:
        return subtag.upper()
    return subtag.title() if len(subtag) == 4 and subtag.isalpha() else subtag.lower()


def custom(typed: Mapping[Any, Any]) -> dict[str, Any]:
    """Custom fields by name, fit for a JSON column; what a form wrote as HTML is read, as in names."""
    fields = {line(str(name)): plain(_read(value)) for name, value in typed.items()}
    fields.pop("", None)
    if any(len(name) > 100 for name in fields):
        raise Unacceptable("the name of a custom field may have 100 characters at most.")
    if len(json.dumps(fields)) > MAX_CUSTOM_BYTES:
        raise Unacceptable("the custom fields are larger than 64 kB together.")
    return fields


def _read(value: Any) -> Any:
    """A text, or a list of texts, without HTML's ways of writing signs."""
    if isinstance(value, list | tuple):
        return [_read(inner) if isinstance(inner, str) else inner for inner in value]
    return _unescaped(value) if isinstance(value, str) and "&" in value else value


def plain(value: Any, depth: int = 0) -> Any:
    """The nearest value that PostgreSQL's JSON can hold: no NUL, lone surrogate, NaN or bottomless nesting."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        return {_storable(str(name)): plain(inner, depth + 1) for name, inner in value.items()}
    if depth < MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [plain(inner, depth + 1) for inner in value]
    return _storable("..." if isinstance(value, Mapping | list | tuple) else str(value))


def _storable(text: str) -> str:
    if text.isascii():
        return text.replace("\0", "")
    return "".join(char for char in text if char != "\0" and not "\ud800" <= char <= "\udfff")
