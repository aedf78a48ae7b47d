"""What passes did, kept for people."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from contactflow.core.clock import database_now
from notion_bridge.models import RequestTally, SyncRun, WebhookDelivery

SAME_RUN = dt.timedelta(minutes=1)
KEPT = dt.timedelta(days=90)  # events and runs; an event replayed after that is looked at once more


def remember(trigger: SyncRun.Trigger, began: dt.datetime, counts: Counter[str], error: str) -> SyncRun:
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


def tidy(*, now: dt.datetime) -> None:
    """Forget what nobody looks at any more; once a night."""
    WebhookDelivery.objects.filter(processed_at__lt=now - KEPT).delete()
    SyncRun.objects.filter(started_at__lt=now - KEPT).delete()
    RequestTally.objects.filter(minute__lt=now - dt.timedelta(days=7)).delete()
