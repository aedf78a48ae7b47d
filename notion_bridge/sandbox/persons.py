"""What colleagues do in Notion's own app: no API, no limits of its requests, plain Python values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from notion_bridge.sandbox import checks, dates, editing, schema
from notion_bridge.sandbox.model import TEXT_LISTS, WITH_OPTIONS, DataSource, Option, Page, Property
from notion_bridge.sandbox.richtext import plain_item
from notion_bridge.sandbox.values import Draft
from notion_bridge.sandbox.workspace import Workspace

Values = Mapping[str, Any]  # by the name of the property, or its id


class Persons:
    """The colleagues' side of a sandbox. `by` is the id of whoever does it; a colleague unless told otherwise."""

    workspace: Workspace

    # Pages

    def person_creates(self, data_source_id: str, properties: Values, *, by: str = "", page_id: str = "") -> str:
        """A new row; says its id."""
        with self.workspace.lock:
            source = self._source(data_source_id)
            draft = self._draft(source, properties)
            return editing.create_row(self.workspace, source, draft, by=self._who(by), page_id=page_id).id

    def person_edits(self, page_id: str, properties: Values, *, by: str = "") -> None:
        with self.workspace.lock:
            page = self._page(page_id)
            draft = self._draft(self._source(page.source_id), properties)
            editing.edit(self.workspace, page, draft, by=self._who(by))

    def person_writes_content(self, page_id: str, *, by: str = "") -> None:
        """Somebody writes into the page, below its properties."""
        with self.workspace.lock:
            editing.write_content(self.workspace, self._page(page_id), by=self._who(by))

    def person_trashes(self, page_id: str, *, by: str = "") -> None:
        with self.workspace.lock:
            editing.set_trashed(self.workspace, self._page(page_id), True, by=self._who(by))

    def person_restores(self, page_id: str, *, by: str = "") -> None:
        with self.workspace.lock:
            editing.set_trashed(self.workspace, self._page(page_id), False, by=self._who(by))

    def person_moves(self, page_id: str, target_id: str, *, by: str = "") -> None:
        """To another data source, or below a page."""
        with self.workspace.lock:
            target = self.workspace.sources.get(_dashed(target_id)) or self._page(target_id)
            editing.move(self.workspace, self._page(page_id), target, by=self._who(by))

    def person_duplicates(self, page_id: str, *, by: str = "") -> str:
        """A copy with all its values, ids of others among them."""
        with self.workspace.lock:
            page = self._page(page_id)
            draft = Draft(self.workspace, dict(page.values))
            return editing.create_row(self.workspace, self._source(page.source_id), draft, by=self._who(by)).id

    def unshare(self, object_id: str) -> None:
        """Take the object, and all in it, away from the integration."""
        with self.workspace.lock:
            self.workspace.unshared.add(_dashed(object_id))

    def share(self, object_id: str) -> None:
        with self.workspace.lock:
            self.workspace.unshared.discard(_dashed(object_id))

    def deletes_forever(self, page_id: str) -> None:
        """Out of the trash too: as if it had never been."""
        with self.workspace.lock:
            page = self._page(page_id)
            del self.workspace.pages[page.id]
            self.workspace.rows.get(page.source_id, {}).pop(page.id, None)
            self.workspace.changed()

    # Schemas

    def add_property(self, data_source_id: str, name: str, kind: str, options: Sequence[str] = ()) -> str:
        """A new column; says its id."""
        with self.workspace.lock:
            source = self._source(data_source_id)
            prop = make_property(self.workspace, (name, kind, tuple(options)))
            schema.apply(self.workspace, source, None, prop, by=self._who(""))
            return prop.id

    def rename_property(self, data_source_id: str, name_or_id: str, name: str) -> None:
        with self.workspace.lock:
            source, prop = self._property(data_source_id, name_or_id)
            prop.name = name
            editing.changed_schema(self.workspace, source, prop, "updated", self._who(""))

    def remove_property(self, data_source_id: str, name_or_id: str) -> None:
        with self.workspace.lock:
            source, prop = self._property(data_source_id, name_or_id)
            schema.apply(self.workspace, source, prop, None, by=self._who(""))

    def change_type(self, data_source_id: str, name_or_id: str, kind: str, options: Sequence[str] = ()) -> None:
        """The values go along as far as their text makes sense in the new type."""
        with self.workspace.lock:
            source, old = self._property(data_source_id, name_or_id)
            if old.type == kind:
                return
            new = make_property(self.workspace, (old.name, kind, tuple(options)))
            new.id = old.id
            schema.apply(self.workspace, source, old, new, by=self._who(""))

    def add_option(self, data_source_id: str, name_or_id: str, option: str) -> None:
        with self.workspace.lock:
            source, prop = self._property(data_source_id, name_or_id)
            prop.options.append(Option(self.workspace.new_id(), option))
            editing.changed_schema(self.workspace, source, prop, "updated", self._who(""))

    # Finding and converting

    def _source(self, source_id: str) -> DataSource:
        return self.workspace.sources[_dashed(source_id)]

    def _page(self, page_id: str) -> Page:
        return self.workspace.pages[_dashed(page_id)]

    def _property(self, source_id: str, name_or_id: str) -> tuple[DataSource, Property]:
        source = self._source(source_id)
        prop = source.find(name_or_id)
        if prop is None:
            raise KeyError(name_or_id)
        return source, prop

    def _who(self, by: str) -> str:
        return by or self.workspace.people[0].id

    def _draft(self, source: DataSource, properties: Values) -> Draft:
        draft = Draft(self.workspace)
        for name, value in properties.items():
            prop = source.find(name)
            if prop is None:
                raise KeyError(name)
            draft.values[prop.id] = convert(draft, prop, value)
        return draft


