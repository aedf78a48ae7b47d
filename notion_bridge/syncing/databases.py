"""Who we are in Notion, which databases are in order, and reading on in one of them."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Container, Sequence

from django.db import InterfaceError, OperationalError
from django.db.models import Exists, F, OuterRef, Q

from notion_bridge import bound_schema, monitoring, problems, pull, push, schemas
from notion_bridge.client import Endless, Forbidden, Invalid, Later, NotFound, Notion, NotionError, Unavailable
from notion_bridge.models import NotionConnection, NotionDatabase, PageLink, SyncProblem
from notion_bridge.reconciliation import InboundPolicy
from notion_bridge.schemas import Misconfigured

logger = logging.getLogger(__name__)

Cause = SyncProblem.Cause
# What concerns more than one object: the budget, the key, Notion itself, our database.
FORESEEN = (NotionError, Later, OperationalError, InterfaceError)
TROUBLES = 3  # in a row, before a database rests


def introduce(notion: Notion, *, now: dt.datetime) -> None:
    """Remember who we are in Notion, which also shows that the key is accepted."""
    me = notion.me()
    bot = me.get("bot") or {}
    values = {
        "bot_id": str(me.get("id") or "")[:36],
        "bot_name": str(me.get("name") or "")[:200],
        "workspace": str(bot.get("workspace_name") or "")[:200],
    }
    NotionConnection.objects.update_or_create(pk=NotionConnection.ONLY, defaults=values)
    monitoring.resume(now=now)


def in_order(rows: Sequence[NotionDatabase] | None = None) -> list[NotionDatabase]:
    """Those that are connected and not out of reach; people first, since the others speak of them."""
    known = {row.kind: row for row in (NotionDatabase.objects.all() if rows is None else rows)}
    named = [known[kind] for kind in schemas.configured(known.values()) if kind in known]
    return [row for row in named if row.data_source_id and not row.problem]


def with_work(*, now: dt.datetime) -> Container[int]:
    """The ids of the databases of which a page is wanted now, or an object was deleted here."""
    wanted = PageLink.objects.filter(wanted_at__lte=now)
    gone = PageLink.objects.filter(contact=None, task=None, instance=None, state__in=["creating", "linked"])
    mine = Q(database=OuterRef("pk"))
    databases = NotionDatabase.objects.filter(Exists(wanted.filter(mine)) | Exists(gone.filter(mine)))
    return frozenset(databases.values_list("pk", flat=True))


def connect_or_refresh(kind: str, named_id: str, notion: Notion, now: dt.datetime) -> NotionDatabase:
    """Connect it or look at its schema; what is wrong with it stops it alone."""
    try:
        database = schemas.connect_database(kind=kind, named_id=named_id, notion=notion, now=now)
    except (Misconfigured, NotFound, Forbidden, Invalid) as error:
        database, _ = NotionDatabase.objects.get_or_create(kind=kind)
        _stop(database, error.message if isinstance(error, NotionError) else str(error), now)
        return database
    except Unavailable:
        _rest(NotionDatabase.objects.get(kind=kind), now)
        raise
    if database.problem:
        database.problem = ""
        NotionDatabase.objects.filter(pk=database.pk).update(problem="", retry_at=None, troubles=0)
        problems.close(Cause.DATABASE_OUT_OF_REACH, subjects=[kind], now=now)
    return database


def _stop(database: NotionDatabase, message: str, now: dt.datetime) -> None:
    """The database is tried again in a few minutes; the others go on."""
    database.problem = message
    values = {"problem": message, "retry_at": now + dt.timedelta(minutes=5)}
    NotionDatabase.objects.filter(pk=database.pk).update(**values)
    problems.report(
        cause=Cause.DATABASE_OUT_OF_REACH,
        subject=database.kind,
        message=f"{database}: {message}",
        database=database,
        now=now,
    )


def read_on(
    database: NotionDatabase, notion: Notion, policy: InboundPolicy, counts: Counter[str], now: dt.datetime
) -> None:
    """Read the next list; what is wrong with the database stops it alone."""
    try:
        unit = pull.read_on(database=database, notion=notion, policy=policy, now=now)
        for link, page in unit.duplicate_pages:
            bound = bound_schema.load(database)
            push.settle_duplicate_pages(bound=bound, link=link, page=page, notion=notion, now=now)
    except (NotFound, Forbidden, Invalid) as error:
        _stop(database, error.message, now)
        return
    except (Unavailable, Endless):
        _rest(database, now)
        raise
    if database.troubles:
        NotionDatabase.objects.filter(pk=database.pk).update(retry_at=None, troubles=0)
    counts.update(unit.counts)


def _rest(database: NotionDatabase, now: dt.datetime) -> None:
    """The others go on meanwhile."""
    pause = dt.timedelta(seconds=min(2 ** min(database.troubles + 1, 10), 600))
    NotionDatabase.objects.filter(pk=database.pk).update(retry_at=now + pause, troubles=F("troubles") + 1)


def carry(database: NotionDatabase, link: PageLink, notion: Notion, policy: InboundPolicy, now: dt.datetime) -> str:
    """Bring one object and its page together. Where one after the other fails, the database rests for a while."""
    bound = bound_schema.current(database, notion)
    try:
        what = push.carry(bound=bound, link=link, notion=notion, policy=policy, now=now)
    except FORESEEN:
        raise
    except Exception as error:  # one object that breaks our code must not hold up all the others
        logger.exception("page link %s could not be carried over", link.pk)
        push.put_off_unforeseen(link=link, error=error, now=now)
        what = "failed"
    troubles = database.troubles + 1 if what in ("put_off", "unclear") else 0
    if troubles != database.troubles:
        rest = dt.timedelta(seconds=min(2 ** min(troubles, 10), 300)) if troubles > TROUBLES else None
        NotionDatabase.objects.filter(pk=database.pk).update(troubles=troubles, retry_at=now + rest if rest else None)
        database.troubles = troubles
    return what
