"""Memory of the processes we started, by what they are: PSS shares what several map, RSS counts it for each."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from dataclasses import dataclass

import psutil

MB = 1024 * 1024


@dataclass(frozen=True)
class Footprint:
    """MB of one process of a kind, on average."""

    processes: int
    pss: float
    rss: float


def measure() -> dict[str, Footprint]:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if kind := _kind(process):
                memory = process.memory_full_info()
                found[kind].append((memory.pss, memory.rss))
    return {
        kind: Footprint(len(many), *(sum(column) / len(many) / MB for column in zip(*many, strict=True)))
        for kind, many in found.items()
    }


def peak(pid: int) -> float:
    """The most that the process ever held, in MB; 0 once it is gone."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:  # noqa: PTH123
        return next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")), 0.0)
    return 0.0


def _kind(process: psutil.Process) -> str:
    """By its command, and whether it was forked by one of the same: "web server", "web server, forked"."""
    command = process.cmdline()
    names = {"contactflow.webserver": "web server", "worker": "worker"}
    named = next((name for word, name in names.items() if word in command), "")
    parent = process.parent()
    return f"{named}, forked" if named and parent and parent.cmdline() == command else named
