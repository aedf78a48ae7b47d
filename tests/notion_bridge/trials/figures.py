"""What a trial found out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One number or word of a trial; `holds` says whether it is what was promised, None where nothing was."""

    what: str
    value: float | str
    goal: str = ""
    holds: bool | None = None


def exactly(what: str, value: int, goal: int) -> Figure:
    return Figure(what, value, str(goal), value == goal)


def at_most(what: str, value: float, goal: float, *, unit: str = "") -> Figure:
    return Figure(f"{what}{', ' + unit if unit else ''}", value, f"<= {goal:g}", value <= goal)


def broken(figures: Iterable[Figure]) -> list[Figure]:
    """Those that are not as promised."""
    return [one for one in figures if one.holds is False]
