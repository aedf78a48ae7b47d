"""The switch of the monitoring of Notion. It is a row, so that it survives a restart."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models.functions import Now

from notion_bridge.models import NotionConnection


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
    return NotionConnection.objects.filter(pk=NotionConnection.ONLY, monitoring=True).exists()


def is_connected() -> bool:
    """Whether the settings name a key and a database of contacts."""
    return bool(settings.NOTION_API_KEY and settings.NOTION_DATABASES["contacts"])
