"""The test stand: a PostgreSQL with production's settings, and Contactflow's processes around it.

All of it ends with the `with` block, whatever ends that; what is killed outright is ended by the kernel.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from contactflow import embedded
from contactflow.core import parent_death
from tests import postgres
from tests.benchmarks import sink

ROOT = Path(__file__).parent.parent.parent
START_PATIENCE = 60  # seconds
STOP_PATIENCE = 30  # the workers drain in 27


@dataclass(frozen=True)
class Mailbox:
    """The SMTP sink in its own process."""

    port: int
    accepted: Synchronized[int]

    @property
    def count(self) -> int:
        return self.accepted.value


@contextlib.contextmanager
def database() -> Iterator[embedded.Cluster]:
    """As `make run` starts it, migrated, in a folder that tests.postgres clears away should we be killed."""
    base = Path(tempfile.mkdtemp(prefix=postgres.PREFIX, dir=postgres.FOLDER))
    base.chmod(0o755)
    cluster = embedded.Cluster(base / "pg", locks=base)
    try:
        postgres.copy_template(base / "pg")
        cluster.attach()
        yield cluster
    finally:
        cluster.detach()
        shutil.rmtree(base, ignore_errors=True)


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    context = multiprocessing.get_context("spawn")
    accepted = context.Value("q", 0)
    ours, theirs = context.Pipe()
    process = context.Process(target=sink.serve, args=(theirs, accepted), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(START_PATIENCE):
            raise SystemExit("The SMTP sink did not start: run this again on a machine with less to do.")
        yield Mailbox(ours.recv(), accepted)
    finally:
        ours.close()  # it ends when nobody holds the other end
        process.join(5)
        process.kill()


def set_environment(*, database_url: str, mail_port: int) -> None:
    """For Django in this process and in those it starts; nothing of the developer's own settings stays."""
    example = (ROOT / ".env.example").read_text()
    (ROOT / "var" / "static").mkdir(parents=True, exist_ok=True)  # or WhiteNoise complains
    os.environ |= dict.fromkeys(re.findall(r"^(\w+)=", example, re.MULTILINE), "")
    os.environ |= {
        "DATABASE_URL": database_url,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "contactflow.settings",
    }


@contextlib.contextmanager
def web_server(**environment: str) -> Iterator[int]:
    """contactflow.webserver; yields its port."""
    port, command = free_port(), ["-m", "contactflow.webserver"]
    with process("The web server", command, lambda: _answers(port), PORT=str(port), **environment):
        yield port


@contextlib.contextmanager
def workers(is_alive: Callable[[], bool], **environment: str) -> Iterator[None]:
    """`manage.py worker` with the default number of workers, alive."""
    with process("The worker", ["manage.py", "worker"], is_alive, **environment):
        yield


def run_program(module: str, *arguments: str, **environment: str) -> None:
    """`python -m module` to its end, in an environment of its own; an AssertionError with what it said if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(
    name: str, command: list[str], is_ready: Callable[[], bool], *, quiet: bool = False, **environment: str
) -> Iterator[int]:
    """A Python program with these arguments, ended with all that it started; yields its process id."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if quiet else None,
        start_new_session=True,  # a Ctrl-C is ours; the order in which things end is too
        preexec_fn=lambda: parent_death.arrange(signal.SIGTERM),  # noqa: PLW1509  # no threads yet
    )
    try:
        give_up = time.monotonic() + START_PATIENCE
        while not is_ready():
            if process.poll() is not None or time.monotonic() > give_up:
                raise SystemExit(f"{name} did not start: its reason stands above.")
            time.sleep(0.05)
        yield process.pid
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_PATIENCE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
