"""The variables an email may use: one registry for validation, help, preview and rendering.

Staff write `{{ first_name }}`, or `{{ first_name|friend }}` to say what stands in for a missing value. A variable
resolves to plain text from a Context; no model object ever reaches the words staff write.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
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

    def resolve(self, context: Context) -> str:
        """What it says; "" where nothing is known."""
        if self.name.startswith(CUSTOM):
            return _custom(context, self.name.removeprefix(CUSTOM).strip())
        if self.name.startswith(PASSAGE):
            return context.passages.get(self.name.removeprefix(PASSAGE).strip(), "")
        return str(getattr(context, self.name))


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
        Placeholder("last_touch", "Date of our last email", Level.ADVANCED, "3 March 2026", "recently"),
        Placeholder("score", "Engagement score", Level.ADVANCED, "6", "0"),
    )
}


def find(name: str) -> Placeholder | None:
    """The variable of this name, custom fields and passages included; None for an unknown one."""
    if name.startswith(CUSTOM) and (key := name.removeprefix(CUSTOM).strip()):
        return Placeholder(name, f"Custom field {key}", Level.ADVANCED, key.replace("_", " "), None)
    if name.startswith(PASSAGE) and (key := name.removeprefix(PASSAGE).strip()):
        return Placeholder(name, f"Passage {key}", Level.PREMIUM, "", None)
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
