from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement import contrast

colours = st.from_regex(r"\A#[0-9a-f]{6}\Z")


def test_black_on_white_is_the_most_there_is():
    assert round(contrast.ratio("#000000", "#ffffff")) == 21


@given(colours, colours)
def test_contrast_is_the_same_both_ways(one, other):
    assert contrast.ratio(one, other) == contrast.ratio(other, one)
    assert 1 <= contrast.ratio(one, other) <= 21


def test_good_colour_has_no_warning():
    assert contrast.warnings("#8a4b2a") == []


def test_pale_colour_is_hardly_visible_on_white():
    (said,) = contrast.warnings("#ffee99")

    assert said.startswith("Hardly visible on white")


def test_night_blue_is_hardly_visible_in_the_dark():
    (said,) = contrast.warnings("#000010")

    assert "dark mailbox" in said


@pytest.mark.parametrize("typed", ["", "#fff", "red", "#12345g"])
def test_what_is_no_colour_yet_is_not_judged(typed):
    assert contrast.warnings(typed) == []
