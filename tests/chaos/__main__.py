"""`make chaos`: prints a table and ends with 1 when a promise is broken, or a design that breaks it is not caught."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.chaos import faults, installation, rules, verdict
from tests.chaos.faults import Plan
from tests.chaos.installation import Installation

SIZE, KILLS, FREEZES, CRASHES = 2000, 60, 8, 3
SHARE_OF_CONTROLS = 0.5  # of the actions and kills; a design that breaks does so soon
LEAST = 80  # of actions, for a design to show that it breaks
SETTLED_WITHIN = 180  # seconds after the last fault


@dataclass(frozen=True)
class Outcome:
    done: Counter[str]
    verdict: verdict.Verdict
    settled: bool
    whole: bool
    """Every cluster is at work again."""
    seconds: float

    def is_right(self, design: str) -> bool:
        """Ours holds; the others do not, each in its own way."""
        if design == "ours":
            return self.settled and self.whole and self.verdict.holds(self.done["kills"])
        return (self.verdict.twice if design == "retry" else self.verdict.lost) > 0


def main() -> None:
    size = _number("SIZE", SIZE)
    share = size / SIZE
    plan = Plan(
        kills=_number("KILLS", max(6, round(KILLS * share))),
        freezes=_number("FREEZES", max(1, round(FREEZES * share))),
        crashes=_number("CRASHES", max(1, round(CRASHES * share))),
    )
    control = Plan(kills=max(10, round(plan.kills * SHARE_OF_CONTROLS)), aim=1.0)
    with installation.installed() as house:
        outcomes = {
            design: _try(house, design, plan, size)
            if design == "ours"
            else _try(house, design, control, max(LEAST, round(size * SHARE_OF_CONTROLS)))
            for design in rules.DESIGNS
        }
    _show(outcomes)
    sys.exit(0 if all(outcome.is_right(design) for design, outcome in outcomes.items()) else 1)


def _try(house: Installation, design: str, plan: Plan, size: int) -> Outcome:
    """Everything is due at once; the mail server is as slow as makes the mails last for most of the faults."""
    from django.db import connection

    from tests.benchmarks import content

    began = time.monotonic()
    content.clear()
    rules.install(design)
    house.sink.received.clear()
    mails = size // 2
    house.sink.delay = 0.4 * plan.seconds * installation.CLUSTERS * installation.WORKERS / mails
    with house.workers():
        content.make_due("send_email", mails)
        content.make_due("create_task", size - mails, spread=plan.seconds)
        connection.close()  # it will not live
        done = faults.disturb(house, plan)
        settled = installation.wait_until(house.is_settled, seconds=SETTLED_WITHIN)
        whole = installation.wait_until(house.is_whole, seconds=SETTLED_WITHIN)
    return Outcome(done, verdict.judge(house), settled, whole, time.monotonic() - began)


def _show(outcomes: dict[str, Outcome]) -> None:
    table = Table("", *(f"{name} (control)" if name != "ours" else name for name in outcomes), title="Chaos")
    many = list(outcomes.values())
    for fault in ("kills", "freezes", "crashes"):
        table.add_row(fault, *(str(one.done[fault]) for one in many))
    table.add_row("actions", *("\n".join(f"{n} {s}" for s, n in one.verdict.ended_as.items()) for one in many))
    table.add_row("hand-overs cut off", *(str(one.verdict.cut_off) for one in many))
    for name in ("lost", "twice", "ambiguous", "ambiguous_arrived"):
        words = "of these had arrived" if name == "ambiguous_arrived" else name
        table.add_row(words, *(str(getattr(one.verdict, name)) for one in many), style="bold")
    table.add_row("nothing is left open", *(("no", "yes")[one.settled] for one in many))
    table.add_row("every cluster is at work again", *(("no", "yes")[one.whole] for one in many))
    table.add_row("seconds", *(f"{one.seconds:.0f}" for one in many))
    said = {"ours": ("BROKEN", "holds")}
    ends = (said.get(name, ("NOT CAUGHT", "caught"))[one.is_right(name)] for name, one in outcomes.items())
    table.add_row("", *ends, style="bold")
    Console(width=None if sys.stdout.isatty() else 100).print(table)


def _number(name: str, otherwise: int) -> int:
    given = os.environ.get(name) or str(otherwise)
    if not given.isdigit() or int(given) < 1:
        raise SystemExit(f"{name} is {given!r} but has to be a whole number above 0, such as {name}={otherwise}.")
    return int(given)


if __name__ == "__main__":
    main()
