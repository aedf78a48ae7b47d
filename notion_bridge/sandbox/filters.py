"""Filters and sorts of a query, as far as a bridge asks with them: checked, and compiled once."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from notion_bridge.sandbox import checks, dates
from notion_bridge.sandbox.checks import Json, invalid, misshapen
from notion_bridge.sandbox.model import TEXT_LISTS, TYPES, DataSource, Page
from notion_bridge.sandbox.richtext import plain_text

Match = Callable[[Page, Json], bool]  # the page, and its values as the index knows them

DEEPEST = 2
MOST_CONDITIONS = 100
LONGEST_TEXT = 2000
TEXTS = (*TEXT_LISTS, "url", "email", "phone_number")
TIMES: dict[str, Callable[[Page], dt.datetime]] = {
    "created_time": lambda page: page.created,
    "last_edited_time": lambda page: page.edited,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "before": operator.lt,
    "after": operator.gt,
    "on_or_before": operator.le,
    "on_or_after": operator.ge,
}


@dataclass
class Compiler:
    """Turns filter objects into functions; `by_property` tells whether any of them looks at a property."""

    source: DataSource
    by_property: bool = field(default=False, init=False)

    def compile(self, filter_: Any, path: str = "body.filter", depth: int = 0) -> Match:
        given = checks.mapping(filter_, path, optional=depth == 0)
        for word in ("and", "or"):
            if word in given:
                return self._compound(given, word, path, depth)
        if "timestamp" in given:
            return _timestamp(given, path)
        return self._property(given, path)

    def _compound(self, given: Json, word: str, path: str, depth: int) -> Match:
        checks.only(given, path, (word,))
        if depth >= DEEPEST:
            raise misshapen(f"{path}.{word}", "not present", given[word])
        parts = [
            self.compile(one, f"{path}.{word}[{at}]", depth + 1)
            for at, one in enumerate(checks.array(given[word], f"{path}.{word}", longest=MOST_CONDITIONS))
        ]
        combine = all if word == "and" else any
        return lambda page, values: combine(part(page, values) for part in parts)

    def _property(self, given: Json, path: str) -> Match:
        """Texts that equal another: how a page is found by an id of ours."""
        if "property" not in given:
            raise misshapen(f"{path}.property", "defined")
        name = checks.string(given["property"], f"{path}.property")
        prop = self.source.find(name)
        if prop is None:
            raise invalid(f"Could not find property with name or id: {name}")
        kinds = [key for key in given if key in TYPES]
        if not kinds:
            raise misshapen(f"{path}.{prop.type}", "defined")
        if kinds != [prop.type]:
            raise invalid(
                "The property type in the database does not match the property type of the filter provided: "
                f"database property {prop.type} does not match filter {kinds[0]}"
            )
        checks.only(given, path, ("property", "type", prop.type))
        checks.one_of(prop.type, f"{path}.{prop.type}", TEXTS)
        _, wanted, path = _condition(given[prop.type], f"{path}.{prop.type}", ("equals",))
        text = checks.string(wanted, path, longest=LONGEST_TEXT, empty=True)
        self.by_property = True
        if prop.type in TEXT_LISTS:
            return lambda page, values: plain_text(values.get(prop.id) or []) == text
        return lambda page, values: (values.get(prop.id) or "") == text


def _condition(value: Any, path: str, known: tuple[str, ...]) -> tuple[str, Any, str]:
    """The only condition of the object: its name, what it wants, and where that stands."""
    given = checks.mapping(value, path)
    if len(given) != 1:
        raise misshapen(path, "an object with exactly one condition", given)
    name, wanted = next(iter(given.items()))
    return checks.one_of(name, f"{path}.{name}", known), wanted, f"{path}.{name}"


def _timestamp(given: Json, path: str) -> Match:
    kind = checks.one_of(given["timestamp"], f"{path}.timestamp", TIMES)
    checks.only(given, path, ("timestamp", "type", kind))
    if kind not in given:
        raise misshapen(f"{path}.{kind}", "defined")
    name, wanted, path = _condition(given[kind], f"{path}.{kind}", tuple(COMPARISONS))
    other = dates.read(checks.string(wanted, path))
    if other is None:
        raise misshapen(path, dates.ISO, wanted)
    time, compare = TIMES[kind], COMPARISONS[name]
    if isinstance(other, dt.datetime):
        return lambda page, values: compare(time(page), other)
    return lambda page, values: compare(dates.as_day(time(page)), other)


def sorted_pages(pages: list[Page], sorts: Any) -> list[Page]:
    """In the order of time asked for; without one, in none that a reader could rely on."""
    pages = sorted(pages, key=lambda page: page.id)
    for at, one in reversed(list(enumerate(checks.array(sorts, "body.sorts")))):
        path = f"body.sorts[{at}]"
        given = checks.mapping(one, path)
        checks.only(given, path, ("timestamp", "direction"))
        time = TIMES[checks.one_of(given.get("timestamp"), f"{path}.timestamp", TIMES)]
        direction = checks.one_of(given.get("direction"), f"{path}.direction", ("ascending", "descending"))
        pages.sort(key=time, reverse=direction == "descending")
    return pages
