"""A bridge between this database and a sandbox of Notion, and what people do on both of its ends."""

from __future__ import annotations

import copy
import datetime as dt
import time
from collections.abc import Mapping
from typing import Any

from django.db import connection, models

from contactflow.core.clock import database_now
from contacts import intake
from contacts.models import Contact
from notion_bridge import monitoring, syncing
from notion_bridge.models import (
    NotionConnection,
    NotionDatabase,
    PageLink,
    PropertyMapping,
    SyncConflict,
    SyncProblem,
    SyncRun,
)
from notion_bridge.sandbox import Sandbox
from notion_bridge.syncing import SyncScope


def connect(sandbox: Sandbox, settings: Any, *kinds: str) -> dict[str, str]:
    """Three fresh databases in the sandbox, and settings that name those kinds (all of them); their data sources."""
    made = sandbox.standard_databases()
    settings.NOTION_API_KEY, settings.NOTION_BASE_URL = sandbox.key, sandbox.url
    settings.NOTION_DATABASES = {kind: made[kind].database_id if kind in (kinds or made) else "" for kind in made}
    settings.NOTION_REQUESTS_PER_SECOND = 10_000.0
    settings.NOTION_LOOK_UP_SECONDS = 0
    return {kind: ids.data_source_id for kind, ids in made.items()}


def in_step(sandbox: Sandbox, settings: Any, *kinds: str) -> dict[str, str]:
    """The same after a first pass over empty databases. It is made once; its rows are written down, and serve again."""
    ids = connect(sandbox, settings, *kinds)
    if kinds not in _first_passes:
        sync()
        _first_passes[kinds] = FirstPass()
    else:
        _first_passes[kinds].restore(ids)
    sandbox.requests.clear()
    return ids


class FirstPass:
    """What a pass leaves in the database where there was nothing to carry over."""

    def __init__(self) -> None:
        self.at = database_now()
        self.connection = NotionConnection.objects.get()
        self.databases = [(one, list(one.mappings.all())) for one in NotionDatabase.objects.all()]

    def restore(self, ids: Mapping[str, str]) -> None:
        """As if it had been a moment ago. A sandbox gives the same ids every time."""
        passed = database_now() - self.at
        NotionConnection.objects.bulk_create([copy.copy(self.connection)])
        databases = NotionDatabase.objects.bulk_create([_later(one, passed) for one, _ in self.databases])
        assert all(one.data_source_id == ids[one.kind] for one in databases)
        mappings = []
        for database, (_, rows) in zip(databases, self.databases, strict=True):
            for row in rows:
                mappings.append(copy.copy(row))
                mappings[-1].pk, mappings[-1].database = None, database
        PropertyMapping.objects.bulk_create(mappings)


def _later(database: NotionDatabase, passed: dt.timedelta) -> NotionDatabase:
    found = copy.copy(database)
    found.pk = None
    for field in NotionDatabase._meta.get_fields():
        if isinstance(field, models.DateTimeField) and getattr(found, field.name):
            setattr(found, field.name, getattr(found, field.name) + passed)
    return found


_first_passes: dict[tuple[str, ...], FirstPass] = {}


def sync(**scope: bool) -> SyncRun:
    """One whole pass."""
    return syncing.run(scope=SyncScope(**scope), trigger=SyncRun.Trigger.COMMAND)


def watch() -> None:
    """From now on turns of the pump do something."""
    monitoring.switch(on=True, actor="robin", now=database_now())


def turn(*, poll: bool = True) -> int:
    """One turn of the pump, in which it is time to ask Notion again; how much it did."""
    if poll:
        NotionDatabase.objects.update(polled_at=None)
    return syncing.run_pump_step(time.monotonic() + 30)


def let_pass(sandbox: Sandbox, **passed: float) -> None:
    """As if that much time had gone by on both ends: what they remember moves into the past."""
    back = dt.timedelta(**passed)
    for page in sandbox.workspace.pages.values():
        page.created, page.edited = page.created - back, page.edited - back
    moments = {
        "notion_bridge_pagelink": ("created_at", "edited_at", "agreed_at", "wanted_at"),
        "notion_bridge_notiondatabase": ("read_until", "polled_at", "full_pass_at", "compared_until", "retry_at"),
        "notion_bridge_requestbudget": ("blocked_until",),
        "notion_bridge_webhookdelivery": ("received_at", "next_attempt_at"),
    }
    with connection.cursor() as cursor:
        for table, columns in moments.items():
            changes = ", ".join(f"{column} = {column} - %(back)s" for column in columns)
            cursor.execute(f"UPDATE {table} SET {changes}", {"back": back})


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


def page_of(contact: Contact) -> str:
    """The id of the person's page."""
    return str(link_of(contact).page_id)


def person(email: str) -> Contact:
    return Contact.objects.get(email=email)


def problems(cause: str) -> list[SyncProblem]:
    """The open ones of that cause."""
    return list(SyncProblem.objects.filter(cause=cause, closed_at=None).order_by("pk"))


def conflicts() -> list[SyncConflict]:
    return list(SyncConflict.objects.order_by("pk"))


def database(kind: str = "contacts") -> NotionDatabase:
    return NotionDatabase.objects.get(kind=kind)


def minutes(number: float) -> dt.timedelta:
    return dt.timedelta(minutes=number)
