"""Is the connection to Notion in order? A line for what is, and one for what is not, with its remedy."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.conf import settings

from engagement import translations
from notion_bridge import describe, monitoring, schemas
from notion_bridge.client import Lane, Later, Notion, NotionError, RateLimited, Unauthorized, Unavailable, connect
from notion_bridge.models import Kind, NotionConnection, NotionDatabase, PropertyMapping
from notion_bridge.syncing import databases, introduce, lock

Level = Literal["ok", "warning", "FAIL"]

SECONDS = 8.0  # somebody waits for the answer
PATIENCE = 4.0  # seconds, with each single answer of Notion
BUSY = "Contactflow is reading Notion at this moment; what stands here is what it saw last. Check again in a minute."
SLOW = "Notion answers slowly: not every database was looked at. Check again in a minute."
VARIABLES = {
    Kind.CONTACTS: "NOTION_CONTACTS_PROFILES_DB",
    Kind.TASKS: "NOTION_TASKS_DB",
    Kind.INSTANCES: "NOTION_ACTIVE_WORKFLOW_INSTANCES_DB",
}
Trouble = PropertyMapping.Trouble


@dataclass(frozen=True)
class Line:
    level: Level
    text: str


def ask(*, now: dt.datetime) -> list[Line]:
    """Ask Notion who we are and how its databases look, remember it, and judge; takes about ten seconds at most.

    Not to be called inside a transaction.
    """
    return [*_ask(now), *judge()]


def judge() -> list[Line]:
    """What is known already, without asking Notion."""
    if not settings.NOTION_API_KEY:
        return [
            Line(
                "warning",
                f"Not connected. Set NOTION_API_KEY and {translations.listed(list(VARIABLES.values()))} to connect it.",
            )
        ]
    if because := monitoring.paused_because():
        return [Line("FAIL", because)]
    return [_who_we_are(), *_databases(), *_monitoring()]


def in_words(error: Exception) -> str:
    """What went wrong between us and Notion, as a sentence for whoever waits."""
    if isinstance(error, RateLimited | Unavailable):
        return f"{error.message} Try again in a minute."
    if isinstance(error, NotionError):
        return error.message or str(error)
    if isinstance(error, Later):
        return "Notion asked us to wait, or everybody is busy with it. Try again in a minute."
    return str(error)


def _ask(now: dt.datetime) -> Iterator[Line]:
    if not settings.NOTION_API_KEY:
        return
    try:
        notion = connect(total_seconds=PATIENCE).within(lane=Lane.PERSON, deadline=time.monotonic() + SECONDS)
        introduce(notion, now=now)
        yield from _look(notion, now)
    except Unauthorized as error:
        monitoring.pause(error=error, now=now)
    except (RateLimited, Later) as error:
        yield Line("warning", in_words(error))
    except NotionError as error:
        yield Line("FAIL", in_words(error))


def _look(notion: Notion, now: dt.datetime) -> Iterator[Line]:
    with lock.single(patience=2) as mine:
        if not mine:
            yield Line("warning", BUSY)
            return
        for kind, named_id in schemas.configured().items():
            if time.monotonic() > (notion.deadline or 0):
                yield Line("warning", SLOW)
                return
            databases.connect_or_refresh(kind, named_id, notion, now)


def _who_we_are() -> Line:
    row = NotionConnection.current()
    if not row.bot_id:
        return Line("warning", "A key is set, but Notion was not asked yet. Check the connection in the admin.")
    where = f" in the workspace “{row.workspace}”" if row.workspace else ""
    return Line("ok", f"Connected as “{row.bot_name}”{where}.")


def _databases() -> Iterator[Line]:
    named = schemas.configured()
    rows = {row.kind: row for row in NotionDatabase.objects.prefetch_related("mappings")}
    for kind in Kind:
        if kind.value in named:
            yield from judge_database(rows.get(kind.value) or NotionDatabase(kind=kind))
        else:
            yield Line(
                "warning",
                f"{kind.label}: no database is named. Set {VARIABLES[kind]}, or create it in the admin under Notion.",
            )


def judge_database(row: NotionDatabase) -> list[Line]:
    """What is known of one database."""
    if row.problem:
        return [Line("FAIL", f"{row}: {row.problem}")]
    if row._state.adding or row.schema_seen_at is None:
        return [Line("warning", f"{row}: Contactflow has not looked at it yet. Check the connection in the admin.")]
    mappings = list(row.mappings.all())
    wrong = [Line("warning", f"{row}: {describe.trouble_of(one)}") for one in mappings if one.trouble]
    wrong += [Line("warning", f"{row}: {sentence}") for sentence in describe.unsuitable(row, mappings).values()]
    if lacking := describe.lacking(row, mappings):
        text = f"{row} has no property for {translations.listed(lacking)}. Add them in the admin under Notion, Fields."
        wrong.append(Line("warning", text))
    held = sum(bool(one.property_id) and not one.trouble for one in mappings)
    return wrong or [Line("ok", f"{row}: “{row.title or 'untitled'}” is in order, {held} fields are synchronised.")]


def _monitoring() -> list[Line]:
    if monitoring.is_on() or not monitoring.is_connected():
        return []
    return [Line("warning", "Notion is not monitored: nothing is synchronised until it is switched on in the admin.")]
