"""What Notion's events lead to: a look at the page or the schema they name."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from typing import Any

from notion_bridge import arriving, layouts, push, schemas, webhooks
from notion_bridge.client import Forbidden, Invalid, Lane, NotFound, Notion, Unavailable
from notion_bridge.models import NotionDatabase, PageLink, WebhookDelivery
from notion_bridge.reconciling import Manner
from notion_bridge.syncing import databases
from notion_bridge.syncing.databases import FORESEEN

logger = logging.getLogger(__name__)


def follow_next(notion: Notion, counts: Counter[str], now: dt.datetime, turn: dict[str, Any]) -> bool:
    """Look where the oldest event that nobody followed says to look."""
    event = webhooks.next_waiting(now=now)
    if event is None:
        return False
    counts["events"] += 1
    try:
        outcome = _follow(event, notion, counts, now, {**turn, "lane": Lane.PERSON})
    except (NotFound, Forbidden, Invalid) as error:
        outcome = f"out of reach: {error.code}"
    except Unavailable as error:
        webhooks.put_off(event=event, because=str(error), now=now)
        return True
    except FORESEEN:
        raise
    except Exception as error:
        logger.exception("event %s could not be followed", event.pk)
        webhooks.put_off(event=event, because=type(error).__name__, now=now)
        return True
    webhooks.settle(event=event, outcome=outcome, now=now)
    return True


def _follow(
    event: WebhookDelivery, notion: Notion, counts: Counter[str], now: dt.datetime, turn: dict[str, Any]
) -> str:
    if not event.entity_id:
        return "nothing to look at"
    if event.entity_type in ("data_source", "database"):
        column = "data_source_id" if event.entity_type == "data_source" else "database_id"
        for database in NotionDatabase.objects.filter(**{column: event.entity_id}).exclude(data_source_id=""):
            schemas.refresh(database=database, notion=notion, now=now, **turn)
            return "schema looked at"
        return "not one of our databases"
    if event.entity_type != "page":
        return "nothing to look at"
    manner = Manner(enrol=True, patient=True)
    link = arriving.link_of({"id": event.entity_id})
    if link is not None and link.database.problem == "":
        counts[databases.carry(link.database, link, notion, manner, now, turn)] += 1
        return "looked at"
    return _meet_new_page(event.entity_id, notion, counts, manner, now, turn)


def _meet_new_page(
    page_id: str, notion: Notion, counts: Counter[str], manner: Manner, now: dt.datetime, turn: dict[str, Any]
) -> str:
    page = notion.page(page_id, **turn)
    parent = page.get("parent") or {}
    source = str(parent.get("data_source_id") or "")
    database = next((one for one in databases.in_order() if one.data_source_id == source), None)
    if database is None or database.baseline_at is None:
        return "not in one of our databases"
    layout = layouts.current(database, notion, **turn)
    arrived = arriving.receive(arriving.look(layout=layout, notion=notion, page=page, manner=manner, now=now, **turn))
    counts[arrived.what] += 1
    if arrived.what == "twin" and arrived.link:
        push.settle_twins(layout=layout, link=arrived.link, page=page, notion=notion, now=now, **turn)
    elif arrived.to_there.to_there and arrived.link:
        PageLink.objects.filter(pk=arrived.link.pk).update(wanted_at=now)
    return f"looked at: {arrived.what}"
