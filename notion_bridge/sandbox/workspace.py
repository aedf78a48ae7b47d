"""The workspace in memory: everything there is, who may see it, and how it changes."""

from __future__ import annotations

import datetime as dt
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from notion_bridge.sandbox.checks import invalid, not_found
from notion_bridge.sandbox.model import Database, DataSource, Page, Property, User
from notion_bridge.sandbox.richtext import plain_item

# Printable characters that show who forgot to decode an id; "%", "/" and "." would not survive every client.
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_SIGNS = ":;<=>?@[\\]^`{|}~"

Found = TypeVar("Found")
Announce = Callable[[str, Any, dict[str, Any], str], None]


class Clock:
    """The sandbox's time."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


class Workspace:
    """Everything there is. Callers hold `lock` while they read or change it."""

    def __init__(self, *, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.random = random.Random(seed)  # noqa: S311 - ids that repeat from run to run
        self.site = "http://127.0.0.1"
        self.id = self.new_id()
        self.name = "Sandbox"
        self.index_lag = dt.timedelta()
        self.users: dict[str, User] = {}
        self.databases: dict[str, Database] = {}
        self.sources: dict[str, DataSource] = {}
        self.pages: dict[str, Page] = {}
        self.rows: dict[str, dict[str, Page]] = {}  # by data source
        self.unshared: set[str] = set()
        self.announce: Announce = lambda *_: None  # until somebody listens
        self.changes = 0  # so that whoever saves the state knows whether to
        self.bot = self.add_user("Contactflow", "")

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def new_property_id(self, source: DataSource | None = None) -> str:
        while True:
            letters = [self.random.choice(ID_LETTERS) for _ in range(3)] + [self.random.choice(ID_SIGNS)]
            self.random.shuffle(letters)
            if source is None or "".join(letters) not in source.properties:
                return "".join(letters)

    def minute(self) -> dt.datetime:
        return self.clock.now().replace(second=0, microsecond=0)  # as Notion keeps edit times

    def add_user(self, name: str, email: str, user_id: str = "") -> User:
        user = User(user_id or self.new_id(), name, email)
        self.users[user.id] = user
        return user

    @property
    def people(self) -> list[User]:
        return [user for user in self.users.values() if user.email]

    def stamps(self, by: str) -> tuple[dt.datetime, dt.datetime, str, str]:
        return self.minute(), self.minute(), by, by

    # What the integration sees

    def page(self, page_id: str) -> Page:
        return self._found("page", self.pages, page_id)

    def database(self, database_id: str) -> Database:
        return self._found("database", self.databases, database_id)

    def source(self, source_id: str) -> DataSource:
        return self._found("data_source", self.sources, source_id)

    def _found(self, kind: str, known: dict[str, Found], object_id: str) -> Found:
        """Notion says so when an id is right and only of another kind."""
        is_shared = self.is_shared(object_id)
        if object_id in known and is_shared:
            return known[object_id]
        other = "page" if object_id in self.pages else "database" if object_id in self.databases else ""
        if other and is_shared and kind != "data_source":
            raise invalid(
                f"Provided ID {object_id} is a {other}, not a {kind}. "
                f"Use the retrieve {other} API instead, or provide a {kind} ID."
            )
        raise not_found(kind, object_id)

    def is_shared(self, object_id: str) -> bool:
        """Whether neither the object nor anything it lies in was taken away from the integration."""
        return self.unshared.isdisjoint(self.lineage(object_id)) if self.unshared else True

    def lineage(self, object_id: str) -> Iterator[str]:
        """The object and everything it lies in, innermost first."""
        while object_id:
            yield object_id
            object_id = self._above(object_id)

    def _above(self, object_id: str) -> str:
        if page := self.pages.get(object_id):
            return page.source_id or page.parent_id
        if source := self.sources.get(object_id):
            return source.database_id
        if database := self.databases.get(object_id):
            return database.parent_id
        return ""

    def is_gone(self, object_id: str) -> bool:
        """Whether the object or anything it lies in is in the trash."""
        known = (self.pages, self.sources, self.databases)
        return any(one in kept and kept[one].in_trash for one in self.lineage(object_id) for kept in known)

    # How it grows

    def add_page(self, *, parent_id: str, title: str, by: str, page_id: str = "") -> Page:
        """A page that is no row."""
        page = Page(page_id or self.new_id(), *self.stamps(by), source_id="", parent_id=parent_id)
        page.values = {"title": [plain_item(title)] if title else []}
        self.pages[page.id] = page
        self.changed()
        return page

    def add_database(self, *, parent_id: str, title: str, by: str, database_id: str = "") -> Database:
        database = Database(database_id or self.new_id(), *self.stamps(by), parent_id=parent_id, title=title)
        self.databases[database.id] = database
        self.changed()
        return database

    def add_source(
        self, database: Database, *, title: str, properties: list[Property], by: str, source_id: str = ""
    ) -> DataSource:
        source = DataSource(source_id or self.new_id(), *self.stamps(by), database_id=database.id, title=title)
        source.properties = {one.id: one for one in properties}
        self.sources[source.id] = source
        self.rows[source.id] = {}
        database.source_ids.append(source.id)
        self.changed()
        return source

    def changed(self) -> None:
        self.changes += 1
