"""What the bridge counts and stores, in words for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from contactflow.core.numbers import counted
from notion_bridge import mapping
from notion_bridge.models import Kind, NotionDatabase, PageLink, PropertyMapping

# What a pass counts, in the order in which it is told.
DONE = {
    "pages": "pages read",
    "created": "taken over from Notion",
    "linked": "recognised",
    "changed": "changed here",
    "restored": "restored",
    "created_remote": "pages created in Notion",
    "written": "pages changed in Notion",
    "trashed_remote": "pages moved to Notion's trash",
    "restored_remote": "pages taken out of Notion's trash",
    "trashed": "trashed in Notion",
    "moved": "moved away in Notion",
    "unshared": "out of reach in Notion",
    "waiting": "not taken over",
    "duplicate": "second pages",
    "refused": "refused by Notion",
    "put_off": "put off",
    "failed": "failed because of an error in Contactflow",
    "events": "events followed",
    "workflows": "workflows started",
}
ERRORS = {
    "rate_limited": "too many requests: Notion asked us to wait",
    "service_overload": "Notion was overloaded",
    "unauthorized": "the key was not accepted",
    "no_key": "there was no key",
    "unusable_key": "the key has characters that no key has",
    "restricted_resource": "the integration lacked a right",
    "object_not_found": "a page or database was gone or not shared",
    "validation_error": "Notion did not accept a value",
    "conflict_error": "a page was changed at the same moment",
    "timeout": "Notion did not answer in time",
    "request_timeout": "Notion did not answer in time",
    "gateway_timeout": "Notion did not answer in time",
    "cut": "the connection was cut",
    "unreachable": "Notion could not be reached",
    "unreadable": "the answer could not be read",
    "internal_server_error": "Notion had a fault of its own",
    "bad_gateway": "Notion had a fault of its own",
    "service_unavailable": "Notion was unavailable",
    "database_connection_unavailable": "Notion was unavailable",
    "invalid_address": "NOTION_BASE_URL is no address",
}
TYPES = {
    "title": "title",
    "rich_text": "text",
    "multi_select": "multi-select",
    "phone_number": "phone",
    "people": "person",
    "created_time": "created time, set by Notion",
    "last_edited_time": "last edited time, set by Notion",
    "url": "URL",
    "unique_id": "ID",
}
NAMELESS = {Kind.CONTACTS: "A person", Kind.TASKS: "A task", Kind.INSTANCES: "A workflow"}
State = PageLink.State
STATES = {
    State.CREATING: "Its page is being created",
    State.LINKED: "In step",
    State.WAITING: "Not taken over yet",
    State.DUPLICATE: "Second page for the same object",
    State.TRASHED: "In Notion's trash; stays in Contactflow",
    State.RESTORING: "Coming back from Notion's trash",
    State.UNSHARED: "Out of reach in Notion; stays in Contactflow",
    State.MOVED: "Moved away in Notion; stays in Contactflow",
    State.DELETED: "Deleted in Contactflow; the page went to the trash",
}
MINUTE, HOUR, DAY = 60, 3600, 86_400


def done(counts: Mapping[str, Any]) -> str:
    """What a pass did, in one line."""
    return ", ".join(f"{counts[what]} {words}" for what, words in DONE.items() if counts.get(what)) or "nothing to do"


def error(code: str) -> str:
    """Why a request brought nothing."""
    return ERRORS.get(code, f"Notion answered “{code.replace('_', ' ')}”")


def errors(by_code: Mapping[str, int]) -> dict[str, int]:
    """The same for a count of them: codes that mean the same to people are one line."""
    told: dict[str, int] = {}
    for code, number in by_code.items():
        told[error(code)] = told.get(error(code), 0) + number
    return told


def type_of(property_type: str) -> str:
    """A type of property as Notion's own pages call it."""
    return TYPES.get(property_type, property_type.replace("_", " "))


