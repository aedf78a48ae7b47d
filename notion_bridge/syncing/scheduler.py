"""The steps that the pump repeats while Notion is monitored: the most urgent thing first."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.conf import settings

from contactflow.core.clock import database_now
from notion_bridge import baseline, bound_schema, change_detection, monitoring, pull, push, schemas
from notion_bridge.client import Lane, Later, Notion, NotionError, RateLimited, Unauthorized, connect
from notion_bridge.models import Kind, NotionDatabase, PageLink, SyncRun
from notion_bridge.reconciliation import InboundPolicy
from notion_bridge.syncing import databases, lock, run_log, webhook_followup

NIGHT = range(2, 5)  # o'clock, in TIME_ZONE: when the full pass is made
ONE_DAY = dt.timedelta(hours=20)
JUST_NOW = dt.timedelta(seconds=5)
OVERDUE = dt.timedelta(hours=30)  # then it is made whatever the hour


def run_pump_step(deadline: float) -> int:
    """A step of settings.PUMP_STEPS: what is to do for Notion now, until the deadline; returns how much it did."""
    if not settings.NOTION_API_KEY:
        return 0
    if started := baseline.start_some(now=database_now()):
        return started
    if not monitoring.is_on() or not monitoring.is_connected():
        return 0
    is_probe = bool(monitoring.paused_because())
    if is_probe and not monitoring.may_probe(now=database_now()):
        return 0
    with lock.single() as mine:
        return PumpStep(connect().within(deadline=deadline), deadline, is_probe=is_probe).run() if mine else 0


@dataclass
class PumpStep:
    """The work of one turn of the pump: the most urgent thing first, again and again until the turn is over."""

    notion: Notion
    deadline: float
    is_probe: bool = False  # the key was refused: first ask whether it still is
    counts: Counter[str] = field(default_factory=Counter)
    compared: set[int] = field(default_factory=set)
    """Databases compared in this turn: where rows always change, the rest would have no turn."""

    def run(self) -> int:
        began, done, error = database_now(), 0, ""
        try:
            if self.is_probe:
                databases.introduce(self.notion, now=began)
            while time.monotonic() < self.deadline and self._one_thing():
                done += 1
        except (Later, RateLimited):
            pass  # the budget lets us go on in a while
        except Unauthorized as refusal:
            monitoring.pause(error=refusal, now=database_now())
            error = refusal.message
        except NotionError as trouble:
            error = trouble.message or str(trouble)
        run_log.remember(SyncRun.Trigger.MONITORING, began, self.counts, error)
        return done

    def _one_thing(self) -> bool:
        now, rows = database_now(), list(NotionDatabase.objects.all())
        if self._connect_databases(rows, now) or webhook_followup.follow_up_next(self.notion, self.counts, now):
            return True
        ready = [one for one in databases.in_order(rows) if one.retry_at is None or one.retry_at <= now]
        busy = databases.with_work(now=now)
        at_work = [one for one in ready if one.pk in busy]
        return (
            any(self._change(one, now) for one in at_work)
            or any(self._read(one, now) for one in ready)
            or any(self._compare(one, now) for one in ready)
            or any(self._let_go(one, now) for one in at_work)
            or any(self._look_up(one, now) for one in at_work)
            or any(self._create(one, now) for one in at_work)
        )

    def _connect_databases(self, known: Sequence[NotionDatabase], now: dt.datetime) -> bool:
        """Connect what is configured and not connected yet, and look at each schema from time to time."""
        stale = now - dt.timedelta(seconds=settings.NOTION_SCHEMA_SECONDS)
        rows = {row.kind: row for row in known}
        for kind, named_id in schemas.configured(known).items():
            row = rows.get(kind)
            is_known = row is not None and row.named_id == named_id and row.data_source_id
            if row is not None and row.retry_at is not None and row.retry_at > now:
                continue
            if is_known and row is not None and row.schema_seen_at and row.schema_seen_at > stale and not row.problem:
                continue
            if not is_known:
                databases.introduce(self.notion, now=now)
            databases.connect_or_refresh(kind, named_id, self.notion, now)
            return True
        return False

    def _change(self, database: NotionDatabase, now: dt.datetime) -> bool:
        link = push.next_change(database=database, now=now)
        return link is not None and self._carry(database, link, Lane.SYNC, now)

    def _create(self, database: NotionDatabase, now: dt.datetime) -> bool:
        """Not before what is there was read: it might be there already."""
        link = push.next_creation(database=database, now=now) if database.baseline_at else None
        if link is None:
            return False
        is_fresh = database.polled_at is not None and now - database.polled_at < JUST_NOW
        if database.kind == Kind.CONTACTS and not is_fresh:
            # Somebody may have typed the same person into Notion a moment ago.
            pull.begin(database=database, full=False, now=now)
            return True
        return self._carry(database, link, Lane.BULK, now)

    def _carry(self, database: NotionDatabase, link: PageLink, lane: Lane, now: dt.datetime) -> bool:
        policy = InboundPolicy(enrol=database.baseline_at is not None, patient=True)
        self.counts[databases.carry(database, link, self.notion.within(lane=lane), policy, now)] += 1
        return True

    def _look_up(self, database: NotionDatabase, now: dt.datetime) -> bool:
        links = push.unclear(database=database, now=now)
        if links:
            push.look_up(bound=bound_schema.load(database), links=links, notion=self.notion, now=now)
        return bool(links)

    def _read(self, database: NotionDatabase, now: dt.datetime) -> bool:
        if not database.page_cursor:
            if _is_full_pass_due(database, now):
                run_log.tidy(now=now)
                pull.begin(database=database, full=True, now=now)
            elif not database.polled_at or (now - database.polled_at).total_seconds() >= settings.NOTION_POLL_SECONDS:
                pull.begin(database=database, full=False, now=now)
            else:
                return False
        # Whoever comes with the first pull is part of it, typed just now or not.
        is_known = database.baseline_at is not None
        policy = InboundPolicy(enrol=is_known, patient=is_known)
        databases.read_on(database, self.notion, policy, self.counts, now)
        return True

    def _compare(self, database: NotionDatabase, now: dt.datetime) -> bool:
        if database.pk in self.compared or database.baseline_at is None:
            return False
        if not change_detection.has_changes(database=database):
            return False
        wanted = 0
        while time.monotonic() < self.deadline:
            wanted += change_detection.compare(database=database, now=now)
            if not database.comparison:
                self.compared.add(database.pk)
                return wanted > 0
        return True

    def _let_go(self, database: NotionDatabase, now: dt.datetime) -> bool:
        gone = push.let_deleted_go(database=database, notion=self.notion, now=now)
        self.counts["trashed_remote"] += gone
        return gone > 0


def _is_full_pass_due(database: NotionDatabase, now: dt.datetime) -> bool:
    if database.full_pass_at is None:
        return True
    age = now - database.full_pass_at
    return age > OVERDUE or (age > ONE_DAY and now.astimezone(ZoneInfo(settings.TIME_ZONE)).hour in NIGHT)
