"""Every benchmark and the fault harness at the smallest size, so that none of them rots. The figures mean nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.benchmarks import run, stand

pytestmark = pytest.mark.deployment

PROGRAMS = {
    "benchmarks": (["tests.benchmarks"], {"SIZE": "0.002"}),
    "profile": (["tests.benchmarks", "profile", "idle"], {}),
    "desk": (["tests.benchmarks.desk"], {"SIZE": "0.002", "ROUNDS": "1"}),
    "chaos": (["tests.chaos"], {"SIZE": "60"}),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_runs_to_its_end(name: str):
    arguments, environment = PROGRAMS[name]

    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=stand.ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=400,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_unknown_part_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "everything"])

    with pytest.raises(SystemExit, match="anatomy, contacts"):
        run.main()
