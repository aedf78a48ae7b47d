"""What the server refuses, in Notion's own words and codes."""

from __future__ import annotations

import json
from typing import Any, Final

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
    """A value as Notion repeats it."""
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
