"""The private PostgreSQL under var/ that serves this checkout while DATABASE_URL is unset.

Every process that uses it holds a shared lock on a users file; whoever leaves last stops the server. A process that was
killed leaves by dying, and a server orphaned that way is found again by the next command. Importing this module does
nothing, so settings may use it.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import re
import shlex
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from contactflow import postgres_programs as programs
from contactflow.machine import BASE_DIR, DISK_FULL, VAR_DIR, locked, plain_failures, read_dotenv

POINTER = VAR_DIR / "postgres.path"
NAME = "contactflow"  # of the database and of its owner
PORT = 5432  # names the socket file; nothing listens on the network
SOCKET_PATH_LIMIT = 107 - len(f"/.s.PGSQL.{PORT}")
SUPERVISOR = "CONTACTFLOW_SUPERVISOR"  # in the environment of its children: the supervisor's process id
PATIENCE = 45  # seconds for a dying server to let go of its data, and for a new one to recover it
PASSING = re.compile(r"lock file|in use|starting up|shutting down|recovery")  # reasons to try again
WITHOUT_DATABASE = ("check", "collectstatic", "diffsettings", "findstatic", "help", "spectacular", "version")
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "200",
    "timezone": "UTC",
    "log_min_messages": "fatal",  # never a statement: they carry personal data
    "log_min_error_statement": "panic",
}


def attach_for(argv: Sequence[str]) -> None:
    """Attach when the command line `manage.py ...` needs the database and DATABASE_URL names no other."""
    command, *options = argv[1:] or ["help"]
    checks_database = command == "check" and any(option.startswith("--database") for option in options)
    if (command not in WITHOUT_DATABASE or checks_database) and not {"-h", "--help", "--version"} & {command, *options}:
        attach()


def attach() -> Cluster | None:
    """Make sure the private server is there until this process ends; None when DATABASE_URL names another."""
    read_dotenv()
    if os.environ.get("DATABASE_URL"):
        return None
    with plain_failures():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        cluster = machine_cluster()
        if VAR_DIR not in cluster.home.parents:
            programs.make_open(cluster.home.parent)
            POINTER.write_text(f"{cluster.home}\n{BASE_DIR}\n")
        cluster.attach()
    return cluster


def machine_cluster() -> Cluster:
    """This checkout's server, whether it runs or not."""
    with contextlib.suppress(OSError, ValueError):
        home, checkout = POINTER.read_text().splitlines()[:2]
        # One that came with a copy of another checkout is not ours.
        if Path(checkout) == BASE_DIR or not (Path(checkout) / "var" / POINTER.name).exists():
            return Cluster(Path(home), locks=VAR_DIR)
    inside = VAR_DIR / "postgres"
    if os.geteuid() != 0 or (inside / "data").exists() or programs.is_open(VAR_DIR):
        return Cluster(inside, locks=VAR_DIR)
    return Cluster(programs.SYSTEM_DIR / programs.digest(BASE_DIR) / "postgres", locks=VAR_DIR)


