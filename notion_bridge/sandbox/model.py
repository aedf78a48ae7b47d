"""What the sandbox keeps: people, databases, their data sources, and pages."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

TEXT_LISTS = ("title", "rich_text")
LISTS = (*TEXT_LISTS, "multi_select", "people", "relation", "files")
WITH_OPTIONS = ("select", "multi_select", "status")
COMPUTED = (
    "created_time",
    "created_by",
    "last_edited_time",
    "last_edited_by",
    "unique_id",
    "formula",
    "rollup",
)
TYPES = (
    *("title", "rich_text", "number", "select", "multi_select", "status", "date", "people", "files"),
    *("checkbox", "url", "email", "phone_number", "relation"),
    *COMPUTED,
)
COLORS = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")


@functools.cache
def encoded(property_id: str) -> str:
    return quote(property_id, safe="")


@dataclass
class User:
    id: str
    name: str
    email: str = ""  # empty for the bot


@dataclass
class Option:
    id: str
    name: str
    color: str = "default"
    description: str | None = None


@dataclass
class Property:
    """One column. Its id outlives every rename."""

    id: str
    name: str
    type: str
    options: list[Option] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def encoded_id(self) -> str:
        """As it appears in answers and events."""
        return encoded(self.id)

    def option(self, option_id: str) -> Option | None:
        return next((one for one in self.options if one.id == option_id), None)

    def named(self, name: str) -> Option | None:
        return next((one for one in self.options if one.name == name), None)

    def empty(self) -> Any:
        """What a page holds here before anybody wrote to it."""
        if self.type in LISTS:
            return []
        return False if self.type == "checkbox" else None


@dataclass
class Kept:
    """What every object has."""

    id: str
    created: dt.datetime
    edited: dt.datetime  # a whole minute
    created_by: str
    edited_by: str
    in_trash: bool = field(default=False, kw_only=True)


@dataclass
class Database(Kept):
    parent_id: str
    title: str
    source_ids: list[str] = field(default_factory=list)


@dataclass
class DataSource(Kept):
    database_id: str
    title: str
    properties: dict[str, Property] = field(default_factory=dict)  # by id
    next_number: int = 1  # of a unique_id property

    def find(self, name_or_id: str) -> Property | None:
        """By name, by id, or by id as it stands in answers."""
        for one in self.properties.values():
            if one.name == name_or_id:
                return one
        return self.properties.get(name_or_id) or self.properties.get(unquote(name_or_id))

    def by_id(self, property_id: str) -> Property | None:
        return self.properties.get(property_id) or self.properties.get(unquote(property_id))


@dataclass
class Page(Kept):
    """A row of a data source, or a page below another page or the workspace (`source_id` empty)."""

    source_id: str
    parent_id: str  # the page above, for a page that is no row; empty at the top of the workspace
    values: dict[str, Any] = field(default_factory=dict)  # by property id; what is absent is empty
    number: int = 0
    # What the index still believes, oldest first: until when, and the values (None: that there is no such page).
    shadows: list[tuple[dt.datetime, dict[str, Any] | None]] = field(default_factory=list)

    def indexed_values(self, now: dt.datetime) -> dict[str, Any] | None:
        """The values a query by property sees, which lag behind the page."""
        while self.shadows and self.shadows[0][0] <= now:
            self.shadows.pop(0)
        return self.shadows[0][1] if self.shadows else self.values
