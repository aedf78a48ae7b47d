"""A test's results as they are read: numbers with their intervals, and nothing that they do not carry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engagement.experiments import outcomes, running, statistics
from engagement.experiments.outcomes import HELD_OUT, Outcome
from engagement.experiments.statistics import Count
from engagement.experiments.verdicts import FEWEST_PEOPLE
from engagement.models import Experiment, TemplateVersion


@dataclass(frozen=True, kw_only=True)
class Line:
    """One variant, or those held out. Shares are between 0 and 1; None where there are too few to say."""

    key: str
    version: TemplateVersion | None
    outcome: Outcome
    interval: tuple[float, float] | None
    chance: float | None
    """How probable it is that it is the best one."""
    difference: tuple[float, float] | None
    """How much higher its rate is than that of "A": the 95 % interval."""

    @property
    def count(self) -> Count:
        return self.outcome.all

    @property
    def name(self) -> str:
        return self.key or "Nobody wrote"

    @property
    def words(self) -> dict[str, str]:
        """Shares as percentages."""
        lower, upper = self.interval or (0.0, 0.0)
        least, most = self.difference or (0.0, 0.0)
        return {
            "rate": f"{self.count.rate:.1%}",
            "interval": f"{lower:.1%} to {upper:.1%}",
            "chance": f"{self.chance:.0%}" if self.chance is not None else "",
            "difference": f"{100 * least:+.1f} to {100 * most:+.1f} points" if self.difference else "",
        }

    def bar(self, most: float) -> dict[str, str]:
        """Where its interval and its rate lie, of 100 that are as much as `most`."""
        lower, upper = self.interval or (0.0, 0.0)
        scale = 100 / (most or 1)
        places = {"x": lower, "width": upper - lower, "rate": self.count.rate}
        return {name: f"{place * scale:.1f}" for name, place in places.items()}


@dataclass(frozen=True, kw_only=True)
class Row:
    line: Line
    bar: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Report:
    rows: list[Row]
    is_running: bool


def of(experiment: Experiment, *, now: datetime) -> Report:
    found = outcomes.of(experiment, now=now)
    counted = outcomes.counts(found)
    verdict = running.judge(experiment=experiment, now=now)
    chances = statistics.chances(counted) if verdict.compares else {}
    versions = {one.key: one.version for one in experiment.variants.select_related("version")}
    first = found["A"].all
    lines = [
        Line(
            key=key,
            version=versions.get(key),
            outcome=outcome,
            interval=statistics.interval(outcome.all) if outcome.all.people >= FEWEST_PEOPLE else None,
            chance=chances.get(key),
            difference=statistics.difference(first, outcome.all) if chances and key not in ("A", HELD_OUT) else None,
        )
        for key, outcome in found.items()
    ]
    most = max((line.interval[1] for line in lines if line.interval), default=1.0)
    rows = [Row(line=line, bar=line.bar(most)) for line in lines]
    return Report(rows=rows, is_running=experiment.is_running)
