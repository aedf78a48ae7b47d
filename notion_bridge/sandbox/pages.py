"""What the sandbox's pages show, values for the templates of notion_sandbox/, and what somebody typed into them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.template.loader import render_to_string

from notion_bridge.sandbox import dates, faults, rendering, schema
from notion_bridge.sandbox.model import COMPUTED, TYPES, WITH_OPTIONS, DataSource, Page, Property
from notion_bridge.sandbox.server import Door
from notion_bridge.sandbox.workspace import Workspace

Values = dict[str, Any]
PREFIX = "p:"  # what somebody typed
HINTS = {"date": "YYYY-MM-DD[ HH:MM]", "multi_select": "one, two", "people": "names"}
WAS = "o:"  # what was there when the form was made
ROWS_A_PAGE = 50
REQUESTS_SHOWN = 200
NEW_TYPES = tuple(kind for kind in TYPES if kind not in ("title", "relation", "formula", "rollup"))
READY_FAULTS = (
    (
        "The next write is done, its answer lost",
        {"kind": faults.CUT_AFTER, "times": "1", "method": "POST", "path": "/v1/pages"},
    ),
    ("The next request is cut off", {"kind": faults.CUT_BEFORE, "times": "1"}),
    ("429 once, Retry-After 5", {"kind": faults.RATE_LIMITED, "times": "1", "seconds": "5"}),
    ("529 for 5 requests", {"kind": faults.OVERLOAD, "times": "5"}),
    ("502 once, though it was done", {"kind": faults.ERROR_AFTER, "status": "502", "times": "1"}),
    ("503 for one request in five", {"kind": faults.ERROR_BEFORE, "status": "503", "probability": "0.2"}),
    ("Silence for 30 s, once", {"kind": faults.SLOW_BEFORE, "seconds": "30", "times": "1"}),
    ("409 once", {"kind": faults.CONFLICT, "times": "1", "method": "PATCH"}),
    ("The key is revoked", {"kind": faults.REVOKED}),
)


def document(name: str, values: Values, *, title: str, here: str, workspace: Workspace) -> bytes:
    """A whole page, with the databases and the sandbox's own pages above it."""
    links = [(f"/table/{bare(one.id)}", one.title) for one in workspace.sources.values() if not one.in_trash]
    links += [("/faults", "Faults"), ("/webhook", "Webhook"), ("/requests", "Requests"), ("/connect", "Connect")]
    whole = {"title": title, "here": here, "navigation": links, **values}
    return render_to_string(f"notion_sandbox/{name}.html", whole).encode("utf-8", "replace")


def bare(object_id: str) -> str:
    return object_id.replace("-", "")


def table(workspace: Workspace, source: DataSource, *, page: int, search: str, trashed: bool) -> Values:
    """A data source as a table whose cells can be edited."""
    found = list(_found(workspace, source, search, trashed))
    columns = _columns(source)
    here = f"/table/{bare(source.id)}"
    turn = f"{here}?q={quote(search)}&page="
    shown = found[page * ROWS_A_PAGE : (page + 1) * ROWS_A_PAGE]
    return {
        "source": source,
        "key": bare(source.id),
        "database": bare(source.database_id),
        "is_source_shared": workspace.is_shared(source.id),
        "is_shared": source.database_id not in workspace.unshared,
        "table": here,
        "search": search,
        "trashed": trashed,
        "columns": columns,
        "rows": [(one, bare(one.id), [Field.of(workspace, prop, one) for prop in columns]) for one in shown],
        "new": [Field.of(workspace, prop, None, roomy=True) for prop in columns],
        "total": len(found),
        "number": page + 1,
        "newer": f"{turn}{page - 1}" if page else "",
        "older": f"{turn}{page + 1}" if (page + 1) * ROWS_A_PAGE < len(found) else "",
    }


def one_page(workspace: Workspace, one: Page, version: str) -> Values:
    """A page with its properties, to edit, trash, move."""
    source = workspace.sources.get(one.source_id)
    others = [(bare(other.id), other.title) for other in workspace.sources.values() if other.id != one.source_id]
    return {
        "page": one,
        "name": rendering.title_of(one) or "Untitled",
        "edited": f"{one.edited:%Y-%m-%d %H:%M}",
        "who": workspace.users[one.edited_by].name,
        "source": source,
        "source_key": bare(one.source_id),
        "fields": [Field.of(workspace, prop, one, roomy=True) for prop in _columns(source)] if source else [],
        "back": f"/{bare(one.id)}",
        "is_shared": one.id not in workspace.unshared,
        "others": others,
        "answer": json.dumps(rendering.page(one, workspace, version), ensure_ascii=False, indent=2),
    }


