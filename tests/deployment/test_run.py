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
from pathlib import Path

import pytest

from contactflow import embedded

pytestmark = pytest.mark.deployment
PATIENCE = 150  # seconds on a busy machine


@contextlib.contextmanager
def copied_checkout() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="contactflow-test-", dir="/tmp"))
    folder.chmod(0o755)
    copy = folder / "checkout"
    shutil.copytree(embedded.BASE_DIR, copy, ignore=shutil.ignore_patterns(".venv", "var", ".git", ".env", "*_cache"))
    yield copy
    for process in processes_of(copy):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
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


def processes_of(checkout: Path) -> list[int]:
    """Whoever works in the checkout, PostgreSQL in its data folder included."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and str((entry / "cwd").readlink()).startswith(str(checkout)):
                found.append(int(entry.name))
    return found


def wait_for(what: Callable[[], bool], else_show: Callable[[], object] = lambda: "") -> None:
    give_up = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < give_up, f"waited in vain: {else_show()}"
        time.sleep(0.1)


def wait_until_gone(checkout: Path) -> None:
    def show() -> list[str]:
        return [subprocess.getoutput(f"ps -o pid=,ppid=,stat=,args= -p {pid}") for pid in processes_of(checkout)]

    wait_for(lambda: processes_of(checkout) == [], show)


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


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
    assert f"already runs here on port {port}" in second.stderr
    assert f"PORT={port + 1} make run" in second.stderr


def test_port_of_another_program_is_named(checkout: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "-m", "contactflow.supervisor"],
            cwd=checkout, env=os.environ | {"PORT": str(taken)}, text=True, capture_output=True, timeout=60,
        )  # fmt: skip

    assert refused.returncode != 0
    assert refused.stderr.count("\n") == 1
    assert f"Port {taken} cannot be used" in refused.stderr


def test_web_server_that_died_is_started_again(running: subprocess.Popen[str], checkout: Path, port: int) -> None:
    web = int(subprocess.check_output(["pgrep", "-P", str(running.pid), "-f", "contactflow.webserver"], text=True))

    os.kill(web, signal.SIGKILL)

    wait_for(lambda: "The web server ended" in (checkout / "run.log").read_text())
    wait_for(lambda: is_ready(port))


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
