"""How long data is kept, by kind; nothing goes before staff say so.

A pass goes through what has become too old, oldest first, a batch at a time, and each is on record. Rows that others
point at stay and lose their content; records of machines go as a whole.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from contactflow.core.clock import database_now
from contactflow.models import AuditEntry, ErasureRequest, RetentionPeriod, RetentionRun
from contacts.models import ContactEvent
from engagement.models import Delivery, GeneratedPassage, Message, MessageEvent, ProviderDelivery, Reply
from engagement.tracking import labelling
from notion_bridge.models import SyncEntry, SyncProblem, SyncRun, WebhookDelivery
from workflows.models import ActionAttempt, DigestLetter, ImportRun

EVERY = dt.timedelta(days=1)
AGAIN = dt.timedelta(days=7)  # what was still at work in the pass before is looked at once more
BATCH = 500
COUNTED = 100_000
LONGEST = 36_500  # days
FINAL = Q(status__in=["sent", "failed", "cancelled"])


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Rows that grow old by the column `time`; with `blank` they stay and lose these values, else they go."""

    name: str
    label: str
    does: str
    model: type[Model]
    time: str
    narrow: Q = field(default_factory=Q)
    blank: Mapping[str, Any] = field(default_factory=dict)
    sweep: Callable[..., int] | None = None
    """Does it in its own way: up to `limit` rows that are `older_than`; how many it were."""

    def rows(self, *, before: dt.datetime, since: dt.datetime | None = None) -> QuerySet[Any]:
        """What is older, the oldest first."""
        old = self.model._default_manager.filter(self.narrow, **{f"{self.time}__lt": before})
        if since is not None:
            old = old.filter(**{f"{self.time}__gte": since})
        return old.order_by(self.time, "pk")

    def take_away(self, keys: list[Any]) -> None:
        rows = self.model._default_manager.filter(pk__in=keys)
        if self.blank:
            rows.update(**self.blank)
        else:
            rows.delete()


KINDS = (
    Kind(
        name="payloads", label="What arrived, as it arrived", model=ContactEvent, time="received_at",
        does="The raw words of forms, the API and lists go; what was understood of them, decided and started stays.",
        narrow=Q(processed_at__isnull=False) & ~Q(payload={}) & ~Q(kind="note") & ~Q(source="system"),
        blank={"payload": {}},
    ),
    Kind(
        name="bodies", label="Texts of sent emails", model=Message, time="created_at",
        does="Text and HTML go; that, when and with which subject it was sent stays, and its links work.",
        narrow=FINAL & ~Q(text="", html=""), blank={"text": "", "html": ""},
    ),
    Kind(
        name="passages", label="What a language model was asked and wrote", model=GeneratedPassage, time="wanted_at",
        does="Question, facts, answer and checks go; the email with its text stays.",
        narrow=~Q(status__in=["wanted", "asked"]),
    ),
    Kind(
        name="hits", label="Addresses and programs behind opens and clicks", model=MessageEvent, time="at",
        does="IP address, user agent and headers go; that it was a person or a machine stays.",
        narrow=Q(type__in=["opened", "clicked"], detail__has_key="agent", label_version__isnull=False),
        sweep=labelling.blank_hits,
    ),
    Kind(
        name="inbound", label="Mail that came in, as it came in", model=Reply, time="received_at",
        does="The raw message goes; what was read of it stays.", narrow=~Q(raw=b""), blank={"raw": b""},
    ),
    Kind(
        name="strangers", label="Mail from people we do not know", model=Reply, time="received_at",
        does="What is settled, or came from machines, and belongs to no contact goes.",
        narrow=Q(contact=None) & ~Q(state__in=["new", "assigned", "quarantined"]),
    ),
    Kind(
        name="provider_deliveries", label="What mail providers told us", model=ProviderDelivery, time="received_at",
        does="Requests that were read or given up go; the facts stay. Keep them longer than a provider repeats itself.",
        narrow=Q(status__in=["done", "parked"]),
    ),
    Kind(
        name="deliveries", label="Digests and test mails to colleagues", model=Delivery, time="finished_at",
        does="What was delivered and belongs to no alert goes.", narrow=Q(alert=None),
    ),
    Kind(
        name="digests", label="Which day's digest went to whom", model=DigestLetter, time="created_at",
        does="The record goes.",
    ),
    Kind(
        name="attempts", label="Tries of steps", model=ActionAttempt, time="started_at",
        does="The log of every try goes; what became of the step stays.", narrow=Q(ended_at__isnull=False),
    ),
    Kind(
        name="audit", label="What staff changed", model=AuditEntry, time="at", does="The entries of the trail go.",
    ),
    Kind(
        name="admin_log", label="The log of the admin", model=LogEntry, time="action_time", does="Its entries go.",
    ),
    Kind(
        name="notion_entries", label="What was carried over to and from Notion", model=SyncEntry, time="at",
        does="The entries go; what both sides agree on stays.",
    ),
    Kind(
        name="notion_runs", label="Passes over Notion", model=SyncRun, time="started_at", does="The record goes.",
        narrow=Q(ended_at__isnull=False),
    ),
    Kind(
        name="notion_problems", label="Settled problems with Notion", model=SyncProblem, time="last_at",
        does="Closed ones go.", narrow=Q(closed_at__isnull=False),
    ),
    Kind(
        name="notion_webhooks", label="Events that Notion sent", model=WebhookDelivery, time="received_at",
        does="Those that were followed go.", narrow=Q(processed_at__isnull=False),
    ),
    Kind(
        name="imports", label="Imported lists", model=ImportRun, time="created_at",
        does="The run with what is left of its lines goes; the people stay. Lines go after some weeks anyway.",
        narrow=Q(state__in=["done", "cancelled", "failed"]),
    ),
    Kind(
        name="erasures", label="Records of erasures", model=ErasureRequest, time="asked_at",
        does="That somebody was erased is forgotten: after a restore nobody knows it. Keep it longer than backups.",
        narrow=Q(finished_at__isnull=False),
    ),
    Kind(
        name="runs", label="Records of retention", model=RetentionRun, time="began_at", does="They go.",
        narrow=Q(finished_at__isnull=False),
    ),
)  # fmt: skip
BY_NAME = {kind.name: kind for kind in KINDS}


