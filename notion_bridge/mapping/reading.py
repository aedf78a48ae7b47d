"""A property value, as a page of Notion has it -> the canonical value of a field.

Nothing that comes from Notion may crash a pass, and nothing that cannot be read may look empty: it is `Unreadable`.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from notion_bridge.mapping import datetimes, rich_text
from notion_bridge.mapping.fields import Field, Shape, Value, folded

_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")
PAGE_OF_ITEMS: Final = 25  # as many items of a list a page shows; beyond them it does not say that there are more


class Unreadable(ValueError):
    """The value cannot be read into the field; `reason` is a sentence for staff. What was there stays untouched."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Truncated(Exception):
    """The page may not show the whole list: fetch the property's items and call `read_items`."""


def read(value: object, field: Field) -> Value:
    """The canonical value. Raises Unreadable, or Truncated where the page shows only the beginning of a list."""
    kind, content = _opened(value, field)
    if _may_be_truncated(value, kind, content):
        raise Truncated
    return _content(kind, content, field)


def read_items(items: Sequence[object], field: Field) -> Value:
    """As `read`, from the results of all pages of the property's items. Raises Unreadable."""
    values = [_opened(item, field) for item in items]
    if not values:
        return [] if field.shape is Shape.CHOICES else ""
    kind = values[0][0]
    if kind not in ("title", "rich_text", "people") and len(values) == 1:
        return _content(kind, values[0][1], field)
    return _content(kind, [content for _, content in values], field)


def property_by_id(page: Mapping[str, Any], property_id: str) -> dict[str, Any] | None:
    """The page's value of that property, whichever of the two spellings of its id either side uses."""
    for wanted in (property_id, unquoted(property_id)):
        for value in _properties(page):
            if isinstance(value.get("id"), str) and unquoted(value["id"]) == wanted:
                return value
    return None


def title_of(page: Mapping[str, Any]) -> str:
    """What the page is called."""
    titles = [value.get("title") for value in _properties(page) if value.get("type") == "title"]
    return rich_text.plain(titles[0]) if titles else ""


def is_address(value: Value) -> bool:
    """Whether a text is an email address and nothing else."""
    return isinstance(value, str) and _ADDRESS.fullmatch(value.strip()) is not None


def unquoted(property_id: str) -> str:
    """The id as we keep it: answers have it URL-encoded."""
    return urllib.parse.unquote(property_id)


