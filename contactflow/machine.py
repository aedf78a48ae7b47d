"""What belongs to this machine and to no repository: the folder var/, the file .env, and secrets made here.

Importing this module does nothing, so settings may use it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
PORT_FILE = VAR_DIR / "web.port"  # of the supervisor that runs, and its process id
DISK_FULL = "The disk is full, so Contactflow cannot work: free some space and run this again."


def read_dotenv() -> None:
    """Add the .env file to the environment; what is set already wins."""
    if (BASE_DIR / ".env").is_file():
        environ.Env.read_env(BASE_DIR / ".env")


def secret(name: str, length: int = 64) -> str:
    """A random secret of this machine, made when first asked for and the same ever after."""
    path = VAR_DIR / "secrets" / name
    with plain_failures():
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(VAR_DIR / "secrets.lock"):
                if not path.exists():
                    keep_secret(name, secrets.token_urlsafe(length)[:length])
        return path.read_text().strip()


def has_secret(name: str) -> bool:
    return (VAR_DIR / "secrets" / name).exists()


def running_port() -> int:
    """The port of the web server that runs beside us (`PORT=8010 make run` in another terminal), else the usual one."""
    with contextlib.suppress(OSError, ValueError):
        port, process = map(int, PORT_FILE.read_text().split())
        os.kill(process, 0)
        return port
    return 8000


def keep_secret(name: str, value: str) -> None:
    """Keep a secret in a file that only we can read; a reader sees the old one or the new one, never half of it."""
    path = VAR_DIR / "secrets" / name
    draft = path.with_name(f".{name}.{os.getpid()}")
    with plain_failures():
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{value}\n")
        draft.replace(path)


@contextlib.contextmanager
def locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold the lock of a file that may have to be made first."""
    # A fresh descriptor each time: the lock of one that was opened before lives on in forked children.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def plain_failures() -> Iterator[None]:
    """End with one sentence that says what to do where the file system refuses."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SystemExit(DISK_FULL) from None
        raise SystemExit(
            f"Cannot use {error.filename or VAR_DIR} ({error.strerror}): make it writable for this account, or set "
            "DATABASE_URL and SECRET_KEY so that var/ is not needed."
        ) from None
