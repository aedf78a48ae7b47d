"""Turns of work on runs: short, so that a worker that is told to stop stops; each goes on where the last ended."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.db import InterfaceError, OperationalError

from contactflow.core import clock
from contacts.imports import FileRefused
from workflows.models import ExportRun, ImportRun
from workflows.transfers import exporting, job_lease, pipeline, retention
from workflows.transfers.job_lease import Lost

logger = logging.getLogger(__name__)

TURN_SECONDS = 20.0  # under the 30 in which a worker that is told to stop has to be done
AT_ONCE = 1000  # so many lines are done while the person waits
AT_ONCE_SECONDS = 15.0

MODELS: Final[dict[str, type[ImportRun] | type[ExportRun]]] = {"importrun": ImportRun, "exportrun": ExportRun}
STEPS: Final[dict[str, Callable[..., None]]] = {
    ImportRun.State.READING: pipeline.read,
    ImportRun.State.CHECKING: pipeline.judge,
    ImportRun.State.APPLYING: pipeline.judge,
    ExportRun.State.PREPARING: exporting.step,
}


def begin(run: ImportRun | ExportRun) -> None:
    """Do a short list at once; leave a long one, or what is left of it, to the workers."""
    job_lease.queue(run)
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
    run: Any = job_lease.claim(MODELS[kind], run_id)
    if run is None:
        return False
    if run.crashes >= job_lease.MAX_CRASHES:
        job_lease.fail(run, _words(run, "The workers stopped three times in a row at this place."))
        return True
    deadline = time.monotonic() + seconds
    try:
        while run.is_working and time.monotonic() < deadline:
            STEPS[run.state](run, now=clock.database_now())
            on_step(run)
    except Lost:
        return True
    except FileRefused as refusal:
        job_lease.fail(run, str(refusal))
    except (OperationalError, InterfaceError):
        logger.warning("%s %s: the database did not answer", kind, run_id, exc_info=True)
        raise
    except Exception:
        logger.exception("%s %s failed", kind, run_id)
        job_lease.fail(run, _words(run, "Something unexpected happened; what, stands in the log of the server."))
    else:
        _leave(run)
    return True


def run_pump_step(deadline: float) -> int:
    """Go on with what the queue lost or a dead worker held, and tidy up; a step of the pump."""
    done = 0
    for kind, model in MODELS.items():
        for pk in job_lease.forgotten(model):  # type: ignore[type-var]  # either model
            left = deadline - time.monotonic()
            if left > 0:
                done += work(kind=kind, run_id=pk, seconds=left)
    return done + retention.clear_some(deadline=deadline)


def _leave(run: ImportRun | ExportRun) -> None:
    if run.is_working:
        job_lease.queue(run)
    else:
        job_lease.release(run)


def _words(run: ImportRun | ExportRun, what: str) -> str:
    where = f" It was about to do line {run.cursor + 1} of {run.total}." if run.total else ""
    return f"{what}{where} What was done before stays."
