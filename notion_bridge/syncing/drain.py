"""A whole pass that somebody asked for: it waits where the monitoring would come back later."""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from contactflow.core.clock import database_now
from notion_bridge import baseline, bound_schema, change_detection, monitoring, pull, push, schemas, webhooks
from notion_bridge.client import Notion, NotionError, RateLimited, Unauthorized, Unavailable, connect
from notion_bridge.models import Kind, NotionDatabase, PageLink, SyncRun, WebhookDelivery
from notion_bridge.reconciliation import InboundPolicy
from notion_bridge.schemas import Misconfigured
from notion_bridge.syncing import databases, lock, run_log, webhook_followup
from notion_bridge.syncing.lock import Busy
from workflows import enrolment

SEEN_BY_A_PASS = ("page.created", "page.properties_updated", "page.content_updated", "page.locked", "page.unlocked")
LOCK_PATIENCE = 60.0  # seconds; how long a pass waits for another process
TRIES = 8  # of one thing, with pauses in between
FIRST_PAUSE = 0.25  # seconds; each after it is twice as long
PATIENCE = dt.timedelta(minutes=2)  # how long is waited for what was put off


@dataclass(frozen=True)
class SyncScope:
    """What a pass is to do."""

    pull: bool = True
    push: bool = True
    full: bool = False
    start_workflows: bool = False


T = TypeVar("T")
Progress = Callable[[str, int, int], None]  # what, how many of, how many in all (0: nobody knows)


def run(*, scope: SyncScope, trigger: SyncRun.Trigger, progress: Progress = lambda *_: None) -> SyncRun:
    """One whole pass, whether Notion is monitored or not; returns when nothing is left to do.

    Raises Busy, schemas.Misconfigured, and NotionError with a message that says what to do.
    """
    with lock.single(patience=LOCK_PATIENCE) as mine:
        if not mine:
            raise Busy("Another process is working on Notion at this moment. Try again in a minute.")
        return Drain(scope, trigger, progress).run()


@dataclass
class Drain:
    """A pass that somebody asked for: it waits where a turn of the pump would come back later."""

    scope: SyncScope
    trigger: SyncRun.Trigger
    progress: Progress
    counts: Counter[str] = field(default_factory=Counter)
    troubles: list[Misconfigured | NotionError] = field(default_factory=list)  # one a database; the others go on
    out_of_reach: set[int | None] = field(default_factory=set)

    def run(self) -> SyncRun:
        began = database_now()
        try:
            self._drain(connect())
        except Unauthorized as error:
            monitoring.pause(error=error, now=database_now())
            run_log.remember(self.trigger, began, self.counts, error.message)
            raise
        except (NotionError, Misconfigured) as error:
            run_log.remember(self.trigger, began, self.counts, _said(error))
            raise
        return run_log.remember(self.trigger, began, self.counts, "")

    def _drain(self, notion: Notion) -> None:
        now = database_now()
        _patiently(lambda: databases.introduce(notion, now=now))
        connected = self._connect_databases(notion, now)
        self._follow_events(notion)
        for database in connected:
            if self.scope.pull or (self.scope.push and database.baseline_at is None):
                self._alone(database, functools.partial(self._pull, database, notion))
        if self.scope.start_workflows:
            self.counts["workflows"] += baseline.start(now=database_now())
        now = database_now()
        while baseline.start_some(now=now) or enrolment.enrol_waiting(now=now):
            now = database_now()
        for database in connected if self.scope.push else ():
            if database.pk not in self.out_of_reach:
                self._alone(database, functools.partial(self._push, database, notion))
        if self.troubles:
            raise self.troubles[0] if len(self.troubles) == 1 else Misconfigured(" ".join(map(_said, self.troubles)))

    def _alone(self, database: NotionDatabase | str, work: Callable[[], T]) -> T | None:
        """What is wrong with one database is said at the end and keeps nobody from the others."""
        try:
            return work()
        except Unauthorized:
            raise
        except (NotionError, Misconfigured) as error:
            if isinstance(error, NotionError):
                error.message = f"{database}: {_said(error)}"
            self.troubles.append(error)
            self.out_of_reach.add(getattr(database, "pk", None))
        return None

    def _connect_databases(self, notion: Notion, now: dt.datetime) -> list[NotionDatabase]:
        """People first, since the others speak of them."""
        named = schemas.configured()
        if not named:
            raise Misconfigured("No database is named. Set the three NOTION_..._DB variables, or create the databases.")
        met = []
        for kind, named_id in named.items():
            connect_one = functools.partial(databases.connect_or_refresh, kind, named_id, notion, now)
            one = self._alone(Kind(kind).label, functools.partial(_patiently, connect_one))
            if one is not None and one.problem:
                self.troubles.append(Misconfigured(f"{one}: {one.problem}"))
            elif one is not None:
                met.append(one)
        return met

    def _pull(self, database: NotionDatabase, notion: Notion) -> None:
        policy = InboundPolicy(enrol=database.baseline_at is not None or self.scope.start_workflows)
        pull.begin(database=database, full=self.scope.full, now=database_now())
        while database.page_cursor:
            self.progress(f"reading {database}", self.counts["pages"], 0)
            _patiently(lambda: _read_or_raise(database, notion, policy, self.counts))

    def _follow_events(self, notion: Notion) -> None:
        """The pass sees every edit by itself; what left its database it would not see."""
        now = database_now()
        for event in WebhookDelivery.objects.filter(processed_at=None, type__in=SEEN_BY_A_PASS):
            webhooks.settle(event=event, outcome="seen by a pass", now=now)
        while webhook_followup.follow_up_next(notion, self.counts, now):
            now = database_now()

    def _push(self, database: NotionDatabase, notion: Notion) -> None:
        now = database_now()
        if change_detection.has_changes(database=database):
            change_detection.compare(database=database, now=now)
            while database.comparison:
                change_detection.compare(database=database, now=now)
        while push.let_deleted_go(database=database, notion=notion, now=now):
            self.counts["trashed_remote"] += 1
            now = database_now()
        total, done = PageLink.objects.filter(database=database, wanted_at__isnull=False).count(), 0
        while total and self._carry_one(database, notion):
            done += 1
            self.progress(f"writing {database}", done, max(total, done))

    def _carry_one(self, database: NotionDatabase, notion: Notion) -> bool:
        now = database_now()
        try:
            if links := push.unclear(database=database, now=now):
                push.look_up(bound=bound_schema.load(database), links=links, notion=notion, now=now)
                return True
            change = push.next_change(database=database, now=now)
            if link := change or push.next_creation(database=database, now=now):
                self.counts[databases.carry(database, link, notion, InboundPolicy(enrol=True), now)] += 1
                return True
        except RateLimited:
            return True  # the budget makes us wait
        return _wait_for_the_next(database, now)


def _said(error: Exception) -> str:
    return getattr(error, "message", "") or str(error)


def _read_or_raise(database: NotionDatabase, notion: Notion, policy: InboundPolicy, counts: Counter[str]) -> None:
    databases.read_on(database, notion, policy, counts, database_now())
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


def _patiently(work: Callable[[], T]) -> T:
    """Do it, again after a pause while Notion is unwell; the last error is raised."""
    for attempt in range(TRIES - 1):
        try:
            return work()
        except (Unavailable, RateLimited):
            time.sleep(min(FIRST_PAUSE * 2**attempt, 10))
    return work()
