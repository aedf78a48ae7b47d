"""The tables."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from django.db import connection
from rich.console import Console
from rich.table import Table

from tests.benchmarks import contest, measures
from tests.benchmarks.anatomy import Anatomy
from tests.benchmarks.contest import Contestant
from tests.benchmarks.measures import Latency

GOALS = {"median": 0.3, "p99": 2.0}  # seconds from a request to its first immediate action


def show_machine(console: Console, *, commits: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
        )
        version, fsync, synchronous = cursor.fetchone()
    load = os.getloadavg()[0]
    console.print(
        f"{os.cpu_count()} cores (load {load:.1f} before we began) · {platform.system()} {platform.release()} · "
        f"Python {platform.python_version()} · PostgreSQL {version}, fsync {fsync}, synchronous_commit {synchronous} · "
        f"one connection makes {commits:,.0f} smallest commits a second"
    )


def show_contest(console: Console, title: str, contestants: Sequence[Contestant]) -> None:
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column("who")
    for heading in ("a second", "rounds", "share"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("of")
    for one in contestants:
        share = contest.share(one, contestants)
        table.add_row(
            one.name,
            f"{one.median:,.0f}",
            " ".join(f"{figure:,.0f}" for figure in one.figures),
            "" if share is None else f"{share:.0%}",
            one.beside,
            style="bold" if one.beside else None,
        )
    console.print(table)


def show_anatomies(console: Console, anatomies: Sequence[Anatomy]) -> None:
    table = Table(title="Statements behind each", title_justify="left")
    table.add_column("")
    for heading in ("statements", "reads", "writes", "savepoints", "commits", "commits of the reference"):
        table.add_column(heading, justify="right")
    for one in anatomies:
        figures = (one.statements, one.reads, one.writes, one.savepoints, one.commits, one.commits_of_reference)
        table.add_row(one.name, *(f"{figure:.1f}" for figure in figures))
    console.print(table)


def show_latency(console: Console, title: str, latency: Latency) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("seconds until")
    for heading in ("median", "p95", "p99", "longest"):
        table.add_column(heading, justify="right")
    for name, values in (("the answer", latency.answers), ("the first action started", latency.first_actions)):
        table.add_row(name, *(f"{measures.percentile(values, share):.3f}" for share in (0.5, 0.95, 0.99, 1)))
    table.add_row("goal for the first action", f"< {GOALS['median']}", "", f"< {GOALS['p99']:.0f}", "")
    console.print(table)
