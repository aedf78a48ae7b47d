"""Imports and exports at work: what a person decides of them, and turns of work, each going on where the last ended."""

from __future__ import annotations

import datetime as dt
import logging
import math
import time
import uuid
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Value
from django.db.models.functions import Now

from contactflow.core import clock
from contacts import cleaning
from contacts.imports import FileRefused
from workflows import wake
from workflows.models import ExportRun, ImportLine, ImportRun
from workflows.models.transfers import ListRun, Lost
from workflows.transfers import column_mapping, exporting, files, pipeline

logger = logging.getLogger(__name__)

TURN_SECONDS = 20.0  # under the 30 in which a worker that is told to stop has to be done
BYTES_OF_A_LINE = 200  # about, before the lines are counted
AT_ONCE = 1000  # so many lines are done while the person waits
AT_ONCE_SECONDS = 15.0
MAX_CRASHES = 3
KEEP_LINES: Final = dt.timedelta(days=30)
CLEARED_AT_ONCE = 5000  # rows
ANEW: Final[dict[str, Any]] = {"foreseen": {}, "forecast": {}, "applied": {}, "unknown": {}, "cursor": 0}

State = ImportRun.State
MODELS: Final[dict[str, type[ImportRun] | type[ExportRun]]] = {"importrun": ImportRun, "exportrun": ExportRun}
STEPS: Final[dict[str, Callable[..., None]]] = {
    State.READING: pipeline.read,
    State.CHECKING: pipeline.judge,
    State.APPLYING: pipeline.judge,
    ExportRun.State.PREPARING: exporting.step,
}


# What a person decides. All of it raises NotPossible where the state of the run does not allow it.


def check(*, run: ImportRun, **meant: Any) -> None:
    """Make the preview with these fields, order of dates or values, remembered for the source."""
    with transaction.atomic():
        run.move((State.COLUMNS, State.READY), State.CHECKING, trouble="", **meant, **ANEW)
        column_mapping.remember(run)
    begin(run)


def choose_again(*, run: ImportRun) -> None:
    """Back to the columns."""
    run.move((State.READY,), State.COLUMNS)


def apply(*, run: ImportRun, start_workflows: bool, by: User | None = None) -> None:
    """Store what the preview showed; existing people are a baseline unless `start_workflows`."""
    began = {"cursor": 0, "applied_at": Now(), "applied_by": by}
    run.move((State.READY,), State.APPLYING, start_workflows=start_workflows, **began)
    begin(run)


def go_on(*, run: ImportRun) -> None:
    """Take up what was stopped in the middle, where it was stopped."""
    state = State.APPLYING if run.applied_at else State.CHECKING if run.fields else State.READING
    run.move((State.CANCELLED, State.FAILED), state, trouble="", ended_at=None)
    begin(run)


def cancel(*, run: ListRun) -> None:
    """Stop it. What was applied stays, a batch under way is undone, of a file nothing is left."""
    run.move(run.OPEN, State.CANCELLED, ended_at=Now(), lease_until=None, token=None)
    if isinstance(run, ExportRun):
        exporting.expire(run=run)


# A list that comes


def receive(*, file: BinaryIO, now: dt.datetime, by: Any = None, here: bool = False, **about: Any) -> ImportRun:
    """Keep a file with its `file_name`, `source` and `business_entity`, and read it: a short one at once, any at once
    `here`, where nobody is asked anything. Raises FileRefused; then there is no run."""
    files.refuse_other_kinds(file)
    about["file_name"] = (cleaning.line(about["file_name"]) or "list")[-200:]
    about["source"] = " ".join(about["source"].split())
    total = max(file.seek(0, 2) // BYTES_OF_A_LINE, 1)
    with transaction.atomic():
        run = ImportRun.objects.create(created_by=by, created_at=now, total=total, **about)
        file.seek(0)
        run.keep(file)
    _work_here(run) if here else begin(run)
    run.refresh_from_db()
    if run.state == State.FAILED:
        run.delete()
        raise FileRefused(run.trouble)
    return run


def carry_out(*, run: ImportRun, dry_run: bool, on_step: Callable[[ImportRun], None], **given: Any) -> None:
    """Preview or apply a run here and now; what became of it is in the run."""
    began = {"state": State.CHECKING} if dry_run else {"state": State.APPLYING, "applied_at": Now()}
    run.move((State.COLUMNS,), **began, **given)
    _work_here(run, on_step)
    run.refresh_from_db()


def _work_here(run: ImportRun, on_step: Callable[[Any], None] = lambda run: None) -> None:
    work(kind="importrun", run_id=run.pk, seconds=math.inf, on_step=on_step)


# Work, in turns that are short, so that a worker that is told to stop stops


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
    return done + _clear_some(deadline)


def _queue(run: ListRun) -> None:
    """Let a worker take it up once the running transaction is committed."""
    type(run)._default_manager.filter(pk=run.pk).update(queued_at=Now(), lease_until=None, token=None, crashes=0)
    wake.for_list_on_commit(run._meta.model_name or "", run.pk)


def _words(run: ListRun, what: str) -> str:
    where = f" It was about to do line {run.cursor + 1} of {run.total}." if run.total else ""
    return f"{what}{where} What was done before stays."


def _clear_some(deadline: float) -> int:
    """Delete what has run out, some rows at a time; returns how many lists are done with.

    Lists hold people's data, so nothing of them is kept longer than it is of use; the numbers stay.
    """
    done = 0
    for run in ImportRun.objects.filter(is_cleared=False, created_at__lt=Now() - Value(KEEP_LINES))[:5]:
        while time.monotonic() < deadline:
            if ImportLine.objects.filter(pk__in=run.lines.values("pk")[:CLEARED_AT_ONCE]).delete()[0]:
                continue
            run.chunks.all().delete()
            state = run.state if run.state in (State.DONE, State.FAILED) else State.CANCELLED
            done += ImportRun.objects.filter(pk=run.pk).update(is_cleared=True, samples=[], state=state)
            break
    for export in ExportRun.objects.filter(state=ExportRun.State.READY, expires_at__lt=Now())[:5]:
        if time.monotonic() < deadline:
            exporting.expire(run=export)
            done += 1
    return done
