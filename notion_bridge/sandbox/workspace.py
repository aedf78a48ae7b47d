"""The workspace in memory: everything there is, who may see it, and how it changes."""

from __future__ import annotations

import datetime as dt
import random
import threading
import uuid
from collections.abc import Callable, Container, Iterator
from typing import Any

from notion_bridge.sandbox.checks import invalid, not_found
from notion_bridge.sandbox.model import Database, DataSource, Page, Property, User
from notion_bridge.sandbox.richtext import plain_item

# Printable characters that show who forgot to decode an id; "%", "/" and "." would not survive every client.
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_SIGNS = ":;<=>?@[\\]^`{|}~"

Announce = Callable[[str, Any, dict[str, Any], str], None]


class Clock:
    """The sandbox's time."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


def silent(kind: str, subject: Any, data: dict[str, Any], by: str) -> None:
    """Nobody listens."""


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
        self.announce: Announce = silent
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
        page = self.pages.get(page_id)
        if page is None or not self.is_shared(page_id):
            self._refuse_other_kind(page_id, "page")
            raise not_found("page", page_id)
        return page

    def database(self, database_id: str) -> Database:
        database = self.databases.get(database_id)
        if database is None or not self.is_shared(database_id):
            self._refuse_other_kind(database_id, "database")
            raise not_found("database", database_id)
        return database

    def source(self, source_id: str) -> DataSource:
        source = self.sources.get(source_id)
        if source is None or not self.is_shared(source_id):
            raise not_found("data_source", source_id)
        return source

    def _refuse_other_kind(self, object_id: str, wanted: str) -> None:
        """Notion says so when an id is right and only of another kind."""
        kinds: dict[str, Container[str]] = {"page": self.pages, "database": self.databases}
        for kind, known in kinds.items():
            if kind != wanted and object_id in known and self.is_shared(object_id):
                raise invalid(
                    f"Provided ID {object_id} is a {kind}, not a {wanted}. "
                    f"Use the retrieve {kind} API instead, or provide a {wanted} ID."
                )

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
        return any(self._trashed(one) for one in self.lineage(object_id))

    def _trashed(self, object_id: str) -> bool:
        found = self.pages.get(object_id) or self.sources.get(object_id) or self.databases.get(object_id)
        return found is not None and found.in_trash

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
