"""A bridge between this database and a sandbox of Notion, and what people do on both of its ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from contacts import intake
from contacts.clock import database_now
from contacts.models import Contact
from notion_bridge import syncing
from notion_bridge.models import NotionDatabase, PageLink, SyncRun
from notion_bridge.sandbox import Sandbox
from notion_bridge.syncing import Wish

DEFAULTS = {"contacts": "contacts", "tasks": "tasks", "instances": "instances"}


def connect(sandbox: Sandbox, settings: Any) -> dict[str, str]:
    """Three fresh databases in the sandbox, and settings that name them; their data sources by kind."""
    made = sandbox.standard_databases()
    settings.NOTION_API_KEY, settings.NOTION_BASE_URL = sandbox.key, sandbox.url
    settings.NOTION_DATABASES = {kind: made[kind].database_id for kind in DEFAULTS}
    settings.NOTION_REQUESTS_PER_SECOND = 10_000.0
    settings.NOTION_LOOK_UP_SECONDS = 0
    return {kind: made[kind].data_source_id for kind in DEFAULTS}


def sync(**wish: bool) -> SyncRun:
    """One whole pass."""
    return syncing.run(wish=Wish(**wish), trigger=SyncRun.Trigger.COMMAND)


def arrive(email: str, **about: Any) -> Contact:
    """Somebody arrives here."""
    return intake.receive(arrival=intake.Arrival(email=email, **about), source="api", now=database_now()).contact


def edit(contact: Contact, **about: Any) -> None:
    """A colleague edits a contact here."""
    contact.refresh_from_db()
    values: Mapping[str, Any] = {"email": contact.email, **about}
    intake.amend(contact=contact, arrival=intake.Arrival(**values), source="admin", now=database_now())


def link_of(contact: Contact) -> PageLink:
    return PageLink.objects.get(contact=contact)


def database(kind: str = "contacts") -> NotionDatabase:
    return NotionDatabase.objects.get(kind=kind)


def minutes(number: float) -> dt.timedelta:
    return dt.timedelta(minutes=number)
