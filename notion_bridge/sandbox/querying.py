"""Lists in pieces: queries of a data source, users, property items."""

from __future__ import annotations

import datetime as dt
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from notion_bridge.sandbox import checks, filters, rendering
from notion_bridge.sandbox.checks import Json, invalid
from notion_bridge.sandbox.model import DataSource, Page
from notion_bridge.sandbox.workspace import Workspace

MOST_CURSORS = 2_000
QUERY_KEYS = ("filter", "sorts", "start_cursor", "page_size", "in_trash", "archived", "result_type")


@dataclass(frozen=True)
class Position:
    """Where a reader stands in an answer that is given in pieces."""

    question: str
    found: list[Any]
    at: int
    until: dt.datetime
    cut: bool  # whether more would have matched than a query reaches


class Cursors:
    """The cursors that were handed out. Each belongs to its question and lapses."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: OrderedDict[str, Position] = OrderedDict()
        self.lifetime = dt.timedelta(hours=1)

    def expire(self) -> None:
        """None of those handed out is good any more."""
        self._known.clear()

    def give(self, question: str, found: list[Any], at: int, *, cut: bool) -> str:
        cursor = self._workspace.new_id()
        until = self._workspace.clock.now() + self.lifetime
        self._known[cursor] = Position(question, found, at, until, cut)
        while len(self._known) > MOST_CURSORS:
            self._known.popitem(last=False)
        return cursor

    def take(self, cursor: str, question: str) -> Position:
        position = self._known.get(cursor)
        if position is None or position.question != question or position.until <= self._workspace.clock.now():
            raise invalid(f"The start_cursor provided is invalid: {cursor}")
        return position


class Reader:
    """Answers in pieces."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.cursors = Cursors(workspace)
        self.reach = 10_000  # rows a query finds at most
        self.fewer: int | None = None  # a piece never has more than so many; Notion reserves the right

    def query(self, source: DataSource, body: Json, version: str) -> Json:
        """POST data_sources/{id}/query."""
        question = self._question(source, body)
        ids, fields, cut = self._piece(question, lambda: self._find(source, body), body, "body")
        pages = [self.workspace.pages[one] for one in ids if one in self.workspace.pages]
        status: Json = {"type": "complete"}
        if fields["next_cursor"] is None and cut:
            status = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
        kind = {"type": "page_or_data_source", "page_or_data_source": {}, "request_status": status}
        return fields | kind | {"results": [rendering.page(one, self.workspace, version) for one in pages]}

    def listed(self, question: str, found: list[Any], parameters: Json) -> tuple[list[Any], Json]:
        piece, fields, _ = self._piece(question, lambda: found, parameters, "query")
        return piece, fields

    def _piece(
        self, question: str, find: Callable[[], list[Any]], given: Json, part: str
    ) -> tuple[list[Any], Json, bool]:
        """What the request gets, the fields that go with it, and whether more would have been found than is given."""
        size = checks.page_size(given.get("page_size", 100), f"{part}.page_size")
        size = min(size, self.fewer) if self.fewer else size
        if "start_cursor" in given:
            cursor = checks.identifier(given["start_cursor"], f"{part}.start_cursor")
            position = self.cursors.take(cursor, question)
        else:
            found = find()
            now = self.workspace.clock.now()
            position = Position(question, found[: self.reach], 0, now, cut=len(found) > self.reach)
        end, next_cursor = position.at + size, None
        if end < len(position.found):
            next_cursor = self.cursors.give(question, position.found, end, cut=position.cut)
        fields = {"object": "list", "next_cursor": next_cursor, "has_more": next_cursor is not None}
        return position.found[position.at : end], fields, position.cut

    def _question(self, source: DataSource, body: Json) -> str:
        return source.id + json.dumps({key: body.get(key) for key in ("filter", "sorts", "in_trash", "archived")})

    def _find(self, source: DataSource, body: Json) -> list[str]:
        rows = self.workspace.rows[source.id].values()
        trashed = checks.flag(body.get("in_trash", body.get("archived", False)), "body.in_trash")
        kept = [page for page in rows if page.in_trash == trashed]
        if self.workspace.unshared:
            kept = [page for page in kept if page.id not in self.workspace.unshared]
        if "filter" in body:
            kept = self._filtered(source, body["filter"], kept)
        return [page.id for page in filters.sorted_pages(kept, body.get("sorts", []))]

    def _filtered(self, source: DataSource, filter_: Any, pages: list[Page]) -> list[Page]:
        compiler = filters.Compiler(source)
        match = compiler.compile(filter_)
        if not (compiler.by_property and self.workspace.index_lag):
            return [page for page in pages if match(page, page.values)]
        now = self.workspace.clock.now()
        known = [(page, page.indexed_values(now)) for page in pages]
        return [page for page, values in known if values is not None and match(page, values)]
