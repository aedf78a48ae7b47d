"""How Notion takes a property value and shows it in a page afterwards, as its documentation says.

What Notion would refuse fails here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

PLAIN = {
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "code": False,
    "color": "default",
}
USERS = {
    "d40e767c-d7af-4b18-a86d-55c61f1e39a4": ("Avocado Lovelace", "avo@example.org"),
    "e79a0b74-3aba-4149-9f74-0bb5791a6ee6": ("محمد علي", "ma@example.org"),
}
Json = dict[str, Any]


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def text_item(content: str, url: str | None = None, **marks: Any) -> Json:
    return {
        "type": "text",
        "text": {"content": content, "link": {"url": url} if url else None},
        "annotations": {**PLAIN, **marks},
        "plain_text": content,
        "href": url,
    }


def rich_text(*items: Json, kind: str = "rich_text") -> Json:
    return {"id": "%3AUPp", "type": kind, kind: list(items)}


def mention(plain: str, kind: str = "user", href: str | None = None) -> Json:
    return {
        "type": "mention",
        "mention": {"type": kind, kind: {"id": "d40e767c-d7af-4b18-a86d-55c61f1e39a4"}},
        "annotations": dict(PLAIN),
        "plain_text": plain,
        "href": href,
    }


def option(name: str) -> Json:
    return {"id": "ff8e9269-9579-47f7-8f6e-83a84716863c", "name": name, "color": "default"}


def person(user_id: str) -> Json:
    name, email = USERS[user_id]
    return {
        "object": "user",
        "id": user_id,
        "name": name,
        "avatar_url": None,
        "type": "person",
        "person": {"email": email},
    }


def date(start: str, end: str | None = None, time_zone: str | None = None) -> Json:
    return {"id": "M%3BBw", "type": "date", "date": {"start": start, "end": end, "time_zone": time_zone}}


def shown(kind: str, payload: Mapping[str, Any]) -> Json:
    """The value as a page shows it after this payload was sent to a property of that type."""
    assert set(payload) == {kind}
    return {"id": "%3AUPp", "type": kind, kind: _SHOWN[kind](payload[kind])}


def _text(items: Any) -> list[Json]:
    assert isinstance(items, list)
    assert len(items) <= 100
    return [_text_item(item) for item in items]


def _text_item(item: Json) -> Json:
    assert set(item) == {"type", "text"}
    assert set(item["text"]) <= {"content", "link"}
    content = item["text"]["content"]
    assert utf16(content) <= 2000
    link = item["text"].get("link", {"url": ""})
    assert set(link) == {"url"}
    assert utf16(link["url"]) <= 2000
    return text_item(content, link["url"] or None)


def _address(value: Any) -> str | None:
    assert value is None or (isinstance(value, str) and 0 < utf16(value) <= 100)
    return value


def _option(value: Any) -> Json | None:
    if value is None:
        return None
    assert set(value) == {"name"}
    assert "," not in value["name"]
    assert 0 < utf16(value["name"]) <= 100
    return option(value["name"])


def _options(value: Any) -> list[Json | None]:
    assert isinstance(value, list)
    assert len(value) <= 100
    assert None not in value
    return [_option(one) for one in value]


def _date(value: Any) -> Json | None:
    if value is None:
        return None
    assert set(value) <= {"start", "end"}
    return {"start": _spelled(value["start"]), "end": _spelled(value.get("end")), "time_zone": None}


def _spelled(text: str | None) -> str | None:
    """A day as it came; a moment with milliseconds and an offset, its seconds gone."""
    if text is None or len(text) == len("2026-03-01"):
        return text and dt.date.fromisoformat(text).isoformat()
    moment = dt.datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    return moment.replace(second=0, microsecond=0).isoformat(timespec="milliseconds")


def _people(value: Any) -> list[Json]:
    assert isinstance(value, list)
    assert len(value) <= 100
    return [person(one["id"]) for one in value]


_SHOWN = {
    "title": _text,
    "rich_text": _text,
    "email": _address,
    "phone_number": _address,
    "select": _option,
    "status": _option,
    "multi_select": _options,
    "date": _date,
    "people": _people,
}