def columns(source: DataSource) -> Values:
    """The schema, to rename, retype, remove and add."""
    return {
        "source": source,
        "key": bare(source.id),
        "back": f"/schema/{bare(source.id)}",
        "columns": list(source.properties.values()),
        "types": NEW_TYPES,
        "with_options": WITH_OPTIONS,
    }


def requests(door: Door) -> Values:
    """What came in, newest first."""
    log = list(door.requests)
    return {
        "total": len(log),
        "queries": door.requests.queries(),
        "writes": door.requests.writes(),
        "shown": [(one, f"{(one.answered_at - one.at) * 1000:.0f}") for one in reversed(log[-REQUESTS_SHOWN:])],
    }


def _columns(source: DataSource) -> list[Property]:
    """The title first."""
    return sorted(source.properties.values(), key=lambda prop: prop.type != "title")


def _found(workspace: Workspace, source: DataSource, search: str, trashed: bool) -> Iterator[Page]:
    """Newest first."""
    for one in reversed(workspace.rows[source.id].values()):
        if one.in_trash == trashed and (not search or search.casefold() in _everything(workspace, source, one)):
            yield one


def _everything(workspace: Workspace, source: DataSource, one: Page) -> str:
    return " ".join(Field.of(workspace, prop, one).text for prop in source.properties.values()).casefold()


def text_of(workspace: Workspace, prop: Property, page: Page) -> str:
    if prop.type in COMPUTED:
        found = rendering.computed(prop, page, workspace)
        return str(found.get("name") or found) if isinstance(found, dict) else str(found)
    return schema.as_text(workspace, prop, page.values.get(prop.id, prop.empty()))


@dataclass(frozen=True)
class Field:
    """An input for a value, as field.html draws it."""

    prop: Property
    text: str
    widget: str

    @classmethod
    def of(cls, workspace: Workspace, prop: Property, page: Page | None, *, roomy: bool = False) -> Field:
        """With the page's value; `roomy` where it may take several lines."""
        text = text_of(workspace, prop, page) if page else ""
        return cls(prop, text, _widget(prop, text, roomy=roomy))

    @property
    def name(self) -> str:
        return PREFIX + self.prop.id

    @property
    def was(self) -> str:
        """Names what the field held when the form was made, so that only what somebody changed is written."""
        return WAS + self.prop.id

    @property
    def hint(self) -> str:
        return HINTS.get(self.prop.type, "")


def _widget(prop: Property, text: str, *, roomy: bool) -> str:
    if prop.type in COMPUTED:
        return "computed"
    if prop.type in ("checkbox", "status"):
        return prop.type
    if prop.type == "select":
        return "choice"
    if roomy and prop.type == "rich_text":
        return "lines"
    return "folded" if "\n" in text else "line"  # an input would lose the line breaks


def typed(prop: Property, text: str) -> Any:
    """The plain value for what somebody typed; raises ValueError."""
    text = text.replace("\r\n", "\n")
    if prop.type == "checkbox":
        return text == "yes"
    text = text if prop.type == "rich_text" else text.strip()
    if not text:
        return None
    if prop.type == "number":
        return _number(prop, text)
    if prop.type == "date":
        return _date(prop, text)
    if prop.type in ("multi_select", "people", "relation"):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _number(prop: Property, text: str) -> float:
    if not schema.NUMBER.match(text):
        raise ValueError(f"{prop.name}: {text!r} is no number.")
    return float(text)


def _date(prop: Property, text: str) -> Any:
    parts = [dates.read(part.strip()) for part in text.split("→")]
    if None in parts or len(parts) > 2:
        raise ValueError(f"{prop.name}: write a date as 2026-11-23 or 2026-11-23 14:30, a range with → between.")
    start, end = (*parts, None)[:2]
    if isinstance(start, dt.datetime) != isinstance(end, dt.datetime) and end is not None:
        raise ValueError(f"{prop.name}: both ends of a range have a time, or neither has.")
    return start if end is None else (start, end)
