"""`make run`: prepares this machine, then keeps a web server and the workers alive until it is told to stop.

Each child leads a session of its own, so that a Ctrl-C reaches us alone and a whole child can be killed at once. On
Linux the kernel stops the children when we die without a word; elsewhere gunicorn and the workers outlive a kill -9.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from contactflow import embedded

STOP_PATIENCE = 28  # seconds for the children to finish what they are at; the workers drain in 27
STEADY_SECONDS = 60  # alive for so long, a child has earned a fresh start
LONGEST_PAUSE = 30  # seconds between two starts of a child that keeps dying
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Child:
    """One process that is started again whenever it ends."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    falls: int = field(default=0)

    def tend(self) -> None:
        """Start it if it is due; notice if it ended, and plan the next start a little later each time."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.process = _spawn(self.command)
                self.started = now
        elif (code := self.process.poll()) is not None:
            self.kill()  # what it left behind
            self.process = None
            self.falls = 0 if now - self.started > STEADY_SECONDS else self.falls + 1
            pause = min(2**self.falls / 2, LONGEST_PAUSE)
            self.due = now + pause
            say(f"The {self.name} ended with code {code}; starting it again in {pause:.0f} s.")

    def signal(self, number: int) -> None:
        """Signal its first process, which passes it on in its own good order."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill(self) -> None:
        """Kill whatever is left of its group."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs children until a signal says stop."""

    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self._stopping = False
        self.hurried = False

    @property
    def stopping(self) -> bool:
        """True once a signal reached us, or reached the make that started us and waits for our end."""
        return self._stopping or _make_was_interrupted()

    def hear(self, number: int, frame: FrameType | None) -> None:
        """SIGINT, SIGTERM and SIGHUP stop us; a second one skips the waiting."""
        self.hurried = self._stopping
        self._stopping = True

    def run(self, ready_url: str) -> None:
        announced = False
        next_look = 0.0
        try:
            while not self.stopping:
                for child in self.children:
                    child.tend()
                _bury_orphans(keep={child.process.pid for child in self.children if child.process})
                if not announced and time.monotonic() > next_look:
                    announced = _is_ready(ready_url)
                    next_look = time.monotonic() + 0.3
                    if announced:
                        say("Ready. Ctrl-C stops everything.")
                time.sleep(0.1)
        finally:
            self.stop()

    def stop(self) -> None:
        """Ask every child to end, wait, and kill what has not."""
        say("Stopping.")
        for child in self.children:
            child.signal(signal.SIGTERM)
        give_up = time.monotonic() + STOP_PATIENCE
        while any(child.is_running() for child in self.children):
            if self.hurried or time.monotonic() > give_up:
                break
            time.sleep(0.05)
        for child in self.children:
            child.kill()


def main() -> None:
    from contactflow import webserver  # noqa: PLC0415 - reads the environment: a bad value ends us here

    supervisor = Supervisor(
        [
            Child("web server", [*_python("-m", "gunicorn"), "-c", "python:contactflow.webserver", "contactflow.wsgi"]),
            Child("workers", _python("manage.py", "worker")),
        ]
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, supervisor.hear)
    _control_process(PR_SET_CHILD_SUBREAPER, 1)  # so that nothing we started lingers, dead or alive, without a parent
    if "MAKELEVEL" in os.environ:
        _end_with_parent()
    os.chdir(embedded.BASE_DIR)
    claim(webserver.HOST, webserver.PORT)
    embedded.attach()
    try:
        if not supervisor.stopping:
            prepare(webserver.PORT, supervisor)
        if not supervisor.stopping:
            supervisor.run(f"http://{_reachable(webserver.HOST)}:{webserver.PORT}/readyz")
    finally:
        embedded.stop()
        _bury_orphans(keep=set())


def claim(host: str, port: int) -> None:
    """End in one sentence when the port is taken, be it by another program or by ourselves."""
    remedy = f"use another port: PORT={port + 1} make run"
    with embedded.plain_failures():
        embedded.VAR_DIR.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(embedded.VAR_DIR / f"run-{port}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until this process ends
    except BlockingIOError:
        raise SystemExit(f"`make run` already runs here on port {port}. To run a second one, {remedy}") from None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
            probe.listen(1)
        except OSError as error:
            raise SystemExit(f"Port {port} cannot be used ({error.strerror}). Free it, or {remedy}") from None


def prepare(port: int, supervisor: Supervisor) -> None:
    """Migrations, static files, default content, the admin and a key; shows the last two."""
    process = _spawn([*_python("manage.py", "prepare_machine"), "--port", str(port)])
    while process.poll() is None:
        if supervisor.stopping:
            process.terminate()
        time.sleep(0.05)
    if process.returncode and not supervisor.stopping:
        raise SystemExit("Contactflow did not start: the reason stands above.")


def say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - our terminal is where people look


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _spawn(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        command,
        env=os.environ | {embedded.SUPERVISOR: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - we have no threads
    )


def _end_with_parent() -> None:
    """Ask for a SIGTERM when our parent dies, however it dies."""
    _control_process(PR_SET_PDEATHSIG, signal.SIGTERM)


def _make_was_interrupted() -> bool:
    """A SIGINT sent to make alone is not passed on: it blocks the signal and waits for us."""
    if "MAKELEVEL" not in os.environ:
        return False
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{os.getppid()}/status").read_text().splitlines()
        blocked = next(line.split()[1] for line in lines if line.startswith("SigBlk:"))
        return bool(int(blocked, 16) >> (signal.SIGINT - 1) & 1)
    return False


def _control_process(option: int, value: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value)


def _bury_orphans(keep: set[int]) -> None:
    """Collect the dead that fell to us, but for those that somebody else here waits for."""
    with contextlib.suppress(ChildProcessError):
        while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if dead.si_pid in keep:
                return
            os.waitpid(dead.si_pid, 0)


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]", "[::]": "[::1]"}.get(host, host)  # noqa: S104


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # our own address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    main()
