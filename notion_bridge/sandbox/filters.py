"""Filters and sorts of a query, checked against the schema and compiled once per query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from notion_bridge.sandbox import checks, conditions, dates
from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.model import TYPES, DataSource, Page, Property
from notion_bridge.sandbox.refusals import invalid, misshapen
from notion_bridge.sandbox.richtext import plain_text
from notion_bridge.sandbox.workspace import Workspace

Match = Callable[[Page, Json], bool]  # the page, and its values as the index knows them

TIMESTAMPS = ("created_time", "last_edited_time")
DEEPEST = 2
MOST_CONDITIONS = 100


@dataclass
class Compiler:
    """Turns filter objects into functions; `by_property` tells whether any of them looks at a property."""

    workspace: Workspace
    source: DataSource
    by_property: bool = field(default=False, init=False)

    def compile(self, filter_: Any, path: str = "body.filter", depth: int = 0) -> Match:
        given = checks.mapping(filter_, path, optional=depth == 0)
        for word in ("and", "or"):
            if word in given:
                return self._compound(given, word, path, depth)
        if "timestamp" in given:
            return self._timestamp(given, path)
        return self._property(given, path)

    def _compound(self, given: Json, word: str, path: str, depth: int) -> Match:
        checks.only(given, path, (word,))
        if depth >= DEEPEST:
            raise misshapen(f"{path}.{word}", "not present", given[word])
        parts = [
            self.compile(one, f"{path}.{word}[{at}]", depth + 1)
            for at, one in enumerate(checks.array(given[word], f"{path}.{word}", longest=MOST_CONDITIONS))
        ]
        if word == "and":
            return lambda page, values: all(part(page, values) for part in parts)
        return lambda page, values: any(part(page, values) for part in parts)

    def _timestamp(self, given: Json, path: str) -> Match:
        name = checks.one_of(given["timestamp"], f"{path}.timestamp", TIMESTAMPS)
        checks.only(given, path, ("timestamp", "type", name))
        if name not in given:
            raise misshapen(f"{path}.{name}", "defined")
        test = self._test(name, given[name], f"{path}.{name}", None)
        if name == "created_time":
            return lambda page, values: test(page.created)
        return lambda page, values: test(page.edited)

    def _property(self, given: Json, path: str) -> Match:
        if "property" not in given:
            raise misshapen(f"{path}.property", "defined")
        name = checks.string(given["property"], f"{path}.property")
        prop = self.source.find(name)
        if prop is None:
            raise invalid(f"Could not find property with name or id: {name}")
        kinds = conditions.one_condition(given, TYPES)
        if not kinds:
            raise misshapen(f"{path}.{prop.type}", "defined")
        if kinds != [prop.type]:
            raise invalid(
                "The property type in the database does not match the property type of the filter provided: "
                f"database property {prop.type} does not match filter {kinds[0]}"
            )
        checks.only(given, path, ("property", "type", prop.type))
        self.by_property = True
        test = self._test(prop.type, given[prop.type], f"{path}.{prop.type}", prop)
        value = comparable(self.workspace, prop)
        return lambda page, values: test(value(page, values))

    def _test(self, kind: str, condition: Any, path: str, prop: Property | None) -> conditions.Test:
        return conditions.compile_test(kind, condition, path, prop=prop, now=self.workspace.clock.now())


def comparable(workspace: Workspace, prop: Property) -> Callable[[Page, Json], Any]:
    """The value of a property in the form in which filters compare it."""
    key = prop.id
    if prop.type in TIMESTAMPS:
        return lambda page, values: page.created if prop.type == "created_time" else page.edited
    if prop.type in ("created_by", "last_edited_by"):
        return lambda page, values: [page.created_by if prop.type == "created_by" else page.edited_by]
    if prop.type == "unique_id":
        return lambda page, values: page.number
    if prop.type in ("title", "rich_text"):
        return lambda page, values: plain_text(values.get(key) or [])
    if prop.type == "date":
        return lambda page, values: dates.read(values[key]["start"]) if values.get(key) else None
    if prop.type == "multi_select":
        names = {option.id: option.name for option in prop.options}
        return lambda page, values: [names[one] for one in values.get(key) or ()]
    if prop.type in ("select", "status"):
        names = {option.id: option.name for option in prop.options}
        return lambda page, values: names.get(values.get(key, ""))
    return lambda page, values: values.get(key)


def sorted_pages(workspace: Workspace, source: DataSource, pages: list[Page], sorts: Any) -> list[Page]:
    """In the order asked for, empty values last; without one, in none that a reader could rely on."""
    pages = sorted(pages, key=lambda page: page.id)
    for at, one in reversed(list(enumerate(checks.array(sorts, "body.sorts")))):
        pages = _sorted_by(workspace, source, pages, one, f"body.sorts[{at}]")
    return pages


def _sorted_by(workspace: Workspace, source: DataSource, pages: list[Page], sort: Any, path: str) -> list[Page]:
    given = checks.mapping(sort, path)
    checks.only(given, path, ("property", "timestamp", "direction"))
    if "direction" not in given:
        raise misshapen(f"{path}.direction", "defined")
    downwards = checks.one_of(given["direction"], f"{path}.direction", ("ascending", "descending")) == "descending"
    if "timestamp" in given:
        name = checks.one_of(given["timestamp"], f"{path}.timestamp", TIMESTAMPS)
        stamp: Callable[[Page], dt.datetime] = (
            (lambda page: page.created) if name == "created_time" else (lambda page: page.edited)
        )
        return sorted(pages, key=stamp, reverse=downwards)
    prop = source.find(checks.string(given.get("property"), f"{path}.property"))
    if prop is None:
        raise invalid(f"Could not find sort property with name or id: {given['property']}")
    key = _sort_key(workspace, prop)
    keyed = [(key(page), page) for page in pages]
    filled = sorted([one for one in keyed if one[0] is not None], key=lambda one: one[0], reverse=downwards)
    return [page for _, page in filled] + [page for found, page in keyed if found is None]


def _sort_key(workspace: Workspace, prop: Property) -> Callable[[Page], Any]:
    """Options sort in the order of the schema, lists by their first member, texts without regard to case."""
    value = comparable(workspace, prop)
    order = {option.name: at for at, option in enumerate(prop.options)}

    def key(page: Page) -> Any:
        found = value(page, page.values)
        if isinstance(found, list):
            found = found[0] if found else None
        if found is None or found == "":
            return None
        if prop.options:
            return order.get(found)
        if isinstance(found, str):
            return found.casefold()
        if isinstance(found, dt.datetime):
            return found.astimezone(dt.UTC)
        if isinstance(found, dt.date):
            return dt.datetime(found.year, found.month, found.day, tzinfo=dt.UTC)
        return found

    return key
