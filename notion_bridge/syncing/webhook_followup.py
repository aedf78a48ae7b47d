"""What Notion's events lead to: a look at the page or the schema they name."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter

from notion_bridge import bound_schema, inbound, push, schemas, webhooks
from notion_bridge.client import Forbidden, Invalid, Lane, NotFound, Notion, Unavailable
from notion_bridge.models import NotionDatabase, PageLink, WebhookDelivery
from notion_bridge.reconciliation import InboundPolicy
from notion_bridge.syncing import databases
from notion_bridge.syncing.databases import FORESEEN

logger = logging.getLogger(__name__)


def follow_up_next(notion: Notion, counts: Counter[str], now: dt.datetime) -> bool:
    """Look where the oldest event that nobody followed says to look."""
    event = webhooks.next_waiting(now=now)
    if event is None:
        return False
    counts["events"] += 1
    try:
        outcome = _follow(event, notion.within(lane=Lane.PERSON), counts, now)
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


def _follow(event: WebhookDelivery, notion: Notion, counts: Counter[str], now: dt.datetime) -> str:
    if not event.entity_id:
        return "nothing to look at"
    if event.entity_type in ("data_source", "database"):
        column = "data_source_id" if event.entity_type == "data_source" else "database_id"
        for database in NotionDatabase.objects.filter(**{column: event.entity_id}).exclude(data_source_id=""):
            schemas.refresh(database=database, notion=notion, now=now)
            return "schema looked at"
        return "not one of our databases"
    if event.entity_type != "page":
        return "nothing to look at"
    policy = InboundPolicy(enrol=True, patient=True)
    link = inbound.link_of({"id": event.entity_id})
    if link is not None and link.database.problem == "":
        counts[databases.carry(link.database, link, notion, policy, now)] += 1
        return "looked at"
    return _receive_new_page(event.entity_id, notion, counts, policy, now)


def _receive_new_page(
    page_id: str, notion: Notion, counts: Counter[str], policy: InboundPolicy, now: dt.datetime
) -> str:
    page = notion.page(page_id)
    parent = page.get("parent") or {}
    source = str(parent.get("data_source_id") or "")
    database = next((one for one in databases.in_order() if one.data_source_id == source), None)
    if database is None or database.baseline_at is None:
        return "not in one of our databases"
    bound = bound_schema.current(database, notion)
    result = inbound.receive(inbound.look(bound=bound, notion=notion, page=page, policy=policy, now=now))
    counts[result.what] += 1
    if result.what == "duplicate_page" and result.link:
        push.settle_duplicate_pages(bound=bound, link=result.link, page=page, notion=notion, now=now)
    elif result.reconciled.to_remote and result.link:
        PageLink.objects.filter(pk=result.link.pk).update(wanted_at=now)
    return f"looked at: {result.what}"
