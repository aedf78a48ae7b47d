"""The variables an email may use: one registry for validation, help, preview and rendering.

Staff write `{{ first_name }}`, or `{{ first_name|friend }}` to say what stands in for a missing value. A variable
resolves to plain text from a Context; no model object ever reaches the words staff write.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engagement.models import EngagementTemplate

Level = EngagementTemplate.Level
LEVELS: tuple[str, ...] = tuple(Level.values)  # cumulative, the smallest first
CUSTOM = "custom."
PASSAGE = "passage."


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything a variable can say about one contact and one brand, as plain text; "" where nothing is known."""

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
    interests: str = ""
    tags: str = ""
    timezone: str = ""
    locale: str = ""
    opens: str = ""
    clicks: str = ""
    last_touch: str = ""
    score: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    passages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Placeholder:
    """One variable. `fallback` stands in for a missing value; None holds the send, "" leaves the variable out."""

    name: str
    label: str
    level: str
    sample: str
    fallback: str | None
    resolve: Callable[[Context], str]
    is_address: bool = False  # may stand at the beginning of a link

    def is_offered_at(self, level: str) -> bool:
        return LEVELS.index(self.level) <= LEVELS.index(level)


REGISTRY: dict[str, Placeholder] = {
    placeholder.name: placeholder
    for placeholder in (
        Placeholder("first_name", "First name", Level.BASIC, "Ada", "there", lambda c: c.first_name),
        Placeholder("last_name", "Last name", Level.BASIC, "Lovelace", "", lambda c: c.last_name),
        Placeholder(
            "full_name",
            "First and last name",
            Level.BASIC,
            "Ada Lovelace",
            "there",
            lambda c: f"{c.first_name} {c.last_name}".strip(),
        ),
        Placeholder("email", "Email address", Level.BASIC, "ada@example.com", None, lambda c: c.email),
        Placeholder("contact_type", "Contact type", Level.STANDARD, "Artist", "contact", lambda c: c.contact_type),
        Placeholder("lead_source", "Lead source", Level.STANDARD, "Website", "our website", lambda c: c.lead_source),
        Placeholder("entity", "Brand", Level.STANDARD, "The 7 Space", "our team", lambda c: c.entity),
        Placeholder(
            "entity_website",
            "Website of the brand",
            Level.STANDARD,
            "https://www.example.com",
            None,
            lambda c: c.entity_website,
            is_address=True,
        ),
        Placeholder(
            "response_time",
            "The brand's response promise",
            Level.STANDARD,
            "24 hours",
            "a few days",
            lambda c: c.response_time,
        ),
        Placeholder("company", "Company", Level.ADVANCED, "Analytical Engines", "your company", lambda c: c.company),
        Placeholder("job_title", "Job title", Level.ADVANCED, "Director", "your role", lambda c: c.job_title),
        Placeholder("phone", "Phone", Level.ADVANCED, "+44 20 7946 0018", "your number", lambda c: c.phone),
        Placeholder(
            "interests", "Interests", Level.ADVANCED, "sculpture and yoga", "what matters to you", lambda c: c.interests
        ),
        Placeholder("tags", "Tags", Level.ADVANCED, "Hot", "", lambda c: c.tags),
        Placeholder("timezone", "Time zone", Level.ADVANCED, "Europe/London", "your time zone", lambda c: c.timezone),
        Placeholder("locale", "Language", Level.ADVANCED, "en-GB", "en", lambda c: c.locale),
        Placeholder("opens", "Emails opened", Level.ADVANCED, "3", "0", lambda c: c.opens),
        Placeholder("clicks", "Links clicked", Level.ADVANCED, "1", "0", lambda c: c.clicks),
        Placeholder(
            "last_touch", "Date of our last email", Level.ADVANCED, "3 March 2026", "recently", lambda c: c.last_touch
        ),
        Placeholder("score", "Engagement score", Level.ADVANCED, "6", "0", lambda c: c.score),
    )
}


def find(name: str) -> Placeholder | None:
    """The variable of this name, custom fields and passages included; None for an unknown one."""
    if name.startswith(CUSTOM) and (key := name.removeprefix(CUSTOM).strip()):
        return Placeholder(
            name, f"Custom field {key}", Level.ADVANCED, key.replace("_", " "), None, lambda c: _custom(c, key)
        )
    if name.startswith(PASSAGE) and (key := name.removeprefix(PASSAGE).strip()):
        return Placeholder(name, f"Passage {key}", Level.PREMIUM, "", None, lambda c: c.passages.get(key, ""))
    return REGISTRY.get(name)


def _custom(context: Context, key: str) -> str:
    """Custom fields may be named "Favourite Artist"; `custom.favourite_artist` finds it too."""
    if key in context.custom:
        return context.custom[key]
    wanted = _folded(key)
    return next((value for name, value in context.custom.items() if _folded(name) == wanted), "")


def _folded(key: str) -> str:
    return "_".join(key.casefold().replace("-", " ").replace("_", " ").split())


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
    return next(iter(difflib.get_close_matches(name.lower(), REGISTRY, n=1, cutoff=0.7)), None)
