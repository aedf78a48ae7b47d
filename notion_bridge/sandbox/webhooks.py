"""Webhooks as Notion sends them: a handshake, then signed events that say where something changed, never what to."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from notion_bridge.sandbox import dates
from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.model import DataSource, Page
from notion_bridge.sandbox.workspace import Workspace

API_VERSION = "2025-09-03"
MOST_ATTEMPTS = 8
TIMEOUT = 10.0
AGGREGATED = ("page.properties_updated", "page.content_updated", "data_source.schema_updated")


@dataclass
class Queued:
    """An event on its way: the next attempt, and not before which time.monotonic() value."""

    event: Json
    due: float
    attempt: int = 1


@dataclass
class Mischief:
    """What can happen to events: the share that is lost, the share that comes twice, and whether order is kept."""

    lose: float = 0.0
    double: float = 0.0
    shuffle: bool = False
    delay: float = 0.0  # seconds from the change to the first attempt


@dataclass
class Webhooks:
    """One subscription. Events queue from `confirm` on and leave with `deliver_now`, or by themselves after `start`."""

    workspace: Workspace
    seed: int = 1
    url: str = ""
    token: str = ""
    active: bool = False
    subscription_id: str = ""
    mischief: Mischief = field(default_factory=Mischief)
    retry_after: float = 1.0  # seconds before the second attempt; doubles with each further one

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - repeats from run to run
        self._queue: list[Queued] = []
        self._open: dict[tuple[str, str], Json] = {}  # events that can still take others up, by type and entity
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.integration_id = self.workspace.bot.id
        self.workspace.announce = self._announce

    # The handshake

    def subscribe(self, url: str) -> str:
        """Present a new token to the address and say it; events wait for `confirm`. A refusal raises."""
        token = "secret_" + "".join(self._random.choices("abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789", k=43))
        status = post(url, json.dumps({"verification_token": token}).encode(), {})
        if not 200 <= status < 300:
            raise ConnectionError(f"{url} answered {status} to the verification token.")
        with self._changed:
            self.url, self.token, self.active = url, token, False
            self.subscription_id = self.workspace.new_id()
            self._take()
        self.workspace.changed()
        return token

    def confirm(self, token: str) -> bool:
        """What a person pastes into Notion; the right token lets events flow."""
        self.active = bool(self.token) and hmac.compare_digest(token.strip().encode(), self.token.encode())
        self.workspace.changed()
        return self.active

    # Events

    def events(self) -> list[Json]:
        """Take what waits, without delivering it."""
        with self._changed:
            taken = self._take()
        return [one.event | {"attempt_number": one.attempt} for one in taken]

    def deliver_now(self) -> int:
        """Make one attempt for everything that waits; says how many were accepted. Refused ones wait again."""
        with self._changed:
            taken = self._take()
        return self._deliver(taken)

    def _take(self, until: float = math.inf) -> list[Queued]:
        """Out of the queue: whatever is due by then."""
        taken = [one for one in self._queue if one.due <= until]
        self._queue = [one for one in self._queue if one.due > until]
        for one in taken:
            self._open.pop(_key(one.event), None)
        return taken

    def start(self) -> None:
        """Deliver in the background from now on."""
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._run, daemon=True, name="sandbox webhooks")
            self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            with self._changed:
                self._stopping = True
                self._changed.notify_all()
            self._thread.join(timeout=TIMEOUT)
            self._thread = None

    def signed(self, body: bytes) -> dict[str, str]:
        digest = hmac.new(self.token.encode(), body, hashlib.sha256).hexdigest()
        return {"X-Notion-Signature": f"sha256={digest}"}

    def _announce(self, kind: str, subject: Any, data: Json, by: str) -> None:
        if not self.active or not self.workspace.is_shared(subject.id):
            return
        event = self._event(kind, subject, data, by)
        with self._changed:
            waiting = self._open.get(_key(event))
            if waiting is not None:
                _join(waiting, event)
                return
            if kind in AGGREGATED:
                self._open[_key(event)] = event
            self._queue.append(Queued(event, time.monotonic() + self.mischief.delay))
            self._changed.notify_all()

    def _event(self, kind: str, subject: Page | DataSource, data: Json, by: str) -> Json:
        workspace = self.workspace
        return {
            "id": workspace.new_id(),
            "timestamp": dates.timestamp(workspace.clock.now()),
            "workspace_id": workspace.id,
            "workspace_name": workspace.name,
            "subscription_id": self.subscription_id,
            "integration_id": self.integration_id,
            "type": kind,
            "authors": [{"id": by, "type": "bot" if by == workspace.bot.id else "person"}],
            "attempt_number": 1,
            "api_version": API_VERSION,
            "entity": {"id": subject.id, "type": "page" if isinstance(subject, Page) else "data_source"},
            "data": {"parent": self._parent(subject)} | data,
        }

    def _parent(self, subject: Page | DataSource) -> Json:
        if isinstance(subject, DataSource):
            return {"id": subject.database_id, "type": "database"}
        source = self.workspace.sources.get(subject.source_id)
        if source is not None:
            return {"id": source.database_id, "type": "database", "data_source_id": source.id}
        return {"id": subject.parent_id or self.workspace.id, "type": "page" if subject.parent_id else "space"}

    # Delivery

    def _run(self) -> None:
        while not self._stopping:
            with self._changed:
                due = self._take(time.monotonic())
                if not due:
                    self._changed.wait(self._pause())
            self._deliver(due)

    def _pause(self) -> float | None:
        return max(0.001, min(one.due for one in self._queue) - time.monotonic()) if self._queue else None

    def _deliver(self, taken: list[Queued]) -> int:
        accepted = 0
        for one in self._disturbed(taken):
            body = json.dumps(one.event | {"attempt_number": one.attempt}, ensure_ascii=False).encode()
            if 200 <= post(self.url, body, self.signed(body)) < 300:
                accepted += 1
            elif one.attempt < MOST_ATTEMPTS:
                wait = self.retry_after * 2 ** (one.attempt - 1)
                with self._changed:
                    self._queue.append(Queued(one.event, time.monotonic() + wait, one.attempt + 1))
        return accepted

    def _disturbed(self, taken: list[Queued]) -> list[Queued]:
        mischief = self.mischief
        kept = [one for one in taken if self._random.random() >= mischief.lose]
        kept += [one for one in kept if self._random.random() < mischief.double]
        if mischief.shuffle:
            self._random.shuffle(kept)
        return kept


def _key(event: Json) -> tuple[str, str]:
    return event["type"], event["entity"]["id"]


def _join(waiting: Json, event: Json) -> None:
    """The later event disappears in the earlier one, which takes its time, its authors and what it names."""
    waiting["timestamp"] = event["timestamp"]
    waiting["authors"] += [one for one in event["authors"] if one not in waiting["authors"]]
    for key in ("updated_properties", "updated_blocks"):
        known = waiting["data"].get(key)
        if known is not None:
            known += [one for one in event["data"].get(key, []) if one not in known]


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer, or 0 if there is none."""
    headers = {"Content-Type": "application/json"} | headers
    try:
        # To read whose certificates are believed takes time, and only https asks for them.
        answer = httpx.post(url, content=body, headers=headers, timeout=TIMEOUT, verify=url.startswith("https:"))
    except (httpx.HTTPError, httpx.InvalidURL):
        return 0
    return answer.status_code
