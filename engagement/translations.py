"""In which language a person gets an email: what it was written in, what it was translated into, what stands in there.

A translation is a mapping with subject, preheader and body; `fallbacks` as of an email; and `passages` by name, each
with the text that is approved in that language.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from babel.units import format_unit
from django.db.models import Count, Exists, OuterRef

from contactflow.core.statement_timeout import statement_timeout
from contacts.models import BusinessEntity, Contact, EntityMembership

Translation = Mapping[str, Any]
ENGLISH, GERMAN = "en", "de"
LONGEST = 600  # milliseconds of the question who reads what
_HEADING = re.compile(r"^\[([A-Za-z]{2,3}(?:-[A-Za-z]{2,8})*)\][ \t]*$", re.MULTILINE)

# What stands in for variables without a value where the translation itself says nothing; English is the registry's.
STAND_INS: Mapping[str, Mapping[str, str]] = {
    GERMAN: {
        "first_name": "", "full_name": "", "last_name": "", "contact_type": "Kontakt",
        "lead_source": "unsere Website", "entity": "unser Team", "response_time": "wenige Tage",
        "company": "Ihr Unternehmen", "job_title": "Ihre Aufgabe", "phone": "Ihre Nummer",
        "interests": "was Ihnen wichtig ist", "tags": "", "timezone": "Ihre Zeitzone", "locale": "de",
        "opens": "0", "clicks": "0", "replies": "0", "last_touch": "vor Kurzem", "last_human_touch": "vor Kurzem",
        "score": "0",
    },
}  # fmt: skip


def chosen(*, wanted: str, offered: Collection[str], default: str = "", own: str) -> str:
    """The nearest to what the person reads (de-AT, else de), else to the brand's default, else the email's own."""
    languages = {one.lower(): one for one in (own, *offered)}
    for tag in filter(None, (wanted, default)):
        exact = next((languages[one.lower()] for one in _wider(tag) if one.lower() in languages), None)
        # Nobody's exact tag: a reader of pt gets pt-BR rather than another language.
        if found := exact or next((one for one in languages.values() if base_of(one) == base_of(tag)), None):
            return found
    return own


def _wider(tag: str) -> list[str]:
    parts = tag.replace("_", "-").split("-") if tag else []
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def is_whole(translation: Translation) -> bool:
    """Whether somebody could get it: one without subject or body is still being written."""
    return bool(str(translation.get("subject") or "").strip() and str(translation.get("body") or "").strip())


def base_of(language: str) -> str:
    return language.lower().partition("-")[0]


def stand_ins_of(language: str) -> Mapping[str, str]:
    """What we say in this language for a variable without a value; empty where we do not speak it."""
    return STAND_INS.get(base_of(language), {})


def is_spoken(language: str) -> bool:
    """Whether our own few words exist in it: stand-ins and the footer."""
    return base_of(language) in (ENGLISH, *STAND_INS)


def region(language: str, locale: str) -> str:
    """How dates and numbers are written in an email of that language: as where the person lives, if it is theirs."""
    return locale if locale and base_of(locale) == base_of(language) else language


def listed(words: Sequence[str], locale: str = "") -> str:
    """One, two and three -> "one, two and three"; "eins, zwei und drei"."""
    if not locale or base_of(locale) == ENGLISH:
        return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
    return format_list(words, locale=_known(locale))


@lru_cache(maxsize=256)
def hours(number: int, locale: str) -> str:
    """24 -> "24 hours", "24 Stunden"."""
    return format_unit(number, "duration-hour", length="long", locale=_known(locale or ENGLISH))


@lru_cache(maxsize=256)
def _known(tag: str) -> Locale:
    """For formats: English where nobody knows the tag."""
    for one in _wider(tag):
        with suppress(UnknownLocaleError, ValueError):
            return Locale.parse(one, sep="-")
    return Locale(ENGLISH)


def name_of(language: str) -> str:
    """German, Portuguese (Brazil); of what nobody knows the tag."""
    try:
        return Locale.parse(language, sep="-").get_display_name("en") or language
    except (UnknownLocaleError, ValueError):
        return language


def section(text: str, language: str) -> str:
    """The part of a text below a line such as [de]: for the tag itself, else for its base; "" for none."""
    parts = _HEADING.split(text)
    sections = {tag.lower(): words.strip() for tag, words in zip(parts[1::2], parts[2::2], strict=True)}
    return next((sections[tag.lower()] for tag in _wider(language) if tag.lower() in sections), "")


@dataclass(frozen=True, kw_only=True)
class Readers:
    """People of one language, and which one they get."""

    language: str
    people: int
    gets: str

    @property
    def lack(self) -> bool:
        """Whether they get one that they did not ask for."""
        return bool(self.language) and base_of(self.language) != base_of(self.gets)


def readers(*, offered: Collection[str], own: str, business_entity: BusinessEntity | None) -> list[Readers]:
    """How many contacts of the brand (or of all) read what, and what they would get. Raises QueryTooSlow."""
    people = Contact.objects.all()
    if business_entity is not None:
        theirs = EntityMembership.objects.filter(contact=OuterRef("pk"), business_entity=business_entity)
        people = people.filter(Exists(theirs))
    default = business_entity.language if business_entity else ""
    with statement_timeout(milliseconds=LONGEST):
        rows = list(people.order_by().values_list("locale").annotate(people=Count("pk")).order_by("-people", "locale"))
    return [
        Readers(language=tag, people=many, gets=chosen(wanted=tag, offered=offered, default=default, own=own))
        for tag, many in rows
    ]
