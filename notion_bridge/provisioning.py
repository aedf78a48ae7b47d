"""What staff have made in Notion: whole databases, and properties that a database lacks. Somebody waits for each."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from notion_bridge import schemas
from notion_bridge.client import Lane, Later, Notion, NotionError, Unclear, connect
from notion_bridge.models import Kind, NotionDatabase
from notion_bridge.schemas import Misconfigured
from notion_bridge.syncing import Busy, lock

SECONDS = 9.0
PATIENCE = 8.0  # seconds, with a single answer: making a database takes Notion a while


@dataclass
class Made:
    """What was made, by name, and what came in between."""

    names: list[str] = field(default_factory=list)
    trouble: Exception | None = None


def lacking() -> list[str]:
    named = schemas.configured()
    return [kind for kind in Kind.values if kind not in named]


def create_databases(*, parent: str, now: dt.datetime) -> Made:
    """Make the databases that are lacking below this page; what is made stays when the next one fails."""

    def make(notion: Notion, made: Made) -> None:
        for kind in lacking():
            if time.monotonic() > (notion.deadline or 0):
                raise Busy("Notion answers slowly, so this stopped halfway. Do it again for the rest.")
            schemas.create_database(kind=kind, parent_page_id=parent, notion=notion, now=now)
            made.names.append(str(Kind(kind).label))

    return _alone(make)


def add_properties(*, database: NotionDatabase, now: dt.datetime) -> Made:
    """Add a property for every field that has none."""

    def make(notion: Notion, made: Made) -> None:
        schemas.refresh(database=database, notion=notion, now=now)  # somebody may have added one meanwhile
        made.names = schemas.add_missing(database=database, notion=notion, now=now)

    return _alone(make)


def may_be_done(trouble: Exception) -> bool:
    """Whether nobody knows if the last thing was made: then people look before they ask for it again."""
    return isinstance(trouble, Unclear)


def _alone(make: Callable[[Notion, Made], None]) -> Made:
    """Do it while no other process works on Notion, which would meet the new database half known."""
    made = Made()
    try:
        notion = connect(total_seconds=PATIENCE).within(lane=Lane.PERSON, deadline=time.monotonic() + SECONDS)
        with lock.single(patience=2) as mine:
            if not mine:
                raise Busy("Contactflow is reading Notion at this moment. Try again in a minute.")
            make(notion, made)
    except (NotionError, Later, Misconfigured, Busy) as trouble:
        made.trouble = trouble
    return made
