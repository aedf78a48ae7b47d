"""A whole installation in processes of its own: database, mail server and two clusters of workers, all on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg
from aiosmtpd.smtp import SMTP, Envelope, Session

from contactflow import embedded
from tests import smtp
from tests.benchmarks import stand

CLUSTERS = 2
WORKERS = 2  # of each
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.chaos.settings", "LOG_LEVEL": "CRITICAL", "WORKERS": str(WORKERS)}


@dataclass
class SlowSink(smtp.Sink):
    """Takes its time before and after it has a mail, so that a kill hits the one or the other."""

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        await asyncio.sleep(self.delay)
        return await super().handle_RCPT(server, session, envelope, address, rcpt_options)


@dataclass
class Installation:
    """Processes, and the questions the harness asks of them."""

    cluster: embedded.Cluster
    sink: SlowSink
    watchdogs: list[psutil.Process] = field(default_factory=list)

    def processes(self) -> list[psutil.Process]:
        """Every process of the clusters, the watchdogs left out."""
        return [child for watchdog in self.watchdogs for child in _below(watchdog)]

    def groups(self) -> list[int]:
        """The process group of each cluster that runs."""
        return [child.pid for watchdog in self.watchdogs for child in _below(watchdog, recursive=False)]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.cluster.url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]  # our own literals

    def is_settled(self) -> bool:
        return self._answers(_OPEN) == [(0,)]

    def is_whole(self) -> bool:
        """Every cluster gave a sign of life just now."""
        return self._answers(_BEATING) == [(CLUSTERS,)]

    def sending(self) -> set[int]:
        """The processes that just recorded an intent."""
        return {int(pid) for (pid,) in self._answers(_SENDING)}

    def _answers(self, sql: str) -> list[tuple[Any, ...]]:
        """Nothing while the database does not answer."""
        try:
            return self.query(sql)
        except psycopg.OperationalError:
            return []

    def crash_database(self) -> None:
        """kill -9 of the server, and its next start, as the supervisor starts it."""
        pid = int((self.cluster.home / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        embedded.Cluster(self.cluster.home, locks=self.cluster.locks).attach()

    @contextlib.contextmanager
    def workers(self) -> Iterator[None]:
        """Two clusters, each with its watchdog."""
        with contextlib.ExitStack() as stack:
            for number in range(1, CLUSTERS + 1):
                alive = self._beats(number)
                command = ["-m", "tests.chaos.worker"]
                pid = stack.enter_context(stand.process("The worker", command, alive, quiet=True, **SETTINGS))
                self.watchdogs.append(psutil.Process(pid))
            yield
            for process in self.processes():  # what is stopped does not hear that it is to end
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
        self.watchdogs.clear()

    def _beats(self, number: int) -> Callable[[], bool]:
        return lambda: self.query("SELECT count(*) FROM workflows_workerheartbeat")[0][0] >= number


_OPEN = "SELECT count(*) FROM workflows_scheduledaction WHERE status IN ('pending', 'claimed', 'sending')"
_SENDING = """
    SELECT split_part(held_by, ':', 2) FROM workflows_scheduledaction
    WHERE status = 'sending' AND started_at > clock_timestamp() - interval '0.1 s'
"""
_BEATING = "SELECT count(*) FROM workflows_workerheartbeat WHERE beat_at > clock_timestamp() - interval '5 s'"


@contextlib.contextmanager
def installed() -> Iterator[Installation]:
    """Database, default content and a slow mail server; this process's Django is set up for it."""
    with stand.database() as cluster, SlowSink() as sink:
        stand.set_environment(database_url=cluster.url, mail_port=sink.port)
        import django

        django.setup()
        from tests.benchmarks import content

        content.deploy(cluster.url)
        yield Installation(cluster, sink)


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.5) -> bool:
    """Whether the condition came true in time."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < end:
        if condition():
            return True
        pause.wait(every)
    return False


def _below(process: psutil.Process, *, recursive: bool = True) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [one for one in process.children(recursive=recursive) if one.status() != psutil.STATUS_ZOMBIE]
    return []
