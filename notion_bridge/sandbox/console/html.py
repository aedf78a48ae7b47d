"""Pieces of HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

from notion_bridge.sandbox.console.style import CSS, SCRIPT

Attributes = Mapping[str, str | bool]


class Safe(str):
    """HTML that needs no escaping any more."""

    __slots__ = ()


def safe(value: object) -> Safe:
    return value if isinstance(value, Safe) else Safe(html.escape(str(value)))


def tag(name: str, content: object = "", /, **attributes: str | bool) -> Safe:
    """An element; `class_` and `for_` lose their underscore, other underscores become hyphens."""
    return Safe(f"<{name}{spelled(attributes)}>{safe(content)}</{name}>")


def void(name: str, /, **attributes: str | bool) -> Safe:
    return Safe(f"<{name}{spelled(attributes)}>")


def spelled(attributes: Attributes) -> str:
    parts = []
    for name, value in attributes.items():
        key = name.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(f" {key}")
        elif value is not False:
            parts.append(f' {key}="{html.escape(str(value))}"')
    return "".join(parts)


def joined(parts: Iterable[object]) -> Safe:
    return Safe("".join(safe(part) for part in parts))


def hidden(**values: str) -> Safe:
    return joined(void("input", type="hidden", name=name, value=value) for name, value in values.items())


def button(text: str, /, **attributes: str | bool) -> Safe:
    return tag("button", text, **attributes)


def form(action: str, *content: object, **attributes: str | bool) -> Safe:
    return tag("form", joined(content), method="post", action=action, **attributes)


def options(names: Iterable[str], chosen: str = "", *, blank: bool = False) -> Safe:
    listed = [tag("option", "", value="")] if blank else []
    listed += [tag("option", name, value=name, selected=name == chosen) for name in names]
    return joined(listed)


def table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> Safe:
    """A plain table; each cell is text or HTML."""
    top = tag("tr", joined(tag("th", one) for one in head))
    body = joined(tag("tr", joined(tag("td", one, class_="text") for one in row)) for row in rows)
    return tag("div", tag("table", joined([tag("thead", top), tag("tbody", body)])), class_="scroll")


def document(title: str, navigation: object, content: object) -> str:
    """A whole page."""
    head = joined(
        [
            Safe('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
            tag("title", f"{title} · Notion sandbox"),
            Safe(f"<style>{CSS}</style>"),
        ]
    )
    top = tag("header", joined([tag("strong", "Notion sandbox"), tag("small", "not the real one"), navigation]))
    body = joined([top, tag("main", content), Safe(f"<script>{SCRIPT}</script>")])
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
