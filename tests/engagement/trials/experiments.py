"""A/B tests with known true rates, judged by the product's own verdicts. `TESTS PEOPLE`, by default 1,000 tests each.

False alarms where nothing differs, how many people until a difference of a fifth is found, and what a shifting share
wins over equal ones while it lasts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from engagement.experiments import statistics, verdicts
from engagement.experiments.statistics import Count
from engagement.experiments.verdicts import Verdict

BASE = 0.10
LIFT = 0.2
STEP = 250  # people between two looks
RENEWED = 1000  # people between two changes of the shares


@dataclass(frozen=True)
class Run:
    verdict: Verdict
    people: int
    successes: int


def planned(rates: Sequence[float], people: int, dice: random.Random) -> Run:
    """As the pump does it: looked at whenever some came to the end of their time, decided at five looks at most."""
    counts = _nobody(rates)
    looks, asked = 0, 0
    while True:
        for _ in range(STEP):
            _add(counts, asked % len(rates), rates, dice)
            asked += 1
        verdict = verdicts.judge_planned(counts=counts, planned=people, looks=looks)
        looks = max(looks, verdicts.look(counts=counts, planned=people))
        if verdict.is_final:
            return Run(verdict, asked, _successes(counts))


def shifting(rates: Sequence[float], people: int, dice: random.Random) -> Run:
    """Three in ten spread evenly and judged; the rest by shares renewed after every STEP people."""
    even, all_of_them = _nobody(rates), _nobody(rates)
    shares = dict.fromkeys(even, 1.0)
    verdict, decided_at = None, 0
    for asked in range(1, people + 1):
        explores = dice.random() < 0.3
        number = dice.randrange(len(rates)) if explores else dice.choices(range(len(rates)), list(shares.values()))[0]
        success = dice.random() < rates[number]
        for counts in (all_of_them, *([even] if explores else [])):
            _count(counts, number, success)
        if asked % RENEWED == 0:
            shares = statistics.shifted(all_of_them, seed=asked)
        if asked % STEP == 0 and verdict is None:
            found = verdicts.judge_shifting(counts=even, is_full=False)
            verdict, decided_at = (found, asked) if found.is_final else (None, 0)
    verdict = verdict or verdicts.judge_shifting(counts=even, is_full=True)
    return Run(verdict, decided_at or people, _successes(all_of_them))


def main(arguments: Sequence[str]) -> int:
    tests = int(arguments[0]) if arguments else 1000
    needed = statistics.people_needed(rate=BASE, lift=LIFT, variants=2)
    print(f"{tests} tests each; base rate {BASE:.0%}; a planned test of two needs {needed:,} people for +{LIFT:.0%}.")
    wrong = 0
    for name, method in (("planned", planned), ("shifting", shifting)):
        for variants in (2, 3, 5):
            people = statistics.people_needed(rate=BASE, lift=LIFT, variants=variants)
            alarms = _share(_runs(method, [BASE] * variants, people, tests), lambda run: bool(run.verdict.winner))
            print(f"  {name}, {variants} variants, no difference: {alarms:.1%} false alarms (at most 5 %)")
            wrong += alarms > statistics.FALSE_ALARM + 0.014  # two standard errors of 1,000 tests
        runs = _runs(method, [BASE, BASE * (1 + LIFT)], needed, tests)
        found = [run for run in runs if run.verdict.winner == "B"]
        spoilt = _share(runs, lambda run: run.verdict.winner == "A")
        until = mean(run.people for run in found) if found else 0
        print(
            f"  {name}, B a fifth better: found in {len(found) / tests:.1%} with {until:,.0f} people on average, "
            f"A taken for better in {spoilt:.1%}"
        )
    equal = needed * (BASE + BASE * (1 + LIFT)) / 2
    won = mean(run.successes for run in _runs(shifting, [BASE, BASE * (1 + LIFT)], needed, min(tests, 300)))
    best = needed * BASE * (1 + LIFT)
    print(
        f"  regret over {needed:,} people: equal shares {best - equal:.0f} successes, shifting {best - won:.0f} "
        f"({equal:.0f} and {won:.0f} of {best:.0f} possible)"
    )
    return int(wrong > 0)


def _runs(
    method: Callable[[Sequence[float], int, random.Random], Run], rates: Sequence[float], people: int, tests: int
) -> list[Run]:
    return [method(rates, people, random.Random(number)) for number in range(tests)]


def _share(runs: Sequence[Run], holds: Callable[[Run], bool]) -> float:
    return sum(map(holds, runs)) / len(runs)


def _nobody(rates: Sequence[float]) -> dict[str, Count]:
    return {key: Count(people=0, successes=0) for key in "ABCDE"[: len(rates)]}


def _add(counts: dict[str, Count], number: int, rates: Sequence[float], dice: random.Random) -> None:
    _count(counts, number, dice.random() < rates[number])


def _count(counts: dict[str, Count], number: int, success: bool) -> None:
    key = "ABCDE"[number]
    counts[key] = Count(people=counts[key].people + 1, successes=counts[key].successes + success)


def _successes(counts: dict[str, Count]) -> int:
    return sum(count.successes for count in counts.values())
