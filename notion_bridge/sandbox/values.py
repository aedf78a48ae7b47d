"""Property values as a request brings them: checked against the schema, and turned into what is kept.

Kept are: rich text items, numbers, strings and booleans as they are, the ids of options, users and pages.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from notion_bridge.sandbox import checks, dates, richtext
from notion_bridge.sandbox.checks import MISSING, Json, invalid, misshapen, unknown_property
from notion_bridge.sandbox.model import TEXT_LISTS, TYPES, DataSource, Option, Property
from notion_bridge.sandbox.workspace import Workspace

LONGEST_OPTION = 100
# Of emails and phone numbers the schema's figure, the stricter of the two documented ones.
LONGEST = {"email": 100, "phone_number": 100, "url": 2000}


@dataclass
class Draft:
    """What a request would write, complete before anything changes."""

    workspace: Workspace
    values: Json = field(default_factory=dict)  # by property id
    options: dict[str, list[Option]] = field(default_factory=dict)  # to create, by property id

    def known(self, prop: Property, **wanted: str) -> Option | None:
        (key, value), *_ = wanted.items()
        pending = self.options.get(prop.id, [])
        return next((one for one in (*prop.options, *pending) if getattr(one, key) == value), None)

    def create(self, prop: Property, name: str, color: str = "default") -> str:
        made = Option(self.workspace.new_id(), name, color)
        self.options.setdefault(prop.id, []).append(made)
        return made.id


def parse_all(workspace: Workspace, source: DataSource | None, properties: Any, path: str) -> Draft:
    """Everything under `properties`, by name or id; a page that is no row has none to write."""
    draft = Draft(workspace)
    for name, value in checks.mapping(properties, path, optional=True).items():
        prop = source.find(name) if source else None
        if prop is None:
            raise unknown_property(name)
        draft.values[prop.id] = parse(draft, prop, value, f"{path}.{name}")
    return draft


def parse(draft: Draft, prop: Property, value: Any, path: str) -> Any:
    """One property value object."""
    given = checks.mapping(value, path)
    if prop.type not in PARSERS:
        raise invalid(f"{prop.name} is a computed property, or of a type that a bridge does not write.")
    if prop.type not in given:
        if any(kind in given for kind in TYPES):
            raise invalid(f"{prop.name} is expected to be {prop.type}.")
        raise misshapen(f"{path}.{prop.type}", "defined")
    checks.only(given, path, (prop.type, "type"))
    checks.one_of(given.get("type", prop.type), f"{path}.type", (prop.type,))
    return PARSERS[prop.type](draft, prop, given[prop.type], f"{path}.{prop.type}")


def _number(draft: Draft, prop: Property, value: Any, path: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise misshapen(path, "a number or `null`", value)
    return value


def _address(draft: Draft, prop: Property, value: Any, path: str) -> str | None:
    return None if value is None else checks.string(value, path, longest=LONGEST[prop.type])


def _select(draft: Draft, prop: Property, value: Any, path: str) -> str | None:
    return None if value is None else _option(draft, prop, value, path)


def _multi_select(draft: Draft, prop: Property, value: Any, path: str) -> list[str]:
    found = [_option(draft, prop, one, f"{path}[{at}]") for at, one in enumerate(checks.array(value, path))]
    return list(dict.fromkeys(found))


def _option(draft: Draft, prop: Property, value: Any, path: str) -> str:
    """The id of the option meant; one with a new name comes into being, except in a status property."""
    given = checks.mapping(value, path)
    checks.only(given, path, ("id", "name", "color", "description"))
    if given.get("id") is not None:
        known = draft.known(prop, id=given["id"])
        if known is None:
            raise invalid(f'{prop.type.capitalize()} option with ID "{given["id"]}" does not exist.')
        return known.id
    if "name" not in given:
        raise misshapen(f"{path}.name", "defined")
    name = option_name(given["name"], prop.type, f"{path}.name")
    known = draft.known(prop, name=name)
    if known is None and prop.type == "status":
        raise invalid(f'Invalid status option. Status option "{name}" does not exist.')
    return known.id if known else draft.create(prop, name, given.get("color") or "default")


def option_name(value: Any, kind: str, path: str) -> str:
    name = checks.string(value, path, longest=LONGEST_OPTION)
    if "," in name:
        raise invalid(f"Invalid {kind} option, commas not allowed: {name}")
    return name


def _people(draft: Draft, prop: Property, value: Any, path: str) -> list[str]:
    found = []
    for at, one in enumerate(checks.array(value, path)):
        person = checks.mapping(one, f"{path}[{at}]")
        checks.only(person, f"{path}[{at}]", ("id", "object"))
        user_id = checks.identifier(person.get("id", MISSING), f"{path}[{at}].id")
        if user_id not in draft.workspace.users:
            raise invalid(f"Could not find user with ID: {user_id}.")
        found.append(user_id)
    return list(dict.fromkeys(found))


PARSERS: dict[str, Callable[[Draft, Property, Any, str], Any]] = {
    **dict.fromkeys(TEXT_LISTS, lambda draft, prop, value, path: richtext.parse(value, path)),
    **dict.fromkeys(("select", "status"), _select),
    **dict.fromkeys(LONGEST, _address),
    "number": _number,
    "multi_select": _multi_select,
    "date": lambda draft, prop, value, path: dates.parse(value, path),
    "people": _people,
    "checkbox": lambda draft, prop, value, path: checks.flag(value, path, optional=False),
}
