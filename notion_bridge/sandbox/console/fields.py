"""Values as text in a form, and back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from notion_bridge.sandbox import dates, rendering, schema
from notion_bridge.sandbox.model import COMPUTED, Page, Property
from notion_bridge.sandbox.workspace import Workspace

PREFIX = "p:"  # what somebody typed
HINTS = {"date": "YYYY-MM-DD[ HH:MM]", "multi_select": "one, two", "people": "names"}
WAS = "o:"  # what was there when the form was made


class Wrong(ValueError):
    """What somebody typed makes no sense in this column."""


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
