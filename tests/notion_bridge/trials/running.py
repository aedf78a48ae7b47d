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

Trial = Callable[[Stage, float, Callable[[str], None]], Sequence[Figure]]


def twoway(stage: Stage, size: float, say: Callable[[str], None]) -> Sequence[Figure]:
    from tests.notion_bridge.trials import twoway as trial

    return trial.run(stage, seeds=max(1, round(trial.SEEDS * size)), say=say).figures()


TRIALS: dict[str, tuple[str, Trial]] = {
    "twoway": ("Random edits on both sides", twoway),
}


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
    with stages.own() as stage:
        figures = trial(stage, _size(), lambda line: console.print(line, highlight=False, markup=False))
    table = Table(
        "what", "figure", "goal", "", title=f"{title} ({time.monotonic() - began:.0f} s)", title_justify="left"
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
