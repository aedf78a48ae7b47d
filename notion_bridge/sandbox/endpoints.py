"""The endpoints under /v1: what each takes and answers. The caller holds the workspace's lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from notion_bridge.sandbox import checks, editing, rendering, richtext, schema, values
from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.model import DataSource, Page
from notion_bridge.sandbox.querying import QUERY_KEYS, Reader
from notion_bridge.sandbox.refusals import Refusal, in_trash, invalid, misshapen
from notion_bridge.sandbox.rendering import WITHOUT_ARCHIVED
from notion_bridge.sandbox.workspace import Workspace

PAGE_KEYS = ("parent", "properties", "icon", "cover", "children", "content", "markdown", "template", "position")
PAGE_UPDATE_KEYS = ("properties", "icon", "cover", "is_locked", "in_trash", "archived", "template", "erase_content")
DATABASE_KEYS = ("parent", "title", "description", "is_inline", "initial_data_source", "icon", "cover")
DATABASE_UPDATE_KEYS = (
    *("parent", "title", "description", "is_inline", "icon", "cover"),
    *("in_trash", "archived", "is_locked"),
)
SOURCE_UPDATE_KEYS = ("title", "description", "icon", "properties", "in_trash", "archived", "parent")
MOST_PROPERTIES_NAMED = 100


@dataclass(frozen=True)
class Call:
    """One request, after the door: its version is one of ours and its key is right."""

    method: str
    path: tuple[str, ...]  # decoded, without "v1"
    parameters: dict[str, list[str]]
    body: Json
    version: str

    def id(self, name: str) -> str:
        return checks.identifier(self.path[1], f"path.{name}")

    def body_with(self, allowed: tuple[str, ...]) -> Json:
        """The body, if it has no other keys than these."""
        if self.version >= WITHOUT_ARCHIVED:
            allowed = tuple(key for key in allowed if key != "archived")
        checks.only(self.body, "body", allowed)
        return self.body

    def list_parameters(self) -> Json:
        """start_cursor and page_size of the query string."""
        found: Json = {name: given[-1] for name, given in self.parameters.items()}
        checks.only(found, "query", ("start_cursor", "page_size"))
        if "page_size" in found:
            text = found["page_size"]
            found["page_size"] = int(text) if text.lstrip("-").isdigit() else text
        return found


@dataclass
class Api:
    workspace: Workspace
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.workspace)

    def answer(self, call: Call) -> Json:
        """The body of the answer; raises Refusal."""
        for method, pattern, handler in ROUTES:
            if method == call.method and _matches(pattern, call.path):
                return handler(self, call)
        raise Refusal(400, "invalid_request_url", "Invalid request URL.")

    # Users

    def me(self, call: Call) -> Json:
        return rendering.user(self.workspace.bot, self.workspace)

    def users(self, call: Call) -> Json:
        everybody = [rendering.user(one, self.workspace) for one in self.workspace.users.values()]
        results, fields = self.reader.listed("users", everybody, call.list_parameters(), "query")
        return fields | {"results": results, "type": "user", "user": {}}

    def user(self, call: Call) -> Json:
        found = self.workspace.users.get(call.id("user_id"))
        if found is None:
            raise Refusal(404, "object_not_found", f"Could not find user with ID: {call.id('user_id')}.")
        return rendering.user(found, self.workspace)

    # Databases and data sources

    def database(self, call: Call) -> Json:
        found = self.workspace.database(call.id("database_id"))
        return rendering.database(found, self.workspace, call.version)

    def create_database(self, call: Call) -> Json:
        body = call.body_with(DATABASE_KEYS)
        parent = _parent(body, ("page_id",))
        above = self.workspace.page(checks.identifier(parent["page_id"], "body.parent.page_id"))
        initial = checks.mapping(body.get("initial_data_source", {}), "body.initial_data_source", optional=True)
        checks.only(initial, "body.initial_data_source", ("properties",))
        path = "body.initial_data_source.properties"
        properties = schema.parse_new(self.workspace, initial.get("properties", {"Name": {"title": {}}}), path)
        if self.workspace.is_gone(above.id):
            raise in_trash()
        bot = self.workspace.bot.id
        title = self._title(body)
        made = self.workspace.add_database(parent_id=above.id, title=title, by=bot)
        self.workspace.add_source(made, title=title, properties=properties, by=bot)
        return rendering.database(made, self.workspace, call.version)

    def update_database(self, call: Call) -> Json:
        body = call.body_with(DATABASE_UPDATE_KEYS)
        found = self.workspace.database(call.id("database_id"))
        trashed = _trashed(body)
        if found.in_trash and trashed is not False:
            raise in_trash()
        if "title" in body:
            found.title = self._title(body)
        if trashed is not None:
            found.in_trash = trashed
        found.edited, found.edited_by = self.workspace.minute(), self.workspace.bot.id
        self.workspace.changed()
        return rendering.database(found, self.workspace, call.version)

    def source(self, call: Call) -> Json:
        found = self.workspace.source(call.id("data_source_id"))
        return rendering.source(found, self.workspace, call.version)

    def update_source(self, call: Call) -> Json:
        body = call.body_with(SOURCE_UPDATE_KEYS)
        found = self.workspace.source(call.id("data_source_id"))
        trashed = _trashed(body)
        if self.workspace.is_gone(found.id) and trashed is not False:
            raise in_trash()
        title = self._title(body) if "title" in body else found.title
        if "properties" in body:
            schema.update(self.workspace, found, body["properties"], "body.properties", by=self.workspace.bot.id)
        found.title = title
        found.in_trash = found.in_trash if trashed is None else trashed
        found.edited, found.edited_by = self.workspace.minute(), self.workspace.bot.id
        self.workspace.changed()
        return rendering.source(found, self.workspace, call.version)

    def query(self, call: Call) -> Json:
        body = call.body_with(QUERY_KEYS)
        found = self.workspace.source(call.id("data_source_id"))
        if self.workspace.is_gone(found.id):
            raise Refusal(404, "object_not_found", f"Could not find data_source with ID: {found.id}.")
        return self.reader.query(found, body, call.version, self._wanted(call, found))

    def _wanted(self, call: Call, source: DataSource | None) -> set[str] | None:
        """The properties named in the query string, by id."""
        checks.only(dict(call.parameters), "query", ("filter_properties", "filter_properties[]"))
        named = [one for values_ in call.parameters.values() for one in values_]
        if not named:
            return None
        checks.array(named, "query.filter_properties", longest=MOST_PROPERTIES_NAMED)
        found = {one: source.by_id(one) if source else None for one in named}
        for name, prop in found.items():
            if prop is None:
                raise invalid(f"Could not find property with name or id: {name}")
        return {prop.id for prop in found.values() if prop}

    def _title(self, body: Json) -> str:
        return richtext.plain_text(richtext.parse(body.get("title", []), "body.title", {}))

    # Pages

    def page(self, call: Call) -> Json:
        found = self.workspace.page(call.id("page_id"))
        wanted = self._wanted(call, self.workspace.sources.get(found.source_id))
        return rendering.page(found, self.workspace, call.version, wanted)

    def create_page(self, call: Call) -> Json:
        body = call.body_with(PAGE_KEYS)
        parent = _parent(body, ("data_source_id", "database_id", "page_id"))
        above = self._page_parent(parent)
        given, bot = body.get("properties", {}), self.workspace.bot.id
        icon, cover = _decoration(body, "icon"), _decoration(body, "cover")
        if isinstance(above, DataSource):
            draft = values.parse_all(self.workspace, above, given, "body.properties")
            made = editing.create_row(self.workspace, above, draft, by=bot)
        else:
            draft = values.parse_title_only(self.workspace, given, "body.properties")
            made = self.workspace.add_page(parent_id=above.id, title="", by=bot)
            made.values |= draft.values
        made.icon, made.cover = icon, cover
        return rendering.page(made, self.workspace, call.version)

    def _page_parent(self, parent: Json) -> DataSource | Page:
        kind = next(key for key in parent if key != "type")
        parent_id = checks.identifier(parent[kind], f"body.parent.{kind}")
        above: DataSource | Page
        if kind == "page_id":
            above = self.workspace.page(parent_id)
        elif kind == "data_source_id":
            above = self.workspace.source(parent_id)
        else:
            database = self.workspace.database(parent_id)
            if len(database.source_ids) != 1:
                raise invalid(
                    "Databases with multiple data sources are not supported here. "
                    "Provide the ID of one of its data sources as parent."
                )
            above = self.workspace.sources[database.source_ids[0]]
        if self.workspace.is_gone(above.id):
            raise in_trash()
        return above

    def update_page(self, call: Call) -> Json:
        body = call.body_with(PAGE_UPDATE_KEYS)
        found = self.workspace.page(call.id("page_id"))
        source, bot = self.workspace.sources.get(found.source_id), self.workspace.bot.id
        trashed = _trashed(body)
        if self.workspace.is_gone(found.id) and trashed is not False:
            raise in_trash()
        draft = values.Draft()
        if "properties" in body and source is not None:
            draft = values.parse_all(self.workspace, source, body["properties"], "body.properties")
        elif "properties" in body:
            draft = values.parse_title_only(self.workspace, body["properties"], "body.properties")
        for name in ("icon", "cover"):
            if name in body:
                setattr(found, name, _decoration(body, name))
        if "is_locked" in body:
            found.is_locked = checks.flag(body["is_locked"], "body.is_locked")
        if trashed is not None:
            editing.set_trashed(self.workspace, found, trashed, by=bot)
        if any(key in body for key in ("properties", "icon", "cover", "is_locked")):
            editing.edit(self.workspace, found, draft, by=bot)
        return rendering.page(found, self.workspace, call.version)

    def property_item(self, call: Call) -> Json:
        found = self.workspace.page(call.id("page_id"))
        source = self.workspace.sources.get(found.source_id)
        prop = source.by_id(call.path[3]) if source else None
        if prop is None:
            raise invalid(f"Could not find property with name or id: {call.path[3]}")
        if prop.type not in ("title", "rich_text", "people", "relation"):
            call.list_parameters()
            return rendering.single_item(prop, found, self.workspace)
        question = f"{found.id} {prop.id}"
        pieces = rendering.items(prop, found, self.workspace)
        results, fields = self.reader.listed(question, pieces, call.list_parameters(), "query")
        about: Json = {"id": prop.encoded_id, "type": prop.type, prop.type: {}, "next_url": None}
        if fields["next_cursor"]:
            address = f"{self.workspace.site}/v1/pages/{found.id}/properties/{prop.encoded_id}"
            about["next_url"] = f"{address}?start_cursor={fields['next_cursor']}"
        return fields | {"results": results, "type": "property_item", "property_item": about}

    def search(self, call: Call) -> Json:
        return self.reader.search(call.body, call.version)


def _parent(body: Json, kinds: tuple[str, ...]) -> Json:
    if "parent" not in body:
        raise misshapen("body.parent", "defined")
    parent = checks.mapping(body["parent"], "body.parent")
    given = [key for key in parent if key != "type"]
    if len(given) != 1 or given[0] not in kinds:
        raise misshapen(f"body.parent.{kinds[0]}", "defined")
    if parent.get("type", given[0]) != given[0]:
        raise misshapen("body.parent.type", f'`"{given[0]}"`', parent["type"])
    return parent


def _trashed(body: Json) -> bool | None:
    """What the request says about the trash, if anything."""
    found = [checks.flag(body[key], f"body.{key}") for key in ("in_trash", "archived") if key in body]
    return found[0] if found else None


def _decoration(body: Json, name: str) -> Json | None:
    """An icon or cover; null takes it away, which is how Notion documents it for these two."""
    value: Any = body.get(name)
    return None if value is None else checks.mapping(value, f"body.{name}", optional=True)


def _matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if len(pattern) != len(path):
        return False
    return all(expected in ("*", given) for expected, given in zip(pattern, path, strict=True))


Handler = Callable[[Api, Call], Json]
ROUTES: tuple[tuple[str, tuple[str, ...], Handler], ...] = (
    ("GET", ("users", "me"), Api.me),
    ("GET", ("users",), Api.users),
    ("GET", ("users", "*"), Api.user),
    ("POST", ("databases",), Api.create_database),
    ("GET", ("databases", "*"), Api.database),
    ("PATCH", ("databases", "*"), Api.update_database),
    ("GET", ("data_sources", "*"), Api.source),
    ("PATCH", ("data_sources", "*"), Api.update_source),
    ("POST", ("data_sources", "*", "query"), Api.query),
    ("POST", ("pages",), Api.create_page),
    ("GET", ("pages", "*"), Api.page),
    ("PATCH", ("pages", "*"), Api.update_page),
    ("GET", ("pages", "*", "properties", "*"), Api.property_item),
    ("POST", ("search",), Api.search),
)
