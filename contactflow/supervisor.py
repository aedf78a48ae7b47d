"""`make run`: prepares this machine, then keeps PostgreSQL, a web server and the workers alive until told to stop.

Each child leads a session of its own, so that a Ctrl-C reaches us alone and a whole child can be killed at once. On
Linux the kernel stops the children when we die without a word; elsewhere they outlive a kill -9.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from contactflow import embedded, machine
from contactflow.core import parent_death

STOP_PATIENCE = 28  # seconds for the children to finish what they are at; the workers drain in 27
STEADY_SECONDS = 60  # alive for so long, a child has earned a fresh start
LONGEST_PAUSE = 30  # seconds between two starts of a child that keeps dying


class Child:
    """A command of ours with all the processes it starts; started again whenever it ends, a little later each time."""

    process: subprocess.Popen[bytes]
    started = 0.0
    due: float | None = None  # of one that ended: when it is started again
    falls = 0

    def __init__(self, name: str, *arguments: str, inherits: tuple[int, ...] = ()) -> None:
        self.name, self.arguments, self.inherits = name, arguments, inherits

    def start(self) -> None:
        self.started, self.due = time.monotonic(), None
        self.process = subprocess.Popen(  # noqa: S603  # programs of ours
            [sys.executable, *self.arguments],
            env=os.environ | {embedded.SUPERVISOR: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: parent_death.arrange(signal.SIGTERM),  # noqa: PLW1509 - we have no threads
            pass_fds=self.inherits,
        )

    def is_running(self) -> bool:
        return self.process.poll() is None

    def tend(self) -> None:
        now = time.monotonic()
        if self.due is not None and now >= self.due:
            self.start()
        elif self.due is None and not self.is_running():
            self.kill()
            self.falls = 0 if now - self.started > STEADY_SECONDS else self.falls + 1
            self.due = now + min(2**self.falls / 2, LONGEST_PAUSE)
            say(f"The {self.name} ended; starting it again in {self.due - now:g} s.")

    def kill(self) -> None:
        """Kill whatever is left of its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Runs everything until a signal says stop; a second one skips the waiting."""

    def __init__(self) -> None:
        self.signals = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.hear)

    def hear(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    @property
    def stopping(self) -> bool:
        """True once a signal reached us, or reached the make that started us and waits for our end."""
        return self.signals > 0 or _make_was_interrupted()

    def prepare(self, port: int) -> None:
        """Migrations, static files, default content, the admin and a key; shows the last two."""
        preparation = Child("preparation", "manage.py", "prepare_machine", "--port", str(port))
        preparation.start()
        while preparation.is_running():
            if self.stopping:
                preparation.process.terminate()
            time.sleep(0.05)
        if not self.stopping and preparation.process.returncode:
            raise SystemExit("Contactflow did not start: the reason stands above.")

    def run(self, children: list[Child], cluster: embedded.Cluster | None) -> None:
        for child in children:
            child.start()
        try:
            while not self.stopping:
                _bury_orphans()
                if cluster and not cluster.is_running():
                    say("The database ended; starting it again.")
                    cluster.start()
                    time.sleep(0.5)  # should it fail, what is left of the old one needs a moment
                for child in children:
                    child.tend()
                time.sleep(0.1)
        finally:
            self.stop(children)

    def stop(self, children: list[Child]) -> None:
        """Ask every child to end, wait, and kill what has not."""
        say("Stopping.")
        for child in children:
            child.process.terminate()  # which passes it on in its own good order
        give_up = time.monotonic() + STOP_PATIENCE
        while any(child.is_running() for child in children) and self.signals < 2 and time.monotonic() < give_up:
            time.sleep(0.05)
        for child in children:
            child.kill()


def main() -> None:
    from contactflow import webserver  # noqa: PLC0415 - reads the environment: a bad value ends us here

    supervisor = Supervisor()
    if sys.platform == "linux":  # PR_SET_CHILD_SUBREAPER: nothing we started lingers, dead or alive, without a parent
        ctypes.CDLL(None).prctl(36, 1)
    if "MAKELEVEL" in os.environ:
        parent_death.arrange(signal.SIGTERM)
    os.chdir(machine.BASE_DIR)
    port = webserver.claim_port()
    web = Child("web server", "-m", "contactflow.webserver", str(port), inherits=(port,))
    children = [web, Child("workers", "manage.py", "worker")]
    cluster = embedded.attach()
    machine.VAR_DIR.mkdir(parents=True, exist_ok=True)
    machine.PORT_FILE.write_text(f"{webserver.PORT} {os.getpid()}\n")
    try:
        supervisor.prepare(webserver.PORT)
        if not supervisor.stopping:
            supervisor.run(children, cluster)
    finally:
        machine.PORT_FILE.unlink(missing_ok=True)
        if cluster:
            cluster.detach()
        _bury_orphans()


def say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - our terminal is where people look


def _make_was_interrupted() -> bool:
    """A SIGINT sent to make alone is not passed on: it blocks the signal and waits for us."""
    if "MAKELEVEL" not in os.environ:
        return False
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{os.getppid()}/status").read_text()
        blocked = re.search(r"^SigBlk:\s*(\w+)", status, re.MULTILINE)
        return blocked is not None and bool(int(blocked[1], 16) >> (signal.SIGINT - 1) & 1)
    return False


def _bury_orphans() -> None:
    """Collect the dead: our own, which their Popen notices, and those that fell to us."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


if __name__ == "__main__":
    main()
