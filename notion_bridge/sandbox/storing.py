"""The workspace in a file, so that a sandbox that is started again goes on where it was."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path

from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.model import Database, DataSource, Option, Page, Property, User
from notion_bridge.sandbox.webhooks import Webhooks
from notion_bridge.sandbox.workspace import Workspace

VERSION = 2
HOOK = ("url", "token", "active", "subscription_id")


def save(path: Path, workspace: Workspace, webhooks: Webhooks) -> None:
    """Write everything; what was there is replaced in one go."""
    with workspace.lock:
        text = json.dumps(_state(workspace, webhooks), default=dt.datetime.isoformat)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def load(path: Path, workspace: Workspace, webhooks: Webhooks) -> bool:
    """Put the file's content in the place of what there is; False if there is no file of ours."""
    if not path.exists():
        return False
    state = json.loads(path.read_text())
    if state.get("version") != VERSION:
        return False
    with workspace.lock:
        _restore(workspace, state)
    for name in HOOK:
        setattr(webhooks, name, state["webhook"][name])
    return True


def _state(workspace: Workspace, webhooks: Webhooks) -> Json:
    return {
        "version": VERSION,
        "id": workspace.id,
        "bot": workspace.bot.id,
        "users": [asdict(one) for one in workspace.users.values()],
        "databases": [asdict(one) for one in workspace.databases.values()],
        "sources": [asdict(one) for one in workspace.sources.values()],
        "pages": [asdict(one) | {"shadows": []} for one in workspace.pages.values()],
        "unshared": sorted(workspace.unshared),
        "webhook": {name: getattr(webhooks, name) for name in HOOK},
    }


def _restore(workspace: Workspace, state: Json) -> None:
    workspace.id = state["id"]
    workspace.users = {one["id"]: User(**one) for one in state["users"]}
    workspace.bot = workspace.users[state["bot"]]
    workspace.databases = {one["id"]: Database(**_dated(one)) for one in state["databases"]}
    workspace.sources = {one["id"]: _source(one) for one in state["sources"]}
    workspace.pages = {one["id"]: Page(**_dated(one)) for one in state["pages"]}
    workspace.rows = {source_id: {} for source_id in workspace.sources}
    for page in workspace.pages.values():
        if page.source_id:
            workspace.rows[page.source_id][page.id] = page
    workspace.unshared = set(state["unshared"])
    workspace.random.seed()  # or the next ids would be those of the last time


def _dated(one: Json) -> Json:
    return one | {name: dt.datetime.fromisoformat(one[name]) for name in ("created", "edited")}


def _source(one: Json) -> DataSource:
    source = DataSource(**_dated(one))
    source.properties = {
        prop["id"]: Property(**(prop | {"options": [Option(**option) for option in prop["options"]]}))
        for prop in one["properties"].values()
    }
    return source
