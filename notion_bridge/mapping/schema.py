"""What a data source looks like, which of its properties hold our fields, and what changed about them."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NotRequired, TypedDict

from notion_bridge.mapping import names, rich_text
from notion_bridge.mapping.fields import FIELDS, Field, Shape, field_of, folded
from notion_bridge.mapping.reading import unquoted
from notion_bridge.mapping.writing import MAX_OPTION, MAX_OPTIONS

_WITH_OPTIONS: Final = ("select", "multi_select", "status")


class Seen(TypedDict):
    """One property of a data source, as it is kept."""

    name: str
    type: str
    options: list[str]
    ids: NotRequired[dict[str, str]]  # option id -> its name
    renamed: NotRequired[dict[str, str]]  # option id -> what it was called when both sides knew it


Schema = Mapping[str, Seen]  # by property id, unquoted
Chosen = Mapping[str, str]  # field name -> property id; "" or no key: the field is not synchronised


class ChangeKind(enum.StrEnum):
    """What can happen to a property in Notion while its field goes on."""

    RENAMED = "renamed"  # properties are known by id
    ADDED = "added"
    OPTION_ADDED = "option_added"
    OPTION_REMOVED = "option_removed"
    OPTION_RENAMED = "option_renamed"  # options have ids, too


@dataclass(frozen=True)
class SchemaChange:
    """One change; `field` is "" for a new property that suits none."""

    kind: ChangeKind
    field: str
    property_id: str
    old: str = ""
    new: str = ""


def seen(data_source: Mapping[str, Any]) -> dict[str, Seen]:
    """The properties of a data source by id. What is not a property with an id and a type is passed over."""
    properties = data_source.get("properties")
    found = properties.items() if isinstance(properties, Mapping) else ()
    return dict(pair for name, given in found if (pair := _seen_one(str(name), given)))


def _seen_one(key: str, given: object) -> tuple[str, Seen] | None:
    if not isinstance(given, Mapping):
        return None
    property_id, kind, name = given.get("id"), given.get("type"), given.get("name", key)
    if not isinstance(property_id, str) or not property_id or not isinstance(kind, str):
        return None
    shown = rich_text.clean(name if isinstance(name, str) else key)
    return unquoted(property_id), {"name": shown, "type": rich_text.clean(kind), "options": _options(given.get(kind))}


def _options(configuration: object) -> list[str]:
    given = configuration.get("options") if isinstance(configuration, Mapping) else None
    listed = given if isinstance(given, list) else []
    named = (option.get("name") for option in listed if isinstance(option, Mapping))
    return [rich_text.clean(name) for name in named if isinstance(name, str)]


def option_ids(given: Mapping[str, Any]) -> dict[str, str]:
    """The names of a property's options by their ids."""
    configuration = given.get(str(given.get("type")))
    listed = configuration.get("options") if isinstance(configuration, Mapping) else None
    named = [one for one in listed or () if isinstance(one, Mapping) and one.get("id")]
    return {str(one["id"]): rich_text.clean(str(one.get("name", ""))) for one in named}


def renamed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """By id, what options of a property were called before somebody renamed them, until they are called so again."""
    known = before.get("ids", {}) | before.get("renamed", {})
    taken = {folded(name) for name in after["ids"].values()}
    return {one: known[one] for one in after["ids"] if one in known and folded(known[one]) not in taken}


# Guessing


def guess(kind: str, schema: Schema) -> dict[str, str]:
    """Which property probably holds which field: by its name, by what else people call it, by its type alone."""
    guessed: dict[str, str] = {}
    for rank in (_called_exactly, _called, _also_called, _only_one_of_its_type):
        for field in FIELDS[kind]:
            free = {one: known for one, known in schema.items() if one not in guessed.values()}
            if field.name not in guessed and (found := rank(kind, field, free)):
                guessed[field.name] = found
    for field in FIELDS[kind]:  # what no property can hold may still be read from one that is called so
        free = {one: known for one, known in schema.items() if one not in guessed.values()}
        alike = [one for one, known in free.items() if known["type"] in field.reads and _is_called(kind, field, known)]
        if field.name not in guessed and alike:
            guessed[field.name] = min(alike)
    return guessed


def _is_called(kind: str, field: Field, known: Seen) -> bool:
    return names.bare(known["name"]) in (names.bare(field.label), *names.SYNONYMS[kind][field.name])


def _called_exactly(kind: str, field: Field, free: Schema) -> str:
    return next((one for one, known in _candidates(field, free) if known["name"] == field.label), "")


def _called(kind: str, field: Field, free: Schema) -> str:
    wanted = names.bare(field.label)
    return next((one for one, known in _candidates(field, free) if names.bare(known["name"]) == wanted), "")


def _also_called(kind: str, field: Field, free: Schema) -> str:
    words = names.SYNONYMS[kind][field.name]
    bared = ((one, names.bare(known["name"])) for one, known in _candidates(field, free))
    found = [(words.index(bare), one) for one, bare in bared if bare in words]
    return min(found, key=lambda pair: pair[0])[1] if found else ""


def _only_one_of_its_type(kind: str, field: Field, free: Schema) -> str:
    """Every database has one title; a lone email or phone property speaks for itself."""
    if not field.is_title and field.shape not in (Shape.EMAIL, Shape.PHONE):
        return ""
    alike = [one for one, known in free.items() if known["type"] == field.default_type]
    return alike[0] if len(alike) == 1 else ""


