"""`make run` as people meet it: a copy of the checkout, processes of its own, a real port."""

from __future__ import annotations

import contextlib
import os
import re
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
from email.message import Message
from pathlib import Path

import psycopg
import pytest

from contactflow import embedded, machine

pytestmark = pytest.mark.deployment
PATIENCE = 150  # seconds on a busy machine


@contextlib.contextmanager
def copied_checkout() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="contactflow-test-", dir="/tmp"))
    folder.chmod(0o755)
    copy = folder / "checkout"
    shutil.copytree(machine.BASE_DIR, copy, ignore=shutil.ignore_patterns(".venv", "var", ".git", ".env", "*_cache"))
    yield copy
    kill_all(copy)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    with copied_checkout() as copy:
        yield copy


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(checkout: Path, port: int) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if value} | {"PORT": str(port)}
    environment.pop("MAKELEVEL", None)
    return subprocess.Popen(
        [sys.executable, "-m", "contactflow.supervisor"],
        cwd=checkout, env=environment, text=True, stdout=(checkout / "run.log").open("w"), stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip


def processes_in(folder: Path) -> list[int]:
    """Whoever works in the folder; PostgreSQL works in that of its data."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and str((entry / "cwd").readlink()).startswith(str(folder)):
                found.append(int(entry.name))
    return found


def kill_all(folder: Path) -> None:
    while found := processes_in(folder):
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def wait_for(what: Callable[[], bool], else_show: Callable[[], object] = lambda: "") -> None:
    give_up = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < give_up, f"waited in vain: {else_show()}"
        time.sleep(0.1)


def wait_until_gone(checkout: Path) -> None:
    def show() -> list[str]:
        return [subprocess.getoutput(f"ps -o pid=,ppid=,stat=,args= -p {pid}") for pid in processes_in(checkout)]

    wait_for(lambda: processes_in(checkout) == [], show)


def is_ready(port: int) -> bool:
    with contextlib.suppress(OSError):
        return get(f"http://127.0.0.1:{port}/readyz")[0] == 200
    return False


def get(url: str, **headers: str) -> tuple[int, Message, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read().decode()


def last_heartbeat(cluster: embedded.Cluster) -> float:
    with psycopg.connect(cluster.url) as connection:
        row = connection.execute("SELECT extract(epoch FROM max(beat_at)) FROM workflows_workerheartbeat").fetchone()
    assert row is not None
    return float(row[0])


@pytest.fixture(scope="module")
def running(checkout: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    process = start(checkout, port)
    wait_for(lambda: is_ready(port) or process.poll() is not None)
    assert process.poll() is None, (checkout / "run.log").read_text()
    yield process
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)


def test_admin_and_curl_line_are_shown_and_the_line_works(
    running: subprocess.Popen[str], checkout: Path, port: int
) -> None:
    shown = (checkout / "run.log").read_text()
    (line,) = re.findall(r"^curl .*$", shown, re.MULTILINE)

    answer = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=30)

    assert f"http://localhost:{port}/admin/" in shown
    assert re.search(r"^Password +\S{12,}$", shown, re.MULTILINE)
    assert '"success":true' in answer.stdout.replace(" ", "")


def test_what_was_made_for_this_machine_is_ours_alone_to_read(running: subprocess.Popen[str], checkout: Path) -> None:
    assert {path.stat().st_mode & 0o077 for path in (checkout / "var" / "secrets").iterdir()} == {0}


def test_second_run_on_the_same_port_says_so(running: subprocess.Popen[str], checkout: Path, port: int) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "contactflow.supervisor"],
        cwd=checkout, env=os.environ | {"PORT": str(port)}, text=True, capture_output=True, timeout=60,
    )  # fmt: skip

    assert second.returncode != 0
    assert second.stderr.count("\n") == 1
    assert f"Port {port} cannot be used" in second.stderr
    assert f"PORT={port + 1} make run" in second.stderr


def test_web_server_that_died_is_started_again_and_nobody_is_refused(
    running: subprocess.Popen[str], checkout: Path, port: int
) -> None:
    web = int(subprocess.check_output(["pgrep", "-P", str(running.pid), "-f", "contactflow.webserver"], text=True))

    os.kill(web, signal.SIGKILL)
    wait_for(lambda: "The web server ended" in (checkout / "run.log").read_text())
    status, _, _ = get(f"http://127.0.0.1:{port}/healthz")

    assert status == 200
    wait_for(lambda: is_ready(port))


def test_killed_database_is_back_in_seconds_and_meanwhile_requests_are_told_to_wait(
    running: subprocess.Popen[str], checkout: Path, port: int
) -> None:
    cluster = embedded.Cluster(checkout / "var" / "postgres", locks=checkout / "var")
    (key,) = re.findall(r"Bearer (\S+)'", (checkout / "run.log").read_text())
    api, page = f"http://127.0.0.1:{port}/api/v1/contacts", f"http://127.0.0.1:{port}/admin/"
    os.kill(running.pid, signal.SIGSTOP)  # or the database might be back before we look

    kill_all(cluster.data)
    killed_at = time.time()
    problem, apology = get(api, Authorization=f"Bearer {key}"), get(page, Cookie="sessionid=" + "s" * 32)
    os.kill(running.pid, signal.SIGCONT)
    woken = time.monotonic()
    answers = {get(api, Authorization=f"Bearer {key}")[0]}
    while 200 not in answers:
        answers.add(get(api, Authorization=f"Bearer {key}")[0])
    seconds = time.monotonic() - woken

    for status, headers, _ in (problem, apology):
        assert (status, headers["Retry-After"]) == (503, "5")
    assert problem[1]["Content-Type"] == "application/problem+json"
    assert "<h1>The database does not answer</h1>" in apology[2]
    assert answers == {503, 200}
    assert seconds < 20  # two on an idle machine
    wait_for(lambda: last_heartbeat(cluster) > killed_at)


def test_ctrl_c_leaves_no_process(running: subprocess.Popen[str], checkout: Path) -> None:
    os.killpg(running.pid, signal.SIGINT)

    running.wait(timeout=30)

    wait_until_gone(checkout)


def test_killed_supervisor_takes_everything_along() -> None:
    with copied_checkout() as other:
        port = free_port()
        supervisor = start(other, port)
        wait_for(lambda: is_ready(port), (other / "run.log").read_text)

        supervisor.kill()
        supervisor.wait()

        wait_until_gone(other)