def _properties(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    properties = page.get("properties")
    found = properties.values() if isinstance(properties, Mapping) else ()
    return [value for value in found if isinstance(value, dict)]


def _opened(value: object, field: Field) -> tuple[str, object]:
    if not isinstance(value, Mapping):
        raise Unreadable(f"Notion's answer has no value for {field.label}.")
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in value:
        raise Unreadable(f"Notion's answer does not say what {field.label} holds.")
    if kind not in (*field.accepts, *field.reads):
        raise Unreadable(f"{field.label} cannot be read from a property of the type «{rich_text.clean(kind)}».")
    return kind, value[kind]


def _may_be_truncated(value: object, kind: str, content: object) -> bool:
    told = value.get("has_more") if isinstance(value, Mapping) else None
    if isinstance(told, bool):
        return told
    return kind in ("title", "rich_text", "people") and isinstance(content, list) and len(content) >= PAGE_OF_ITEMS


def _content(kind: str, content: object, field: Field) -> Value:
    try:
        return _READERS[kind](content, field) if kind in field.accepts else _said(kind, content, field)
    except (rich_text.Malformed, datetimes.Malformed) as error:
        raise Unreadable(f"{field.label} cannot be read: {error}.") from error


def _said(kind: str, content: object, field: Field) -> Value:
    """What can be read of a property that the field cannot live in: of several choices the first, else the text."""
    if field.shape in (Shape.DATE, Shape.MOMENT):
        return _date(_computed_date(kind, content), field)
    words = [word for word in _words(kind, content, field) if word]
    if field.shape is Shape.CHOICES:
        return list({folded(part): part.strip() for word in words for part in word.split(",") if part.strip()}.values())
    said = words[0] if words and kind in ("multi_select", "people") else ", ".join(words)
    return _meant(said, field)


def _words(kind: str, content: object, field: Field) -> list[str]:
    if content is None or kind == "date":
        return [datetimes.read(content, with_time=False)] if isinstance(content, Mapping) else []
    if kind in ("title", "rich_text"):
        return [rich_text.plain(content)]
    if kind in ("multi_select", "people"):
        named = [one for one in content if isinstance(one, Mapping)] if isinstance(content, list) else []
        return [rich_text.clean(str(one.get("name") or "")) for one in named]
    if kind in ("select", "status"):
        return [_name(content, field)]
    if isinstance(content, Mapping) and kind in ("formula", "rollup"):
        inner = str(content.get("type"))
        return _words(inner, content.get(inner), field)
    if kind == "array" and isinstance(content, list):
        inside = ((str(one.get("type")), one) for one in content if isinstance(one, Mapping))
        return [word for inner, one in inside for word in _words(inner, one.get(inner), field)]
    if isinstance(content, float) and content.is_integer():
        content = int(content)
    if isinstance(content, str | int | float):
        return [rich_text.clean(str(content))]
    raise Unreadable(f"{field.label} cannot be read from a property of the type «{rich_text.clean(kind)}».")


def _computed_date(kind: str, content: object) -> object:
    """The date within a formula or a rollup; of several the first."""
    while isinstance(content, Mapping) and kind in ("formula", "rollup"):
        kind = str(content.get("type"))
        content = content.get(kind)
        if kind == "array" and isinstance(content, list):
            first: Any = next((one for one in content if isinstance(one, Mapping)), {})
            kind = str(first.get("type"))
            content = first.get(kind)
    return content


def _text(content: object, field: Field) -> Value:
    if field.shape is Shape.LONG_TEXT:
        return rich_text.with_links(content)
    words = rich_text.plain(content)
    return _meant(words, field) if field.shape is Shape.CHOICE else words


def _scalar(content: object, field: Field) -> Value:
    """An address or a number: a string, or null when empty."""
    if content is None:
        return ""
    if not isinstance(content, str):
        raise Unreadable(f"{field.label} cannot be read: it is not a text.")
    return rich_text.clean(content)


def _option(content: object, field: Field) -> Value:
    name = "" if content is None else _name(content, field)
    if field.shape is Shape.CHOICES:
        return [name] if name else []
    return _meant(name, field)


def _options(content: object, field: Field) -> Value:
    if not isinstance(content, list):
        raise Unreadable(f"{field.label} cannot be read: it is not a list of options.")
    names = {folded(name): name for name in (_name(one, field) for one in reversed(content))}
    return list(reversed(names.values()))


def _name(option: object, field: Field) -> str:
    name = option.get("name") if isinstance(option, Mapping) else None
    if not isinstance(name, str):
        raise Unreadable(f"{field.label} cannot be read: one of its options has no name.")
    return rich_text.clean(name)


def _meant(name: str, field: Field) -> str:
    return field.synonyms.get(folded(name), name)


def _date(content: object, field: Field) -> Value:
    if content is None:
        return ""
    if not isinstance(content, Mapping):
        raise Unreadable(f"{field.label} cannot be read: it is not a date.")
    return datetimes.read(content, with_time=field.shape is Shape.MOMENT)


def _people(content: object, field: Field) -> Value:
    if not isinstance(content, list):
        raise Unreadable(f"{field.label} cannot be read: it is not a list of people.")
    names = [_person(one) for one in content]
    if not all(names):
        raise Unreadable(
            f"{field.label} names somebody the integration may not see. "
            "Allow it to read user information in Notion's settings of the integration."
        )
    return ", ".join(names)


def _person(one: object) -> str:
    """Their name and address; "" where the integration may see neither."""
    about = one if isinstance(one, Mapping) and isinstance(one.get("id"), str) else {}
    details = about.get("person")
    email = details.get("email") if isinstance(details, Mapping) else None
    name, address = (rich_text.clean(word) if isinstance(word, str) else "" for word in (about.get("name"), email))
    return f"{name} <{address}>" if name and address else name or address


_READERS: Final[Mapping[str, Callable[[object, Field], Value]]] = {
    "title": _text,
    "rich_text": _text,
    "email": _scalar,
    "phone_number": _scalar,
    "select": _option,
    "status": _option,
    "multi_select": _options,
    "date": _date,
    "created_time": lambda content, field: _date({"start": datetimes.here(content)}, field),
    "people": _people,
}
