"""Finding what Notion does not know yet: a sweep over our rows that changed, compared with what both sides agreed on.

A sweep begins where every transaction was committed when the one before began, so it misses nothing, and goes on where
it stopped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from notion_bridge import bound_schema, reconciliation
from notion_bridge.adapters import ADAPTERS, Source
from notion_bridge.bound_schema import BoundSchema
from notion_bridge.models import NotionDatabase, PageLink

State = PageLink.State
CHUNK = 200  # rows compared at a time
UNCOMMITTED = dt.timedelta(seconds=15)  # as much may a row's time lie before its transaction began


def compare(*, database: NotionDatabase, now: dt.datetime) -> int:
    """Compare the next rows that changed since the last sweep.

    Whatever has no page, or says something else than when both sides were compared, is wanted from now on; returns how
    many were not before. The sweep is over when `database.comparison` is empty.
    """
    sources = ADAPTERS[database.kind].sources()
    state = database.comparison or _begin_sweep(database, now)
    source = sources[state["source"]]
    found, wanted = _next_rows(source, state), 0
    if found:
        wanted = _want_what_differs(bound_schema.load(database), list(dict.fromkeys(key for _, key, _ in found)), now)
    if len(found) == CHUNK:
        state |= {"at": found[-1][0].isoformat(), "id": str(found[-1][2])}
    elif state["source"] + 1 < len(sources):
        state = {**state, "source": state["source"] + 1, "at": state["since"], "id": ""}
    else:
        _end_sweep(database, state)
        return wanted
    database.comparison = state
    database.save(update_fields=["comparison"])
    return wanted


def has_changes(*, database: NotionDatabase) -> bool:
    """Whether a sweep would find any row; cheap."""
    if database.comparison or database.compared_until is None:
        return True
    state = {"since": database.compared_until.isoformat(), "at": database.compared_until.isoformat(), "id": ""}
    return any(_next_rows(source, state, limit=1) for source in ADAPTERS[database.kind].sources())


def _begin_sweep(database: NotionDatabase, now: dt.datetime) -> dict[str, Any]:
    since = database.compared_until.isoformat() if database.compared_until else ""
    return {"source": 0, "since": since, "at": since, "id": "", "horizon": _horizon(now).isoformat()}


def _horizon(now: dt.datetime) -> dt.datetime:
    """Up to when every change is committed: what a transaction still under way changes is seen by the next sweep."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database()")
        oldest = cursor.fetchone()[0]
    return min(oldest or now, now) - UNCOMMITTED


def _next_rows(source: Source, state: Mapping[str, Any], *, limit: int = CHUNK) -> list[tuple[dt.datetime, UUID, UUID]]:
    """(time, object, row) of the rows after the state, oldest change first."""
    rows = source.rows.order_by(source.at, "pk")
    if state["at"] and state["id"]:
        rows = rows.filter(
            Q(**{f"{source.at}__gt": state["at"]}) | Q(**{source.at: state["at"], "pk__gt": state["id"]})
        )
        rows = rows.filter(**{f"{source.at}__gte": state["at"]})  # what the index begins at
    elif state["at"]:
        rows = rows.filter(**{f"{source.at}__gte": state["at"]})
    elif source.at != "updated_at":
        return []  # the first sweep sees every object already
    return list(rows.values_list(source.at, source.key, "pk")[:limit])


def _end_sweep(database: NotionDatabase, state: Mapping[str, Any]) -> None:
    database.compared_until, database.comparison = dt.datetime.fromisoformat(state["horizon"]), {}
    database.save(update_fields=["compared_until", "comparison"])


def _want_what_differs(bound: BoundSchema, keys: Sequence[UUID], now: dt.datetime) -> int:
    values = bound.adapter.snapshot(bound.adapter.belonging(keys))
    field = bound.adapter.link_field
    links = {getattr(link, f"{field}_id"): link for link in PageLink.objects.filter(**{f"{field}__in": list(values)})}
    changed = [
        link.pk
        for key, link in links.items()
        if link.state in (State.LINKED, State.CREATING) and link.digest != reconciliation.digest(bound, values[key])
    ]
    wanted = PageLink.objects.filter(pk__in=changed, wanted_at=None).update(wanted_at=now)
    fresh = [
        PageLink(database=bound.database, state=State.CREATING, object_key=key, wanted_at=now, **{f"{field}_id": key})
        for key in values
        if key not in links
    ]
    PageLink.objects.bulk_create(fresh, ignore_conflicts=True)
    return wanted + len(fresh)
