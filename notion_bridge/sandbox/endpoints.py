"""The endpoints under /v1 that a bridge asks, and of each what it sends. The caller holds the workspace's lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from notion_bridge.sandbox import checks, editing, rendering, richtext, schema, values
from notion_bridge.sandbox.checks import Json, Refusal, in_trash, invalid, misshapen
from notion_bridge.sandbox.querying import QUERY_KEYS, Reader
from notion_bridge.sandbox.rendering import WITHOUT_ARCHIVED
from notion_bridge.sandbox.workspace import Workspace

PAGE_KEYS = ("parent", "properties")
PAGE_UPDATE_KEYS = ("properties", "in_trash", "archived")
DATABASE_KEYS = ("parent", "title", "initial_data_source")
SOURCE_UPDATE_KEYS = ("properties",)


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
        results, fields = self.reader.listed("users", everybody, call.list_parameters())
        return fields | {"results": results, "type": "user", "user": {}}

    # Databases and data sources

    def database(self, call: Call) -> Json:
        found = self.workspace.database(call.id("database_id"))
        return rendering.database(found, self.workspace, call.version)

    def create_database(self, call: Call) -> Json:
        body = call.body_with(DATABASE_KEYS)
        above = self.workspace.page(_parent(body, "page_id"))
        initial = checks.mapping(body.get("initial_data_source", {}), "body.initial_data_source", optional=True)
        checks.only(initial, "body.initial_data_source", ("properties",))
        path = "body.initial_data_source.properties"
        properties = schema.parse_new(self.workspace, initial.get("properties", {"Name": {"title": {}}}), path)
        if self.workspace.is_gone(above.id):
            raise in_trash()
        bot = self.workspace.bot.id
        title = richtext.plain_text(richtext.parse(body.get("title", []), "body.title"))
        made = self.workspace.add_database(parent_id=above.id, title=title, by=bot)
        self.workspace.add_source(made, title=title, properties=properties, by=bot)
        return rendering.database(made, self.workspace, call.version)

    def source(self, call: Call) -> Json:
        found = self.workspace.source(call.id("data_source_id"))
        return rendering.source(found, self.workspace, call.version)

    def update_source(self, call: Call) -> Json:
        body = call.body_with(SOURCE_UPDATE_KEYS)
        found = self.workspace.source(call.id("data_source_id"))
        if self.workspace.is_gone(found.id):
            raise in_trash()
        schema.add(self.workspace, found, body.get("properties", {}), "body.properties", by=self.workspace.bot.id)
        return rendering.source(found, self.workspace, call.version)

    def query(self, call: Call) -> Json:
        body = call.body_with(QUERY_KEYS)
        found = self.workspace.source(call.id("data_source_id"))
        if self.workspace.is_gone(found.id):
            raise Refusal(404, "object_not_found", f"Could not find data_source with ID: {found.id}.")
        return self.reader.query(found, body, call.version)

    # Pages

    def page(self, call: Call) -> Json:
        return rendering.page(self.workspace.page(call.id("page_id")), self.workspace, call.version)

    def create_page(self, call: Call) -> Json:
        body = call.body_with(PAGE_KEYS)
        source = self.workspace.source(_parent(body, "data_source_id"))
        if self.workspace.is_gone(source.id):
            raise in_trash()
        draft = values.parse_all(self.workspace, source, body.get("properties", {}), "body.properties")
        made = editing.create_row(self.workspace, source, draft, by=self.workspace.bot.id)
        return rendering.page(made, self.workspace, call.version)

    def update_page(self, call: Call) -> Json:
        body = call.body_with(PAGE_UPDATE_KEYS)
        found = self.workspace.page(call.id("page_id"))
        source, bot = self.workspace.sources.get(found.source_id), self.workspace.bot.id
        trashed = _trashed(body)
        if self.workspace.is_gone(found.id) and trashed is not False:
            raise in_trash()
        draft = None
        if "properties" in body:
            draft = values.parse_all(self.workspace, source, body["properties"], "body.properties")
        if trashed is not None:
            editing.set_trashed(self.workspace, found, trashed, by=bot)
        if draft is not None:
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
            return {"object": "property_item"} | rendering.property_value(prop, found, self.workspace)
        question = f"{found.id} {prop.id}"
        pieces = rendering.items(prop, found, self.workspace)
        results, fields = self.reader.listed(question, pieces, call.list_parameters())
        about: Json = {"id": prop.encoded_id, "type": prop.type, prop.type: {}, "next_url": None}
        if fields["next_cursor"]:
            address = f"{self.workspace.site}/v1/pages/{found.id}/properties/{prop.encoded_id}"
            about["next_url"] = f"{address}?start_cursor={fields['next_cursor']}"
        return fields | {"results": results, "type": "property_item", "property_item": about}


def _parent(body: Json, kind: str) -> str:
    """The id of what the new object lies in, which is of that kind."""
    if "parent" not in body:
        raise misshapen("body.parent", "defined")
    parent = checks.mapping(body["parent"], "body.parent")
    if parent.keys() - {"type"} != {kind}:
        raise misshapen(f"body.parent.{kind}", "defined")
    checks.one_of(parent.get("type", kind), "body.parent.type", (kind,))
    return checks.identifier(parent[kind], f"body.parent.{kind}")


def _trashed(body: Json) -> bool | None:
    """What the request says about the trash, if anything."""
    found = [checks.flag(body[key], f"body.{key}") for key in ("in_trash", "archived") if key in body]
    return found[0] if found else None


def _matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if len(pattern) != len(path):
        return False
    return all(expected in ("*", given) for expected, given in zip(pattern, path, strict=True))


Handler = Callable[[Api, Call], Json]
ROUTES: tuple[tuple[str, tuple[str, ...], Handler], ...] = (
    ("GET", ("users", "me"), Api.me),
    ("GET", ("users",), Api.users),
    ("POST", ("databases",), Api.create_database),
    ("GET", ("databases", "*"), Api.database),
    ("GET", ("data_sources", "*"), Api.source),
    ("PATCH", ("data_sources", "*"), Api.update_source),
    ("POST", ("data_sources", "*", "query"), Api.query),
    ("POST", ("pages",), Api.create_page),
    ("GET", ("pages", "*"), Api.page),
    ("PATCH", ("pages", "*"), Api.update_page),
    ("GET", ("pages", "*", "properties", "*"), Api.property_item),
)
