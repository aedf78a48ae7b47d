"""A sandbox of Notion with all that only tests ask of it: what its pages say, a clock in hand, what staff rarely do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from notion_bridge import sandbox
from notion_bridge.sandbox import KEY, Ids, editing, requests, samples, schema
from notion_bridge.sandbox.persons import make_property

__all__ = ["KEY", "Clock", "Ids", "Sandbox"]


class Clock(sandbox.Clock):
    """Real UTC; after `set` it stands still and moves only as told."""

    def __init__(self) -> None:
        self._standing: dt.datetime | None = None
        self._ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        return self._standing if self._standing is not None else super().now() + self._ahead

    def set(self, moment: dt.datetime) -> None:
        """Stop at that moment."""
        self._standing = moment.astimezone(dt.UTC)

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> dt.datetime:
        """Jump ahead, whether it stands or runs, and say where to."""
        step = dt.timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        if self._standing is not None:
            self._standing += step
        else:
            self._ahead += step
        return self.now()

    def run(self) -> None:
        """Go back to real time."""
        self._standing, self._ahead = None, dt.timedelta()


class RequestLog(requests.RequestLog):
    def count(self, method: str = "", path: str = "", status: int | None = None) -> int:
        """How many had this method, this in their path, and this status."""
        return sum(
            (not method or one.method == method) and path in one.path and status in (None, one.status) for one in self
        )

    grace = 0.05  # what was under way when the Retry-After left does not count
    before: tuple[requests.Request, ...] = ()

    def clear(self) -> None:
        """Count from here on; a Retry-After stays in force."""
        self.before = tuple(one for one in (*self.before, *self) if one.retry_after)
        super().clear()

    def violations(self) -> list[requests.Request]:
        """Those that did not wait as a Retry-After asked."""
        bans = [
            (one.answered_at + self.grace, one.answered_at + one.retry_after - self.grace)
            for one in (*self.before, *self)
            if one.retry_after
        ]
        return [one for one in self if any(start < one.at < end for start, end in bans)]


class Sandbox(sandbox.Sandbox):
    clock: Clock

    def __init__(self, *, key: str = KEY, seed: int = 1) -> None:
        super().__init__(key=key, seed=seed, clock=Clock())
        self.requests = self.door.requests = RequestLog()
        self.cursors = self.api.reader.cursors
        self.subscribe, self.confirm = self.webhooks.subscribe, self.webhooks.confirm
        self.deliver_now, self.events = self.webhooks.deliver_now, self.webhooks.events

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def emit(self, kind: str, object_id: str, data: dict[str, Any] | None = None) -> None:
        """An event of any type about an object, whether or not something happened."""
        subject = self.workspace.pages.get(object_id) or self.workspace.sources[object_id]
        self.workspace.announce(kind, subject, data or {}, self.workspace.people[0].id)

    # What its pages say

    def values_of(self, page_id: str) -> dict[str, Any]:
        """The values of a page as plain text (a list of texts for a multi-select), by the name of the property."""
        page = self._page(page_id)
        return {prop.name: self._plain(prop, page) for prop in self._source(page.source_id).properties.values()}

    def _plain(self, prop: Any, page: Any) -> Any:
        value = page.values.get(prop.id, prop.empty())
        if prop.type == "multi_select":
            return [found.name for one in value if (found := prop.option(one))]
        return schema.as_text(self.workspace, prop, value)

    def pages_of(self, data_source_id: str, *, trashed: bool = False) -> list[str]:
        """The ids of the rows, oldest first."""
        rows = self.workspace.rows[self._source(data_source_id).id].values()
        return [page.id for page in rows if page.in_trash == trashed]

    # What is set up

    def standard_databases(self) -> dict[str, Ids]:
        """Contacts & Profiles, Master Tasks, Active Workflow Instances: by "contacts", "tasks", "instances"."""
        return {kind: self.create_database(title, columns) for kind, (title, columns) in samples.DATABASES.items()}

    def add_data_source(self, database_id: str, title: str, properties: Mapping[str, str]) -> str:
        """Another table in the same database; says its id."""
        made = [make_property(self.workspace, column) for column in properties.items()]
        database, by = self.workspace.databases[database_id], self.workspace.people[0].id
        return self.workspace.add_source(database, title=title, properties=made, by=by).id

    def let_index_lag(self, seconds: float) -> None:
        """Queries by property see writes so many seconds (of `clock`) late."""
        self.workspace.index_lag = dt.timedelta(seconds=seconds)

    def revoke_key(self) -> None:
        """The key is refused from now on."""
        self.door.key = ""

    def restore_key(self) -> None:
        self.door.key = self.key

    # What colleagues do to an option

    def rename_option(self, data_source_id: str, name_or_id: str, option: str, name: str) -> None:
        """Every page that had it has it under the new name."""
        source, prop = self._property(data_source_id, name_or_id)
        found = prop.named(option)
        assert found is not None
        found.name = name
        editing.changed_schema(self.workspace, source, prop, "updated", self.workspace.people[0].id)

    def remove_option(self, data_source_id: str, name_or_id: str, option: str) -> None:
        """Every page that had it has it no more."""
        source, prop = self._property(data_source_id, name_or_id)
        gone = prop.named(option)
        assert gone is not None
        prop.options.remove(gone)
        for page in self.workspace.rows[source.id].values():
            value = page.values.get(prop.id)
            if isinstance(value, list):
                page.values[prop.id] = [one for one in value if one != gone.id]
            elif value == gone.id:
                page.values[prop.id] = None
        editing.changed_schema(self.workspace, source, prop, "updated", self.workspace.people[0].id)
