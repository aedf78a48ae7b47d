"""Every benchmark at the smallest size, so that none of them rots. The figures mean nothing."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks import run, stand


@pytest.mark.deployment
def test_every_benchmark_runs_to_its_end():
    stand.run_program("tests.benchmarks", SIZE="0.002")


@pytest.mark.deployment
def test_profile_runs_to_its_end():
    stand.run_program("tests.benchmarks", "profile", "idle")


def test_unknown_part_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "everything"])

    with pytest.raises(SystemExit, match="anatomy, contacts"):
        run.main()
