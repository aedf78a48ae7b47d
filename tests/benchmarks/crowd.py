"""Several clients at once, each a process of its own, so that the measuring costs the measured as little as it can."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

from contactflow.core import parent_death

START_PATIENCE = 60  # seconds for all clients to be there
_gate: list[Barrier] = []  # of this process, one of the crowd


@dataclass(frozen=True)
class Lap:
    """What one client did, and how long that took."""

    done: int
    seconds: float


@dataclass
class Watch:
    """Starts when every client is ready, and runs for a time (0: the work knows its own end)."""

    seconds: float
    _began: float = 0.0

    def start(self) -> None:
        _gate[0].wait(START_PATIENCE)
        self._began = time.monotonic()

    def is_running(self) -> bool:
        return time.monotonic() < self._began + self.seconds

    def lap(self, done: int) -> Lap:
        return Lap(done, time.monotonic() - self._began)


def per_second(work: Callable[..., Lap], *arguments: Any, clients: int, seconds: float = 0.0) -> float:
    """The rate of all clients together; `work` receives a Watch before the arguments and returns its Lap."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(clients)
    with ProcessPoolExecutor(clients, mp_context=context, initializer=_prepare, initargs=(gate,)) as processes:
        clients_at_work = [processes.submit(work, Watch(seconds), *arguments) for _ in range(clients)]
        laps = [client.result() for client in clients_at_work]
    return sum(lap.done for lap in laps) / max(lap.seconds for lap in laps)


def _prepare(gate: Barrier) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's
    parent_death.arrange(signal.SIGKILL)
    _gate[:] = [gate]
