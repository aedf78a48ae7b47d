"""Objects as Notion answers them."""

from __future__ import annotations

import re
from typing import Any

from notion_bridge.sandbox import dates
from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.model import COMPUTED, WITH_OPTIONS, Database, DataSource, Kept, Option, Page, Property, User
from notion_bridge.sandbox.richtext import plain_item, plain_text
from notion_bridge.sandbox.workspace import Workspace

MOST_IN_A_PAGE = 25  # of a rich text, of people, of relations; the rest is read property by property
WITHOUT_ARCHIVED = "2026-03-11"
NO_SLUG = re.compile(r"[^A-Za-z0-9]+")


def user(one: User, workspace: Workspace) -> Json:
    common = {"object": "user", "id": one.id, "name": one.name, "avatar_url": None}
    if one.email:
        return common | {"type": "person", "person": {"email": one.email}}
    owner = {"type": "workspace", "workspace": True}
    limits = {"max_file_upload_size_in_bytes": 5_242_880}
    bot = {"owner": owner, "workspace_id": workspace.id, "workspace_name": workspace.name, "workspace_limits": limits}
    return common | {"type": "bot", "bot": bot}


def by(user_id: str) -> Json:
    return {"object": "user", "id": user_id}


def page(one: Page, workspace: Workspace, version: str) -> Json:
    source = workspace.sources.get(one.source_id)
    made: Json = {"object": "page"} | _common(one, version)
    made["is_locked"] = False
    made["url"] = address(workspace, one.id, title_of(one))
    made["public_url"] = None
    if source is None:
        title = Property("title", "title", "title")
        made["parent"] = _page_parent(one)
        made["properties"] = {"title": property_value(title, one, workspace)}
    else:
        made["parent"] = {
            "type": "data_source_id",
            "data_source_id": source.id,
            "database_id": source.database_id,
        }
        made["properties"] = {prop.name: property_value(prop, one, workspace) for prop in source.properties.values()}
    return made


def title_of(one: Page) -> str:
    return plain_text(one.values.get("title", []))


def address(workspace: Workspace, object_id: str, title: str) -> str:
    slug = NO_SLUG.sub("-", title).strip("-")
    return f"{workspace.site}/{slug + '-' if slug else ''}{object_id.replace('-', '')}"


def _page_parent(one: Page) -> Json:
    if one.parent_id:
        return {"type": "page_id", "page_id": one.parent_id}
    return {"type": "workspace", "workspace": True}


def _common(one: Kept, version: str) -> Json:
    made: Json = {
        "id": one.id,
        "created_time": dates.timestamp(one.created),
        "last_edited_time": dates.timestamp(one.edited),
        "created_by": by(one.created_by),
        "last_edited_by": by(one.edited_by),
        "cover": None,
        "icon": None,
        "in_trash": one.in_trash,
    }
    if version < WITHOUT_ARCHIVED:
        made["archived"] = one.in_trash
    return made


def property_value(prop: Property, one: Page, workspace: Workspace, *, most: int | None = MOST_IN_A_PAGE) -> Json:
    """A property in a page: long lists are cut, without a word except in relations."""
    kept = computed(prop, one, workspace) if prop.type in COMPUTED else one.values.get(prop.id, prop.empty())
    made: Json = {"id": prop.encoded_id, "type": prop.type}
    if prop.type in ("title", "rich_text"):
        made[prop.type] = kept[:most]
    elif prop.type == "people":
        made[prop.type] = [user(workspace.users[one_id], workspace) for one_id in kept[:most]]
    elif prop.type == "relation":
        made[prop.type] = [{"id": one_id} for one_id in kept[:most]]
        made["has_more"] = len(made[prop.type]) < len(kept)
    else:
        made[prop.type] = simple_value(prop, kept)
    return made


def simple_value(prop: Property, kept: Any) -> Any:
    """The value of a type that is never cut."""
    if prop.type == "multi_select":
        return [option(found) for one_id in kept if (found := prop.option(one_id))]
    if prop.type in WITH_OPTIONS:
        found = prop.option(kept) if kept else None
        return option(found) if found else None
    return kept


def computed(prop: Property, one: Page, workspace: Workspace) -> Any:
    if prop.type in ("created_time", "last_edited_time"):
        return dates.timestamp(one.created if prop.type == "created_time" else one.edited)
    if prop.type in ("created_by", "last_edited_by"):
        return user(workspace.users[one.created_by if prop.type == "created_by" else one.edited_by], workspace)
    if prop.type == "unique_id":
        return {"prefix": prop.settings.get("prefix"), "number": one.number}
    if prop.type == "formula":
        return {"type": "string", "string": prop.settings.get("expression", "")}
    return {"type": "number", "number": 0, "function": "count"}


def option(one: Option) -> Json:
    return {"id": one.id, "name": one.name, "color": one.color}


def items(prop: Property, one: Page, workspace: Workspace) -> list[Json]:
    """The pieces of a long value, each as a property item."""
    head = {"object": "property_item", "id": prop.encoded_id, "type": prop.type}
    return [head | {prop.type: piece} for piece in property_value(prop, one, workspace, most=None)[prop.type]]


def database(one: Database, workspace: Workspace, version: str) -> Json:
    made = {"object": "database"} | _common(one, version)
    sources = [workspace.sources[source_id] for source_id in one.source_ids]
    return made | {
        "title": [plain_item(one.title)] if one.title else [],
        "description": [],
        "parent": {"type": "page_id", "page_id": one.parent_id},
        "is_inline": False,
        "is_locked": False,
        "data_sources": [{"id": source.id, "name": source.title} for source in sources if not source.in_trash],
        "url": address(workspace, one.id, ""),
        "public_url": None,
    }


def source(one: DataSource, workspace: Workspace, version: str) -> Json:
    above = workspace.databases[one.database_id]
    made = {"object": "data_source"} | _common(one, version)
    return made | {
        "title": [plain_item(one.title)] if one.title else [],
        "description": [],
        "parent": {"type": "database_id", "database_id": above.id},
        "database_parent": {"type": "page_id", "page_id": above.parent_id},
        "is_inline": False,
        "properties": {prop.name: schema(prop) for prop in one.properties.values()},
        "url": address(workspace, above.id, ""),
        "public_url": None,
    }


def schema(prop: Property) -> Json:
    """A property in a data source."""
    made: Json = {"id": prop.encoded_id, "name": prop.name, "description": None, "type": prop.type}
    made[prop.type] = dict(prop.settings)
    if prop.type in WITH_OPTIONS:
        made[prop.type]["options"] = [option(one) | {"description": one.description} for one in prop.options]
    if prop.type == "status":
        made[prop.type]["groups"] = _groups(prop)
    return made


def _groups(prop: Property) -> list[Json]:
    """All options but the last are on their way, the last one is the end."""
    ids = [one.id for one in prop.options]
    parts = (("To-do", "gray", ids[:1]), ("In progress", "blue", ids[1:-1]), ("Complete", "green", ids[1:][-1:]))
    return [
        {"id": f"{prop.id}-{name}", "name": name, "color": color, "option_ids": members}
        for name, color, members in parts
    ]
