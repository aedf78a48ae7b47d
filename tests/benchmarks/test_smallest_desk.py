"""Every page of the admin over a small number of the large benchmark's rows. The figures mean nothing."""

from __future__ import annotations

import pytest

from tests.benchmarks import stand


@pytest.mark.deployment
def test_every_page_of_the_desk_opens():
    stand.run_program("tests.benchmarks.desk", SIZE="0.002", ROUNDS="1")
