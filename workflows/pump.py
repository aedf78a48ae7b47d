"""One run of everything that is due, in the steps named in settings.PUMP_STEPS."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils.module_loading import import_string

from workflows import heartbeat

logger = logging.getLogger(__name__)

PumpStep = Callable[[float], int]

STEP_SECONDS = 2.0  # a step's turn: one that always finds work, over a slow mail server say, keeps nobody else waiting


def run(*, max_seconds: float, worker: str = "") -> Counter[str]:
    """Repeat all steps until none finds anything to do, or the time is up; returns how much each step did.

    Each step has a turn of STEP_SECONDS at a time. `worker` names the cluster whose sign of life is renewed in every
    round. A step that fails is logged and does not stop the others.
    """
    deadline = time.monotonic() + max_seconds
    steps: dict[str, PumpStep] = {path: import_string(path) for path in settings.PUMP_STEPS}
    done: Counter[str] = Counter()
    busy = True
    while busy and time.monotonic() < deadline:
        if worker:
            heartbeat.beat(name=worker)
        busy = False
        for path, step in steps.items():
            did = _run_step(path, step, time.monotonic() + STEP_SECONDS)
            done[path] += did
            busy = busy or did > 0
    return done


def _run_step(path: str, step: PumpStep, deadline: float) -> int:
    try:
        return step(deadline)
    except (OperationalError, InterfaceError):
        logger.warning("%s: the database did not answer", path, exc_info=True)
        connection.close()
    except Exception:
        logger.exception("%s failed", path)
    return 0
