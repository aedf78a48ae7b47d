"""What django-q2 runs."""

from __future__ import annotations

import os
from uuid import UUID

from workflows import pump as pump_module
from workflows.transfers import runs

PUMP_SECONDS = 10  # well under the 30 seconds in which a worker that is told to stop has to be done
WORKER_VARIABLE = "CONTACTFLOW_WORKER"


def pump() -> dict[str, int]:
    """Do what is due now; woken on commit, by the watchdog's pulse and by a minutely schedule."""
    return dict(pump_module.run(max_seconds=PUMP_SECONDS, worker=os.environ.get(WORKER_VARIABLE, "")))


def work_on_list(kind: str, run_id: str) -> bool:
    """One turn of an import or an export; it queues the next itself."""
    return runs.work(kind=kind, run_id=UUID(run_id))