def label(kind: str, name: str) -> str:
    try:
        return mapping.field_of(kind, name).label
    except KeyError:
        return name.replace("_", " ").capitalize()


def trouble_of(row: PropertyMapping, known: Mapping[str, Any] | None = None) -> str:
    """Why a field stands still, and what to do about it; `known` is its property as Notion has it now."""
    known = known or row.database.schema.get(row.property_id)
    if row.trouble == PropertyMapping.Trouble.VANISHED or known is None:
        what = f"the property “{row.property_name}” is gone from Notion."
    else:
        now, before = type_of(known["type"]), type_of(row.property_type)
        what = f"the property “{known['name']}” has the type {now} now, not {before}."
    return (
        f"{what} {label(row.database.kind, row.field)} is not synchronised meanwhile, and nothing was erased. Undo it "
        "in Notion, or choose another property in the admin under Notion, Fields."
    )


def lacking(database: NotionDatabase, rows: Iterable[PropertyMapping]) -> list[str]:
    """The labels of the fields without a property, other than those that staff left without or that are unsuitable."""
    chosen = {row.field: row.property_id for row in rows}
    left = {row.field for row in rows if row.by_staff} | unsuitable(database, rows).keys()
    return [one.label for one in mapping.missing(database.kind, chosen, database.schema) if one.name not in left]


def unsuitable(database: NotionDatabase, rows: Iterable[PropertyMapping]) -> dict[str, str]:
    """By field, what is wrong with a property that is meant for it and has a type that it cannot live in."""
    chosen = {row.field: row.property_id for row in rows}
    left = {row.field for row in rows if row.by_staff}
    told = {}
    for name, known in mapping.namesakes(database.kind, database.schema, chosen).items():
        if name not in left:
            told[name] = _type_of_property(database, name, known, "cannot hold it, so it is not synchronised")
    for row in rows:
        known = database.schema.get(row.property_id)
        if known and not row.trouble and known["type"] in mapping.field_of(database.kind, row.field).reads:
            told[row.field] = _type_of_property(database, row.field, known, "is read and never written")
    return told


def _type_of_property(database: NotionDatabase, name: str, known: Mapping[str, Any], what: str) -> str:
    field = mapping.field_of(database.kind, name)
    return (
        f"the property “{known['name']}” is there with the type {type_of(known['type'])}, which {what}. Give it the "
        f"type {type_of(field.accepts[0])} in Notion, or choose another property for {field.label} in the admin under "
        "Notion, Fields."
    )


def value(given: object) -> str:
    if given is None:
        return "not known"
    if isinstance(given, list):
        return ", ".join(str(one) for one in given) or "empty"
    return str(given) or "empty"


def name_of(page: PageLink) -> str:
    """What the page is about, by name."""
    if page.contact is not None:
        return str(page.contact)
    if page.task is not None:
        return str(page.task)
    if page.instance is not None:
        return f"{page.instance.template} for {page.instance.contact}"
    what = NAMELESS.get(Kind(page.database.kind), "An object")
    return f"{what} that was deleted here" if page.state == State.DELETED else f"{what} not known here"


def state_of(page: PageLink) -> str:
    """How it stands with the page, in words."""
    said = STATES[State(page.state)]
    return f"{said}. {page.error}" if page.error else f"{said}."


def changes(kind: str, fields: Mapping[str, Any]) -> list[str]:
    """What was carried over, field by field."""
    told = []
    for name, pair in fields.items():
        before, after = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        was = f"was {value(before)}, now " if before is not None else ""
        told.append(f"{label(kind, name)}: {was}{value(after)}")
    return told


def duration(of: dt.timedelta) -> str:
    """About how long: 40 seconds, 3 minutes, 2 hours."""
    seconds = max(int(of.total_seconds()), 0)
    for unit, length in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
        if seconds >= length:
            return counted(seconds // length, unit)
    return counted(seconds, "second") if seconds else "less than a second"
