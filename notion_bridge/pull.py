"""From Notion to here: read what was edited since the last time, or everything, list by list, and take note of it.

A walk is stored after every list, so that it goes on where it stopped, whoever goes on with it. Notion rounds
last_edited_time down to the minute; a walk therefore begins OVERLAP before the one before it began, and what it sees
again is compared by content.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from django.db import InterfaceError, OperationalError

from notion_bridge import arriving, layouts, problems, schemas
from notion_bridge.arriving import Arrived, Visit
from notion_bridge.client import Invalid, Notion, Turn
from notion_bridge.layouts import Layout
from notion_bridge.models import NotionDatabase, PageLink, SyncProblem
from notion_bridge.reconciling import Manner

logger = logging.getLogger(__name__)

OVERLAP = dt.timedelta(minutes=2)
# The pages that a full pass expects to see: one that waits may have been trashed as well.
EXPECTED = (PageLink.State.LINKED, PageLink.State.WAITING, PageLink.State.DUPLICATE)
CREATED, EDITED = "created_time", "last_edited_time"


class Walk(TypedDict, total=False):
    """A reading under way. Times are ISO 8601."""

    full: bool  # every page, in the order of creation; else what was edited since, in the order of editing
    since: str  # where this slice begins; absent: at the beginning
    cursor: str  # the next list of this slice
    last: str  # the time of the last page seen
    began: str  # by our clock or Notion's, whichever is behind
    started: str  # by our clock
    name: str  # of the full pass, as the links it saw carry it
    counts: dict[str, int]


@dataclass
class Unit:
    """One list that was read. `counts` says how many pages became what."""

    counts: Counter[str] = field(default_factory=Counter)
    is_over: bool = False
    twins: list[tuple[PageLink, Mapping[str, Any]]] = field(default_factory=list)


def begin(*, database: NotionDatabase, full: bool, now: dt.datetime) -> None:
    """Plan a walk; one that is under way goes on, unless it would see less than is wanted."""
    if database.walk and (database.walk["full"] or not full):
        return
    walk = Walk(full=full or database.baseline_at is None, began=now.isoformat(), started=now.isoformat(), counts={})
    if walk["full"]:
        walk["name"] = now.isoformat()
    elif database.read_until:
        walk["since"] = _on_the_minute(database.read_until - OVERLAP)
    database.walk = dict(walk)
    database.save(update_fields=["walk"])


def read_on(
    *, database: NotionDatabase, notion: Notion, manner: Manner, now: dt.datetime, **turn: Unpack[Turn]
) -> Unit:
    """Read the next list of the walk under way and take note of its pages. One query; raises NotionError, Later."""
    walk = Walk(**database.walk)  # type: ignore[typeddict-item]
    try:
        answer = notion.query(
            database.data_source_id,
            filter=_filter(walk),
            sorts=[{"timestamp": _time(walk), "direction": "ascending"}],
            start_cursor=walk.get("cursor"),
            **turn,
        )
    except Invalid:
        if "cursor" not in walk:
            raise
        _store(database, _again_without_cursor(walk))  # a cursor can expire
        return Unit()
    if notion.last_date is not None and "cursor" not in walk:
        walk["began"] = min(walk["began"], notion.last_date.astimezone(dt.UTC).isoformat())
    unit = Unit()
    pages = [page for page in answer.get("results") or [] if page.get("object", "page") == "page"]
    if pages:
        _take_note(database, notion, pages, manner, unit, now, **turn)
    if pages and walk["full"]:
        PageLink.objects.filter(page_id__in=[page["id"] for page in pages]).update(seen_in=walk["name"])
    walk["counts"] = dict(Counter(walk["counts"]) + unit.counts)
    _go_on(database, walk, answer, pages, now, unit)
    return unit


def _take_note(
    database: NotionDatabase,
    notion: Notion,
    pages: Sequence[Mapping[str, Any]],
    manner: Manner,
    unit: Unit,
    now: dt.datetime,
    **turn: Unpack[Turn],
) -> None:
    layout = layouts.current(database, notion, **turn)
    if _lost_an_option(layout, pages):
        # Somebody took it off the page, or somebody removed the option itself: only the schema of this moment tells.
        schemas.refresh(database=database, notion=notion, now=now, **turn)
        layout = layouts.current(database, notion, **turn)
    for page in pages:
        unit.counts["pages"] += 1
        visit = arriving.look(layout=layout, notion=notion, page=page, manner=manner, now=now, **turn)
        try:
            arrived = arriving.receive(visit)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # one page that breaks our code must not hold up all the others
            logger.exception("page %s could not be taken note of", page["id"])
            _report_unforeseen(database, page, error, now)
            unit.counts["failed"] += 1
            continue
        unit.counts[arrived.what] += 1
        _want(arrived, page, unit, now)


def _report_unforeseen(database: NotionDatabase, page: Mapping[str, Any], error: Exception, now: dt.datetime) -> None:
    problems.report(
        cause=SyncProblem.Cause.PAGE_REFUSED,
        subject=f"page {page['id']}",
        message=f"A page in {database} could not be read because of an error in Contactflow ({type(error).__name__}). "
        "The others go on. The log says more; it is tried again when the page is edited, and every night.",
        database=database,
        details={"url": str(page.get("url") or "")},
        now=now,
    )


def _want(arrived: Arrived, page: Mapping[str, Any], unit: Unit, now: dt.datetime) -> None:
    """What has to be written is written by the push, which reads the page once more right before."""
    if arrived.what == "twin" and arrived.link:
        unit.twins.append((arrived.link, page))
    elif arrived.to_there.to_there and arrived.link:
        unit.counts["to_write"] += 1
        PageLink.objects.filter(pk=arrived.link.pk).update(wanted_at=now)


def _lost_an_option(layout: Layout, pages: Sequence[Mapping[str, Any]]) -> bool:
    links = PageLink.objects.filter(page_id__in=[page["id"] for page in pages], state=PageLink.State.LINKED)
    agreed = {str(page_id): there for page_id, there in links.values_list("page_id", "there")}
    return any(layout.lost_options(agreed.get(str(page["id"]), {}), layout.glance(page)) for page in pages)


def _go_on(
    database: NotionDatabase,
    walk: Walk,
    answer: Mapping[str, Any],
    pages: Sequence[Mapping[str, Any]],
    now: dt.datetime,
    unit: Unit,
) -> None:
    if pages:
        walk["last"] = str(pages[-1].get(_time(walk)) or walk.get("last", ""))
    status = answer.get("request_status")
    incomplete = isinstance(status, Mapping) and status.get("type") == "incomplete"
    if answer.get("has_more") and answer.get("next_cursor"):
        walk["cursor"] = str(answer["next_cursor"])
        _store(database, walk)
    elif incomplete and walk.get("last"):
        if walk["last"] == walk.get("since"):
            _step_over(database, walk, now)
        _store(database, _again_without_cursor(walk))  # a query reaches 10,000 rows: the next slice begins at the last
    else:
        _finish(database, walk, now)
        unit.is_over = True


def _step_over(database: NotionDatabase, walk: Walk, now: dt.datetime) -> None:
    """One minute alone has more pages than a query reaches: go on with the next one."""
    minute = dt.datetime.fromisoformat(walk["last"])
    walk["last"] = _on_the_minute(minute + dt.timedelta(minutes=1))
    problems.report(
        cause=SyncProblem.Cause.LIMIT,
        subject=f"{database.kind} {_time(walk)} {minute:%Y-%m-%d %H:%M}",
        message=f"{database}: more pages carry the time {minute:%Y-%m-%d %H:%M} UTC than Notion lists at once. Those "
        "that are missing here are taken over as soon as somebody edits them.",
        database=database,
        now=now,
    )


def _again_without_cursor(walk: Walk) -> Walk:
    walk.pop("cursor", None)
    if walk.get("last"):
        walk["since"] = walk["last"]
    return walk


def _finish(database: NotionDatabase, walk: Walk, now: dt.datetime) -> None:
    began = dt.datetime.fromisoformat(walk["began"])
    database.walk, database.polled_at = {}, now
    database.read_until = began
    if walk["full"]:
        gone = PageLink.objects.filter(database=database, state__in=EXPECTED, page_id__isnull=False)
        gone = gone.exclude(seen_in=walk["name"])
        gone = gone.filter(created_at__lt=walk.get("started", walk["began"]))
        missing = gone.update(wanted_at=now)
        counts = Counter(walk["counts"])
        drift = 0 if database.baseline_at is None else counts["changed"] + counts["created"] + counts["linked"]
        database.full_pass_at = now
        database.full_pass = {**counts, "missing": missing, "drift": drift, "seconds": (now - began).total_seconds()}
        database.baseline_at = database.baseline_at or now
        database.compared_until, database.comparison = None, {}  # our side is compared as a whole, too
    database.save()


def _store(database: NotionDatabase, walk: Walk) -> None:
    database.walk = dict(walk)
    database.save(update_fields=["walk"])


def _filter(walk: Walk) -> dict[str, Any] | None:
    if "since" not in walk:
        return None
    return {"timestamp": _time(walk), _time(walk): {"on_or_after": walk["since"]}}


def _time(walk: Walk) -> str:
    return CREATED if walk["full"] else EDITED


def _on_the_minute(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).replace(second=0, microsecond=0).isoformat().replace("+00:00", "Z")


__all__ = ["Unit", "Visit", "Walk", "begin", "read_on"]
