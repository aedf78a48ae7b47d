"""Applying a previewed list: every line is judged anew, because the contacts may have changed meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Now

from workflows.lists import holding, judging
from workflows.lists.judging import Judged
from workflows.models import ImportLine, ImportRun

AT_ONCE = 200
STARTED_AT_ONCE = 50  # lines that start workflows take longer


def step(run: ImportRun, *, now: dt.datetime, deadline: float) -> None:
    """One batch, stored together with how far the run is: whatever happens, no line is applied twice."""
    size = STARTED_AT_ONCE if run.start_workflows else AT_ONCE
    rows = list(run.lines.filter(position__gt=run.cursor)[:size])
    if not rows:
        holding.advance(run, state=ImportRun.State.DONE, ended_at=Now())
        return
    with transaction.atomic():
        judged = judging.understand(run, rows)
        started = judging.take_in(judged, judging.door_of(run, now))
        counts = judging.added(run.applied, judged)
        counts["started"] = counts.get("started", 0) + started
        counts["differs"] = counts.get("differs", 0) + _store(judged)
        holding.advance(run, cursor=rows[-1].position, applied=counts)


def _store(judged: Sequence[Judged]) -> int:
    """Note what became of each line; returns how many became something else than was foreseen."""
    for one in judged:
        row = one.row
        row.differs = (row.foreseen, row.changes) != (one.became, one.changes)
        row.became, row.reason, row.changes = one.became, one.reason, one.changes
        row.contact = one.contact
    names = ["became", "reason", "changes", "differs", "contact"]
    ImportLine.objects.bulk_update([one.row for one in judged], names)
    return sum(one.row.differs for one in judged)
