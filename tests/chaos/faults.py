"""What is done to the installation, and when: at moments that are the same in every run."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from tests.chaos.installation import Installation, wait_until
from tests.chaos.rules import LEASE_SECONDS

FREEZE_SECONDS = LEASE_SECONDS + 2  # so that leases end meanwhile, and somebody else settles them
SECONDS_PER_KILL = 1.3


@dataclass(frozen=True)
class Plan:
    """How many of each."""

    kills: int
    freezes: int = 0
    crashes: int = 0
    aim: float = 0.5
    """Of the kills, how many are for a process that hands over a mail at that moment; the others are for any."""

    @property
    def seconds(self) -> float:
        return max(self.kills * SECONDS_PER_KILL, 10.0)


def disturb(installation: Installation, plan: Plan) -> Counter[str]:
    """Returns how many of each there really were, once all is over."""
    chance, done = random.Random(7), Counter[str]()
    faults = {"kills": _kill, "aimed": _kill_at_hand_over, "freezes": _freeze, "crashes": _crash, "thaws": _thaw}
    moments = _moments(plan, chance)
    frozen: list[int] = []
    began = time.monotonic()
    for moment, name in moments:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        done[name] += faults[name](installation, chance, frozen)
    done["kills"] += done["aimed"]
    return done


Fault = Callable[[Installation, random.Random, list[int]], bool]


def _moments(plan: Plan, chance: random.Random) -> list[tuple[float, str]]:
    """Kills at random, the others evenly; every freeze but the last ends."""
    freezes = [plan.seconds * (number + 0.5) / plan.freezes for number in range(plan.freezes)]
    return sorted(
        [
            (chance.uniform(1, plan.seconds), "aimed" if chance.random() < plan.aim else "kills")
            for _ in range(plan.kills)
        ]
        + [(plan.seconds * (number + 1) / (plan.crashes + 1), "crashes") for number in range(plan.crashes)]
        + [(moment, "freezes") for moment in freezes]
        + [(moment + FREEZE_SECONDS, "thaws") for moment in freezes[:-1]]
    )


def _kill(installation: Installation, chance: random.Random, frozen: list[int]) -> bool:
    """SIGKILL for any process of any cluster."""
    return _kill_one_of(installation.processes(), chance)


def _kill_at_hand_over(installation: Installation, chance: random.Random, frozen: list[int]) -> bool:
    """For one that just began to hand over a mail, if one does so soon; before or after the mail server has it."""
    victims: list[psutil.Process] = []
    wait_until(lambda: bool(victims.extend(_handing_over(installation)) or victims), seconds=3, every=0.02)
    time.sleep(chance.uniform(0, 2 * installation.sink.delay) if victims else 0)
    return _kill_one_of(victims or installation.processes(), chance)


def _handing_over(installation: Installation) -> list[psutil.Process]:
    sending = installation.sending()
    return [process for process in installation.processes() if process.pid in sending]


def _kill_one_of(victims: list[psutil.Process], chance: random.Random) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        if victims:
            chance.choice(victims).kill()
            return True
    return False


def _freeze(installation: Installation, chance: random.Random, frozen: list[int]) -> bool:
    """SIGSTOP for a whole cluster."""
    groups = [group for group in installation.groups() if group not in frozen]
    if not groups:
        return False
    group = chance.choice(groups)
    frozen.append(group)
    return _signal(group, signal.SIGSTOP)


def _thaw(installation: Installation, chance: random.Random, frozen: list[int]) -> bool:
    return bool(frozen) and _signal(frozen.pop(0), signal.SIGCONT)


def _crash(installation: Installation, chance: random.Random, frozen: list[int]) -> bool:
    installation.crash_database()
    return True


def _signal(group: int, number: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
        return True
    return False
