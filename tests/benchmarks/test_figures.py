"""The arithmetic behind the tables; what is measured needs minutes and stands outside the suite."""

from __future__ import annotations

import pytest

from tests.benchmarks import anatomy, contest, measures
from tests.benchmarks.contest import Contestant
from tests.benchmarks.rows import Pattern


def test_share_is_taken_round_by_round():
    ours = Contestant("ours", float, beside="reference", figures=[10, 40, 30])
    reference = Contestant("reference", float, figures=[20, 50, 100])

    share = contest.share(ours, [ours, reference])

    assert share == 0.5


def test_contestant_without_reference_has_no_share():
    alone = Contestant("alone", float, figures=[10])

    assert contest.share(alone, [alone]) is None


def test_contestants_take_turns():
    turns: list[str] = []
    first = Contestant("first", lambda: turns.append("first") or 1.0)
    second = Contestant("second", lambda: turns.append("second") or 2.0)

    contest.run([first, second], rounds=2, before_each=lambda: turns.append("clear"), say=lambda doing: None)

    assert turns == ["clear", "first", "clear", "second"] * 2
    assert second.median == 2.0


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.95, 95), (0.99, 99), (1, 100)])
def test_percentile_is_a_value_that_was_measured(share: float, value: int):
    assert measures.percentile([float(number) for number in range(100, 0, -1)], share) == value


def test_size_scales_what_is_measured():
    small, large = measures.Sizes.scaled(0.5), measures.Sizes.scaled(2)

    assert large.actions == 4 * small.actions
    assert large.latency_seconds == 4 * small.latency_seconds


def test_commits_that_wrote_nothing_do_not_count():
    verbs = ["BEGIN", "SELECT", "COMMIT", "BEGIN", "INSERT", "COMMIT", "UPDATE", "UPDATE"]
    rows = [1, 1, 1, 0]

    counted = anatomy._count(verbs, rows)

    assert (counted["commit"], counted["write"], counted["read"]) == (2, 2, 1)


def test_copied_rows_carry_fresh_values():
    pattern = Pattern(statement="", cells=("old@example.org", 7, ["old@example.org"]))

    assert pattern.filled({"old@example.org": "new@example.org"}) == ["new@example.org", 7, ["old@example.org"]]