def periods() -> dict[str, int]:
    """Days by kind; 0 where it is kept for ever."""
    stored = dict(RetentionPeriod.objects.values_list("kind", "days"))
    return {kind.name: stored.get(kind.name, 0) for kind in KINDS}


@transaction.atomic
def keep(days: Mapping[str, int]) -> None:
    """Set the periods; 0 keeps for ever."""
    RetentionPeriod.objects.filter(kind__in=[name for name, number in days.items() if not number]).delete()
    for name, number in days.items():
        if number:
            RetentionPeriod.objects.update_or_create(kind=BY_NAME[name].name, defaults={"days": number})


def foreseen(days: Mapping[str, int], *, now: dt.datetime) -> dict[str, int]:
    """How many rows would go now, by kind, counted up to COUNTED."""
    befores = {name: now - dt.timedelta(days=number) for name, number in days.items() if number}
    return {name: BY_NAME[name].rows(before=at).order_by()[:COUNTED].count() for name, at in befores.items()}


def run_pump_step(deadline: float) -> int:
    """Once a day for each kind that has a period; returns how many rows were taken away."""
    done = 0
    for name, days in RetentionPeriod.objects.filter(days__gt=0).values_list("kind", "days"):
        if name in BY_NAME and time.monotonic() < deadline:
            done += _pass_over(BY_NAME[name], days, deadline)
    return done


def _pass_over(kind: Kind, days: int, deadline: float) -> int:
    done = 0
    while time.monotonic() < deadline:
        now = database_now()
        with transaction.atomic():
            run = _open_run(kind, days, now)
            if run is None:
                break
            done += _batch(kind, run, now)
    return done


def _open_run(kind: Kind, days: int, now: dt.datetime) -> RetentionRun | None:
    """The pass that is under way and held by nobody else, a new one a day after the last began, or none."""
    runs = RetentionRun.objects.filter(kind=kind.name)
    if held := runs.filter(finished_at=None).select_for_update(skip_locked=True).first():
        return held
    last = runs.first()
    if last is not None and (last.finished_at is None or last.began_at > now - EVERY):
        return None
    before = now - dt.timedelta(days=days)
    reached = last.before - AGAIN if last is not None and kind.blank else None
    RetentionRun.objects.bulk_create(
        [RetentionRun(kind=kind.name, before=before, reached=reached, began_at=now)], ignore_conflicts=True
    )
    return runs.filter(finished_at=None).select_for_update(skip_locked=True).first()


def _batch(kind: Kind, run: RetentionRun, now: dt.datetime) -> int:
    if kind.sweep is not None:
        number = kind.sweep(older_than=run.before, limit=BATCH)
        _note(run, number, now)
        return number
    found = list(kind.rows(before=run.before, since=run.reached).values_list("pk", kind.time)[:BATCH])
    kind.take_away([key for key, _ in found])
    run.reached = found[-1][1] if found else run.reached
    _note(run, len(found), now)
    return len(found)


def _note(run: RetentionRun, number: int, now: dt.datetime) -> None:
    run.rows += number
    run.finished_at = now if number < BATCH else None
    run.save(update_fields=["rows", "finished_at", "reached"])
