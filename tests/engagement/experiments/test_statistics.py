"""The arithmetic of A/B tests, against published figures."""

from __future__ import annotations

import uuid
from math import comb

import pytest

from engagement.experiments import allocation, statistics
from engagement.experiments.statistics import Count


def count(people: int, successes: int) -> Count:
    return Count(people=people, successes=successes)


def test_wilsons_interval_of_none_in_fifty() -> None:
    low, high = statistics.interval(count(50, 0))

    assert (low, round(high, 3)) == (0.0, 0.071)


def test_newcombes_interval_of_his_own_example() -> None:
    """Newcombe 1998, table II, method 10: 56 of 70 against 48 of 80."""
    low, high = statistics.difference(count(80, 48), count(70, 56))

    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_the_bounds_of_five_looks_are_those_of_obrien_and_fleming() -> None:
    bounds = [round(statistics.bound(look=look, variants=2), 2) for look in range(1, 6)]

    assert bounds == [4.56, 3.23, 2.63, 2.28, 2.04]


def test_evidence_averages_to_one_when_nothing_differs() -> None:
    """What makes it safe to look at any time: over all outcomes of n even coin tosses its mean is 1."""
    n = 40
    mean = sum(comb(n, a) / 2**n * statistics.evidence(a, n - a) for a in range(n + 1))

    assert mean == pytest.approx(1)


def test_a_lopsided_split_is_noticed_and_chance_is_not() -> None:
    assert statistics.is_uneven([5000, 5400], [1, 1])
    assert not statistics.is_uneven([5000, 5100], [1, 1])


def test_shares_go_to_the_better_one_and_leave_a_floor() -> None:
    shares = statistics.shifted({"A": count(1000, 30), "B": count(1000, 90), "C": count(1000, 30)})

    assert shares["B"] > 0.75
    assert min(shares.values()) >= statistics.FLOOR
    assert sum(shares.values()) == pytest.approx(1)


def test_people_needed_are_those_of_the_textbook() -> None:
    """3 %, a quarter more, 80 % power: 9,100 an arm for one look (two arms, 5 looks: 3 % more)."""
    assert statistics.people_needed(rate=0.03, lift=0.25, variants=2) == pytest.approx(2 * 9_100 * 1.03, rel=0.01)


def test_a_persons_place_never_changes() -> None:
    """Frozen: whoever takes part in a test now keeps what they get after an update."""
    people = [uuid.UUID(int=number) for number in (0, 1, 2**128 - 1)]

    places = [round(allocation.position(salt="salt", contact=one), 6) for one in people]

    assert places == [0.334986, 0.876605, 0.113998]


def test_shares_are_kept_and_two_decisions_are_independent() -> None:
    people = [uuid.UUID(int=number) for number in range(4000)]
    places = [(allocation.position(salt="x:a", contact=p), allocation.position(salt="x:b", contact=p)) for p in people]

    chosen = [allocation.choose(at=place, shares={"A": 1, "B": 3}) for place, _ in places]
    both = sum(first < 0.5 and second < 0.5 for first, second in places)

    assert chosen.count("A") == pytest.approx(1000, abs=90)
    assert both == pytest.approx(1000, abs=90)
