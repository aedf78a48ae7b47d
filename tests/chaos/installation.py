"""A whole installation in processes of its own: database, mail server and workers, all on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from contactflow import embedded
from tests.smtp import Sink

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Installation:
    """Processes, and the questions the harness asks of them."""

    base: Path
    sink: Sink
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def cluster(self) -> embedded.Cluster:
        """A fresh hold on the same server; attaching starts it again after a crash."""
        return embedded.Cluster(self.base / "pg", locks=self.base)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DATABASE_URL": self.cluster.url,
            "EMAIL_URL": self.sink.url,
            "SECRET_KEY": "for the fault harness alone, and therefore as public as it is long enough",
            "LOG_LEVEL": "CRITICAL",
            "WORKERS": "2",
        }

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def start_worker(self) -> None:
        log = (self.base / "workers.log").open("ab")
        self.workers.append(
            subprocess.Popen(
                [sys.executable, "manage.py", "worker"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        )

    def processes(self) -> list[psutil.Process]:
        """Every process of the clusters, the watchdogs left out."""
        found: list[psutil.Process] = []
        for worker in self.workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                found += psutil.Process(worker.pid).children(recursive=True)
        return found

    def query(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.cluster.url, autocommit=True) as connection:
            return connection.execute(sql, parameters).fetchall() if parameters else connection.execute(sql).fetchall()  # type: ignore[arg-type]  # our own literals

    def statuses(self) -> Counter[str]:
        """How many actions are in which state; empty while the database does not answer."""
        try:
            rows = self.query("SELECT status, count(*) FROM workflows_scheduledaction GROUP BY status")
        except psycopg.OperationalError:
            return Counter()
        return Counter({str(status): int(str(count)) for status, count in rows})

    def crash_database(self) -> None:
        """kill -9 of the server, and its next start."""
        pid = int((self.base / "pg" / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        self.cluster.attach()

    def restart_database(self) -> None:
        """An orderly restart that cuts every connection."""
        self.cluster.stop()
        self.cluster.attach()

    def stop(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(timeout=35)
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.cluster.stop()


@contextlib.contextmanager
def installed() -> Iterator[Installation]:
    """Database, default content and a mail server that takes its time; workers are the caller's to start."""
    base = Path(tempfile.mkdtemp(prefix="contactflow-chaos-", dir="/tmp"))
    base.chmod(0o755)
    with Sink(delay=0.02) as sink:
        installation = Installation(base=base, sink=sink)
        installation.cluster.attach()
        try:
            installation.manage("migrate", "-v", "0")
            installation.manage("deploy_contact_workflows")
            yield installation
        finally:
            installation.stop()
            shutil.rmtree(base, ignore_errors=True)


def wait_until(condition: object, *, seconds: float, every: float = 0.5) -> bool:
    """Whether the condition (a callable) came true in time."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < end:
        if callable(condition) and condition():
            return True
        pause.wait(every)
    return False
