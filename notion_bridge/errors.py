"""What can become of a request to Notion, told apart by what may be done next."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MESSAGE_LENGTH = 500
REQUEST_TIMEOUT = 408
TOO_MANY_REQUESTS = 429
SERVER_ERRORS = 500
SERVICE_OVERLOAD = 529

# What Notion calls these when it can still speak; a proxy in front of it answers with a page instead.
CODES = {
    REQUEST_TIMEOUT: "request_timeout",
    TOO_MANY_REQUESTS: "rate_limited",
    500: "internal_server_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
    SERVICE_OVERLOAD: "service_overload",
}


class NotionError(Exception):
    """A request that brought no answer to use.

    `message` is for people: it says what to do and may quote values. `str()` is for logs: it never does.
    """

    permanent = False
    remedy = ""

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = " ".join(part for part in (self.remedy, message[:MESSAGE_LENGTH]) if part)
        self.status = status
        self.retry_after = retry_after  # seconds
        self.request_id = request_id  # what Notion's support asks for

    def __str__(self) -> str:
        status = f" ({self.status})" if self.status else ""
        return f"{self.code}{status}" + f", request {self.request_id}" * bool(self.request_id)


class Unauthorized(NotionError):
    """The key is missing, wrong or revoked: no request will succeed until it is replaced."""

    permanent = True
    remedy = "Notion does not accept our key: put the current secret of the integration into NOTION_API_KEY."


class Forbidden(NotionError):
    """The integration lacks a right, which `lacking` names."""

    permanent = True
    remedy = "The integration lacks a right."
    right = ""

    def lacking(self, right: str) -> None:
        """Say which right it is, as Notion's settings of the integration call it."""
        self.right = right
        named = f"The integration lacks the right “{right}”: allow it in Notion's settings of the integration."
        self.message = self.message.replace(self.remedy, named, 1)


class NotFound(NotionError):
    """Gone for good, or not shared with the integration; Notion does not tell which."""

    permanent = True
    remedy = "Notion does not find it: it was deleted, or it is not shared with the integration (••• > Connections)."


class Invalid(NotionError):
    """Notion refuses the request as it is; the same one will be refused again."""

    permanent = True
    remedy = "Notion refuses the request:"


class Conflicting(NotionError):
    """Somebody wrote to the same page at the same time: read it again and repeat."""

    remedy = "The page was changed at the same moment."


class RateLimited(NotionError):
    """Too many requests, or Notion is overloaded. Nothing was done; the budget holds everybody back meanwhile."""

    remedy = "Notion asks us to slow down."


class Unavailable(NotionError):
    """No usable answer, and nothing was changed by asking: safe to repeat."""

    remedy = "Notion cannot be reached or is unwell."


class Endless(NotionError):
    """A list that gives the same place in itself twice, or goes on beyond all measure."""

    remedy = "Notion's list does not end. What was read of it until there is taken over."


class Unclear(NotionError):
    """A write whose answer is lost: it may have been done. Look before writing again."""

    remedy = "Notion did not answer a change, which may have been made."


# Notion's own errors by status; other 4xx are Invalid.
KINDS: dict[int, type[NotionError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflicting,
    TOO_MANY_REQUESTS: RateLimited,
    SERVICE_OVERLOAD: RateLimited,
}


def lost(code: str, *, writes: bool) -> NotionError:
    """The request left and no answer came that can be read."""
    return Unclear(code) if writes else Unavailable(code)


def understand(status: int, body: str, headers: Mapping[str, str], *, writes: bool, now: datetime) -> NotionError:
    """The error that a refusal means; the names of `headers` are in lower case, or their case does not count.

    Only what Notion itself says counts as its word about a key or a page.
    """
    said = _said_by_notion(body)
    kind = _kind(status, writes=writes, by_notion=bool(said))
    if said:
        code, message = said["code"], said["message"]
    else:
        code = CODES.get(status, f"http_{status}")
        message = f"The answer {status} is not Notion's own, but came from something between us."
    return kind(
        code,
        message,
        status=status,
        retry_after=retry_after(headers, now=now),
        request_id=said.get("request_id", ""),
    )


def _kind(status: int, *, writes: bool, by_notion: bool) -> type[NotionError]:
    # 529 promises that nothing was done only in Notion's own words; 429 is a refusal whoever says it.
    if status == TOO_MANY_REQUESTS or (by_notion and status in KINDS):
        return KINDS[status]
    if status >= SERVER_ERRORS or status == REQUEST_TIMEOUT:
        return Unclear if writes else Unavailable
    # A redirect or refusal of a proxy, a firewall, a hotel's network: Notion has not seen the request.
    return Invalid if by_notion else Unavailable


def _said_by_notion(body: str) -> dict[str, str]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict) or not isinstance(said.get("code"), str) or not isinstance(said.get("message"), str):
        return {}
    return {name: value for name, value in said.items() if isinstance(value, str)}


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """The seconds to wait, from a number or a date; a date is read by the clock of the server that wrote it."""
    value = headers.get("retry-after", "").strip()
    date = read_date(value)
    if date:
        return max((date - (read_date(headers.get("date", "")) or now)).total_seconds(), 0.0)
    try:
        seconds = float(value)
    except ValueError:
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def read_date(value: str) -> datetime | None:
    """A date as HTTP headers write it."""
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
