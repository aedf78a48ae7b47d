"""The variables an email may use: one registry for validation, help, preview and rendering.

Staff write `{{ first_name }}` or `{{ contact.first_name }}`, in Liquid. A variable is found in a Context, which holds
plain values; no model object ever reaches the words staff write.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engagement.liquid import conversion
from engagement.models import EngagementTemplate

Level = EngagementTemplate.Level
LEVELS: tuple[str, ...] = tuple(Level.values)  # cumulative, the smallest first
CUSTOM = "custom."
PASSAGE = "passage."
EVENT = "event."
TASK = "task."
FAMILIES = (CUSTOM, PASSAGE, EVENT, TASK)


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything a variable can say about one contact and one brand, as plain values; "" or None where unknown."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    contact_type: str = ""
    lead_source: str = ""
    entity: str = ""
    entity_website: str = ""
    response_time: str = ""
    company: str = ""
    job_title: str = ""
    phone: str = ""
    interests: Sequence[str] = ()
    tags: Sequence[str] = ()
    timezone: str = ""
    locale: str = ""
    opens: int | None = None
    clicks: int | None = None
    replies: int | None = None
    last_touch: dt.date | None = None
    last_human_touch: dt.date | None = None
    score: int | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    passages: Mapping[str, str] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    task: Mapping[str, Any] = field(default_factory=dict)
    now: dt.datetime | None = None

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Placeholder:
    """One variable. `fallback` stands in for a missing value; None holds the send, "" leaves the variable out."""

    name: str
    label: str
    level: str
    sample: str
    fallback: str | None
    is_address: bool = False  # may stand at the beginning of a link

    def is_offered_at(self, level: str) -> bool:
        return LEVELS.index(self.level) <= LEVELS.index(level)

    @property
    def is_group(self) -> bool:
        """Whether it may hold further values, by names nobody can know."""
        return self.name.startswith((CUSTOM, EVENT))

    def resolve(self, context: Context) -> Any:
        """What it says; "" or None where nothing is known."""
        family, dot, key = self.name.partition(".")
        if not dot:
            return getattr(context, self.name)
        held: Mapping[str, Any] = getattr(context, "passages" if family == "passage" else family)
        return held[key] if key in held else _folded_value(held, key)


REGISTRY: dict[str, Placeholder] = {
    placeholder.name: placeholder
    for placeholder in (
        Placeholder("first_name", "First name", Level.BASIC, "Ada", "there"),
        Placeholder("last_name", "Last name", Level.BASIC, "Lovelace", ""),
        Placeholder("full_name", "First and last name", Level.BASIC, "Ada Lovelace", "there"),
        Placeholder("email", "Email address", Level.BASIC, "ada@example.com", None),
        Placeholder("contact_type", "Contact type", Level.STANDARD, "Artist", "contact"),
        Placeholder("lead_source", "Lead source", Level.STANDARD, "Website", "our website"),
        Placeholder("entity", "Brand", Level.STANDARD, "The 7 Space", "our team"),
        Placeholder(
            "entity_website", "Website of the brand", Level.STANDARD, "https://www.example.com", None, is_address=True
        ),
        Placeholder("response_time", "The brand's response promise", Level.STANDARD, "24 hours", "a few days"),
        Placeholder("company", "Company", Level.ADVANCED, "Analytical Engines", "your company"),
        Placeholder("job_title", "Job title", Level.ADVANCED, "Director", "your role"),
        Placeholder("phone", "Phone", Level.ADVANCED, "+44 20 7946 0018", "your number"),
        Placeholder("interests", "Interests", Level.ADVANCED, "sculpture and yoga", "what matters to you"),
        Placeholder("tags", "Tags", Level.ADVANCED, "Hot", ""),
        Placeholder("timezone", "Time zone", Level.ADVANCED, "Europe/London", "your time zone"),
        Placeholder("locale", "Language", Level.ADVANCED, "en-GB", "en"),
        Placeholder("opens", "Emails opened", Level.ADVANCED, "3", "0"),
        Placeholder("clicks", "Links clicked", Level.ADVANCED, "1", "0"),
        Placeholder("replies", "Replies they wrote", Level.ADVANCED, "1", "0"),
        Placeholder("last_human_touch", "Last time the team was in touch", Level.ADVANCED, "3 March 2026", "recently"),
        Placeholder("last_touch", "Date of our last email", Level.ADVANCED, "3 March 2026", "recently"),
        Placeholder("score", "Engagement score", Level.ADVANCED, "6", "0"),
        Placeholder("now", "This moment", Level.BASIC, "3 March 2026", None),
    )
}
_OF_THE_BRAND = {"name": "entity", "website": "entity_website", "response_time": "response_time"}
_NOT_OF_THE_CONTACT = frozenset({"entity", "entity_website", "response_time", "now"})
ROOTS = frozenset({*REGISTRY, "contact", "brand", "custom", "passage", "event", "task", "today"})
"""The first names of all variables, which nobody may give to something else."""


def named(path: Sequence[object]) -> tuple[str, int] | None:
    """The flat name of the variable that a path begins with, and how many of its parts that takes; None for none."""
    first, second = str(path[0]), str(path[1]) if len(path) > 1 else ""
    if first == "contact" and second == "custom":
        return (f"{CUSTOM}{path[2]}", 3) if len(path) > 2 else None
    if first == "contact":
        return (second, 2) if second in REGISTRY and second not in _NOT_OF_THE_CONTACT else None
    if first == "brand":
        return (_OF_THE_BRAND[second], 2) if second in _OF_THE_BRAND else None
    if f"{first}." in FAMILIES:
        return (f"{first}.{second}", 2) if second else None
    if first == "today":
        return "now", 1
    return (first, 1) if first in REGISTRY else None


def find(name: str) -> Placeholder | None:
    """The variable of this flat name, custom fields and passages included; None for an unknown one."""
    if name.startswith(CUSTOM) and (key := name.removeprefix(CUSTOM).strip()):
        return Placeholder(name, f"Custom field {key}", Level.ADVANCED, key.replace("_", " "), None)
    if name.startswith(PASSAGE) and (key := name.removeprefix(PASSAGE).strip()):
        return Placeholder(name, f"Passage {key}", Level.PREMIUM, "", None)
    if name.startswith((EVENT, TASK)) and name[-1] != ".":
        return Placeholder(name, name.replace(".", ": ").capitalize().replace("_", " "), Level.STANDARD, "", None)
    return REGISTRY.get(name)


def written(name: str) -> str:
    """As it is printed in words."""
    return f"{{{{ {conversion.path(name)} }}}}"


_SPACES = str.maketrans("-_\"'", "    ")


def _folded_value(held: Mapping[str, Any], key: str) -> Any:
    """Custom fields may be named "Favourite Artist"; `custom.favourite_artist` finds it too."""
    wanted = _folded(key)
    return next((value for name, value in held.items() if _folded(name) == wanted), "")


def _folded(key: str) -> str:
    return "_".join(key.casefold().translate(_SPACES).split())


def offered_at(level: str) -> list[Placeholder]:
    """What an email of this level may use, in the order of the registry."""
    return [placeholder for placeholder in REGISTRY.values() if placeholder.is_offered_at(level)]


def names_at(level: str) -> str:
    """The same as a list for people: names, then the open-ended families."""
    names = [placeholder.name for placeholder in offered_at(level)]
    if LEVELS.index(level) >= LEVELS.index(Level.ADVANCED):
        names.append("custom.<field>")
    if level == Level.PREMIUM:
        names.append("passage.<name>")
    return ", ".join(names)


def nearest(name: str) -> str | None:
    """The variable somebody probably meant."""
    flat = name.lower().removeprefix("contact.")
    known = (*REGISTRY, *(f"brand.{one}" for one in _OF_THE_BRAND))
    return next(iter(difflib.get_close_matches(flat, known, n=1, cutoff=0.7)), None)
