"""The fault harness at the smallest size: ours holds, and both designs that break are caught."""

from __future__ import annotations

import pytest

from tests.benchmarks import stand


@pytest.mark.deployment
def test_nothing_is_lost_or_sent_twice_and_what_breaks_is_caught():
    stand.run_program("tests.chaos", SIZE="60")
