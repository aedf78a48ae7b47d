from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import Any

import psutil
import pytest

from contactflow.core import parent_death
from tests.workflows import world
from workflows import heartbeat, watchdog

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dog() -> watchdog.Watchdog:
    return watchdog.Watchdog(name="host:1")


def silent_for(seconds: float) -> None:
    heartbeat.beat(name="host:1")
    with world.connection.cursor() as cursor:
        cursor.execute("UPDATE workflows_workerheartbeat SET beat_at = beat_at - make_interval(secs => %s)", [seconds])


@pytest.mark.parametrize(("silence", "stuck"), [(0, False), (119, False), (121, True)])
def test_a_silent_cluster_is_stuck(dog: watchdog.Watchdog, silence: float, stuck: bool) -> None:
    silent_for(silence)

    assert dog._is_stuck(running_seconds=1000) == stuck


def test_a_cluster_that_never_beat_is_stuck_after_the_same_time(dog: watchdog.Watchdog) -> None:
    assert not dog._is_stuck(running_seconds=119)
    assert dog._is_stuck(running_seconds=121)


def test_the_silence_of_the_cluster_before_does_not_count(dog: watchdog.Watchdog) -> None:
    silent_for(5000)

    assert not dog._is_stuck(running_seconds=10)


def test_a_database_that_does_not_answer_proves_nothing(dog: watchdog.Watchdog, monkeypatch: Any) -> None:
    def down(**_: object) -> None:
        raise watchdog.DatabaseError

    monkeypatch.setattr(watchdog.heartbeat, "age_of", down)
    monkeypatch.setattr(watchdog.connection, "close", lambda: None)

    assert not dog._is_stuck(running_seconds=1000)


def test_a_child_dies_with_its_parent() -> None:
    child = "from contactflow.core import parent_death as d; import signal, time; d.arrange(signal.SIGKILL); "
    child += "print('ready', flush=True); time.sleep(60)"
    parent = (
        f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE); "
    )
    parent += "p.stdout.readline(); print(p.pid, flush=True)"

    pid = int(subprocess.run([sys.executable, "-c", parent], capture_output=True, check=True, timeout=20).stdout)

    assert _ends(pid)


def _ends(pid: int) -> bool:
    """Whether the process goes within ten seconds."""
    with contextlib.suppress(psutil.NoSuchProcess):
        try:
            psutil.Process(pid).wait(timeout=10)
        except psutil.TimeoutExpired:
            return False
    return True


def test_elsewhere_than_on_linux_nothing_is_arranged(monkeypatch: Any) -> None:
    monkeypatch.setattr(parent_death.sys, "platform", "darwin")

    parent_death.arrange(9)
