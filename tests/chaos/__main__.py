"""`make chaos`: kills and restarts while mails go out, then counts what is lost, doubled or unclear.

SIZE scales the number of mails (500). Prints a table and ends with 1 when a promise is broken.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass

import psutil
from rich.console import Console
from rich.table import Table

from tests.chaos.installation import ROOT, Installation, installed, wait_until

KILLS = 10
RESTARTS = 2
OPEN = ("pending", "claimed", "sending")
SETTLED_WITHIN = 600  # seconds: the longest lease, twice


@dataclass(frozen=True)
class Verdict:
    mails: int
    delivered: int
    lost: int
    doubled: int
    ambiguous: int
    ambiguous_delivered: int
    kills: int
    restarts: int
    seconds: float

    @property
    def holds(self) -> bool:
        return self.lost == 0 and self.doubled == 0 and self.ambiguous <= self.kills


def main() -> None:
    size = int(os.environ.get("SIZE") or 500)
    console = Console()
    with installed() as installation:
        verdict = kill_while_mailing(installation, size=size)
        replaced = replace_a_stuck_cluster(installation)
    table = Table(
        "What", "Figure", title=f"{size} mails, {KILLS} kill -9 of worker processes, {RESTARTS} database restarts"
    )
    for name, figure in vars(verdict).items():
        table.add_row(name.replace("_", " "), str(figure))
    table.add_row("stuck cluster replaced after", f"{replaced:.0f} s" if replaced else "never")
    console.print(table)
    sys.exit(0 if verdict.holds and replaced else 1)


def kill_while_mailing(installation: Installation, *, size: int) -> Verdict:
    """Two clusters send `size` mails while their processes are killed and the database is restarted."""
    began = time.monotonic()
    for _ in range(2):
        installation.start_worker()
    wait_until(lambda: len(installation.processes()) >= 2, seconds=30)
    _seed(installation, size)
    kills = _disturb(installation, size)
    wait_until(lambda: _is_settled(installation), seconds=SETTLED_WITHIN, every=2)
    return _judge(installation, kills=kills, seconds=time.monotonic() - began)


def replace_a_stuck_cluster(installation: Installation) -> float:
    """Freeze every worker process of one cluster; seconds until other processes did new work, 0 for never."""
    installation.workers[1].terminate()
    installation.workers[1].wait()
    frozen = [process for process in installation.processes() if process.status() != psutil.STATUS_ZOMBIE]
    for process in frozen:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    _seed(installation, 5)
    done = wait_until(lambda: _is_settled(installation), seconds=SETTLED_WITHIN, every=1)
    return time.monotonic() - began if done else 0.0


def _seed(installation: Installation, many: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.chaos.seed", str(many)],
        cwd=ROOT,
        env=installation.environment | {"DJANGO_SETTINGS_MODULE": "contactflow.settings"},
        check=True,
    )


def _disturb(installation: Installation, size: int) -> int:
    """Kill and restart at even shares of the work; returns how many processes were killed."""
    chance = random.Random(7)
    kills = 0
    for number in range(1, KILLS + 1):
        share = size * number // (KILLS + 2)
        wait_until(lambda share=share: len(installation.sink.received) >= share, seconds=120, every=0.05)
        victims = installation.processes()
        if victims:
            victim = chance.choice(victims)
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
                kills += 1
        if number == KILLS // 3:
            installation.crash_database()
        elif number == 2 * KILLS // 3:
            installation.restart_database()
    return kills


def _is_settled(installation: Installation) -> bool:
    statuses = installation.statuses()
    return bool(statuses) and not any(statuses[status] for status in OPEN)


def _judge(installation: Installation, *, kills: int, seconds: float) -> Verdict:
    arrived = Counter(message["Message-ID"] for message in installation.sink.messages)
    rows = installation.query(
        "SELECT action.status, message.message_id FROM workflows_scheduledaction AS action "
        "LEFT JOIN engagement_message AS message ON message.action = action.id"
    )
    ambiguous = [key for status, key in rows if status == "ambiguous"]
    return Verdict(
        mails=len(rows),
        delivered=len(arrived),
        lost=sum(1 for status, key in rows if status != "ambiguous" and (status != "done" or not arrived[str(key)])),
        doubled=sum(1 for count in arrived.values() if count > 1),
        ambiguous=len(ambiguous),
        ambiguous_delivered=sum(1 for key in ambiguous if arrived[str(key)]),
        kills=kills,
        restarts=RESTARTS,
        seconds=round(seconds, 1),
    )


if __name__ == "__main__":
    main()
