"""Rich text: how it comes in a request, and how it is kept and answered."""

from __future__ import annotations

import re
from typing import Any

from notion_bridge.sandbox import checks
from notion_bridge.sandbox.checks import Json, invalid, misshapen

LONGEST_CONTENT = 2000
LONGEST_URL = 2000
MARKS = ("bold", "italic", "strikethrough", "underline", "code")
PLAIN = dict.fromkeys(MARKS, False) | {"color": "default"}
LINK = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:\S|/)\S*\Z")


def plain_item(content: str, url: str | None = None) -> Json:
    """A piece of text without marks, perhaps a link, as it appears in answers."""
    link = {"url": url} if url else None
    return {
        "type": "text",
        "text": {"content": content, "link": link},
        "annotations": dict(PLAIN),
        "plain_text": content,
        "href": url,
    }


def plain_text(items: list[Json]) -> str:
    if len(items) == 1:  # nearly always, and asked for thousands of times in a query
        return str(items[0]["plain_text"])
    return "".join(item["plain_text"] for item in items)


def parse(value: Any, path: str) -> list[Json]:
    """The items of a request as they are kept; empty pieces of text vanish."""
    items = [_item(one, f"{path}[{at}]") for at, one in enumerate(checks.array(value, path))]
    return [item for item in items if item["plain_text"]]


def _item(value: Any, path: str) -> Json:
    """A piece of text, perhaps a link; a bridge sends neither marks nor mentions."""
    item = checks.mapping(value, path)
    checks.only(item, path, ("text", "type"))
    checks.one_of(item.get("type", "text"), f"{path}.type", ("text",))
    if "text" not in item:
        raise misshapen(f"{path}.text", "defined")
    text = checks.mapping(item["text"], f"{path}.text")
    checks.only(text, f"{path}.text", ("content", "link"))
    if "content" not in text:
        raise misshapen(f"{path}.text.content", "defined")
    content = checks.string(text["content"], f"{path}.text.content", longest=LONGEST_CONTENT, empty=True)
    return plain_item(content, _link(text.get("link"), f"{path}.text.link"))


def _link(value: Any, path: str) -> str | None:
    if value is None:
        return None
    checks.only(checks.mapping(value, path, optional=True), path, ("url", "type"))
    url = checks.string(value.get("url"), f"{path}.url", longest=LONGEST_URL)
    if not LINK.match(url):
        raise invalid("Invalid URL for link.")
    return url
