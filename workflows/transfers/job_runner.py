"""Turns of work on runs: short, so that a worker that is told to stop stops; each goes on where the last ended."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.db import InterfaceError, OperationalError
from django.db.models import Value
from django.db.models.functions import Now

from contactflow.core import clock
from contacts.imports import FileRefused
from workflows import wake
from workflows.models import ExportRun, ImportRun
from workflows.models.transfers import WORKING, ListRun, Lost
from workflows.transfers import exporting, pipeline

logger = logging.getLogger(__name__)

TURN_SECONDS = 20.0  # under the 30 in which a worker that is told to stop has to be done
AT_ONCE = 1000  # so many lines are done while the person waits
AT_ONCE_SECONDS = 15.0
MAX_CRASHES = 3
KEEP_LINES: Final = dt.timedelta(days=30)
CLEARED_AT_ONCE = 5000  # rows

MODELS: Final[dict[str, type[ImportRun] | type[ExportRun]]] = {"importrun": ImportRun, "exportrun": ExportRun}
STEPS: Final[dict[str, Callable[..., None]]] = {
    ImportRun.State.READING: pipeline.read,
    ImportRun.State.CHECKING: pipeline.judge,
    ImportRun.State.APPLYING: pipeline.judge,
    ExportRun.State.PREPARING: exporting.step,
}


def begin(run: ListRun) -> None:
    """Do a short list at once; leave a long one, or what is left of it, to the workers."""
    _queue(run)
    if run.total <= AT_ONCE:
        work(kind=run._meta.model_name or "", run_id=run.pk, seconds=AT_ONCE_SECONDS)


def work(
    *,
    kind: str,
    run_id: uuid.UUID,
    seconds: float = TURN_SECONDS,
    on_step: Callable[[Any], None] = lambda run: None,
) -> bool:
    """One turn; the run is queued again when more is to be done. Returns whether anything was done."""
    run: Any = MODELS[kind].objects.claim(run_id)
    if run is None:
        return False
    if run.crashes >= MAX_CRASHES:
        run.fail(_words(run, "The workers stopped three times in a row at this place."))
        return True
    deadline = time.monotonic() + seconds
    try:
        while run.is_working and time.monotonic() < deadline:
            STEPS[run.state](run, now=clock.database_now())
            on_step(run)
    except Lost:
        return True
    except FileRefused as refusal:
        run.fail(str(refusal))
    except (OperationalError, InterfaceError):
        logger.warning("%s %s: the database did not answer", kind, run_id, exc_info=True)
        raise
    except Exception:
        logger.exception("%s %s failed", kind, run_id)
        run.fail(_words(run, "Something unexpected happened; what, stands in the log of the server."))
    else:
        _queue(run) if run.is_working else run.release()
    return True


def run_pump_step(deadline: float) -> int:
    """Go on with what the queue lost or a dead worker held, and tidy up; a step of the pump."""
    done = 0
    for kind, model in MODELS.items():
        for run in model.objects.forgotten()[:5]:
            left = deadline - time.monotonic()
            if left > 0:
                done += work(kind=kind, run_id=run.pk, seconds=left)
    return done + _clear_some(deadline=deadline)


def _queue(run: ListRun) -> None:
    """Let a worker take it up once the running transaction is committed."""
    MODELS[run._meta.model_name or ""].objects.filter(pk=run.pk).update(
        queued_at=Now(), lease_until=None, token=None, crashes=0
    )
    wake.for_list_on_commit(run._meta.model_name or "", run.pk)


def _words(run: ListRun, what: str) -> str:
    where = f" It was about to do line {run.cursor + 1} of {run.total}." if run.total else ""
    return f"{what}{where} What was done before stays."


# Lists hold people's data, so nothing of them is kept longer than it is of use; the numbers stay.


def _clear_some(*, deadline: float) -> int:
    """Delete what has run out, some rows at a time; returns how many lists are done with."""
    done = 0
    for run in ImportRun.objects.filter(is_cleared=False, created_at__lt=Now() - Value(KEEP_LINES))[:5]:
        done += _clear_import(run, deadline)
    for export in ExportRun.objects.filter(state=ExportRun.State.READY, expires_at__lt=Now())[:5]:
        if time.monotonic() < deadline:
            exporting.expire(run=export)
            done += 1
    return done


def _clear_import(run: ImportRun, deadline: float) -> int:
    while time.monotonic() < deadline:
        some = list(run.lines.values_list("pk", flat=True)[:CLEARED_AT_ONCE])
        if not some:
            run.chunks.all().delete()
            unfinished = run.state in (ImportRun.State.COLUMNS, ImportRun.State.READY, *WORKING)
            state = ImportRun.State.CANCELLED if unfinished else run.state
            return ImportRun.objects.filter(pk=run.pk).update(is_cleared=True, samples=[], state=state)
        run.lines.filter(pk__in=some).delete()
    return 0
