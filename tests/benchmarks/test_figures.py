"""The arithmetic behind the tables; what is measured needs minutes and stands outside the suite."""

from __future__ import annotations

import pytest

from tests.benchmarks import contest, measures
from tests.benchmarks.contest import Contestant
from tests.benchmarks.rows import Pattern
from tests.benchmarks.statements import Ledger


def test_share_is_taken_round_by_round():
    ours = Contestant("ours", float, beside={"reference": None}, figures=[10, 40, 30])
    reference = Contestant("reference", float, figures=[20, 50, 100])

    assert contest.shares(ours, [ours, reference]) == {"reference": 0.5}


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


def test_what_writes_is_told_from_what_reads():
    asked = [
        "BEGIN",
        "SELECT 1",
        "WITH a AS (SELECT 1) SELECT",
        "WITH a AS (DELETE FROM b RETURNING 1) SELECT",
        "COMMIT",
    ]
    ledger = Ledger(
        [*asked, "SAVEPOINT s", "SELECT id FROM a FOR UPDATE", "UPDATE a AS b SET c = 1", "COPY a FROM STDIN"]
    )

    assert (ledger.reads, ledger.writes, ledger.savepoints) == (3, 3, 1)


def test_copied_rows_carry_fresh_values():
    pattern = Pattern(statement="", cells=("old@example.org", 7, ["old@example.org"]))

    assert pattern.filled({"old@example.org": "new@example.org"}) == ["new@example.org", 7, ["old@example.org"]]
