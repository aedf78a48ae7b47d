from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from contactflow import embedded, machine

pytestmark = pytest.mark.slow

USER = """
import sys, pathlib
from contactflow import embedded
base = pathlib.Path(sys.argv[1])
cluster = embedded.Cluster(base / "pg", locks=base, options=dict(fsync="off"))
cluster.attach()
print("attached", flush=True)
{then}
sys.stdin.readline()
"""


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that the server's account can enter, which pytest's own are not for root."""
    folder = Path(tempfile.mkdtemp(prefix="contactflow-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    cluster_in(folder).stop()
    shutil.rmtree(folder, ignore_errors=True)


def cluster_in(base: Path) -> embedded.Cluster:
    return embedded.Cluster(base / "pg", locks=base, options={"fsync": "off"})


def start_user(base: Path, then: str = "", prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
    """A process that attaches and stays until it reads a line."""
    user = subprocess.Popen(
        [*prefix, sys.executable, "-c", USER.format(then=then), str(base)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=machine.BASE_DIR,
    )  # fmt: skip
    assert user.stdout is not None
    assert user.stdout.readline() == "attached\n"
    return user


def leave(user: subprocess.Popen[str]) -> None:
    user.communicate("\n", timeout=30)


def is_up(base: Path) -> bool:
    try:
        psycopg.connect(cluster_in(base).url).close()
    except psycopg.OperationalError:
        return False
    return True


def postmaster(base: Path) -> int:
    return int((base / "pg/data/postmaster.pid").read_text().splitlines()[0])


def test_last_user_stops_the_server(base: Path) -> None:
    first, last = start_user(base), start_user(base)

    leave(first)
    up_for_the_last = is_up(base)
    leave(last)

    assert up_for_the_last
    assert not is_up(base)


def test_four_at_once_share_one_server(base: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        users = list(pool.map(lambda _: start_user(base), range(4)))

    assert is_up(base)
    for user in users:
        leave(user)
    assert not is_up(base)


def test_orphaned_server_is_found_again(base: Path) -> None:
    killed = start_user(base)
    killed.kill()
    killed.wait()
    pid = postmaster(base)

    heir = start_user(base)

    assert postmaster(base) == pid
    leave(heir)
    assert not is_up(base)


def test_server_starts_again_after_everything_was_killed(base: Path) -> None:
    killed = start_user(base)
    killed.kill()
    os.kill(postmaster(base), signal.SIGKILL)

    heir = start_user(base)

    assert is_up(base)
    leave(heir)


def test_server_outlives_ctrl_c_for_those_who_still_use_it(base: Path) -> None:
    interrupted, other = start_user(base), start_user(base)

    os.killpg(interrupted.pid, signal.SIGINT)
    interrupted.wait(timeout=30)

    assert is_up(base)
    leave(other)


def test_forked_child_keeps_the_server(base: Path) -> None:
    fork_and_end = "import os\nif os.fork(): sys.exit()\nprint('forked', flush=True)"
    parent = start_user(base, then=fork_and_end)
    assert parent.stdout is not None
    parent.stdout.readline()
    parent.wait(timeout=30)

    up_for_the_child = is_up(base)
    leave(parent)  # ends the child, which holds the other end of the pipe

    assert up_for_the_child
    assert not is_up(base)


@pytest.mark.faketime
def test_server_travels_in_time_with_its_user(base: Path) -> None:
    user = start_user(base, prefix=["env", "DONT_FAKE_MONOTONIC=1", "faketime", "-f", "+9d"])

    with psycopg.connect(cluster_in(base).url) as connection:
        row = connection.execute("SELECT now()").fetchone()

    leave(user)
    assert row is not None
    assert timedelta(days=8) < row[0] - datetime.now(UTC) < timedelta(days=10)
    assert not is_up(base)


def test_long_path_gets_a_short_socket(base: Path) -> None:
    deep = base / ("a folder, with a space and a name that is too long for a socket " * 2).strip()
    deep.mkdir()
    cluster = cluster_in(deep)

    cluster.attach()

    assert len(str(cluster.sockets)) < 60
    assert is_up(deep)
    cluster.detach()
    cluster.sockets.rmdir()


def test_copied_data_forgets_the_server_of_the_original(base: Path) -> None:
    original = start_user(base)
    copy = base / "copy"
    copy.mkdir(mode=0o755)
    subprocess.run(["cp", "-a", base / "pg", copy], check=True)

    heir = start_user(copy)

    assert postmaster(copy) != postmaster(base)
    leave(heir)
    leave(original)


def test_socket_folder_of_somebody_else_is_refused(base: Path) -> None:
    (base / "pg").mkdir(mode=0o777)
    (base / "pg").chmod(0o777)

    with pytest.raises(SystemExit, match="open to others"):
        cluster_in(base).attach()


def test_full_disk_ends_in_one_sentence(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(SystemExit, match=r"disk is full.*free some space"):
            cluster_in(base).attach()


def test_damaged_package_ends_in_one_sentence(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(SystemExit, match="make clean run"):
            cluster_in(base).attach()


@pytest.mark.parametrize("line", ["", "help", "migrate --help", "--version", "check --deploy", "collectstatic"])
def test_command_without_database_starts_nothing(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(embedded, "attach", lambda: started.append(True))

    embedded.attach_for(["manage.py", *line.split()])

    assert started == []


@pytest.mark.parametrize("line", ["migrate", "check --database default", "worker", "shell"])
def test_command_with_database_starts_it(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(embedded, "attach", lambda: started.append(True))

    embedded.attach_for(["manage.py", *line.split()])

    assert started == [True]


def test_other_database_is_left_to_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://crm@db/crm")

    assert embedded.attach() is None


def test_server_that_was_killed_is_started_again(base: Path) -> None:
    cluster = cluster_in(base)
    cluster.attach()
    killed = postmaster(base)
    os.kill(killed, signal.SIGKILL)
    while cluster.is_running():  # until its parent collected it
        time.sleep(0.01)

    while cluster.start():  # what is left of it may still hold the data
        time.sleep(0.05)

    assert postmaster(base) != killed
    cluster.detach()
    assert not is_up(base)