@dataclass
class Cluster:
    """One PostgreSQL data directory and the server on it, reached through a socket in a private folder."""

    home: Path
    locks: Path
    options: dict[str, str] = field(default_factory=dict)
    _users: int | None = None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def sockets(self) -> Path:
        """The socket's folder: inside home, or a short private one when that path is too long for a socket."""
        inside = str(self.home / "run")
        if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT and re.fullmatch(r"[\w./-]+", inside, re.ASCII):
            return Path(inside)
        return Path(f"/tmp/{NAME}-{programs.digest(self.home)}")  # noqa: S108  # owner and mode are checked

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@:{PORT}/{NAME}?host={self.sockets}"

    def attach(self) -> None:
        """Find or start the server. It runs at least until every attached process detached or ended."""
        if self._users is not None:
            return
        with plain_failures():
            self.locks.mkdir(parents=True, exist_ok=True)
            with locked(self.locks / "postgres.lock"):
                self._prepare()
                self._start_and_wait()
                self._users = os.open(self.locks / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._users, fcntl.LOCK_SH)
        atexit.register(self.detach)

    def detach(self) -> None:
        """Leave, and stop the server if nobody else is attached. Forked children count until they end too."""
        if self._users is None:
            return
        os.close(self._users)
        self._users = None
        # When the supervisor was killed, everybody leaves at once, some without a word: look until they are gone.
        give_up = time.monotonic() + (0 if _lives(os.environ.get(SUPERVISOR, os.getpid())) else 10)
        while not self._stop_if_unused() and time.monotonic() < give_up:
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server whoever uses it."""
        for mode in ("fast", "immediate"):
            if self.is_running():
                programs.run(self.home, "pg_ctl", "stop", "-s", "-t", "15", "-m", mode, "-D", str(self.data))

    def is_running(self) -> bool:
        """Whether the server's process is there, be it that it does not answer yet."""
        return _lives(self._recorded()[0])

    def start(self) -> str:
        """Start the server unless it runs, without waiting long. Returns why it ended at once, if it did."""
        if self.is_running():
            return ""
        log = self.home / "log"
        log.unlink(missing_ok=True)
        options = OPTIONS | {"unix_socket_directories": str(self.sockets)} | self.options
        flags = " ".join(shlex.quote(f"--{name}={value}") for name, value in options.items())
        done = programs.run(
            self.home, "pg_ctl", "start", "-s", "-t", "2", "-D", str(self.data), "-l", str(log), "-o", flags
        )
        said = log.read_text(errors="replace") if log.exists() else ""
        return "" if self.is_running() else said or done.stderr or done.stdout or "no reason given"

    def _start_and_wait(self) -> None:
        give_up = time.monotonic() + PATIENCE
        reason = self.start()
        while refusal := self._refusal():
            if (reason and not PASSING.search(reason)) or time.monotonic() > give_up:
                raise SystemExit(_sentence(reason or refusal))
            time.sleep(0.1)
            reason = self.start()

    def _refusal(self) -> str:
        """Why it does not answer; empty when it does."""
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            return "" if "too many" in str(error) else str(error)
        return ""

    def _stop_if_unused(self) -> bool:
        users = self.locks / "postgres.users"
        with (
            contextlib.suppress(OSError),
            locked(self.locks / "postgres.lock"),
            locked(users, fcntl.LOCK_EX | fcntl.LOCK_NB),
        ):
            self.stop()
            return True
        return False

    def _recorded(self) -> tuple[str, str]:
        """The process of the server, and the folder of its data."""
        with contextlib.suppress(OSError, ValueError):
            process, folder = (self.data / "postmaster.pid").read_text().splitlines()[:2]
            return process, folder
        return "", str(self.data)

    def _prepare(self) -> None:
        """Make the folders and the data where they are missing."""
        for folder in (self.home, self.sockets):
            programs.make_private(folder, home=self.home)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        if Path(self._recorded()[1]).resolve() != self.data.resolve():  # it came with a copy of another checkout
            (self.data / "postmaster.pid").unlink()
            (self.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _initialise(self) -> None:
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)  # left by an initdb that was killed
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        done = programs.run(self.home, "initdb", "-D", str(draft), "-U", NAME, "-A", "trust", "-E", "UTF8", *locale)
        if done.returncode == 0:
            done = programs.run(
                self.home, "postgres", "--single", "-D", str(draft), "postgres", stdin=f"CREATE DATABASE {NAME}\n"
            )
        if done.returncode != 0:
            raise SystemExit(_sentence(done.stderr or done.stdout))
        draft.rename(self.data)


def _lives(process: int | str) -> bool:
    try:
        os.kill(int(process), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, ValueError):
        return False
    return True


def _sentence(words: str) -> str:
    if "No space left" in words:
        return DISK_FULL
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    telling = next((line for line in reversed(lines) if re.search("FATAL|PANIC|error", line)), lines[-1])
    return f"The private PostgreSQL did not start ({telling}): put that right, or set DATABASE_URL to another server."
