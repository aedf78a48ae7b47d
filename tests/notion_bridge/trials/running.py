"""Runs the trials, prints their tables, leaves nothing behind."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from tests.notion_bridge.trials import stage as stages
from tests.notion_bridge.trials.figures import Figure, broken
from tests.notion_bridge.trials.stage import Stage

Say = Callable[[str], None]
Trial = Callable[[Stage, float, Say], Sequence[Figure]]


def requests(stage: Stage, size: float, say: Say) -> Sequence[Figure]:
    from tests.notion_bridge.trials import requests as trial

    return trial.run(stage)


def creates(stage: Stage, size: float, say: Say) -> Sequence[Figure]:
    from tests.notion_bridge.trials import creates as trial

    return trial.run(stage, creates=_share(trial.CREATES, size), say=say)


def twoway(stage: Stage, size: float, say: Say) -> Sequence[Figure]:
    from tests.notion_bridge.trials import twoway as trial

    return trial.run(stage, seeds=_share(trial.SEEDS, size), say=say).figures()


def latency(stage: Stage, size: float, say: Say) -> Sequence[Figure]:
    from tests.notion_bridge.trials import latency as trial

    return trial.run(stage, changes=_share(trial.CHANGES, size), say=say)


def forgery(stage: Stage, size: float, say: Say) -> Sequence[Figure]:
    from tests.notion_bridge.trials import forgery as trial

    return trial.run(stage, forged=_share(trial.FORGED, size), replayed=_share(trial.REPLAYED, size))


def redesign(stage: Stage, size: float, say: Say) -> Sequence[Figure]:
    from tests.notion_bridge.trials import redesign as trial

    return trial.run(stage, edits=_share(trial.EDITS, size), say=say).figures()


def erasure(stage: Stage, size: float, say: Say) -> Sequence[Figure]:
    from tests.notion_bridge.trials import erasure as trial

    return trial.run(stage, people=_share(trial.PEOPLE, size), say=say)


# Imported in the functions: Django needs the settings of the stage first.
TRIALS: dict[str, tuple[str, Trial]] = {
    "requests": ("Requests of a first pull, a push, and idle passes", requests),
    "creates": ("Creations while answers are lost", creates),
    "twoway": ("Random edits on both sides", twoway),
    "latency": ("Seconds to the other side", latency),
    "forgery": ("Forged and replayed webhooks", forgery),
    "erasure": ("People erased while the system works", erasure),
    "redesign": ("Random edits of the schemas in Notion", redesign),
}
DURABLE = {"latency", "erasure"}  # with the database as it is in production, and the time as it is


def _share(whole: int, size: float) -> int:
    return max(1, round(whole * size))


def main() -> None:
    console = Console(width=None if sys.stdout.isatty() else 160)
    named = [argument for argument in sys.argv[1:] if "=" not in argument] or [os.environ.get("NAME") or ""]
    chosen = [one for one in named if one] or list(TRIALS)
    if unknown := set(chosen) - TRIALS.keys():
        raise SystemExit(f"There is no trial called {', '.join(sorted(unknown))}. There are {', '.join(TRIALS)}.")
    load = os.getloadavg()[0]
    console.print(f"{os.cpu_count()} cores (load {load:.1f} before we began) · {platform.system()} · {sys.version[:6]}")
    failed = False
    for name in chosen:
        failed = _run(console, name) or failed
    sys.exit(1 if failed else 0)


def _run(console: Console, name: str) -> bool:
    title, trial = TRIALS[name]
    began = time.monotonic()
    with stages.own(durable=name in DURABLE) as stage:
        load = os.getloadavg()[0]
        figures = trial(stage, _size(), lambda line: console.print(line, highlight=False, markup=False))
    table = Table(
        "what",
        "figure",
        "goal",
        "",
        title=f"{title} ({time.monotonic() - began:.0f} s, load {load:.1f} to {os.getloadavg()[0]:.1f})",
        title_justify="left",
    )
    for one in figures:
        value = one.value if isinstance(one.value, str) else f"{one.value:,.3f}".rstrip("0").rstrip(".")
        mark = "" if one.holds is None else "holds" if one.holds else "BROKEN"
        table.add_row(one.what, value, one.goal, mark)
    console.print(table)
    return bool(broken(figures))


def _size() -> float:
    given = next((one[5:] for one in sys.argv[1:] if one.startswith("SIZE=")), os.environ.get("SIZE") or "1")
    try:
        size = float(given)
    except ValueError:
        size = 0.0
    if not 0 < size <= 100:
        raise SystemExit(f"SIZE is {given!r} but has to be a number above 0 and at most 100, such as SIZE=0.5.")
    return size
