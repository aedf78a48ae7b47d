"""Schemas: what a request may define, and what a change does to the values that are there."""

from __future__ import annotations

import re
from typing import Any

from notion_bridge.sandbox import checks, dates, editing
from notion_bridge.sandbox.checks import Json, invalid, misshapen
from notion_bridge.sandbox.model import COLORS, COMPUTED, TYPES, WITH_OPTIONS, DataSource, Option, Property
from notion_bridge.sandbox.richtext import plain_item, plain_text
from notion_bridge.sandbox.values import LONGEST_OPTION, option_name
from notion_bridge.sandbox.workspace import Workspace

NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
SETTINGS = {
    "number": {"format"},
    "relation": {"data_source_id", "single_property", "dual_property", "type"},
    "formula": {"expression"},
    "rollup": {"function", "relation_property_name", "rollup_property_name"},
    "unique_id": {"prefix"},
}
STATUSES = ("Not started", "In progress", "Done")


def parse_new(workspace: Workspace, properties: Any, path: str) -> list[Property]:
    """The columns of a new data source: exactly one of them is the title."""
    found = [
        _define(workspace, name, value, f"{path}.{name}") for name, value in checks.mapping(properties, path).items()
    ]
    if sum(prop.type == "title" for prop in found) != 1:
        raise invalid(
            "Title is not provided"
            if not any(p.type == "title" for p in found)
            else "Only one title property is allowed"
        )
    if len({prop.id for prop in found}) < len(found):
        raise invalid("Property ids collide; try again.")
    return found


def _define(workspace: Workspace, name: str, value: Any, path: str) -> Property:
    given = checks.mapping(value, path)
    kind = _kind(given, path)
    checks.only(given, path, (kind, "type", "name", "description"))
    checks.string(name, path)
    if kind == "status":
        raise invalid("Status properties can not be created with the API.")
    prop = Property("title" if kind == "title" else workspace.new_property_id(), given.get("name", name), kind)
    _configure(workspace, prop, given[kind], f"{path}.{kind}")
    return prop


def _kind(given: Json, path: str) -> str:
    kinds = [key for key in given if key in TYPES]
    if len(kinds) != 1:
        raise misshapen(path, "an object with the configuration of exactly one type", given)
    if given.get("type", kinds[0]) != kinds[0]:
        raise misshapen(f"{path}.type", f'`"{kinds[0]}"`', given["type"])
    return kinds[0]


def _configure(workspace: Workspace, prop: Property, value: Any, path: str) -> None:
    given = checks.mapping(value, path)
    if prop.type in WITH_OPTIONS:
        checks.only(given, path, ("options",))
        if "options" in given:
            prop.options = _options(workspace, prop, given["options"], f"{path}.options")
        return
    checks.only(given, path, SETTINGS.get(prop.type, ()))
    if prop.type == "relation":
        source_id = checks.identifier(given.get("data_source_id"), f"{path}.data_source_id")
        given = given | {"data_source_id": workspace.source(source_id).id}
    prop.settings = {"format": "number"} | given if prop.type == "number" else dict(given)


def _options(workspace: Workspace, prop: Property, value: Any, path: str) -> list[Option]:
    found: list[Option] = []
    for at, one in enumerate(checks.array(value, path)):
        given = checks.mapping(one, f"{path}[{at}]")
        checks.only(given, f"{path}[{at}]", ("name", "color", "description"))
        color = given.get("color")
        if color is not None:
            checks.one_of(color, f"{path}[{at}].color", COLORS)
        name = option_name(given.get("name"), prop.type, f"{path}[{at}].name")
        color = color or COLORS[len(name) % len(COLORS)]
        found.append(Option(workspace.new_id(), name, color, given.get("description")))
    if len({one.name for one in found}) < len(found):
        raise invalid(f"{prop.name}: select options must have unique names.")
    return found


def add(workspace: Workspace, source: DataSource, properties: Any, path: str, *, by: str) -> None:
    """Add columns, all or none; a bridge leaves those that are there alone."""
    given = checks.mapping(properties, path, optional=True)
    made = [_define(workspace, name, value, f"{path}.{name}") for name, value in given.items()]
    for new in made:
        if new.type == "title":
            raise invalid("Cannot create a second title property.")
        if source.find(new.name):
            raise invalid(f'A property named "{new.name}" already exists.')
    for new in made:
        apply(workspace, source, None, new, by=by)


def apply(workspace: Workspace, source: DataSource, old: Property | None, new: Property | None, *, by: str) -> None:
    """Put one column in the place of another and carry the values over."""
    if new is None:
        if old is not None:
            _remove(workspace, source, old, by)
        return
    if old is None:
        source.properties[new.id] = new
    else:
        _convert(workspace, source, old, new)
        source.properties[old.id] = new
    editing.changed_schema(workspace, source, new, "updated" if old else "created", by)


def _remove(workspace: Workspace, source: DataSource, prop: Property, by: str) -> None:
    del source.properties[prop.id]
    for page in workspace.rows[source.id].values():
        page.values.pop(prop.id, None)
    editing.changed_schema(workspace, source, prop, "deleted", by)


def _convert(workspace: Workspace, source: DataSource, old: Property, new: Property) -> None:
    """As far as the text of a value makes sense in the new type; the rest is empty."""
    for page in workspace.rows[source.id].values():
        value = page.values.pop(old.id, None)
        text = "" if old.type in COMPUTED else as_text(workspace, old, value)
        if text and new.type not in COMPUTED:
            page.values[new.id] = from_text(workspace, new, text)


def as_text(workspace: Workspace, prop: Property, value: Any) -> str:
    """A kept value as a person reads it."""
    if value is None or value == []:
        return ""
    if prop.type in ("title", "rich_text"):
        return plain_text(value)
    if prop.type in WITH_OPTIONS:
        ids = value if isinstance(value, list) else [value]
        return ", ".join(found.name for one in ids if (found := prop.option(one)))
    if prop.type == "people":
        return ", ".join(workspace.users[one].name for one in value)
    if prop.type == "date":
        return " → ".join(part for part in (value["start"], value["end"]) if part)
    if prop.type in ("relation", "files"):
        return ", ".join(one if isinstance(one, str) else one["name"] for one in value)
    if prop.type == "checkbox":
        return "Yes" if value else "No"
    return str(value)


def from_text(workspace: Workspace, prop: Property, text: str) -> Any:
    """What Notion makes of a text in a column of this type; options come into being."""
    if prop.type in ("title", "rich_text"):
        return [plain_item(text)]
    if prop.type == "multi_select":
        return [_grown(workspace, prop, part.strip()) for part in text.split(",") if part.strip()]
    if prop.type in ("select", "status"):
        return _grown(workspace, prop, text.replace(",", " "))
    if prop.type in ("email", "phone_number", "url"):
        return text
    if prop.type == "number":
        return float(text) if NUMBER.match(text) else None
    if prop.type == "date":
        when = dates.read(text.split(" → ", maxsplit=1)[0])
        return None if when is None else {"start": dates.spell(when), "end": None, "time_zone": None}
    return text == "Yes" if prop.type == "checkbox" else prop.empty()


def _grown(workspace: Workspace, prop: Property, name: str) -> str:
    name = name[:LONGEST_OPTION]
    known = prop.named(name)
    if known is None:
        known = Option(workspace.new_id(), name)
        prop.options.append(known)
    return known.id
