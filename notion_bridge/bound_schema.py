"""A database as one pass sees it: which property holds which field, and how a page is read and written with it."""

from __future__ import annotations

import contextlib
import functools
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from contactflow.core.clock import database_now
from notion_bridge import mapping, problems
from notion_bridge.adapters import ADAPTERS, Adapter
from notion_bridge.client import READ_USERS, Endless, Forbidden, NotFound, Notion, Unavailable
from notion_bridge.mapping import Field, Value
from notion_bridge.models import NotionDatabase, PropertyMapping, SyncProblem
from notion_bridge.three_way_merge import Term

NAMES = ("first_name", "full_name")  # what the title of a person's page holds
WITH_OPTIONS = ("select", "multi_select", "status")


@dataclass(frozen=True)
class Property:
    """Where a field lives in Notion."""

    field: Field
    id: str
    name: str
    type: str
    rule: Any


@dataclass
class Reading:
    """What a page says. A field that is in neither is not synchronised, or its property was not in the page."""

    values: dict[str, Value] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)  # field -> why


@dataclass(frozen=True)
class Draft:
    """What to send for some fields. `left` names those of which nothing can be sent."""

    properties: dict[str, Any]
    limits: dict[str, list[str]]
    left: frozenset[str]


@dataclass(frozen=True)
class BoundSchema:
    database: NotionDatabase
    properties: Mapping[str, Property]  # by field, only those in order
    people: Mapping[str, str] | None = field(default_factory=dict)  # names and addresses in Notion -> user id; None:
    # the integration may not read them, and nothing that names people is read or written

    @property
    def adapter(self) -> Adapter:
        return ADAPTERS[self.database.kind]

    @property
    def key(self) -> Property | None:
        return self.properties.get(self.adapter.key_field)

    @property
    def closed(self) -> frozenset[str]:
        """The fields that stop because the integration may not see people."""
        return frozenset(name for name, one in self.properties.items() if one.type == "people" and self.people is None)

    def terms(self) -> list[Term]:
        return [
            Term(
                name=one.field.name,
                rule=one.rule,
                same=lambda local, remote, field=one.field: mapping.same(local, remote, field),  # type: ignore[misc]
                pulled=one.field.pulled,
                pushed=one.field.pushed and one.type in one.field.accepts and one.type not in mapping.READ_ONLY,
            )
            for one in self.properties.values()
        ]

    def key_in(self, page: Mapping[str, Any]) -> UUID | None:
        """Our id as the page carries it."""
        value = mapping.property_by_id(page, self.key.id) if self.key else None
        if self.key is None or value is None:
            return None
        try:
            return UUID(str(mapping.read(value, self.key.field)).strip())
        except (ValueError, mapping.Truncated):
            return None

    def read(self, page: Mapping[str, Any], notion: Notion) -> Reading:
        """The values of a page; a long list is fetched to its end, which may take requests."""
        reading = Reading()
        for name, one in self.properties.items():
            value = mapping.property_by_id(page, one.id)
            if value is None or value.get("type") != one.type or name in self.closed:
                continue  # gone or changed in this moment: unknown is not empty
            try:
                reading.values[name] = self._value(page, one, self._as_ours(name, value), notion)
            except mapping.Unreadable as error:
                reading.unreadable[name] = error.reason
            if name in NAMES and mapping.is_address(reading.values.get(name, "")):
                reading.values[name] = ""  # the title of who has no name
        return reading

    def glance(self, page: Mapping[str, Any]) -> Reading:
        """What the page says of choices, without a request."""
        reading = Reading()
        for name, one in self.properties.items():
            value = mapping.property_by_id(page, one.id) if one.type in WITH_OPTIONS else None
            if value is not None and value.get("type") == one.type:
                with contextlib.suppress(mapping.Unreadable, mapping.Truncated):
                    reading.values[name] = mapping.read(self._as_ours(name, value), one.field)
        return reading

    @functools.cached_property
    def aliases(self) -> dict[str, dict[str, str]]:
        """By field: option id -> what the option is called here, where somebody gave it another name in Notion."""
        found = {}
        for name, one in self.properties.items():
            known, knows = self.database.schema.get(one.id, {}), self.adapter.knows
            found[name] = {
                key: ours
                for key, ours in known.get("renamed", {}).items()
                if not one.field.pulled or (knows(name, ours) and not knows(name, known["ids"][key]))
            }
        return found

    def _as_ours(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        def ours(option: Any) -> Any:
            known = isinstance(option, Mapping) and aliases.get(str(option.get("id")))
            return {**option, "name": known} if known else option

        aliases, kind = self.aliases[name], str(value.get("type"))
        content = value.get(kind)
        return {**value, kind: [ours(one) for one in content] if isinstance(content, list) else ours(content)}

    def _as_theirs(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        ids = self.database.schema.get(self.properties[name].id, {}).get("ids", {})
        theirs = {mapping.folded(ours): ids[key] for key, ours in self.aliases[name].items()}

        def named(option: Any) -> Any:
            return {"name": theirs.get(mapping.folded(option["name"]), option["name"])} if option else option

        if not theirs:
            return payload
        return {
            kind: [named(one) for one in given] if isinstance(given, list) else named(given)
            for kind, given in payload.items()
        }

    def _value(self, page: Mapping[str, Any], one: Property, value: Mapping[str, Any], notion: Notion) -> Value:
        if one.type == "relation":
            titles = ", ".join(_title_of(str(other.get("id")), notion) for other in value.get("relation") or ())
            return mapping.read({"type": "rich_text", "rich_text": [{"plain_text": titles}]}, one.field)
        try:
            return mapping.read(value, one.field)
        except mapping.Truncated:
            ask = functools.partial(notion.property_items, str(page["id"]), one.id)
            try:
                return mapping.read_items(list(notion.everything(ask)), one.field)
            except Endless as error:
                raise mapping.Unreadable(error.message) from error

    def lost_options(self, agreed: Mapping[str, Any], reading: Reading) -> dict[str, list[str]]:
        """The options that a page had when both sides agreed and has no more, by field."""
        lost: dict[str, list[str]] = {}
        for name, one in self.properties.items():
            if one.type in WITH_OPTIONS and name in reading.values and agreed.get(name):
                now = {mapping.folded(word) for word in _listed(reading.values[name])}
                gone = [word for word in _listed(agreed[name]) if mapping.folded(word) not in now]
                lost |= {name: gone} if gone else {}
        return lost

    def without_removed_options(self, agreed: Mapping[str, Any], reading: Reading) -> Reading:
        """What a page lost because somebody removed the option itself is not taken from the object: it counts as there
        still. The schema has to be at least as fresh as the page."""
        values = dict(reading.values)
        for name, gone in self.lost_options(agreed, reading).items():
            renamed = self.database.schema.get(self.properties[name].id, {}).get("renamed", {})
            known = {mapping.folded(one) for one in (*self.options(name), *renamed.values())}
            removed = [word for word in gone if mapping.folded(word) not in known]
            value = values[name]
            if removed and isinstance(value, list):
                values[name] = [*value, *removed]
            elif removed and not value:
                values[name] = agreed[name]
        return Reading(values, reading.unreadable)

    def named(self, name: str) -> str:
        """The property that holds the field, as requests name it: its id in Notion's own spelling."""
        property_id = self.properties[name].id
        return str(self.database.schema.get(property_id, {}).get("key", property_id))

    def options(self, name: str) -> list[str]:
        """What can be chosen, by Notion's names and by ours."""
        return [
            *self.database.schema.get(self.properties[name].id, {}).get("options", []),
            *self.aliases[name].values(),
        ]

    def _title_of_the_nameless(self, values: Mapping[str, Value], page: Mapping[str, Any] | None) -> dict[str, Value]:
        """Who has nothing but an address is found by it in Notion: a page without a title has nothing to click on."""
        name = next((one for one in NAMES if one in self.properties and self.properties[one].type == "title"), None)
        if name is None or "email" not in self.properties:
            return {}
        there = {one: self._plainly(one, page) for one in (name, "last_name", "email") if one in self.properties}
        said = {one: str(values.get(one, text)) for one, text in there.items()}
        if said.get("last_name") or (said[name] and not mapping.is_address(said[name])):
            return {}
        return {name: said["email"]} if said["email"] and there[name] != said["email"] else {}

    def _plainly(self, name: str, page: Mapping[str, Any] | None) -> str:
        value = mapping.property_by_id(page, self.properties[name].id) if page else None
        try:
            return str(mapping.read(value, self.properties[name].field)) if value else ""
        except (mapping.Unreadable, mapping.Truncated):
            return "?"

    def write(self, values: Mapping[str, Value], page: Mapping[str, Any] | None = None) -> Draft:
        """The properties to send for these fields; `page` is what stands there now."""
        properties: dict[str, Any] = {}
        limits: dict[str, list[str]] = {}
        left: set[str] = set()
        for name, value in {**values, **self._title_of_the_nameless(values, page)}.items():
            one = self.properties[name]
            written = mapping.write(
                value,
                one.field,
                one.type,
                options=self.options(name),
                people=self.people or {},
                current=mapping.property_by_id(page, one.id) if page else None,
            )
            if written.payload is None or name in self.closed:
                left.add(name)
            else:
                properties[self.named(name)] = self._as_theirs(name, written.payload)
            if written.limits:
                limits[name] = list(written.limits)
        return Draft(properties, limits, frozenset(left))


def _listed(value: Value) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def current(database: NotionDatabase, notion: Notion) -> BoundSchema:
    """The schema as it is now, and who is who in Notion where a field holds people."""
    bound = load(database)
    if any(one.type == "people" for one in bound.properties.values()):
        return replace(bound, people=_people(notion))
    return bound


def load(database: NotionDatabase) -> BoundSchema:
    """The fields that have a property in order."""
    rows = PropertyMapping.objects.filter(database=database, trouble=PropertyMapping.Trouble.NONE)
    properties = {
        row.field: Property(
            field=mapping.field_of(database.kind, row.field),
            id=row.property_id,
            name=row.property_name,
            type=row.property_type,
            rule=row.rule,
        )
        for row in rows.exclude(property_id="")
    }
    chosen = {row.field: row.property_id for row in PropertyMapping.objects.filter(database=database)}
    if "first_name" in properties and mapping.has_full_name(database.schema, chosen):
        properties["full_name"] = replace(properties.pop("first_name"), field=mapping.FULL_NAME)
    return BoundSchema(database=database, properties=properties)


TITLES_KEPT = 1_000


@functools.lru_cache(maxsize=TITLES_KEPT)
def _remembered_title(page_id: str, notion: Notion, _period: int) -> str:
    return mapping.title_of(notion.page(page_id))


def _title_of(page_id: str, notion: Notion) -> str:
    """What a related page is called; asked for every ten minutes at most. Raises Unreadable."""
    try:
        return _remembered_title(page_id, notion, int(time.monotonic() // DIRECTORY_SECONDS))
    except (NotFound, Forbidden) as error:
        raise mapping.Unreadable("It leads to a page that is not shared with the integration.") from error


@dataclass
class _Directory:
    """Who is who in Notion, asked for every ten minutes."""

    people: dict[str, str] | None = None
    asked_at: float | None = None


_directory = _Directory()
DIRECTORY_SECONDS = 600


def _people(notion: Notion) -> Mapping[str, str] | None:
    if _directory.asked_at is None or time.monotonic() - _directory.asked_at > DIRECTORY_SECONDS:
        with contextlib.suppress(Unavailable):  # the field can wait, all others need not
            _directory.people = _ask_for_people(notion)
        _directory.asked_at = time.monotonic()
    return _directory.people


def _ask_for_people(notion: Notion) -> dict[str, str] | None:
    """None, and a report, where the integration may not; who shares a name is known by the address alone."""
    now = database_now()
    try:
        users = list(notion.everything(notion.users))
    except Forbidden as error:
        problems.report_right(error, now=now, stops="Fields that name people in Notion stop until then.")
        return None
    except Endless as error:
        problems.report(cause=SyncProblem.Cause.ENDLESS_LIST, subject="people", message=error.message, now=now)
        return None
    problems.close(SyncProblem.Cause.RIGHT_MISSING, subjects=[READ_USERS], now=now)
    problems.close(SyncProblem.Cause.ENDLESS_LIST, subjects=["people"], now=now)
    addresses, names = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for user in users:
        for words, word in ((names, user.get("name")), (addresses, (user.get("person") or {}).get("email"))):
            if isinstance(word, str) and word:
                words[word.casefold()].add(str(user["id"]))
    return {word: ids.pop() for word, ids in {**names, **addresses}.items() if len(ids) == 1}
