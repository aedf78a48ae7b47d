"""Whether a value of a request has the shape that Notion's schema demands, and what the server says where it has not.

`path` names a value as Notion would.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection
from typing import Any, Final, cast

Json = dict[str, Any]

LONGEST_LIST = 100
HEX = re.compile(r"[0-9a-fA-F]{32}\Z")
MISSING: Final = object()
LONGEST_SHOWN = 200


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: int | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after, self.more = retry_after, more or {}


def invalid(message: str) -> Refusal:
    """The request is understood and wrong."""
    return Refusal(400, "validation_error", message)


def misshapen(path: str, should: str, value: Any = MISSING) -> Refusal:
    """A value in the body, the path or the query string is not what it should be."""
    part = path.split(".", 1)[0]
    return invalid(f"{part} failed validation: {path} should be {should}, instead was `{shown(value)}`.")


def shown(value: Any) -> str:
    if value is MISSING:
        return "undefined"
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def not_found(kind: str, object_id: str) -> Refusal:
    """The object does not exist, or is not shared with the integration; Notion does not tell which."""
    return Refusal(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {object_id}. "
        "Make sure the relevant pages and databases are shared with your integration.",
    )


def in_trash() -> Refusal:
    """What is in the trash has to be restored before it can be edited."""
    return invalid("Can't edit block that is archived. You must unarchive the block before editing.")


def unknown_property(name: str) -> Refusal:
    return invalid(f"{name} is not a property that exists.")


def mapping(value: Any, path: str, *, optional: bool = False) -> Json:
    if not isinstance(value, dict):
        raise misshapen(path, "an object or `undefined`" if optional else "an object", value)
    return value


def only(value: Json, path: str, allowed: Collection[str]) -> None:
    """Refuse keys that Notion does not know here."""
    for key in value:
        if key not in allowed:
            raise misshapen(f"{path}.{key}", "not present", value[key])


def array(value: Any, path: str, *, longest: int = LONGEST_LIST) -> list[Any]:
    if not isinstance(value, list):
        raise misshapen(path, "an array", value)
    if len(value) > longest:
        raise misshapen(f"{path}.length", f"≤ `{longest}`", len(value))
    return value


def string(value: Any, path: str, *, longest: int | None = None, empty: bool = False) -> str:
    """Length is counted in UTF-16 units, as Notion does."""
    if not isinstance(value, str):
        raise misshapen(path, "a string", value)
    if not value and not empty:
        raise misshapen(f"{path}.length", "≥ `1`", 0)
    if longest is not None and units(value) > longest:
        raise misshapen(f"{path}.length", f"≤ `{longest}`", units(value))
    return value


def units(text: str) -> int:
    """How long Notion thinks a text is: an emoji counts two."""
    return len(text) + sum(character > "\uffff" for character in text)


def flag(value: Any, path: str, *, optional: bool = True) -> bool:
    if not isinstance(value, bool):
        raise misshapen(path, "a boolean or `undefined`" if optional else "a boolean", value)
    return value


def one_of(value: Any, path: str, allowed: Collection[str]) -> str:
    if value not in tuple(allowed):  # a list or an object has no hash
        raise misshapen(path, " or ".join(f'`"{one}"`' for one in allowed), value)
    return cast(str, value)


def identifier(value: Any, path: str) -> str:
    """An id in its dashed spelling, whichever it came in."""
    found = as_id(value) if isinstance(value, str) else None
    if found is None:
        raise misshapen(path, "a valid uuid", value)
    return found


def as_id(text: str) -> str | None:
    """The dashed spelling of an id, or None if it is none."""
    bare = text.replace("-", "")
    return str(uuid.UUID(bare)) if HEX.match(bare) else None


def page_size(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise misshapen(path, "a number or `undefined`", value)
    if value < 1:
        raise misshapen(path, "≥ `1`", value)
    if value > LONGEST_LIST:
        raise misshapen(path, f"≤ `{LONGEST_LIST}`", value)
    return value
