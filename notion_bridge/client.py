"""Notion over HTTP: one method per request, one budget for all of them, and errors that say what may be repeated.

The only module that knows notion_client. Nothing is retried here: retries are planned in our own rows.
"""

from __future__ import annotations

import json
import logging
import os
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import notion_client
from django.conf import settings
from django.views.decorators.debug import sensitive_variables
from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

from contactflow.core.clock import database_now
from notion_bridge import budget
from notion_bridge.budget import Lane, Later
from notion_bridge.errors import (
    Conflicting,
    Endless,
    Forbidden,
    Invalid,
    NotFound,
    NotionError,
    RateLimited,
    Unauthorized,
    Unavailable,
    Unclear,
    lost,
    read_date,
    understand,
)

Answer = dict[str, Any]

PAGE_SIZE = 100  # the most that Notion gives
MOST_LISTS = 2_000  # that belong together
# The rights of an integration, as Notion's settings call them.
READ, INSERT, UPDATE = "Read content", "Insert content", "Update content"
READ_USERS = "Read user information including email addresses"
PHASE_SECONDS = 20.0  # for each of connecting, sending, and every single wait for more of the answer
TOTAL_SECONDS = 30.0

log = logging.getLogger(__name__)
silent = logging.getLogger(f"{__name__}.sdk")  # its warnings quote what Notion says, and Notion quotes values


def connect(*, total_seconds: float = TOTAL_SECONDS) -> Notion:
    """Notion as the settings name it: one client per process, key, address and patience with a single answer."""
    if not settings.NOTION_API_KEY:
        raise Unauthorized("no_key")
    return _connected(settings.NOTION_API_KEY, settings.NOTION_BASE_URL, os.getpid(), total_seconds)


