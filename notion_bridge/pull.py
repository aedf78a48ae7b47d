"""From Notion to here: read what was edited since the last time, or everything, list by list, and take note of it.

The cursor is stored after every list, so that a reading goes on where it stopped, whoever goes on with it. Notion
rounds last_edited_time down to the minute; a reading therefore begins OVERLAP before the one before it began,
and what it sees again is compared by content.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypedDict

from django.db import InterfaceError, OperationalError

from notion_bridge import bound_schema, inbound, problems, schemas
from notion_bridge.adapters import ADAPTERS
from notion_bridge.bound_schema import BoundSchema
from notion_bridge.client import PAGE_SIZE, Endless, Invalid, Notion, Unavailable, pass_by
from notion_bridge.inbound import InboundResult
from notion_bridge.models import NotionDatabase, PageLink, SyncProblem
from notion_bridge.reconciliation import InboundPolicy

logger = logging.getLogger(__name__)

OVERLAP = dt.timedelta(minutes=2)
# The pages that a full pass expects to see: one that waits may have been trashed as well.
EXPECTED = (PageLink.State.LINKED, PageLink.State.WAITING, PageLink.State.DUPLICATE)
GROWTH = 10  # rows a list, after one that Notion managed
CREATED, EDITED = "created_time", "last_edited_time"


class PageCursor(TypedDict, total=False):
    """A reading under way. Times are ISO 8601."""

    full: bool  # every page, in the order of creation; else what was edited since, in the order of editing
    since: str  # where this slice begins; absent: at the beginning
    cursor: str  # the next list of this slice
    passed: list[str]  # the cursors of this slice until there
    size: int  # how many pages are asked for at once; fewer after a list that Notion did not manage
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
    duplicate_pages: list[tuple[PageLink, Mapping[str, Any]]] = field(default_factory=list)


def begin(*, database: NotionDatabase, full: bool, now: dt.datetime) -> None:
    """Plan a reading; one that is under way goes on, unless it would see less than is wanted."""
    full = _is_something_known_now(database, now) or full or database.full_pass_at is None
    if database.page_cursor and (database.page_cursor["full"] or not full):
        return
    page_cursor = PageCursor(
        full=full or database.baseline_at is None, began=now.isoformat(), started=now.isoformat(), counts={}
    )
    if page_cursor["full"]:
        page_cursor["name"] = now.isoformat()
    elif database.read_until:
        page_cursor["since"] = _on_the_minute(database.read_until - OVERLAP)
    database.page_cursor = dict(page_cursor)
    database.save(update_fields=["page_cursor"])


def _is_something_known_now(database: NotionDatabase, now: dt.datetime) -> bool:
    """Whether somebody added here what pages were waiting for: nothing happened to those pages."""
    unknown = SyncProblem.objects.filter(database=database, cause=SyncProblem.Cause.UNKNOWN_OPTION, closed_at=None)
    knows = ADAPTERS[database.kind].knows
    known = [one.subject for one in unknown if knows(one.details["field"], one.details["option"])]
    problems.close(SyncProblem.Cause.UNKNOWN_OPTION, subjects=known, now=now)
    return bool(known)


def read_on(*, database: NotionDatabase, notion: Notion, policy: InboundPolicy, now: dt.datetime) -> Unit:
    """Read the next list of the reading under way and take note of its pages. One query; raises NotionError, Later."""
    page_cursor = PageCursor(**database.page_cursor)  # type: ignore[typeddict-item]
    try:
        answer = notion.query(
            database.data_source_id,
            filter=_filter(page_cursor),
            sorts=[{"timestamp": _time(page_cursor), "direction": "ascending"}],
            start_cursor=page_cursor.get("cursor"),
            page_size=page_cursor.get("size", PAGE_SIZE),
        )
    except Invalid:
        if "cursor" not in page_cursor:
            raise
        _store(database, _again_without_cursor(page_cursor))  # a cursor can expire
        return Unit()
    except Unavailable as error:
        if error.code != "unreachable":
            page_cursor["size"] = size_after(page_cursor.get("size", PAGE_SIZE), came=False)
            _store(database, page_cursor)
        raise
    if "size" in page_cursor:
        page_cursor["size"] = size_after(page_cursor["size"], came=True)
    if notion.last_date is not None and "cursor" not in page_cursor:
        page_cursor["began"] = min(page_cursor["began"], notion.last_date.astimezone(dt.UTC).isoformat())
    unit = Unit()
    pages = [page for page in answer.get("results") or [] if page.get("object", "page") == "page"]
    if pages:
        _take_note(database, notion, pages, policy, unit, now)
    if pages and page_cursor["full"]:
        PageLink.objects.filter(page_id__in=[page["id"] for page in pages]).update(seen_in=page_cursor["name"])
    page_cursor["counts"] = dict(Counter(page_cursor["counts"]) + unit.counts)
    _go_on(database, page_cursor, answer, pages, now, unit)
    return unit


def size_after(size: int, *, came: bool) -> int:
    """How many pages to ask for after a list of that many came, or was too much for Notion."""
    return min(size + GROWTH, PAGE_SIZE) if came else max(size // 2, 1)


def _take_note(
    database: NotionDatabase,
    notion: Notion,
    pages: Sequence[Mapping[str, Any]],
    policy: InboundPolicy,
    unit: Unit,
    now: dt.datetime,
) -> None:
    bound = bound_schema.current(database, notion)
    if _lost_an_option(bound, pages):
        # Somebody took it off the page, or somebody removed the option itself: only the schema of this moment tells.
        schemas.refresh(database=database, notion=notion, now=now)
        bound = bound_schema.current(database, notion)
    for page in sorted(pages, key=lambda one: str(one.get("created_time"))):  # of two for one object the older is first
        unit.counts["pages"] += 1
        incoming = inbound.look(bound=bound, notion=notion, page=page, policy=policy, now=now)
        try:
            result = inbound.receive(incoming)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # one page that breaks our code must not hold up all the others
            logger.exception("page %s could not be taken note of", page["id"])
            _report_unforeseen(database, page, error, now)
            unit.counts["failed"] += 1
            continue
        unit.counts[result.what] += 1
        _want(result, page, unit, now)


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


def _want(result: InboundResult, page: Mapping[str, Any], unit: Unit, now: dt.datetime) -> None:
    """What has to be written is written by the push, which reads the page once more right before."""
    if result.what == "duplicate_page" and result.link:
        unit.duplicate_pages.append((result.link, page))
    elif result.reconciled.to_remote and result.link:
        unit.counts["to_write"] += 1
        PageLink.objects.filter(pk=result.link.pk).update(wanted_at=now)


def _lost_an_option(bound: BoundSchema, pages: Sequence[Mapping[str, Any]]) -> bool:
    links = PageLink.objects.filter(page_id__in=[page["id"] for page in pages], state=PageLink.State.LINKED)
    agreed = {str(page_id): remote for page_id, remote in links.values_list("page_id", "remote")}
    return any(bound.lost_options(agreed.get(str(page["id"]), {}), bound.glance(page)) for page in pages)


def _go_on(
    database: NotionDatabase,
    page_cursor: PageCursor,
    answer: Mapping[str, Any],
    pages: Sequence[Mapping[str, Any]],
    now: dt.datetime,
    unit: Unit,
) -> None:
    if pages:
        page_cursor["last"] = str(pages[-1].get(_time(page_cursor)) or page_cursor.get("last", ""))
    status = answer.get("request_status")
    incomplete = isinstance(status, Mapping) and status.get("type") == "incomplete"
    if answer.get("has_more") and answer.get("next_cursor"):
        page_cursor["cursor"] = str(answer["next_cursor"])
        try:
            pass_by(page_cursor.setdefault("passed", []), page_cursor["cursor"])
        except Endless as error:
            _give_up(database, error, now)
        _store(database, page_cursor)
    elif incomplete and page_cursor.get("last"):
        ahead = _minutes_ahead(page_cursor)
        if ahead < 0 or (ahead == 0 and not pages):
            _give_up(database, Endless("endless_list"), now)
        if ahead == 0:
            _step_over(database, page_cursor, now)
        _store(
            database, _again_without_cursor(page_cursor)
        )  # a query reaches 10,000 rows: the next slice begins at the last
    else:
        _finish(database, page_cursor, now)
        unit.is_over = True


def _minutes_ahead(page_cursor: PageCursor) -> float:
    """How far this slice came, in the order of time that was asked for."""
    if "since" not in page_cursor:
        return 1
    last, since = (dt.datetime.fromisoformat(page_cursor[name]) for name in ("last", "since"))
    return (last - since) / dt.timedelta(minutes=1)


def _give_up(database: NotionDatabase, error: Endless, now: dt.datetime) -> NoReturn:
    """A list that goes in circles would hold up all else; it begins anew after a rest."""
    _store(database, PageCursor())
    problems.report(
        cause=SyncProblem.Cause.ENDLESS_LIST,
        subject=database.kind,
        message=f"{database}: {error.message} It is read from its beginning again in some minutes.",
        database=database,
        now=now,
    )
    raise error


def _step_over(database: NotionDatabase, page_cursor: PageCursor, now: dt.datetime) -> None:
    """One minute alone has more pages than a query reaches: go on with the next one."""
    minute = dt.datetime.fromisoformat(page_cursor["last"])
    page_cursor["last"] = _on_the_minute(minute + dt.timedelta(minutes=1))
    problems.report(
        cause=SyncProblem.Cause.LIMIT,
        subject=f"{database.kind} {_time(page_cursor)} {minute:%Y-%m-%d %H:%M}",
        message=f"{database}: more pages carry the time {minute:%Y-%m-%d %H:%M} UTC than Notion lists at once. Those "
        "that are missing here are taken over as soon as somebody edits them.",
        database=database,
        now=now,
    )


def _again_without_cursor(page_cursor: PageCursor) -> PageCursor:
    page_cursor.pop("cursor", None)
    page_cursor.pop("passed", None)
    if page_cursor.get("last"):
        page_cursor["since"] = page_cursor["last"]
    return page_cursor


def _finish(database: NotionDatabase, page_cursor: PageCursor, now: dt.datetime) -> None:
    problems.close(SyncProblem.Cause.ENDLESS_LIST, subjects=[database.kind], now=now)
    began = dt.datetime.fromisoformat(page_cursor["began"])
    database.page_cursor, database.polled_at = {}, now
    database.read_until = began
    if page_cursor["full"]:
        gone = PageLink.objects.filter(database=database, state__in=EXPECTED, page_id__isnull=False)
        gone = gone.exclude(seen_in=page_cursor["name"])
        gone = gone.filter(created_at__lt=page_cursor.get("started", page_cursor["began"]))
        missing = gone.update(wanted_at=now)
        counts = Counter(page_cursor["counts"])
        drift = 0 if database.baseline_at is None else counts["changed"] + counts["created"] + counts["linked"]
        database.full_pass_at = now
        database.full_pass = {**counts, "missing": missing, "drift": drift, "seconds": (now - began).total_seconds()}
        database.baseline_at = database.baseline_at or now
        database.compared_until, database.comparison = None, {}  # our side is compared as a whole, too
    database.save()


def _store(database: NotionDatabase, page_cursor: PageCursor) -> None:
    database.page_cursor = dict(page_cursor)
    database.save(update_fields=["page_cursor"])


def _filter(page_cursor: PageCursor) -> dict[str, Any] | None:
    if "since" not in page_cursor:
        return None
    return {"timestamp": _time(page_cursor), _time(page_cursor): {"on_or_after": page_cursor["since"]}}


def _time(page_cursor: PageCursor) -> str:
    return CREATED if page_cursor["full"] else EDITED


def _on_the_minute(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).replace(second=0, microsecond=0).isoformat().replace("+00:00", "Z")
