"""A PostgreSQL for one test process, with durability traded for speed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from contactflow import embedded

PREFIX = "contactflow-test-"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
FOLDER = Path("/tmp")  # as root, the server's account must reach it, which TMPDIR does not promise
OLD = 600  # seconds after which a folder without users was left by a test process that was killed


@contextlib.contextmanager
def running() -> Iterator[embedded.Cluster]:
    _sweep()
    base = Path(tempfile.mkdtemp(prefix=PREFIX, dir=FOLDER))
    base.chmod(0o755)
    cluster = embedded.Cluster(base / "pg", locks=base, options=FAST)
    try:
        cluster.attach()
        yield cluster
    finally:
        cluster.detach()
        shutil.rmtree(base, ignore_errors=True)


def _sweep() -> None:
    for base in FOLDER.glob(f"{PREFIX}*"):
        if base.stat().st_uid == os.geteuid() and time.time() - base.stat().st_mtime > OLD and not _has_users(base):
            embedded.Cluster(base / "pg", locks=base).stop()
            shutil.rmtree(base, ignore_errors=True)


def _has_users(base: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), (base / "postgres.users").open() as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
