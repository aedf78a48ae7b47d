"""Contestants take turns; the figure of each is the median of its rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Measure = Callable[[], float]
Progress = Callable[[str], None]


@dataclass
class Contestant:
    """Something that does so many a second. `beside` names the reference its share is taken of."""

    name: str
    measure: Measure
    beside: str = ""
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


def share(contestant: Contestant, contestants: Sequence[Contestant]) -> float | None:
    """The median of the shares within a round, of the reference it is beside."""
    reference = next((one for one in contestants if one.name == contestant.beside), None)
    if reference is None:
        return None
    return statistics.median(ours / theirs for ours, theirs in zip(contestant.figures, reference.figures, strict=True))
