"""The tables."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence

from django.db import connection
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.benchmarks import contest, hits, measures
from tests.benchmarks.anatomy import Anatomy
from tests.benchmarks.contest import Contestant
from tests.benchmarks.footprint import Footprint
from tests.benchmarks.lists import Imported
from tests.benchmarks.measures import Latency
from tests.benchmarks.profiling import Line
from tests.benchmarks.statements import Ledger
from tests.benchmarks.words import Beside

GOALS = {"median": 0.3, "p99": 2.0}  # seconds from a request to its first immediate action
SHARE = 0.4  # of what python-liquid renders alone
MOST_MEMORY, MOST_RATIO = 300, 6  # of importing a list: MB, and to COPY


def show_machine(console: Console, *, cores: int, commits: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
        )
        version, fsync, synchronous = cursor.fetchone()
    load = os.getloadavg()[0]
    console.print(
        f"{cores} cores (load {load:.1f} before we began) · {platform.system()} {platform.release()} · "
        f"Python {platform.python_version()} · PostgreSQL {version}, fsync {fsync}, synchronous_commit {synchronous} · "
        f"one connection makes {commits:,.0f} smallest commits a second"
    )


def show_contest(console: Console, title: str, contestants: Sequence[Contestant]) -> None:
    table = _table(title, "who", "a second", "rounds")
    table.add_column("beside")
    for one in contestants:
        beside = [
            f"{share:.2f} of {name}" + _against(share, one.beside[name])
            for name, share in contest.shares(one, contestants).items()
        ]
        rounds = " ".join(f"{figure:,.0f}" for figure in one.figures)
        table.add_row(one.name, f"{one.median:,.0f}", rounds, "\n".join(beside), style="bold" if beside else None)
    console.print(table)


def show_anatomies(console: Console, anatomies: Iterable[Anatomy]) -> None:
    table = _table(
        "Statements behind each",
        "", "statements", "goal", "reads", "writes", "savepoints", "commits", "commits of the reference",
    )  # fmt: skip
    for one in anatomies:
        counts = (one.reads, one.writes, one.savepoints, one.commits)
        of_reference = "" if one.commits_of_reference is None else f"{one.commits_of_reference:.2f}"
        table.add_row(one.name, f"{one.statements:.2f}", one.goal, *(f"{count:.2f}" for count in counts), of_reference)
    console.print(table)


def show_words(console: Console, measured: Sequence[Beside]) -> None:
    columns = (
        "text",
        "bytes",
        "ours",
        "python-liquid alone",
        "share",
        "goal",
        "its source alone",
        "whole mail",
        "before",
    )
    table = _table("Emails rendered a second of one core", *columns)
    for one in measured:
        before = f"{one.before:.2f} of the whole" if one.before else "could not say it"
        paces = (
            f"{one.ours:,.0f}",
            f"{one.alone:,.0f}",
            f"{one.share:.2f}",
            f"{SHARE:.2f}",
            f"{one.source_alone:,.0f}",
        )
        table.add_row(one.text, f"{one.size:,}", *paces, f"{one.whole:,.0f}", before)
    console.print(table)


def show_footprints(console: Console, before: Mapping[str, Footprint], after: Mapping[str, Footprint]) -> None:
    table = _table(
        "Memory of a process, MB", "what", "processes", "PSS before", "PSS after the load", "RSS before", "RSS after"
    )
    for kind, late in sorted(after.items()):
        early = before.get(kind, late)
        figures = (early.pss, late.pss, early.rss, late.rss)
        table.add_row(kind, str(late.processes), *(f"{figure:.0f}" for figure in figures))
    console.print(table)


def show_import(console: Console, imported: Imported) -> None:
    table = _table(f"A list of {imported.of_lines:,} lines, with the workflows that start", "", "figure", "goal")
    table.add_row("lines taken in", f"{imported.lines:,}", f"{imported.of_lines:,}")
    table.add_row("seconds", f"{imported.seconds:.1f}", "")
    table.add_row("lines a second", f"{imported.lines / imported.seconds:,.0f}", "")
    table.add_row("most memory, MB", f"{imported.peak_mb:.0f}", f"<= {MOST_MEMORY}")
    table.add_row(f"seconds of COPY, the same {imported.rows:,} rows", f"{imported.copy_seconds:.1f}", "")
    table.add_row("ratio", f"{imported.ratio:.1f}", f"<= {MOST_RATIO}")
    console.print(table)


def show_profile(console: Console, name: str, groups: Mapping[str, float], lines: Sequence[Line]) -> None:
    total = sum(groups.values())
    table = _table(f"Where the milliseconds of {name} go ({total:.1f} in all, under the profiler)", "", "ms", "share")
    for group, milliseconds in groups.items():
        table.add_row(group, f"{milliseconds:.2f}", f"{milliseconds / total:.0%}", style="bold")
    for line in lines:
        table.add_row(f"{line.group}: {line.name}", f"{line.milliseconds:.2f}", f"{line.milliseconds / total:.0%}")
    console.print(table)


def show_statements(console: Console, name: str, ledger: Ledger, pieces: int) -> None:
    table = Table("for each", "statement", title=f"What the server is asked for {name}", title_justify="left")
    for statement, times in ledger.alike().items():
        table.add_row(f"{times / pieces:.2f}", escape(statement))
    console.print(table)


def _against(share: float, goal: float | None) -> str:
    if goal is None:
        return ""
    return f" (goal {goal:g}: {'reached' if share >= goal else 'missed'})"


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(first, title=title, title_justify="left")
    for heading in others:
        table.add_column(heading, justify="right")
    return table


def show_latencies(console: Console, title: str, took: Mapping[str, list[float]]) -> None:
    table = _table(title, "milliseconds until the answer to", "median", "p95", "p99", "longest")
    for name, values in took.items():
        table.add_row(name, *(f"{1000 * measures.percentile(values, share):.1f}" for share in (0.5, 0.95, 0.99, 1)))
    table.add_row("goal", "", "", f"< {1000 * hits.LONGEST:.0f}", "")
    console.print(table)


def show_latency(console: Console, title: str, latency: Latency) -> None:
    table = _table(title, "seconds until", "median", "p95", "p99", "longest")
    for name, values in (("the answer", latency.answers), ("the first action started", latency.first_actions)):
        table.add_row(name, *(f"{measures.percentile(values, share):.3f}" for share in (0.5, 0.95, 0.99, 1)))
    table.add_row("goal for the first action", f"< {GOALS['median']}", "", f"< {GOALS['p99']:.0f}", "")
    console.print(table)
