"""Every list: readable for everybody, in light and dark, on a telephone, without a complaint of the browser."""

from __future__ import annotations

import pytest

from tests.browser import looking, places

pytestmark = pytest.mark.sweep


@pytest.mark.parametrize("label", places.LABELS)
def test_list_is_fit_to_work_with(boss, label):
    boss.goto(places.list_of(label))

    assert looking.faults(boss) == []
