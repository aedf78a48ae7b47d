"""Values as text in a form, and back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from notion_bridge.sandbox import dates, rendering, schema
from notion_bridge.sandbox.console import html
from notion_bridge.sandbox.model import COMPUTED, Page, Property
from notion_bridge.sandbox.workspace import Workspace

LONG = 60  # characters from which a text gets several lines
PREFIX = "p:"  # what somebody typed
WAS = "o:"  # what was there when the form was made


class Wrong(ValueError):
    """What somebody typed makes no sense in this column."""


def text_of(workspace: Workspace, prop: Property, page: Page) -> str:
    if prop.type in COMPUTED:
        found = rendering.computed(prop, page, workspace)
        return str(found.get("name") or found) if isinstance(found, dict) else str(found)
    return schema.as_text(workspace, prop, page.values.get(prop.id, prop.empty()))


def field(workspace: Workspace, prop: Property, page: Page | None, *, form: str, roomy: bool = False) -> html.Safe:
    """An input for the value; `roomy` where it may take several lines."""
    text = text_of(workspace, prop, page) if page else ""
    common: dict[str, str | bool] = {"name": PREFIX + prop.id, "form": form, "aria_label": prop.name}
    if prop.type in COMPUTED:
        return html.tag("span", text, class_="facts")
    if prop.type == "checkbox":
        box = html.void("input", type="checkbox", value="yes", checked=text == "Yes", **common)
        return html.joined([html.void("input", type="hidden", value="", name=PREFIX + prop.id, form=form), box])
    if prop.type in ("select", "status"):
        names = [option.name for option in prop.options]
        if prop.type == "status":
            return html.tag("select", html.options(names, text, blank=True), **common)
        return _suggesting(prop, text, names, common)
    if roomy and prop.type == "rich_text":
        return html.tag("textarea", text, rows="5" if len(text) > LONG else "1", **common)
    if "\n" in text:  # an input would lose the line breaks
        return html.tag("span", text[:LONG] + "…", class_="facts", title="Several lines: open the page to edit them.")
    hint = {"date": "YYYY-MM-DD[ HH:MM]", "multi_select": "one, two", "people": "names"}.get(prop.type, "")
    return html.void("input", value=text, placeholder=hint, class_=prop.type, **common)


def original(workspace: Workspace, prop: Property, page: Page, *, form: str) -> html.Safe:
    """What the field held when the form was made, so that only what somebody changed is written."""
    return html.void("input", type="hidden", name=WAS + prop.id, value=text_of(workspace, prop, page), form=form)


def _suggesting(prop: Property, text: str, names: list[str], common: dict[str, str | bool]) -> html.Safe:
    listed = f"{common['form']}-{prop.encoded_id}"
    box = html.void("input", value=text, list=listed, **common)
    return html.joined([box, html.tag("datalist", html.options(names), id=listed)])


def typed(prop: Property, text: str) -> Any:
    """The plain value for what somebody typed; raises Wrong."""
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
        raise Wrong(f"{prop.name}: {text!r} is no number.")
    return float(text)


def _date(prop: Property, text: str) -> Any:
    parts = [dates.read(part.strip()) for part in text.split("→")]
    if None in parts or len(parts) > 2:
        raise Wrong(f"{prop.name}: write a date as 2026-11-23 or 2026-11-23 14:30, a range with → between.")
    start, end = (*parts, None)[:2]
    if isinstance(start, dt.datetime) != isinstance(end, dt.datetime) and end is not None:
        raise Wrong(f"{prop.name}: both ends of a range have a time, or neither has.")
    return start if end is None else (start, end)
