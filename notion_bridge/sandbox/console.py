"""The sandbox's pages and forms over HTTP, and the same faults as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from notion_bridge.sandbox import checks, pages
from notion_bridge.sandbox.checks import Json, Refusal
from notion_bridge.sandbox.model import DataSource
from notion_bridge.sandbox.persons import Persons
from notion_bridge.sandbox.server import VERSIONS, Answer, Arrived, Door, refused
from notion_bridge.sandbox.webhooks import Mischief, Webhooks

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
NUMBERS: dict[str, Callable[[str], float]] = {
    "times": int,
    "status": int,
    "probability": float,
    "seconds": float,
}


class Elsewhere(Exception):
    """There is nothing at this address."""


@dataclass
class Console:
    """Whatever is not under /v1. `lines` are those for .env."""

    persons: Persons
    door: Door
    webhooks: Webhooks
    lines: str = ""
    _forms: dict[str, Callable[[Json], str]] = field(init=False)

    def __post_init__(self) -> None:
        self._forms = {
            "/_sandbox/rows": self._add_row,
            "/_sandbox/edit": self._edit,
            "/_sandbox/act": self._act,
            "/_sandbox/schema": self._schema,
            "/_sandbox/faults": self._faults,
            "/_sandbox/webhook": self._webhook,
        }

    def answer(self, arrived: Arrived) -> Answer:
        if arrived.path.startswith("/_sandbox/"):
            return self._controls(arrived)
        if arrived.method != "GET":
            return refused(Refusal(400, "invalid_request_url", "Invalid request URL."))
        try:
            with self.persons.workspace.lock:
                return self._page(arrived)
        except Elsewhere:
            return self._document("not_found", {}, title="Not found", here=arrived.path, status=404)

    # Pages

    def _page(self, arrived: Arrived) -> Answer:
        query = {name: given[-1] for name, given in parse_qs(urlsplit(arrived.target).query).items()}
        path = arrived.path
        if path == "/":
            return self._first_table()
        name, title, values = self._content(path.strip("/"), query)
        said = {"said": query.get("wrong") or query.get("said"), "is_wrong": "wrong" in query}
        return self._document(name, values | said, title=title, here=path)

    def _first_table(self) -> Answer:
        first = next((one for one in self.persons.workspace.sources.values() if not one.in_trash), None)
        return _moved(f"/table/{pages.bare(first.id)}" if first else "/connect")

    def _content(self, path: str, query: dict[str, str]) -> tuple[str, str, pages.Values]:
        """Template, title and values of the page."""
        plain: dict[str, Callable[[], pages.Values]] = {
            "faults": lambda: {"ready": pages.READY_FAULTS, "active": self.door.faults.as_json()},
            "webhook": lambda: {"hooks": self.webhooks},
            "requests": lambda: pages.requests(self.door),
            "connect": lambda: {"lines": self.lines},
        }
        if path in plain:
            return path, path.capitalize(), plain[path]()
        kind, _, last = path.rpartition("/")
        found = checks.as_id(last[-32:]) or ""
        workspace = self.persons.workspace
        if kind == "schema" and found in workspace.sources:
            return "columns", workspace.sources[found].title, pages.columns(workspace.sources[found])
        if kind == "table" and found in workspace.sources:
            return self._table(workspace.sources[found], query)
        if not kind and found in workspace.pages:
            return "page", "Page", pages.one_page(workspace, workspace.pages[found], VERSIONS[0])
        if not kind and found in workspace.databases:
            return self._table(workspace.sources[workspace.databases[found].source_ids[0]], {})
        raise Elsewhere

    def _table(self, source: DataSource, query: dict[str, str]) -> tuple[str, str, pages.Values]:
        page = int(query["page"]) if query.get("page", "").isdigit() else 0
        search, trashed = query.get("q", ""), "trash" in query
        shown = pages.table(self.persons.workspace, source, page=page, search=search, trashed=trashed)
        return "table", source.title, shown

    def _document(self, name: str, values: pages.Values, *, title: str, here: str, status: int = 200) -> Answer:
        body = pages.document(name, values, title=title, here=here, workspace=self.persons.workspace)
        return Answer(status, body, HTML)

    # Forms

    def _controls(self, arrived: Arrived) -> Answer:
        if arrived.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return Answer(403, b"Only from here.", TEXT)
        if arrived.method == "GET" and arrived.path == "/_sandbox/requests":
            return _json([asdict(one) for one in self.door.requests])
        if arrived.path == "/_sandbox/faults" and arrived.method in ("GET", "DELETE"):
            if arrived.method == "DELETE":
                self.door.faults.clear()
            return _json(self.door.faults.as_json())
        handler = self._forms.get(arrived.path)
        if handler is None or arrived.method != "POST":
            return refused(Refusal(400, "invalid_request_url", "Invalid request URL."))
        return self._handled(arrived, handler)

    def _handled(self, arrived: Arrived, handler: Callable[[Json], str]) -> Answer:
        """A program gets JSON, a script the plain sentence, a form is led back to its page."""
        given = _form(arrived)
        back = str(given.pop("back", "")) or arrived.headers.get("referer", "/")
        wanted = arrived.headers.get("accept", "")
        try:
            said, status = handler(given), 200
        except (ValueError, KeyError, TypeError, ConnectionError, Refusal) as wrong:
            said, status = f"There is no {wrong}." if isinstance(wrong, KeyError) else str(wrong), 400
        if "json" in arrived.headers.get("content-type", ""):
            return _json({"said": said, "faults": self.door.faults.as_json()}, status)
        if wanted.startswith("text/plain"):
            return Answer(status, said.encode(), TEXT)
        path = urlsplit(back).path or "/"
        return _moved(f"{path}?{'said' if status == 200 else 'wrong'}={quote(said)}")

    def _add_row(self, given: Json) -> str:
        source = self.persons.workspace.sources[given["id"]]
        self.persons.person_creates(source.id, self._typed(source.id, given))
        return "Added."

    def _edit(self, given: Json) -> str:
        """Only what differs counts as an edit."""
        workspace = self.persons.workspace
        page = workspace.pages[given["id"]]
        source = workspace.sources[page.source_id]
        changed: Json = {}
        for prop in source.properties.values():
            typed, was = given.get(pages.PREFIX + prop.id), given.get(pages.WAS + prop.id)
            before = pages.text_of(workspace, prop, page) if was is None else was
            if typed is not None and not _same(typed, before, prop.type):
                changed[prop.id] = pages.typed(prop, typed)
        if not changed:
            return "Nothing was different."
        self.persons.person_edits(page.id, changed)
        return "Saved."

    def _typed(self, source_id: str, given: Json) -> Json:
        properties = self.persons.workspace.sources[source_id].properties
        named = {name.removeprefix(pages.PREFIX): text for name, text in given.items() if name.startswith(pages.PREFIX)}
        return {key: pages.typed(properties[key], text) for key, text in named.items() if text}

    def _act(self, given: Json) -> str:
        persons, target = self.persons, given["id"]
        acts: dict[str, tuple[str, Callable[[], Any]]] = {
            "trash": ("In the trash now.", lambda: persons.person_trashes(target)),
            "restore": ("Restored.", lambda: persons.person_restores(target)),
            "copy": ("Duplicated.", lambda: persons.person_duplicates(target)),
            "content": ("Written.", lambda: persons.person_writes_content(target)),
            "erase": ("Deleted for good.", lambda: persons.deletes_forever(target)),
            "move": ("Moved.", lambda: persons.person_moves(target, given["to"])),
            "share": ("Shared.", lambda: persons.share(target)),
            "unshare": ("Taken away from the integration.", lambda: persons.unshare(target)),
        }
        return _done(*acts[given["act"]])

    def _schema(self, given: Json) -> str:
        persons, source, prop = self.persons, given["id"], given.get("property", "")
        name, kind = str(given.get("name", "")).strip(), given.get("type", "")
        if given["act"] in ("add", "rename", "option") and not name:
            raise ValueError("It needs a name.")
        acts: dict[str, tuple[str, Callable[[], Any]]] = {
            "add": ("Added.", lambda: persons.add_property(source, name, kind)),
            "rename": ("Renamed.", lambda: persons.rename_property(source, prop, name)),
            "retype": ("Type changed.", lambda: persons.change_type(source, prop, kind)),
            "remove": ("Removed.", lambda: persons.remove_property(source, prop)),
            "option": ("Option added.", lambda: persons.add_option(source, prop, name)),
        }
        return _done(*acts[given["act"]])

    def _faults(self, given: Json) -> str:
        if given.get("clear"):
            self.door.faults.clear()
            return "Nothing goes wrong any more."
        kind = given.pop("kind")
        options = {name: NUMBERS.get(name, str)(value) for name, value in given.items() if value not in ("", None)}
        self.door.faults.add(kind, **options)
        return "So be it."

    def _webhook(self, given: Json) -> str:
        if given["act"] == "subscribe":
            self.webhooks.subscribe(given["url"])
            return "The verification token was sent."
        if given["act"] == "mischief":
            numbers = {name: float(given.get(name) or 0) for name in ("lose", "double", "delay")}
            self.webhooks.mischief = Mischief(shuffle="shuffle" in given, **numbers)
            return "So be it."
        if not self.webhooks.confirm(given.get("token", "")):
            raise ValueError("That is not the token that was sent.")
        return "Events flow from now on."


def _form(arrived: Arrived) -> Json:
    text = arrived.body.decode("utf-8", "replace")
    if "json" in arrived.headers.get("content-type", ""):
        try:
            found = json.loads(text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}
    return {name: given[-1] for name, given in parse_qs(text, keep_blank_values=True).items()}


def _done(said: str, act: Callable[[], Any]) -> str:
    act()
    return said


def _same(typed: str, text: str, kind: str) -> bool:
    if kind == "checkbox":
        return (typed == "yes") == (text == "Yes")
    return typed.replace("\r\n", "\n").strip() == text.strip()


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def _moved(path: str) -> Answer:
    """On to another page; only one of ours."""
    target = path if path.startswith("/") and not path.startswith("//") else "/"
    return Answer(303, b"", HTML, {"Location": target})
