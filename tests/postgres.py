"""A PostgreSQL for one test process, with durability traded for speed.

The first process that needs one migrates a data directory and stops its server; all others start on a copy of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from contactflow import embedded

PREFIX = "contactflow-test-"
FAST = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off",
    "wal_level": "minimal", "max_wal_senders": "0",
}  # fmt: skip
FOLDER = Path("/tmp")  # as root, the server's account must reach it, which TMPDIR does not promise
TEMPLATES = FOLDER / f"contactflow-templates-{os.geteuid()}"
OLD = 600  # seconds after which a folder without users was left by a test process that was killed
UNUSED = 24 * 3600  # seconds after which a template that nobody copied goes
MADE_BY_MIGRATIONS = ("django_migrations", "django_content_type", "auth_permission")


@contextlib.contextmanager
def running() -> Iterator[embedded.Cluster]:
    """A server on a migrated database of its own, gone afterwards."""
    _sweep()
    base = Path(tempfile.mkdtemp(prefix=PREFIX, dir=FOLDER))
    base.chmod(0o755)
    cluster = embedded.Cluster(base / "pg", locks=base, options=FAST)
    try:
        copy_template(base / "pg")
        cluster.attach()
        yield cluster
    finally:
        cluster.detach()
        shutil.rmtree(base, ignore_errors=True)


def copy_template(home: Path) -> None:
    """Fill the home of a cluster with a stopped server's migrated data."""
    with _locked_templates():
        subprocess.run(["cp", "-a", _template() / "pg", home], check=True)


def empty() -> None:
    """Delete every row that migrations did not make, as `flush` does, without its cost for tables that are empty."""
    from django.db import connection, transaction

    names = [name for name in connection.introspection.django_table_names() if name not in MADE_BY_MIGRATIONS]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_deletions(tuple(names)))


@functools.cache
def _deletions(tables: tuple[str, ...]) -> str:
    return ";".join(f'DELETE FROM "{table}"' for table in tables)


@contextlib.contextmanager
def _locked_templates() -> Iterator[None]:
    TEMPLATES.mkdir(mode=0o755, exist_ok=True)
    with (TEMPLATES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _template() -> Path:
    """The folder of the template for these migrations; under the lock, a `draft` that is there was left by a crash."""
    folder, draft = TEMPLATES / _key(), TEMPLATES / "draft"
    if not folder.exists():
        _discard(draft)
        _build(draft)
        draft.rename(folder)
    os.utime(folder)
    for other in TEMPLATES.iterdir():
        if other.is_dir() and time.time() - other.stat().st_mtime > UNUSED:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def _key() -> str:
    """Changes with whatever a migrated data directory is made of."""
    root = embedded.BASE_DIR
    sources = [
        *sorted(root.glob("*/migrations/*.py")), root / "requirements.txt", root / "contactflow/settings.py",
        Path(embedded.__file__), Path(__file__),
    ]  # fmt: skip
    digest = hashlib.sha256(sys.version.encode())
    for source in sources:
        digest.update(f"{source.relative_to(root)}\n".encode() + source.read_bytes())
    return digest.hexdigest()[:16]


def _build(base: Path) -> None:
    base.mkdir()
    base.chmod(0o755)
    cluster = embedded.Cluster(base / "pg", locks=base, options=FAST)
    cluster.attach()
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    try:
        subprocess.run(migrate, cwd=embedded.BASE_DIR, env=os.environ | {"DATABASE_URL": cluster.url}, check=True)
    finally:
        cluster.detach()
    os.sync()  # what is named a template is whole even after a power cut


def _discard(base: Path) -> None:
    if base.exists():
        embedded.Cluster(base / "pg", locks=base).stop()
        shutil.rmtree(base, ignore_errors=True)  # another process may be at it too


def _sweep() -> None:
    for base in FOLDER.glob(f"{PREFIX}*"):
        if base.stat().st_uid == os.geteuid() and time.time() - base.stat().st_mtime > OLD and not _has_users(base):
            _discard(base)


def _has_users(base: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), (base / "postgres.users").open() as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
