"""Rich text: how it comes in a request, and how it is kept and answered."""

from __future__ import annotations

import re
from typing import Any

from notion_bridge.sandbox import checks
from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.refusals import invalid, misshapen

LONGEST_CONTENT = 2000
LONGEST_URL = 2000
LONGEST_EXPRESSION = 1000
KINDS = ("text", "mention", "equation")
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


def parse(value: Any, path: str, names: dict[str, str]) -> list[Json]:
    """The items of a request as they are kept; empty pieces of text vanish. `names` are the users' by id."""
    items = [_item(one, f"{path}[{at}]", names) for at, one in enumerate(checks.array(value, path))]
    return [item for item in items if item["plain_text"]]


def _item(value: Any, path: str, names: dict[str, str]) -> Json:
    item = checks.mapping(value, path)
    checks.only(item, path, (*KINDS, "type", "annotations"))
    given = [kind for kind in KINDS if kind in item]
    kind = item.get("type", given[0] if given else "text")
    checks.one_of(kind, f"{path}.type", KINDS)
    if given != [kind]:
        raise misshapen(f"{path}.{kind}", "defined")
    made: Json = {"type": kind} | _content(kind, item[kind], f"{path}.{kind}", names)
    return made | {"annotations": _annotations(item.get("annotations", {}), f"{path}.annotations")}


def _content(kind: str, value: Any, path: str, names: dict[str, str]) -> Json:
    checks.mapping(value, path)
    if kind == "text":
        return _text(value, path)
    if kind == "mention":
        return _mention(value, path, names)
    checks.only(value, path, ("expression",))
    expression = checks.string(value.get("expression"), f"{path}.expression", longest=LONGEST_EXPRESSION)
    return {"equation": {"expression": expression}, "plain_text": expression, "href": None}


def _text(value: Json, path: str) -> Json:
    checks.only(value, path, ("content", "link"))
    if "content" not in value:
        raise misshapen(f"{path}.content", "defined")
    content = checks.string(value["content"], f"{path}.content", longest=LONGEST_CONTENT, empty=True)
    url = _link(value.get("link"), f"{path}.link")
    return {"text": {"content": content, "link": {"url": url} if url else None}, "plain_text": content, "href": url}


def _link(value: Any, path: str) -> str | None:
    if value is None:
        return None
    checks.only(checks.mapping(value, path, optional=True), path, ("url", "type"))
    url = checks.string(value.get("url"), f"{path}.url", longest=LONGEST_URL)
    if not LINK.match(url):
        raise invalid("Invalid URL for link.")
    return url


def _mention(value: Json, path: str, names: dict[str, str]) -> Json:
    kind = value.get("type") or next((one for one in ("user", "page", "date") if one in value), "user")
    checks.one_of(kind, f"{path}.type", ("user", "page", "date"))
    about = checks.mapping(value.get(kind), f"{path}.{kind}")
    if kind == "date":
        return {"mention": {"type": kind, kind: about}, "plain_text": str(about.get("start")), "href": None}
    found = checks.identifier(about.get("id"), f"{path}.{kind}.id")
    if kind == "user" and found not in names:
        raise invalid(f"Could not find user with ID: {found}.")
    plain = f"@{names[found]}" if kind == "user" else "Untitled"
    return {"mention": {"type": kind, kind: {"id": found}}, "plain_text": plain, "href": None}


def _annotations(value: Any, path: str) -> Json:
    given = checks.mapping(value, path, optional=True)
    checks.only(given, path, (*MARKS, "color"))
    for mark in MARKS:
        if mark in given:
            checks.flag(given[mark], f"{path}.{mark}")
    return PLAIN | given
