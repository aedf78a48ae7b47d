"""Property values as a request brings them: checked against the schema, and turned into what is kept.

Kept are: rich text items, numbers, strings and booleans as they are, the ids of options, users and pages.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from notion_bridge.sandbox import checks, dates, richtext
from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.model import COMPUTED, TYPES, DataSource, Option, Property
from notion_bridge.sandbox.refusals import MISSING, invalid, misshapen, unknown_property
from notion_bridge.sandbox.workspace import Workspace

LONGEST_OPTION = 100
LONGEST_ADDRESS = 100  # emails and phone numbers: the schema's figure, the stricter of the two documented ones
LONGEST_URL = 2000


@dataclass
class Draft:
    """What a request would write, complete before anything changes."""

    values: Json = field(default_factory=dict)  # by property id
    options: dict[str, list[Option]] = field(default_factory=dict)  # to create, by property id


@dataclass(frozen=True)
class Context:
    workspace: Workspace
    draft: Draft


def parse_all(workspace: Workspace, source: DataSource, properties: Any, path: str) -> Draft:
    """Everything under `properties`, by name or id."""
    context = Context(workspace, Draft())
    for name, value in checks.mapping(properties, path, optional=True).items():
        prop = source.find(name)
        if prop is None:
            raise unknown_property(name)
        context.draft.values[prop.id] = parse(context, prop, value, f"{path}.{name}")
    return context.draft


def parse_title_only(workspace: Workspace, properties: Any, path: str) -> Draft:
    """The properties of a page that is no row: it has a title and nothing else."""
    context = Context(workspace, Draft())
    title = Property("title", "title", "title")
    for name, value in checks.mapping(properties, path, optional=True).items():
        if name != "title":
            raise unknown_property(name)
        wrapped = {"title": value} if isinstance(value, list) else value
        context.draft.values["title"] = parse(context, title, wrapped, f"{path}.title")
    return context.draft


def parse(context: Context, prop: Property, value: Any, path: str) -> Any:
    """One property value object."""
    given = checks.mapping(value, path)
    if prop.type in COMPUTED:
        raise invalid(f"{prop.name} is a computed property; its value can not be set.")
    if prop.type not in given:
        if any(kind in given for kind in TYPES):
            raise invalid(f"{prop.name} is expected to be {prop.type}.")
        raise misshapen(f"{path}.{prop.type}", "defined")
    checks.only(given, path, (prop.type, "type"))
    if given.get("type", prop.type) != prop.type:
        raise misshapen(f"{path}.type", f'`"{prop.type}"`', given["type"])
    return PARSERS[prop.type](context, prop, given[prop.type], f"{path}.{prop.type}")


def _rich_text(context: Context, prop: Property, value: Any, path: str) -> list[Json]:
    return richtext.parse(value, path, {user.id: user.name for user in context.workspace.users.values()})


def _number(context: Context, prop: Property, value: Any, path: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise misshapen(path, "a number or `null`", value)
    return value


def _checkbox(context: Context, prop: Property, value: Any, path: str) -> bool:
    return checks.flag(value, path, optional=False)


def _address(context: Context, prop: Property, value: Any, path: str) -> str | None:
    return None if value is None else checks.string(value, path, longest=LONGEST_ADDRESS)


def _url(context: Context, prop: Property, value: Any, path: str) -> str | None:
    return None if value is None else checks.string(value, path, longest=LONGEST_URL)


def _date(context: Context, prop: Property, value: Any, path: str) -> Json | None:
    return dates.parse(value, path)


def _select(context: Context, prop: Property, value: Any, path: str) -> str | None:
    return None if value is None else _option(context, prop, value, path)


def _multi_select(context: Context, prop: Property, value: Any, path: str) -> list[str]:
    found = [_option(context, prop, one, f"{path}[{at}]") for at, one in enumerate(checks.array(value, path))]
    return list(dict.fromkeys(found))


def _option(context: Context, prop: Property, value: Any, path: str) -> str:
    """The id of the option meant; one with a new name comes into being, except in a status property."""
    given = checks.mapping(value, path)
    checks.only(given, path, ("id", "name", "color", "description"))
    pending = context.draft.options.get(prop.id, [])
    if given.get("id") is not None:
        known = next((one for one in [*prop.options, *pending] if one.id == given["id"]), None)
        if known is None:
            raise invalid(f'{prop.type.capitalize()} option with ID "{given["id"]}" does not exist.')
        return known.id
    if "name" not in given:
        raise misshapen(f"{path}.name", "defined")
    name = option_name(given["name"], prop.type, f"{path}.name")
    known = next((one for one in [*prop.options, *pending] if one.name == name), None)
    if known is not None:
        return known.id
    if prop.type == "status":
        raise invalid(f'Invalid status option. Status option "{name}" does not exist.')
    made = Option(context.workspace.new_id(), name, given.get("color") or "default")
    context.draft.options.setdefault(prop.id, []).append(made)
    return made.id


def option_name(value: Any, kind: str, path: str) -> str:
    name = checks.string(value, path, longest=LONGEST_OPTION)
    if "," in name:
        raise invalid(f"Invalid {kind} option, commas not allowed: {name}")
    return name


def _people(context: Context, prop: Property, value: Any, path: str) -> list[str]:
    found = []
    for at, one in enumerate(checks.array(value, path)):
        person = checks.mapping(one, f"{path}[{at}]")
        checks.only(person, f"{path}[{at}]", ("id", "object"))
        user_id = checks.identifier(person.get("id", MISSING), f"{path}[{at}].id")
        if user_id not in context.workspace.users:
            raise invalid(f"Could not find user with ID: {user_id}.")
        found.append(user_id)
    return list(dict.fromkeys(found))


def _relation(context: Context, prop: Property, value: Any, path: str) -> list[str]:
    found = []
    for at, one in enumerate(checks.array(value, path)):
        checks.only(checks.mapping(one, f"{path}[{at}]"), f"{path}[{at}]", ("id",))
        page = context.workspace.page(checks.identifier(one.get("id", MISSING), f"{path}[{at}].id"))
        if page.source_id != prop.settings.get("data_source_id", page.source_id):
            raise invalid(f"{prop.name} relates to another data source than that of page {page.id}.")
        found.append(page.id)
    return list(dict.fromkeys(found))


def _files(context: Context, prop: Property, value: Any, path: str) -> list[Json]:
    found = []
    for at, one in enumerate(checks.array(value, path)):
        given = checks.mapping(one, f"{path}[{at}]")
        checks.only(given, f"{path}[{at}]", ("type", "name", "external"))
        external = checks.mapping(given.get("external", MISSING), f"{path}[{at}].external")
        url = checks.string(external.get("url"), f"{path}[{at}].external.url", longest=LONGEST_URL)
        name = checks.string(given.get("name"), f"{path}[{at}].name", longest=LONGEST_OPTION)
        found.append({"name": name, "type": "external", "external": {"url": url}})
    return found


PARSERS: dict[str, Callable[[Context, Property, Any, str], Any]] = {
    "title": _rich_text,
    "rich_text": _rich_text,
    "number": _number,
    "select": _select,
    "multi_select": _multi_select,
    "status": _select,
    "date": _date,
    "people": _people,
    "files": _files,
    "checkbox": _checkbox,
    "url": _url,
    "email": _address,
    "phone_number": _address,
    "relation": _relation,
}
