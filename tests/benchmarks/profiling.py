"""Where the milliseconds of a contact, an action, a mail go: own time by what for, and the dearest functions."""

from __future__ import annotations

import cProfile
import pstats
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.anatomy import Work

ROUNDS = 4
SHOWN = 25
GROUPS = {
    "database driver": r"psycopg|/django/db/backends/(?!postgresql/compiler)|/django/db/utils|method 'poll'",
    "SQL building": r"/django/db/",
    "serialising": r"/(rest_framework|json|email|markdown_it|mdurl|django/template)/|nh3|/django/utils/(html|safe)",
    "our code": r"/(contactflow|contacts|engagement|workflows|notion_bridge)/[\w/]+\.py",
}
BUILT_IN = "~"

Function = tuple[str, int, str]


@dataclass(frozen=True)
class Line:
    name: str
    group: str
    milliseconds: float


def profile(work: Work) -> tuple[dict[str, float], list[Line]]:
    """Milliseconds for each piece: of all groups, and of the functions that cost most by themselves."""
    profiler = cProfile.Profile()
    work.prepare()
    work.do()  # what is read once per process is not what one piece costs
    for _ in range(ROUNDS):
        work.prepare()
        profiler.runcall(work.do)
    return _read(pstats.Stats(profiler).stats, ROUNDS * work.pieces)  # type: ignore[attr-defined]  # documented by use


def _read(stats: dict[Function, Any], pieces: int) -> tuple[dict[str, float], list[Line]]:
    groups: Counter[str] = Counter()
    lines: Counter[tuple[str, str]] = Counter()
    for function, (_, _, own, _, callers) in stats.items():
        group = _group_of(function)
        parts = {group: own} if group else _by_callers(callers, own)
        for where, seconds in parts.items():
            groups[where] += seconds * 1000 / pieces
            lines[_name(function), where] += seconds * 1000 / pieces
    dearest = [Line(name, group, cost) for (name, group), cost in lines.most_common(SHOWN)]
    return dict(groups.most_common()), dearest


def _by_callers(callers: dict[Function, Any], own: float) -> Counter[str]:
    """What is nobody's in particular, `dict.get` say, belongs to whoever called it."""
    parts: Counter[str] = Counter()
    for caller, (_, _, seconds, _) in callers.items():
        parts[_group_of(caller) or "other"] += seconds
    parts["other"] += max(0.0, own - parts.total())
    return parts


def _group_of(function: Function) -> str:
    file, _, name = function
    place = name if file == BUILT_IN else file
    return next((group for group, pattern in GROUPS.items() if re.search(pattern, place)), "")


def _name(function: Function) -> str:
    file, line, name = function
    return name if file == BUILT_IN else f"{'/'.join(file.split('/')[-2:])}:{line} {name}"
