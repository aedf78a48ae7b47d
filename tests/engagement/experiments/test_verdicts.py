"""What a test's counts say, and when they say nothing yet."""

from __future__ import annotations

import pytest

from engagement.experiments import verdicts
from engagement.experiments.statistics import Count


def counts(*pairs: tuple[int, int]) -> dict[str, Count]:
    return {key: Count(people=people, successes=won) for key, (people, won) in zip("ABCDE", pairs, strict=False)}


@pytest.mark.parametrize(
    ("pairs", "looks", "code", "winner"),
    [
        ([(20, 5), (29, 20)], 0, "too_few_people", ""),
        ([(500, 10), (500, 30)], 0, "too_few_successes", ""),
        ([(300, 90), (600, 90)], 0, "uneven_split", ""),
        ([(100, 30), (100, 40)], 0, "still_counting", ""),  # no look is reached
        ([(500, 100), (500, 140)], 2, "still_counting", ""),  # the second look was taken: looking again is no third
        ([(500, 100), (500, 170)], 1, "better", "B"),
        ([(500, 170), (500, 100)], 1, "better", "A"),
        ([(500, 100), (500, 135)], 1, "still_counting", ""),  # z 2.4: enough at the end, not at the second of five
        ([(1250, 250), (1250, 260)], 4, "no_difference", ""),
        ([(834, 160), (833, 170), (833, 230)], 4, "better", "C"),
    ],
)
def test_planned(pairs: list[tuple[int, int]], looks: int, code: str, winner: str) -> None:
    verdict = verdicts.judge_planned(counts=counts(*pairs), planned=2500, looks=looks)

    assert (verdict.reason.code, verdict.winner) == (code, winner)
    assert verdict.is_final == (code in ("better", "no_difference"))


def test_a_planned_test_that_is_full_ends_with_too_few() -> None:
    verdict = verdicts.judge_planned(counts=counts((40, 1), (40, 2)), planned=100, looks=0, is_full=True)

    assert (verdict.reason.code, verdict.is_final) == ("no_difference", True)


def test_an_uneven_split_ends_a_full_test_too() -> None:
    verdict = verdicts.judge_planned(counts=counts((40, 1), (400, 20)), planned=100, looks=0, is_full=True)

    assert (verdict.reason.code, verdict.is_final) == ("uneven_split", True)


@pytest.mark.parametrize(
    ("pairs", "is_full", "code", "winner"),
    [
        ([(500, 40), (500, 60)], False, "still_counting", ""),
        ([(500, 40), (500, 60)], True, "no_difference", ""),
        ([(500, 40), (500, 85)], False, "better", "B"),
        ([(500, 85), (500, 40)], False, "better", "A"),
        ([(500, 40), (500, 85), (500, 40), (500, 40), (500, 40)], False, "better", "B"),
    ],
)
def test_shifting(pairs: list[tuple[int, int]], is_full: bool, code: str, winner: str) -> None:
    verdict = verdicts.judge_shifting(counts=counts(*pairs), is_full=is_full)

    assert (verdict.reason.code, verdict.winner) == (code, winner)
