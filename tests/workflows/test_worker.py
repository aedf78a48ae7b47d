"""The workers as real processes, on the database of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engagement.models import Task
from tests.factories import ScheduledActionFactory
from workflows import wake
from workflows.models import ScheduledAction, WorkerHeartbeat

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30  # seconds

pytestmark = pytest.mark.django_db(transaction=True)


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def worker(live_environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = live_environment | {"LOG_LEVEL": "CRITICAL", "WORKERS": "2"}
    process = subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=ROOT, env=environment)
    assert eventually(WorkerHeartbeat.objects.exists)
    yield process
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=PATIENCE)


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_the_life_of_a_worker(worker: subprocess.Popen[bytes]) -> None:
    """One test for one start-up, which takes seconds: it works, survives the death of a process, and drains."""
    actions = ScheduledActionFactory.create_batch(20)
    wake.wake()
    assert eventually(lambda: ScheduledAction.objects.filter(status="done").count() == len(actions))
    assert Task.objects.count() == len(actions)

    cluster = psutil.Process(worker.pid).children()[0]
    old = {process.pid for process in family(worker)}
    cluster.kill()
    assert eventually(lambda: bool({process.pid for process in family(worker)} - old))
    assert eventually(lambda: not any(psutil.pid_exists(pid) for pid in old))
    more = ScheduledActionFactory.create_batch(5)
    assert eventually(lambda: ScheduledAction.objects.filter(status="done").count() == len(actions) + len(more))

    members = family(worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=PATIENCE) == 0
    assert not [process for process in members if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not WorkerHeartbeat.objects.exists()


def test_no_worker_process_outlives_its_watchdog(worker: subprocess.Popen[bytes]) -> None:
    members = family(worker)

    os.kill(worker.pid, signal.SIGKILL)

    assert eventually(lambda: not any(process.is_running() for process in members))