def _candidates(field: Field, free: Schema) -> list[tuple[str, Seen]]:
    """Those of a type the field can live in, the best type first; the same whatever order they came in."""
    fitting = [(one, known) for one, known in free.items() if known["type"] in field.accepts]
    return sorted(fitting, key=lambda pair: (field.accepts.index(pair[1]["type"]), pair[1]["name"], pair[0]))


# Creating


def missing(kind: str, chosen: Chosen, schema: Schema) -> tuple[Field, ...]:
    covered = {"last_name"} if has_full_name(schema, chosen) else set()
    return tuple(field for field in FIELDS[kind] if not chosen.get(field.name) and field.name not in covered)


def has_full_name(schema: Schema, chosen: Chosen) -> bool:
    """Whether the property of the first name has the whole name: it is called so, or there is none for the last."""
    known = schema.get(unquoted_key(schema, chosen.get("first_name") or ""))
    if known is None:
        return False
    called = names.bare(known["name"])
    return called in names.FULL_NAMES or not (chosen.get("last_name") or called in names.FIRST_NAMES)


def namesakes(kind: str, schema: Schema, chosen: Chosen) -> dict[str, Seen]:
    """By field, properties that are called like one that is missing and have a type that cannot hold it."""
    free = [known for one, known in schema.items() if one not in chosen.values()]
    return {
        field.name: known
        for field in missing(kind, chosen, schema)
        for known in free
        if names.bare(known["name"]) == names.bare(field.label) and not is_usable(field, known["type"])
    }


def definition(field: Field, *, options: Sequence[str] | None = None) -> dict[str, Any]:
    """The property to create for the field, with these options or those it has by default."""
    if field.default_type not in _WITH_OPTIONS:
        return {field.default_type: {}}
    wanted = field.options if options is None else options
    fitting = [name for name in dict.fromkeys(wanted) if "," not in name and rich_text.units(name) <= MAX_OPTION]
    return {field.default_type: {"options": [{"name": name} for name in fitting[:MAX_OPTIONS]]}}


def definitions(kind: str, *, options: Mapping[str, Sequence[str]] | None = None) -> dict[str, dict[str, Any]]:
    """The properties of a fresh database by name; `options` by field name."""
    given = options or {}
    return {field.label: definition(field, options=given.get(field.name)) for field in FIELDS[kind]}


def additions(
    kind: str, schema: Schema, chosen: Chosen, *, options: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[Field, dict[str, Any]]]:
    """The properties to add to an existing database, by a name that is free there. A title cannot be added, and
    nothing is added beside a property that is meant."""
    taken, given = {known["name"].casefold() for known in schema.values()}, options or {}
    meant = namesakes(kind, schema, chosen)
    return {
        _free_name(field.label, taken): (field, definition(field, options=given.get(field.name)))
        for field in missing(kind, chosen, schema)
        if not field.is_title and field.name not in meant
    }


def _free_name(label: str, taken: set[str]) -> str:
    name, number = label, 1
    while name.casefold() in taken:
        name = f"{label} (Contactflow)" if number == 1 else f"{label} (Contactflow {number})"
        number += 1
    return name


# Watching


def is_usable(field: Field, property_type: str) -> bool:
    return property_type in field.accepts or property_type in field.reads


def unquoted_key(schema: Schema, property_id: str) -> str:
    """The id as the schema has it, whichever of its two spellings is given."""
    return property_id if property_id in schema else unquoted(property_id)


def changes(kind: str, before: Schema, after: Schema, chosen: Chosen) -> list[SchemaChange]:
    """What happened to our properties between two looks, other than that they went, and which properties are new."""
    ours = {unquoted_key(before, one): field for field, one in chosen.items() if one}
    found = [change for one, name in ours.items() for change in _changes_of(field_of(kind, name), one, before, after)]
    return found + _added(kind, before, after, chosen)


def _changes_of(field: Field, property_id: str, before: Schema, after: Schema) -> Iterator[SchemaChange]:
    old, new = before.get(property_id), after.get(property_id)
    if old is None or new is None:
        return
    if old["name"] != new["name"]:
        yield SchemaChange(ChangeKind.RENAMED, field.name, property_id, old["name"], new["name"])
    if old["type"] == new["type"]:
        yield from _option_changes(field, property_id, old, new)


def _option_changes(field: Field, property_id: str, before: Seen, after: Seen) -> Iterator[SchemaChange]:
    ids, now = before.get("ids", {}), after.get("ids", {})
    renames = {name: now[one] for one, name in ids.items() if now.get(one, name) != name}
    for name, other in renames.items():
        yield SchemaChange(ChangeKind.OPTION_RENAMED, field.name, property_id, old=name, new=other)
    old = [name for name in before["options"] if name not in renames]
    new = [name for name in after["options"] if name not in renames.values()]
    for name in old:
        if name not in new:
            yield SchemaChange(ChangeKind.OPTION_REMOVED, field.name, property_id, old=name)
    for name in new:
        if name not in old:
            yield SchemaChange(ChangeKind.OPTION_ADDED, field.name, property_id, new=name)


def _added(kind: str, before: Schema, after: Schema, chosen: Chosen) -> list[SchemaChange]:
    """New properties, each with the field it might hold. At the first look nothing is new."""
    if not before:
        return []
    taken = set(chosen.values())
    fresh = {one: known for one, known in after.items() if one not in before and one not in taken}
    lacking = {field.name for field in missing(kind, chosen, after)}
    fitting = {one: name for name, one in guess(kind, fresh).items() if name in lacking}
    return [
        SchemaChange(ChangeKind.ADDED, fitting.get(one, ""), one, new=known["name"])
        for one, known in sorted(fresh.items())
    ]
