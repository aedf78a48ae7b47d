"""Contestants take turns; the figure of each is the median of its rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Measure = Callable[[], float]
Progress = Callable[[str], None]


@dataclass
class Contestant:
    """Something that does so many a second. `beside`: of which others the share is taken, and what it is to reach."""

    name: str
    measure: Measure
    beside: Mapping[str, float | None] = field(default_factory=dict)
    figures: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.figures)


def run(contestants: Sequence[Contestant], *, rounds: int, before_each: Callable[[], None], say: Progress) -> None:
    for number in range(1, rounds + 1):
        for contestant in contestants:
            say(f"round {number} of {rounds}: {contestant.name}")
            before_each()
            contestant.figures.append(contestant.measure())


def shares(contestant: Contestant, contestants: Sequence[Contestant]) -> dict[str, float]:
    """Of each that it is beside, the median of the shares within a round."""
    figures = {one.name: one.figures for one in contestants}
    return {
        name: statistics.median(ours / theirs for ours, theirs in zip(contestant.figures, figures[name], strict=True))
        for name in contestant.beside
    }
