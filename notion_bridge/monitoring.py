"""The switch of the monitoring of Notion, and the pause after a refused key. Both are rows: they survive a restart."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.conf import settings
from django.db.models.functions import Now

from notion_bridge import problems
from notion_bridge.client import NotionError
from notion_bridge.models import Kind, NotionConnection, NotionDatabase, SyncProblem

KEY_SUBJECT = "the key"
PROBE_AFTER = dt.timedelta(minutes=2)


def switch(*, on: bool, actor: str, now: dt.datetime) -> str:
    """Turn monitoring on or off; returns a sentence for whoever turned it."""
    values = {"monitoring": on, "switched_at": now, "switched_by": actor[:150], "changed_at": Now()}
    NotionConnection.objects.update_or_create(pk=NotionConnection.ONLY, defaults=values)
    if not on:
        return "Notion is not monitored any more."
    if not is_connected():
        return (
            "Monitoring is switched on, but Notion is not connected: set NOTION_API_KEY and the ids of the databases; "
            "monitoring begins then."
        )
    return "Notion is monitored."


def is_on() -> bool:
    return NotionConnection.current().monitoring


def is_connected() -> bool:
    """Whether there are a key and a database of contacts, named by the settings or made from the admin."""
    if not settings.NOTION_API_KEY:
        return False
    if settings.NOTION_DATABASES["contacts"]:
        return True
    return NotionDatabase.objects.filter(kind=Kind.CONTACTS, is_made_here=True).exists()


def pause(*, error: NotionError, now: dt.datetime) -> None:
    """Notion does not accept the key: nothing is asked until the key is another one, or somebody tries again."""
    values = {"paused_because": error.message, "paused_at": now, "refused_key": _digest(), "changed_at": Now()}
    NotionConnection.objects.update_or_create(pk=NotionConnection.ONLY, defaults=values)
    problems.report(cause=SyncProblem.Cause.KEY_REFUSED, subject=KEY_SUBJECT, message=error.message, now=now)


def resume(*, now: dt.datetime) -> None:
    paused = NotionConnection.objects.filter(pk=NotionConnection.ONLY).exclude(paused_because="")
    if paused.update(paused_because="", paused_at=None, refused_key="", changed_at=Now()):
        problems.close(SyncProblem.Cause.KEY_REFUSED, subjects=[KEY_SUBJECT], now=now)


def may_probe(*, now: dt.datetime) -> bool:
    """Whether a refused key has rested long enough to be tried once more: a refusal can be a passing fault."""
    rested = NotionConnection.objects.filter(pk=NotionConnection.ONLY, paused_at__lt=now - PROBE_AFTER)
    return rested.exclude(paused_because="").exists()


def paused_because() -> str:
    """Why nothing is synchronised; "" while it is. A key that was replaced since counts as not refused."""
    row = NotionConnection.current()
    return row.paused_because if row.refused_key == _digest() else ""


def _digest() -> str:
    return hashlib.sha256(settings.NOTION_API_KEY.encode()).hexdigest()
