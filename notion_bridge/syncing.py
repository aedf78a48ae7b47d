"""Passes over Notion: the steps that the pump repeats while Notion is monitored, and the whole pass of sync_notion.

One process at a time works on Notion, whoever has the lock: the budget of requests is small, and no page is ever
handled twice at once. The lock belongs to the database session, so it goes with the process that held it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import F

from contacts.clock import database_now
from notion_bridge import arriving, baseline, layouts, monitoring, problems, pull, push, schemas, webhooks
from notion_bridge.client import (
    Forbidden,
    Invalid,
    Lane,
    Later,
    NotFound,
    Notion,
    NotionError,
    RateLimited,
    Unauthorized,
    Unavailable,
    connect,
)
from notion_bridge.models import Kind, NotionConnection, NotionDatabase, PageLink, SyncProblem, SyncRun, WebhookDelivery
from notion_bridge.reconciling import Manner
from notion_bridge.schemas import Misconfigured
from workflows import enrolment

Cause = SyncProblem.Cause
LOCK = 0x4E6F74696F6E  # "Notion": any number, the same for every process
NIGHT = range(2, 5)  # o'clock, in TIME_ZONE: when the full pass is made
ONE_DAY = dt.timedelta(hours=20)
OVERDUE = dt.timedelta(hours=30)  # then it is made whatever the hour
SAME_RUN = dt.timedelta(minutes=1)
TRIES = 8  # of one thing within sync_notion, which waits in between
PATIENCE = dt.timedelta(minutes=2)  # how long sync_notion waits for what was put off


class Busy(Exception):
    """Another process works on Notion."""


@dataclass(frozen=True)
class Wish:
    """What a pass is to do."""

    pull: bool = True
    push: bool = True
    full: bool = False
    start_workflows: bool = False


Progress = Callable[[str, int, int], None]  # what, how many of, how many in all (0: nobody knows)


def silent(what: str, done: int, total: int) -> None:
    pass


def run_pump_step(deadline: float) -> int:
    """A step of settings.PUMP_STEPS: what is to do for Notion now, until the deadline; returns how much it did."""
    if not settings.NOTION_API_KEY or not monitoring.is_on() or not monitoring.is_connected():
        return 0
    if monitoring.paused_because():
        return 0
    with single() as mine:
        return _Round(connect(), deadline).run() if mine else 0


def run(*, wish: Wish, trigger: SyncRun.Trigger, progress: Progress = silent) -> SyncRun:
    """One whole pass, whether Notion is monitored or not; returns when nothing is left to do.

    Raises Busy, schemas.Misconfigured, and NotionError with a message that says what to do.
    """
    with single(patience=60) as mine:
        if not mine:
            raise Busy("Another process is working on Notion at this moment. Try again in a minute.")
        return _Pass(wish, trigger, progress).run()


@contextlib.contextmanager
def single(*, patience: float = 0) -> Iterator[bool]:
    """Whether this process may work on Notion now; waits that many seconds for whoever does."""
    end = time.monotonic() + patience
    while not (mine := _lock("pg_try_advisory_lock")) and time.monotonic() < end:
        time.sleep(0.2)
    try:
        yield mine
    finally:
        if mine:
            _lock("pg_advisory_unlock")


def _lock(function: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [LOCK])  # two names, both above
        return bool(cursor.fetchone()[0])


def introduce(notion: Notion, *, now: dt.datetime, **turn: Any) -> None:
    """Remember who we are in Notion, which also shows that the key is accepted."""
    me = notion.me(**turn)
    bot = me.get("bot") or {}
    values = {
        "bot_id": str(me.get("id") or "")[:36],
        "bot_name": str(me.get("name") or "")[:200],
        "workspace": str(bot.get("workspace_name") or "")[:200],
    }
    NotionConnection.objects.update_or_create(pk=NotionConnection.ONLY, defaults=values)
    monitoring.resume(now=now)


def databases_in_order() -> list[NotionDatabase]:
    """Those that are connected and not out of reach; people first, since the others speak of them."""
    rows = {row.kind: row for row in NotionDatabase.objects.exclude(data_source_id="").filter(problem="")}
    return [rows[kind] for kind in Kind.values if kind in rows]


@dataclass
class _Round:
    """The work of one turn of the pump: the most urgent thing first, again and again until the turn is over."""

    notion: Notion
    deadline: float
    counts: Counter[str] = field(default_factory=Counter)
    troubles: int = 0

    def run(self) -> int:
        began, done, error = database_now(), 0, ""
        try:
            while time.monotonic() < self.deadline and self._one_thing():
                done += 1
        except (Later, RateLimited):
            pass  # the budget lets us go on in a while
        except Unauthorized as refusal:
            monitoring.pause(error=refusal, now=database_now())
            error = refusal.message
        except NotionError as trouble:
            error = trouble.message or str(trouble)
        _remember(SyncRun.Trigger.MONITORING, began, self.counts, error)
        return done

    @property
    def turn(self) -> dict[str, Any]:
        return {"deadline": self.deadline}

    def _one_thing(self) -> bool:
        now = database_now()
        if self._meet_databases(now) or _follow_webhook(self.notion, self.counts, now, self.turn):
            return True
        databases = [one for one in databases_in_order() if one.retry_at is None or one.retry_at <= now]
        steps = (self._carry, self._read, self._compare, self._let_go)
        return any(step(database, now) for step in steps for database in databases)

    def _meet_databases(self, now: dt.datetime) -> bool:
        """Connect what is configured and not connected yet, and look at each schema from time to time."""
        stale = now - dt.timedelta(seconds=settings.NOTION_SCHEMA_SECONDS)
        rows = {row.kind: row for row in NotionDatabase.objects.all()}
        for kind, named_id in schemas.configured().items():
            row = rows.get(kind)
            is_known = row is not None and row.named_id == named_id and row.data_source_id
            if row is not None and row.retry_at is not None and row.retry_at > now:
                continue
            if is_known and row is not None and row.schema_seen_at and row.schema_seen_at > stale and not row.problem:
                continue
            if not is_known:
                introduce(self.notion, now=now, **self.turn)
            return _meet_database(kind, named_id, self.notion, now, self.turn)
        return False

    def _carry(self, database: NotionDatabase, now: dt.datetime) -> bool:
        if links := push.unclear(database=database, now=now):
            push.look_up(
                layout=layouts.load(database), links=links, notion=self.notion, now=now, lane=Lane.SYNC, **self.turn
            )
            return True
        if database.baseline_at is None:
            return False
        layout = layouts.current(database, self.notion, **self.turn)
        for link in push.waiting(database=database, now=now):
            lane = Lane.BULK if link.state == PageLink.State.CREATING else Lane.SYNC
            manner = Manner(enrol=True, patient=True)
            self.counts[
                push.carry(layout=layout, link=link, notion=self.notion, manner=manner, now=now, lane=lane, **self.turn)
            ] += 1
            return True
        return False

    def _read(self, database: NotionDatabase, now: dt.datetime) -> bool:
        if not database.walk:
            if _is_full_pass_due(database, now):
                pull.begin(database=database, full=True, now=now)
            elif not database.polled_at or (now - database.polled_at).total_seconds() >= settings.NOTION_POLL_SECONDS:
                pull.begin(database=database, full=False, now=now)
            else:
                return False
        return _read_on(
            database, self.notion, Manner(database.baseline_at is not None, True), self.counts, now, self.turn
        )

    def _compare(self, database: NotionDatabase, now: dt.datetime) -> bool:
        if database.baseline_at is None or not push.has_changes(database=database):
            return False
        while push.compare(database=database, now=now):
            if time.monotonic() > self.deadline:
                return True
        return push_is_wanted(database, now)

    def _let_go(self, database: NotionDatabase, now: dt.datetime) -> bool:
        gone = push.let_deleted_go(database=database, notion=self.notion, now=now, **self.turn)
        self.counts["trashed_there"] += gone
        return gone > 0


def push_is_wanted(database: NotionDatabase, now: dt.datetime) -> bool:
    return PageLink.objects.filter(database=database, wanted_at__lte=now).exists()


def _is_full_pass_due(database: NotionDatabase, now: dt.datetime) -> bool:
    if database.full_pass_at is None:
        return True
    age = now - database.full_pass_at
    return age > OVERDUE or (age > ONE_DAY and now.astimezone(ZoneInfo(settings.TIME_ZONE)).hour in NIGHT)


def _meet_database(kind: str, named_id: str, notion: Notion, now: dt.datetime, turn: dict[str, Any]) -> bool:
    """Connect it or look at its schema; what is wrong with it stops it alone."""
    try:
        database = schemas.connect_database(kind=kind, named_id=named_id, notion=notion, now=now, **turn)
    except (Misconfigured, NotFound, Forbidden, Invalid) as error:
        _stop(kind, error.message if isinstance(error, NotionError) else str(error), now)
        return True
    if database.problem:
        NotionDatabase.objects.filter(pk=database.pk).update(problem="", problem_at=None, retry_at=None, troubles=0)
        problems.close(cause=Cause.DATABASE_OUT_OF_REACH, subject=kind, now=now)
    return True


def _stop(kind: str, message: str, now: dt.datetime) -> None:
    """The database is tried again in a few minutes; the others go on."""
    database, _ = NotionDatabase.objects.get_or_create(kind=kind)
    values = {"problem": message, "problem_at": now, "retry_at": now + dt.timedelta(minutes=5)}
    NotionDatabase.objects.filter(pk=database.pk).update(**values)
    problems.report(
        cause=Cause.DATABASE_OUT_OF_REACH,
        subject=kind,
        message=f"{database}: {message}",
        database=database,
        now=now,
    )


def _read_on(
    database: NotionDatabase,
    notion: Notion,
    manner: Manner,
    counts: Counter[str],
    now: dt.datetime,
    turn: dict[str, Any],
) -> bool:
    try:
        unit = pull.read_on(database=database, notion=notion, manner=manner, now=now, **turn)
        for link, page in unit.twins:
            layout = layouts.load(database)
            push.settle_twins(layout=layout, link=link, page=page, notion=notion, now=now, **turn)
    except (NotFound, Forbidden, Invalid) as error:
        _stop(database.kind, error.message, now)
        return True
    except Unavailable:
        pause = dt.timedelta(seconds=min(2 ** min(database.troubles + 1, 10), 600))
        NotionDatabase.objects.filter(pk=database.pk).update(retry_at=now + pause, troubles=F("troubles") + 1)
        raise
    if database.troubles:
        NotionDatabase.objects.filter(pk=database.pk).update(retry_at=None, troubles=0)
    counts.update(unit.counts)
    return True


def _follow_webhook(notion: Notion, counts: Counter[str], now: dt.datetime, turn: dict[str, Any]) -> bool:
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
    webhooks.settle(event=event, outcome=outcome, now=now)
    return True


def _follow(
    event: WebhookDelivery, notion: Notion, counts: Counter[str], now: dt.datetime, turn: dict[str, Any]
) -> str:
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
        counts[
            push.carry(
                layout=layouts.current(link.database, notion, **turn),
                link=link,
                notion=notion,
                manner=manner,
                now=now,
                **turn,
            )
        ] += 1
        return "looked at"
    return _meet_new_page(event.entity_id, notion, counts, manner, now, turn)


def _meet_new_page(
    page_id: str, notion: Notion, counts: Counter[str], manner: Manner, now: dt.datetime, turn: dict[str, Any]
) -> str:
    page = notion.page(page_id, **turn)
    parent = page.get("parent") or {}
    source = str(parent.get("data_source_id") or "")
    database = next((one for one in databases_in_order() if one.data_source_id == source), None)
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


@dataclass
class _Pass:
    """A pass that somebody asked for: it waits where a turn of the pump would come back later."""

    wish: Wish
    trigger: SyncRun.Trigger
    progress: Progress
    counts: Counter[str] = field(default_factory=Counter)

    def run(self) -> SyncRun:
        began = database_now()
        try:
            self._drain(connect())
        except Unauthorized as error:
            monitoring.pause(error=error, now=database_now())
            _remember(self.trigger, began, self.counts, error.message)
            raise
        except (NotionError, Misconfigured) as error:
            _remember(self.trigger, began, self.counts, getattr(error, "message", "") or str(error))
            raise
        return _remember(self.trigger, began, self.counts, "")

    def _drain(self, notion: Notion) -> None:
        _patiently(lambda: introduce(notion, now=database_now()))
        self._meet_databases(notion)
        databases = databases_in_order()
        for database in databases:
            if self.wish.pull or (self.wish.push and database.baseline_at is None):
                self._pull(database, notion)
        if self.wish.start_workflows:
            self.counts["workflows"] += baseline.start(now=database_now())
        while enrolment.enrol_waiting(now=database_now()):
            pass
        if self.wish.push:
            for database in databases:
                self._push(database, notion)

    def _meet_databases(self, notion: Notion) -> None:
        named = schemas.configured()
        if not named:
            raise Misconfigured("No database is named. Set the three NOTION_..._DB variables, or create the databases.")
        for kind, named_id in named.items():
            _patiently(functools.partial(_meet_database, kind, named_id, notion, database_now(), {}))
        stopped = NotionDatabase.objects.filter(kind__in=named).exclude(problem="")
        if stopped:
            raise Misconfigured(" ".join(f"{one}: {one.problem}" for one in stopped))

    def _pull(self, database: NotionDatabase, notion: Notion) -> None:
        manner = Manner(enrol=database.baseline_at is not None or self.wish.start_workflows)
        for event in WebhookDelivery.objects.filter(processed_at=None, entity_type="page"):
            webhooks.settle(event=event, outcome="seen by a pass", now=database_now())
        pull.begin(database=database, full=self.wish.full, now=database_now())
        while database.walk:
            self.progress(f"reading {database}", self.counts["pages"], 0)
            _patiently(lambda: _read_or_raise(database, notion, manner, self.counts))

    def _push(self, database: NotionDatabase, notion: Notion) -> None:
        if push.has_changes(database=database):
            while push.compare(database=database, now=database_now()):
                pass
        while push.let_deleted_go(database=database, notion=notion, now=database_now()):
            self.counts["trashed_there"] += 1
        total, done = PageLink.objects.filter(database=database, wanted_at__isnull=False).count(), 0
        while self._carry_one(database, notion):
            done += 1
            self.progress(f"writing {database}", done, max(total, done))

    def _carry_one(self, database: NotionDatabase, notion: Notion) -> bool:
        now = database_now()
        try:
            if links := push.unclear(database=database, now=now):
                push.look_up(layout=layouts.load(database), links=links, notion=notion, now=now)
                return True
            layout = layouts.current(database, notion)
            for link in push.waiting(database=database, now=now):
                what = push.carry(
                    layout=layout, link=link, notion=notion, manner=Manner(enrol=True), now=database_now()
                )
                self.counts[what] += 1
                return True
        except RateLimited:
            return True  # the budget makes us wait
        return _wait_for_the_next(database, now)


def _read_or_raise(database: NotionDatabase, notion: Notion, manner: Manner, counts: Counter[str]) -> None:
    _read_on(database, notion, manner, counts, database_now(), {})
    database.refresh_from_db()
    if database.problem:
        raise Misconfigured(f"{database}: {database.problem}")


def _wait_for_the_next(database: NotionDatabase, now: dt.datetime) -> bool:
    """Sleep until what was put off for a moment is due; False when nothing is, or only what failed too often."""
    soon = PageLink.objects.filter(
        database=database, wanted_at__gt=now, wanted_at__lt=now + PATIENCE, attempts__lt=TRIES
    )
    due_at = soon.order_by("wanted_at").values_list("wanted_at", flat=True).first()
    if due_at is None:
        return False
    time.sleep(max((due_at - database_now()).total_seconds(), 0))
    return True


def _patiently(work: Callable[[], Any]) -> None:
    """Do it, again after a pause while Notion is unwell; the last error is raised."""
    for attempt in range(TRIES):
        try:
            work()
            return
        except (Unavailable, RateLimited):
            if attempt == TRIES - 1:
                raise
            time.sleep(min(2**attempt / 4, 10))


def _remember(trigger: SyncRun.Trigger, began: dt.datetime, counts: Counter[str], error: str) -> SyncRun:
    """Keep what a pass did. Turns of the monitoring that follow each other closely are one run; idle ones are none."""
    now = database_now()
    kept = {what: number for what, number in counts.items() if number}
    run = SyncRun(trigger=trigger, started_at=began, ended_at=now, counts=kept, error=error)
    if trigger != SyncRun.Trigger.MONITORING:
        run.save()
        return run
    if not error and not set(kept) - {"pages", "unchanged"}:
        return run
    last = SyncRun.objects.filter(trigger=trigger, ended_at__gt=now - SAME_RUN).first()
    if last is None or last.error != error:
        run.save()
        return run
    last.ended_at, last.counts = now, dict(Counter(last.counts) + Counter(kept))
    last.save(update_fields=["ended_at", "counts"])
    return last