@lru_cache(maxsize=4)
def _connected(key: str, base_url: str, _process: int, total_seconds: float) -> Notion:
    # By process, too: a fork that went on using its parent's connections would mix up the answers.
    return Notion(
        key=key, base_url=base_url, phase_seconds=min(PHASE_SECONDS, total_seconds), total_seconds=total_seconds
    )


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed; reading them takes as long as a request, and all clients believe the same."""
    return httpx.create_ssl_context()


class Notion:
    """The part of Notion's API that the bridge uses. Every method is one request, and may raise NotionError or Later.

    A request must not be made inside a transaction: it waits for its turn and for Notion.
    """

    lane = Lane.SYNC
    deadline: float | None = None  # a time.monotonic() value; Later is raised when a request's turn comes after it

    @sensitive_variables("key")
    def __init__(
        self, *, key: str, base_url: str, phase_seconds: float = PHASE_SECONDS, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        if not re.fullmatch(r"[!-~]+", key):
            raise Unauthorized("unusable_key")  # as a header it would end in an error that shows it
        self._key = key
        self._total_seconds = total_seconds
        self._dates: list[datetime] = []
        try:
            self._host = urlsplit(base_url).hostname or ""
            self._sdk = notion_client.Client(
                client=httpx.Client(verify=_trusted(), event_hooks={"response": [self._read_clock]}),
                auth=key,
                base_url=base_url.rstrip("/").removesuffix("/v1"),
                timeout_ms=round(phase_seconds * 1000),
                retry=False,
                logger=silent,
                log_level=logging.CRITICAL,
            )
        except (httpx.InvalidURL, ValueError):
            raise Invalid("invalid_address", "NOTION_BASE_URL is no address.") from None

    def __repr__(self) -> str:
        return f"<Notion at {self._host}>"

    def within(self, *, deadline: float | None = None, lane: Lane | None = None) -> Notion:
        """The same connection, whose requests wait for their turn no longer than that, or in this lane."""
        other = copy(self)
        other.deadline, other.lane = deadline or self.deadline, lane or self.lane
        return other

    @property
    def last_date(self) -> datetime | None:
        """Notion's own clock, to the second, as of the latest answer."""
        return self._dates[0] if self._dates else None

    # Reading

    def me(self) -> Answer:
        """The bot user behind our key, with its workspace."""
        return self._read(self._sdk.users.me, {})

    def users(self, *, start_cursor: str | None = None) -> Answer:
        """One list of the workspace's people and bots."""
        asked = {"start_cursor": start_cursor, "page_size": PAGE_SIZE}
        return self._read(self._sdk.users.list, asked, right=READ_USERS)

    def find_database(self, database_id: str) -> Answer | None:
        """None where no database has that id, which is no error: it may be the one of a data source."""
        asked = {"database_id": _in_path(database_id)}
        try:
            return self._request(self._sdk.databases.retrieve, asked, READ, writes=False, foreseen=(NotFound, Invalid))
        except (NotFound, Invalid):
            return None

    def data_source(self, data_source_id: str) -> Answer:
        return self._read(self._sdk.data_sources.retrieve, {"data_source_id": _in_path(data_source_id)})

    def query(
        self,
        data_source_id: str,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  # Notion's own word
        sorts: list[dict[str, Any]] | None = None,
        start_cursor: str | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Answer:
        wanted = {"filter": filter, "sorts": sorts, "start_cursor": start_cursor, "page_size": page_size}
        # Optional keys may be absent but not null.
        body = {name: value for name, value in wanted.items() if value is not None}
        return self._read(self._sdk.data_sources.query, {"data_source_id": _in_path(data_source_id), **body})

    def page(self, page_id: str) -> Answer:
        """A page with its properties (up to 25 items of each), also when it is in the trash."""
        return self._read(self._sdk.pages.retrieve, {"page_id": _in_path(page_id)})

    def property_items(self, page_id: str, property_id: str, *, start_cursor: str | None = None) -> Answer:
        """One list of a property's items, or its only value. The id is the plain one, not URL-encoded."""
        ids = {"page_id": _in_path(page_id), "property_id": _in_path(property_id)}
        cursor = {"start_cursor": start_cursor, "page_size": PAGE_SIZE}
        return self._read(self._sdk.pages.properties.retrieve, ids | cursor)

    @staticmethod
    def everything(ask: Callable[..., Answer]) -> Iterator[dict[str, Any]]:
        """The results of all lists, one request each; `ask` takes the cursor. An only value stands alone.

        Raises Endless."""
        cursor: str | None = None
        passed: list[str] = []
        while True:
            answer = ask(start_cursor=cursor)
            if answer.get("object") != "list":
                yield answer
                return
            yield from answer.get("results") or []
            cursor = answer.get("next_cursor")
            if not answer.get("has_more") or not cursor:
                return
            pass_by(passed, cursor)

    # Writing

    def create_page(self, data_source_id: str, properties: Mapping[str, Any]) -> Answer:
        parent = {"type": "data_source_id", "data_source_id": data_source_id}
        return self._write(self._sdk.pages.create, {"parent": parent, "properties": properties}, right=INSERT)

    def update_page(self, page_id: str, properties: Mapping[str, Any]) -> Answer:
        return self._write(self._sdk.pages.update, {"page_id": _in_path(page_id), "properties": properties})

    def set_trashed(self, page_id: str, trashed: bool) -> Answer:
        """The page, now in the trash or out of it."""
        return self._write(self._sdk.pages.update, {"page_id": _in_path(page_id), "in_trash": trashed})

    def create_database(self, parent_page_id: str, title: str, properties: Mapping[str, Any]) -> Answer:
        """The new database, with one data source of the given schema."""
        body = {
            "parent": {"type": "page_id", "page_id": parent_page_id},
            "title": [{"type": "text", "text": {"content": title}}],
            "initial_data_source": {"properties": properties},
        }
        return self._write(self._sdk.databases.create, body, right=INSERT)

    def update_properties(self, data_source_id: str, properties: Mapping[str, Any]) -> Answer:
        """The data source with the given properties of its schema added or changed."""
        body = {"data_source_id": _in_path(data_source_id), "properties": properties}
        return self._write(self._sdk.data_sources.update, body)

    # What every request goes through

    def _read(self, method: Callable[..., Any], arguments: Mapping[str, Any], *, right: str = READ) -> Answer:
        return self._request(method, arguments, right, writes=False)

    def _write(self, method: Callable[..., Any], arguments: Mapping[str, Any], *, right: str = UPDATE) -> Answer:
        return self._request(method, arguments, right, writes=True)

    def _request(
        self,
        method: Callable[..., Any],
        arguments: Mapping[str, Any],
        right: str,
        *,
        writes: bool,
        foreseen: tuple[type[NotionError], ...] = (),
    ) -> Answer:
        budget.acquire(self.lane, self.deadline)
        try:
            answer = self._answer(method, arguments, writes=writes)
        except foreseen:
            budget.settle("ok")
            raise
        except NotionError as error:
            if isinstance(error, Forbidden):
                error.lacking(right)
            error.message = error.message.replace(self._key, "...")
            log.warning("Notion, %s: %s", method.__qualname__, error)
            if error.retry_after is not None or isinstance(error, RateLimited):
                budget.block(error.retry_after)
            budget.settle(error.code)
            raise
        budget.settle("ok")
        return answer

    def _answer(self, method: Callable[..., Any], arguments: Mapping[str, Any], *, writes: bool) -> Answer:
        attempt = _Attempt(method, arguments)
        attempt.start()
        attempt.join(self._total_seconds)
        if attempt.is_alive():
            raise lost("timeout", writes=writes)
        if attempt.error is not None:
            # Not chained: the originals quote headers and bodies.
            raise _understood(attempt.error, writes=writes) from None
        if not isinstance(attempt.answer, dict) or "object" not in attempt.answer:
            raise lost("unreadable", writes=writes)
        return attempt.answer

    def _read_clock(self, response: httpx.Response) -> None:
        if date := read_date(response.headers.get("date", "")):
            self._dates[:] = [date]


def pass_by(passed: list[str], cursor: str) -> None:
    """Remember a place that a walk through lists goes on from. Raises Endless where it was there before."""
    if cursor in passed or len(passed) >= MOST_LISTS:
        raise Endless("endless_list")
    passed.append(cursor)


class _Attempt(threading.Thread):
    """One request in a thread of its own: time-outs of phases alone would let a slow name server or a trickling
    answer hold us for ever. A request that is given up ends with its phase.
    """

    answer: Any = None
    error: Exception | None = None

    def __init__(self, method: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        super().__init__(name="notion", daemon=True)
        self._method = method
        self._arguments = arguments

    def run(self) -> None:
        try:
            self.answer = self._method(**self._arguments)
        except Exception as error:  # noqa: BLE001  # not swallowed: the thread that waits raises it
            self.error = error


def _understood(error: Exception, *, writes: bool) -> Exception:
    """What an exception of the client means; one that it should not raise stays what it is."""
    if isinstance(error, HTTPResponseError):
        return understand(error.status, error.body, error.headers, writes=writes, now=database_now())
    if isinstance(error, InvalidPathParameterError):
        return Invalid("invalid_id", "An id contains what no id contains.")
    # The SDK hides the httpx exception in whose handler it raises its own.
    cause = error.__context__ if isinstance(error, RequestTimeoutError) else error
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError):
        return Unavailable("unreachable")  # whatever it was to write, nothing was sent
    if isinstance(cause, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return Invalid("invalid_address", "NOTION_BASE_URL is no address.")
    if isinstance(error, RequestTimeoutError):
        return lost("timeout", writes=writes)
    if isinstance(error, httpx.TransportError):
        return lost("cut", writes=writes)
    if isinstance(error, httpx.DecodingError | json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return lost("unreadable", writes=writes)
    if isinstance(error, ValueError):
        return Invalid("unsendable", "A value cannot be written as JSON.")
    return error


def _in_path(identifier: str) -> str:
    """An id as a part of the path, so that nothing in it can lead elsewhere."""
    if not identifier:
        raise Invalid("invalid_id", "An id is missing.")
    return quote(identifier, safe="")
