"""Applying a previewed list: every line is judged anew, because the contacts may have changed meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models.functions import Now

from contactflow.core import bulk
from workflows.models import ImportRun
from workflows.transfers import job_lease, row_results
from workflows.transfers.row_results import Judged

AT_ONCE = 500


def step(run: ImportRun, *, now: dt.datetime, deadline: float) -> None:
    """One batch, stored together with how far the run is: whatever happens, no line is applied twice."""
    rows = list(run.lines.filter(position__gt=run.cursor)[:AT_ONCE])
    if not rows:
        job_lease.advance(run, state=ImportRun.State.DONE, ended_at=Now())
        return
    with transaction.atomic():
        _say_who_wanted_it(run)
        judged = row_results.understand(run, rows)
        started = row_results.take_in(judged, row_results.door_of(run, now))
        counts = row_results.added(run.applied, judged)
        counts["started"] = counts.get("started", 0) + started
        counts["differs"] = counts.get("differs", 0) + _store(judged)
        job_lease.advance(run, cursor=rows[-1].position, applied=counts)


def _say_who_wanted_it(run: ImportRun) -> None:
    """What the lines change is written down as changed by the colleague who said yes to it, whoever carries it out."""
    if run.applied_by is None:
        return
    asked = f"SELECT {', '.join('set_config(%s, %s, true)' for _ in range(3))}"  # until the batch is committed
    told = ("actor", run.applied_by.get_username()), ("user_id", str(run.applied_by.pk)), ("path", f"import {run.pk}")
    with connection.cursor() as cursor:
        cursor.execute(asked, [word for name, value in told for word in (f"contactflow.{name}", value)])


def _store(judged: Sequence[Judged]) -> int:
    """Note what became of each line; returns how many became something else than was foreseen."""
    for one in judged:
        row = one.row
        row.differs = (row.foreseen, row.changes) != (one.became, one.changes)
        row.became, row.reason, row.changes = one.became, one.reason, one.changes
        row.contact = one.contact
    names = ["became", "reason", "changes", "differs", "contact"]
    bulk.update([one.row for one in judged], names)
    return sum(one.row.differs for one in judged)
