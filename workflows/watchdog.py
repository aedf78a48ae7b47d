"""Keeps one cluster of workers alive: starts it, asks it for signs of life, replaces it when it is stuck.

A cluster whose worker was killed at a bad moment looks alive and does nothing (its processes share one locked pipe).
Only work that comes back as a heartbeat proves the opposite.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.context import ForkProcess

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, connections
from django_q.cluster import Cluster
from django_q.models import Schedule

from contactflow.core import parent_death
from workflows import heartbeat, wake
from workflows.tasks import WORKER_VARIABLE

logger = logging.getLogger(__name__)

FORK = multiprocessing.get_context("fork")
DRAIN_SECONDS = 27
FIRST_PULSE_SECONDS = 0.5  # a cluster that just started is asked soon, and then ever more rarely
LONGEST_PAUSE = 30
SAFETY_NET = "contactflow pump"


class Watchdog:
    """Runs until stop() is called; `name` is the cluster's in the heartbeat table."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        self._stop = threading.Event()
        self._cluster: ForkProcess | None = None

    def stop(self) -> None:
        """End after the cluster finished what it does; safe to call from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Start the cluster and replace it whenever it ended or is stuck."""
        falls = 0
        gc.freeze()  # what is loaded stays, shared by all processes: no collection walks through it or writes into it
        while not self._stop.is_set():
            started = time.monotonic()
            self._start()
            self._watch()
            self._kill()
            if not self._stop.is_set():
                falls = 0 if time.monotonic() - started > LONGEST_PAUSE * 2 else falls + 1
                self._stop.wait(min(2**falls / 2, LONGEST_PAUSE))
        self._forget()

    def _start(self) -> None:
        connections.close_all()
        self._cluster = FORK.Process(target=_run_cluster, args=(self.name,))
        self._cluster.start()
        logger.info("the workers started as process %s", self._cluster.pid)

    def _watch(self) -> None:
        """Return when the cluster ended, is stuck, or was told to stop and did."""
        cluster = self._cluster
        assert cluster is not None  # noqa: S101  # started by run()
        since = time.monotonic()
        while cluster.is_alive():
            running = time.monotonic() - since
            if self._stop.wait(min(FIRST_PULSE_SECONDS + running, settings.WORKER_PULSE_SECONDS)):
                self._drain(cluster)
                return
            if self._is_stuck(running):
                logger.error(
                    "the workers gave no sign of life for %s s and are replaced", settings.WORKER_STUCK_SECONDS
                )
                return
        logger.error("the workers ended with code %s and are started again", cluster.exitcode)

    def _is_stuck(self, running_seconds: float) -> bool:
        """Ask for a sign of life and look at the last one. A database that does not answer proves nothing."""
        try:
            close_old_connections()
            ensure_schedule()
            wake.wake()
            age = heartbeat.age_of(name=self.name)
        except (DatabaseError, InterfaceError):
            logger.warning("the database does not answer", exc_info=True)
            connection.close()
            return False
        silence = running_seconds if age is None else min(age.total_seconds(), running_seconds)
        return silence > settings.WORKER_STUCK_SECONDS

    def _drain(self, cluster: ForkProcess) -> None:
        cluster.terminate()
        cluster.join(timeout=DRAIN_SECONDS)

    def _kill(self) -> None:
        """The whole process group: a stuck cluster does not follow SIGTERM."""
        if self._cluster is not None and self._cluster.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._cluster.pid, signal.SIGKILL)
            self._cluster.kill()  # were it too young to lead a group
            self._cluster.join()

    def _forget(self) -> None:
        with contextlib.suppress(DatabaseError, InterfaceError):
            heartbeat.forget(name=self.name)


def _run_cluster(name: str) -> None:
    """One django-q2 cluster. Forked, it shares most of its memory with us and is there at once."""
    os.setsid()
    os.environ[WORKER_VARIABLE] = name
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)  # until the cluster has its own
    # Killing only the parent would leave the children running: each process goes with the one that started it.
    parent_death.arrange(signal.SIGTERM)
    os.register_at_fork(after_in_child=lambda: parent_death.arrange(signal.SIGKILL))
    Cluster().start()


def ensure_schedule() -> None:
    """The safety net: a minutely run of the pump, should every wake-up call be lost."""
    # The name is not unique there; two of them, made by two workers at once, do no harm.
    if not Schedule.objects.filter(name=SAFETY_NET).exists():
        Schedule.objects.create(name=SAFETY_NET, func=wake.PUMP, schedule_type=Schedule.MINUTES, minutes=1, repeats=-1)
