"""The sandbox: a Notion of one's own, as an object."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from notion_bridge.sandbox import samples
from notion_bridge.sandbox.console import Console
from notion_bridge.sandbox.endpoints import Api
from notion_bridge.sandbox.persons import Persons, make_property
from notion_bridge.sandbox.server import Door, Server
from notion_bridge.sandbox.webhooks import Webhooks
from notion_bridge.sandbox.workspace import Clock, Workspace

KEY = "ntn_sandbox"


class Ids(NamedTuple):
    """Where a database is."""

    database_id: str
    data_source_id: str


class Sandbox(Persons):
    """Serves Notion's API at `url` for the key `key` from `start` to `stop`.

    Colleagues' doings are the methods of Persons. `clock` is its time, `requests` what came, `faults` what goes wrong.
    """

    def __init__(self, *, key: str = KEY, seed: int = 1, clock: Clock | None = None) -> None:
        self.key = key
        self.clock = clock or Clock()
        self.workspace = Workspace(clock=self.clock, seed=seed)
        self.api = Api(self.workspace)
        self.door = Door(self.api, key=key, seed=seed)
        self.requests, self.faults = self.door.requests, self.door.faults
        self.webhooks = Webhooks(self.workspace, seed)
        self.console = Console(self, self.door, self.webhooks)
        self._server: Server | None = None
        for name, email in samples.COLLEAGUES:
            self.workspace.add_user(name, email)
        robin = self.workspace.people[0].id
        self.parent_page = self.workspace.add_page(parent_id="", title="Contactflow", by=robin).id

    # Running

    def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 is any free one."""
        self.door.closing.clear()
        self._server = Server((host, port), self.door, self.console.answer)
        self.workspace.site = self.url
        threading.Thread(target=self._server.run, daemon=True, name="sandbox").start()

    def stop(self) -> None:
        """Close the port and every connection; the content stays."""
        self.door.closing.set()
        self.webhooks.stop()
        if self._server is not None:
            self._server.finish()
            self._server = None

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("The sandbox is not running.")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    # Settings

    def limit_rate(self, per_second: float | None, burst: int = 10) -> None:
        """Answer 429 beyond so many requests a second; None: never."""
        self.door.limiter.per_second, self.door.limiter.burst = per_second, burst

    # Databases

    def create_database(
        self, title: str, properties: Mapping[str, str] | Sequence[samples.Column], *, ids: Ids | None = None
    ) -> Ids:
        """Below the parent page; properties are {name: type}, or columns with options."""
        columns = list(properties.items()) if isinstance(properties, Mapping) else properties
        place, workspace, robin = ids or Ids("", ""), self.workspace, self.workspace.people[0].id
        with workspace.lock:
            made = workspace.add_database(
                parent_id=self.parent_page, title=title, by=robin, database_id=place.database_id
            )
            given = [make_property(workspace, column) for column in columns]
            source = workspace.add_source(made, title=title, properties=given, by=robin, source_id=place.data_source_id)
        return Ids(made.id, source.id)