def make_property(workspace: Workspace, column: tuple[Any, ...]) -> Property:
    """A column from (name, type) or (name, type, options)."""
    name, kind, *rest = column
    prop = Property("title" if kind == "title" else workspace.new_property_id(), name, kind)
    names = rest[0] if rest and rest[0] else (schema.STATUSES if kind == "status" else ())
    prop.options = [Option(workspace.new_id(), one) for one in names] if kind in WITH_OPTIONS else []
    prop.settings = {"format": "number"} if kind == "number" else {}
    return prop


def convert(draft: Draft, prop: Property, value: Any) -> Any:
    """What is kept for a plain value: strings, numbers, booleans, dates, lists of strings, None for nothing."""
    if value is None or value == "":
        return prop.empty()
    converter = CONVERTERS.get(prop.type)
    return value if converter is None else converter(draft, prop, value)


def _text(draft: Draft, prop: Property, value: Any) -> Any:
    """A string of any length is one piece; a list has a piece each: a string, a (text, link) pair, or an item."""
    pieces = [value] if isinstance(value, str) else list(value)
    return [
        plain_item(piece) if isinstance(piece, str) else plain_item(*piece) if isinstance(piece, tuple) else piece
        for piece in pieces
    ]


def _choice(draft: Draft, prop: Property, value: Any) -> Any:
    if known := draft.known(prop, name=value):
        return known.id
    if prop.type == "status" or "," in value:
        raise ValueError(f"{prop.name} has no option {value!r}, and nobody can make one so.")
    return draft.create(prop, value)


def _choices(draft: Draft, prop: Property, value: Any) -> Any:
    names = [value] if isinstance(value, str) else value
    return list(dict.fromkeys(_choice(draft, prop, one) for one in names))


def _date(draft: Draft, prop: Property, value: Any) -> Any:
    """A date, an aware datetime, an ISO string, a pair of these, or the value object itself."""
    if isinstance(value, dict):
        return {"end": None, "time_zone": None} | value
    start, end = value if isinstance(value, tuple) else (value, None)
    return {"start": _spelled(start), "end": None if end is None else _spelled(end), "time_zone": None}


def _spelled(value: Any) -> str:
    when = dates.read(value) if isinstance(value, str) else value
    if not isinstance(when, dt.date) or (isinstance(when, dt.datetime) and when.tzinfo is None):
        raise ValueError(f"{value!r} is neither a date nor a moment with an offset.")
    return dates.spell(when)


def _people(draft: Draft, prop: Property, value: Any) -> Any:
    """By id, name or address."""
    wanted = [value] if isinstance(value, str) else value
    known = {key: user.id for user in draft.workspace.users.values() for key in (user.id, user.name, user.email)}
    return [known[one] for one in wanted]


def _relation(draft: Draft, prop: Property, value: Any) -> Any:
    return [_dashed(one) for one in ([value] if isinstance(value, str) else value)]


def _dashed(object_id: str) -> str:
    return checks.as_id(object_id) or object_id


CONVERTERS: dict[str, Callable[[Draft, Property, Any], Any]] = {
    **dict.fromkeys(TEXT_LISTS, _text),
    "select": _choice,
    "status": _choice,
    "multi_select": _choices,
    "date": _date,
    "people": _people,
    "relation": _relation,
}
