"""How pages change, whoever changes them."""

from __future__ import annotations

from typing import Any

from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.model import DataSource, Page, Property
from notion_bridge.sandbox.values import Draft
from notion_bridge.sandbox.workspace import Workspace


def create_row(workspace: Workspace, source: DataSource, draft: Draft, *, by: str, page_id: str = "") -> Page:
    """A new row; a status nobody chose is the first one, as in Notion."""
    add_options(workspace, source, draft, by=by)
    page = Page(page_id or workspace.new_id(), *workspace.stamps(by), source_id=source.id, parent_id="")
    statuses = [prop for prop in source.properties.values() if prop.type == "status" and prop.options]
    page.values = {prop.id: prop.options[0].id for prop in statuses}
    page.values |= draft.values
    page.number, source.next_number = source.next_number, source.next_number + 1
    _shadow(workspace, page, None)
    workspace.pages[page.id] = page
    workspace.rows[source.id][page.id] = page
    workspace.changed()
    workspace.announce("page.created", page, {}, by)
    return page


def edit(workspace: Workspace, page: Page, draft: Draft, *, by: str) -> None:
    """Write the values; even an unchanged one counts as an edit."""
    source = workspace.sources.get(page.source_id)
    if source is not None:
        add_options(workspace, source, draft, by=by)
    _shadow(workspace, page, dict(page.values))
    page.values.update(draft.values)
    touch(workspace, page, by)
    if draft.values:
        known = source.properties if source else {}
        ids = [known[one].encoded_id if one in known else one for one in draft.values]
        workspace.announce("page.properties_updated", page, {"updated_properties": ids}, by)


def add_options(workspace: Workspace, source: DataSource, draft: Draft, *, by: str) -> None:
    for property_id, options in draft.options.items():
        prop = source.properties[property_id]
        prop.options.extend(options)
        changed_schema(workspace, source, prop, "updated", by)


def changed_schema(workspace: Workspace, source: DataSource, prop: Property, action: str, by: str) -> None:
    source.edited, source.edited_by = workspace.minute(), by
    name = None if action == "deleted" else prop.name
    change: Json = {"id": prop.encoded_id, "name": name, "action": action}
    workspace.changed()
    workspace.announce("data_source.schema_updated", source, {"updated_properties": [change]}, by)


def set_trashed(workspace: Workspace, page: Page, trashed: bool, *, by: str) -> None:
    if page.in_trash == trashed:
        return
    page.in_trash = trashed
    touch(workspace, page, by)
    workspace.announce("page.deleted" if trashed else "page.undeleted", page, {}, by)


def write_content(workspace: Workspace, page: Page, *, by: str) -> None:
    """Somebody wrote below the properties; the text itself is not kept."""
    touch(workspace, page, by)
    workspace.announce("page.content_updated", page, {"updated_blocks": []}, by)


def move(workspace: Workspace, page: Page, target: DataSource | Page, *, by: str) -> None:
    """Values go along where the target has a property of that name and type."""
    origin = workspace.sources.get(page.source_id)
    if origin is not None:
        del workspace.rows[origin.id][page.id]
    if isinstance(target, DataSource):
        page.values = _carried(origin, target, page.values)
        page.source_id, page.parent_id = target.id, ""
        workspace.rows[target.id][page.id] = page
    else:
        page.values = {"title": page.values.get("title", [])}
        page.source_id, page.parent_id = "", target.id
    touch(workspace, page, by)
    workspace.announce("page.moved", page, {}, by)


def _carried(origin: DataSource | None, target: DataSource, values: Json) -> Json:
    kept: Json = {"title": values.get("title", [])}
    for prop in origin.properties.values() if origin else ():
        twin = target.find(prop.name)
        if prop.id in values and twin is not None and twin.type == prop.type:
            kept[twin.id] = _matching(prop, twin, values[prop.id])
    return kept


def _matching(prop: Property, twin: Property, value: Any) -> Any:
    """Options go along by name."""
    if prop.type == "multi_select":
        return [found.id for one in value if (old := prop.option(one)) and (found := twin.named(old.name))]
    if prop.type in ("select", "status"):
        old = prop.option(value) if value else None
        found = twin.named(old.name) if old else None
        return found.id if found else None
    return value


def touch(workspace: Workspace, page: Page, by: str) -> None:
    page.edited, page.edited_by = workspace.minute(), by
    workspace.changed()


def _shadow(workspace: Workspace, page: Page, values: Json | None) -> None:
    if workspace.index_lag:
        page.shadows.append((workspace.clock.now() + workspace.index_lag, values))
