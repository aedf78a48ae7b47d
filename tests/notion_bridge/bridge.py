"""A bridge between this database and a sandbox of Notion, and what people do on both of its ends."""

from __future__ import annotations

import datetime as dt
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.db import connection

from contactflow.core.clock import database_now
from contacts import intake
from contacts.models import Contact
from notion_bridge import monitoring, syncing
from notion_bridge.models import NotionDatabase, PageLink, SyncConflict, SyncProblem, SyncRun
from notion_bridge.syncing import SyncScope
from tests import snapshot
from tests.notion_bridge.observed import Sandbox

T = TypeVar("T")


def connect(sandbox: Sandbox, settings: Any, *kinds: str) -> dict[str, str]:
    """Three fresh databases in the sandbox, and settings that name those kinds (all of them); their data sources."""
    made = sandbox.standard_databases()
    settings.NOTION_API_KEY, settings.NOTION_BASE_URL = sandbox.key, sandbox.url
    settings.NOTION_DATABASES = {kind: made[kind].database_id if kind in (kinds or made) else "" for kind in made}
    settings.NOTION_REQUESTS_PER_SECOND = 10_000.0
    settings.NOTION_LOOK_UP_SECONDS = 0
    return {kind: ids.data_source_id for kind, ids in made.items()}


def in_step(sandbox: Sandbox, settings: Any, *kinds: str) -> dict[str, str]:
    """The same after a first pass over empty databases."""
    ids = connect(sandbox, settings, *kinds)
    once(f"in step: {kinds}", sandbox, sync)
    return ids


def once(name: str, sandbox: Sandbox, build: Callable[[], T]) -> T:
    """What `build` does on both sides, as if it had been done a moment ago. It is done once a process, then copied."""
    if name not in _scenes:
        made: list[T] = []
        rows = snapshot.made_by(lambda: made.append(build()))
        _scenes[name] = Scene(rows, Workspace(sandbox.workspace), database_now(), made[0])
    else:
        _scenes[name].restore(sandbox)
    sandbox.requests.clear()
    return cast(T, _scenes[name].answer)


def typed(sandbox: Sandbox, ids: Mapping[str, str], about: Mapping[str, Any]) -> str:
    """Somebody types a person into Notion, and a pass takes them over; their page."""
    page = sandbox.person_creates(ids["contacts"], about)
    sync()
    return page


class Workspace:
    """What is in a sandbox. It gives the same ids in the same order every time."""

    PARTS = ("users", "bot", "databases", "sources", "pages", "rows", "unshared")

    def __init__(self, of: Any) -> None:
        self.content = pickle.dumps({part: getattr(of, part) for part in self.PARTS})
        self.random = of.random.getstate()

    def restore(self, to: Any, later: dt.timedelta) -> None:
        for part, content in pickle.loads(self.content).items():
            setattr(to, part, content)
        to.random.setstate(self.random)
        for one in (*to.databases.values(), *to.sources.values(), *to.pages.values()):
            one.created, one.edited = one.created + later, one.edited + later


@dataclass
class Scene:
    """Both sides as `once` keeps them."""

    rows: snapshot.Rows
    workspace: Workspace
    at: dt.datetime
    answer: Any

    def restore(self, sandbox: Sandbox) -> None:
        snapshot.restore(self.rows)
        passed = database_now() - self.at
        minutes = dt.timedelta(minutes=passed // dt.timedelta(minutes=1))  # Notion knows whole ones
        self.workspace.restore(sandbox.workspace, minutes)
        seen = ("schema_seen_at", *MOMENTS["notion_bridge_notiondatabase"])
        _move({"notion_bridge_notiondatabase": seen}, passed)
        _move({"notion_bridge_pagelink": MOMENTS["notion_bridge_pagelink"]}, minutes)


_scenes: dict[str, Scene] = {}
MOMENTS = {
    "notion_bridge_pagelink": ("created_at", "edited_at", "agreed_at", "wanted_at"),
    "notion_bridge_notiondatabase": ("read_until", "polled_at", "full_pass_at", "compared_until", "retry_at"),
    "notion_bridge_requestbudget": ("blocked_until",),
    "notion_bridge_webhookdelivery": ("received_at", "next_attempt_at"),
}


def _move(moments: Mapping[str, Sequence[str]], by: dt.timedelta) -> None:
    with connection.cursor() as cursor:
        for table, columns in moments.items():
            changes = ", ".join(f"{column} = {column} + %(by)s" for column in columns)
            cursor.execute(f"UPDATE {table} SET {changes}", {"by": by})


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
    _move(MOMENTS, -back)


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
