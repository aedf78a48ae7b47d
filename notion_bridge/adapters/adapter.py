"""What the bridge needs to know of one kind of object: its values, what changed, and how to change or make one.

Values are canonical (see notion_bridge.mapping): text is "" when empty, lists are names, moments are UTC to the minute.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from notion_bridge.mapping import Value
from notion_bridge.three_way_merge import Side

Values = Mapping[str, Value]


@dataclass
class Applied:
    """What became of values from Notion.

    `refused`: the value stays in Notion, someone has to mend it. `overruled`: it cannot be so, Contactflow's value goes
    back to Notion. `unknown`: options that nobody made here yet; the other elements of a list were taken over. Nothing
    is made of a page with such an option: it waits, since what it says may decide what starts.
    """

    refused: dict[str, str] = field(default_factory=dict)
    overruled: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Made(Applied):
    """What became of a page nobody knew. Without an object `because` or `unknown` says what stands in the way."""

    row: Model | None = None
    is_new: bool = False
    because: str = ""


@dataclass(frozen=True)
class Source:
    """Rows that change over time: `key` leads to the object, `at` is when the row changed last; both are indexed."""

    rows: QuerySet[Any]
    at: str
    key: str


class Adapter(ABC):
    """One implementation per kind, in this package."""

    model: type[Any]
    link_field: str  # of PageLink
    key_field: str  # the field that carries our id in Notion

    @abstractmethod
    def sources(self) -> Sequence[Source]:
        """Where to look for changes."""

    def belonging(self, keys: Sequence[UUID]) -> Sequence[UUID]:
        """Those of these objects that belong into Notion, if they exist."""
        return keys

    def lock(self, key: UUID) -> Any | None:
        """The object, locked until the transaction ends; None when it is gone."""
        # Without joins: beside a change of the status of a contact its row would no longer fit, and nobody be found.
        return self.model.objects.select_for_update(no_key=True).filter(pk=key).first()

    def knows(self, name: str, option: str) -> bool:
        """Whether a value of this field can be that one."""
        return True

    @abstractmethod
    def snapshot(self, keys: Sequence[UUID]) -> dict[UUID, dict[str, Value]]:
        """What each of those that exist says, for every field, in a bounded number of queries."""

    def is_being_typed(self, values: Values) -> bool:
        """Whether a new page lacks so much that it is better left alone for a while."""
        return False

    def referee(self, name: str, local: Value, remote: Value) -> Side | None:
        """Who wins this field whatever the rule says; None leaves it to the rule."""
        return None

    @abstractmethod
    def apply(self, row: Any, values: Values, *, enrol: bool, now: dt.datetime) -> Applied:
        """Take over values from Notion, as a colleague's edit."""

    @abstractmethod
    def make(self, values: Values, *, page_id: UUID, key: UUID | None, enrol: bool, now: dt.datetime) -> Made:
        """Find the object a page speaks of, or make it."""


def moment(at: dt.datetime | None) -> str:
    """UTC to the minute, as Notion keeps it."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%MZ") if at else ""
