"""Lists hold people's data, so nothing of them is kept longer than it is of use; the numbers stay."""

from __future__ import annotations

import datetime as dt
import time
from typing import Final

from django.db.models import Value
from django.db.models.functions import Now

from workflows.models import ExportRun, ImportRun

KEEP_LINES: Final = dt.timedelta(days=30)
AT_ONCE = 5000


def clear_some(*, deadline: float) -> int:
    """Delete what has run out, some rows at a time; returns how many lists are done with."""
    done = 0
    for run in ImportRun.objects.filter(is_cleared=False, created_at__lt=Now() - Value(KEEP_LINES))[:5]:
        done += _clear_import(run, deadline)
    for export in ExportRun.objects.filter(state=ExportRun.State.READY, expires_at__lt=Now())[:5]:
        if time.monotonic() < deadline:
            export.chunks.all().delete()
            export.people.all().delete()
            done += ExportRun.objects.filter(pk=export.pk).update(state=ExportRun.State.EXPIRED)
    return done


def _clear_import(run: ImportRun, deadline: float) -> int:
    while time.monotonic() < deadline:
        some = list(run.lines.values_list("pk", flat=True)[:AT_ONCE])
        if not some:
            run.chunks.all().delete()
            unfinished = run.state in (ImportRun.State.COLUMNS, ImportRun.State.READY, *ImportRun.WORKING)
            state = ImportRun.State.CANCELLED if unfinished else run.state
            return ImportRun.objects.filter(pk=run.pk).update(is_cleared=True, samples=[], state=state)
        run.lines.filter(pk__in=some).delete()
    return 0
