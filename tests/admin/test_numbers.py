"""Numbers in addresses and forms, where anybody may type anything."""

from __future__ import annotations

import pytest

from contactflow.core import numbers

WORDS = ["", None, "x", "-1", "1.5", " 1", "²", "\u0661", "1" * 10, "1\0"]


@pytest.mark.parametrize(("said", "number"), [("0", 0), ("7", 7), (12, 12), ("007", 7), ("9" * 9, 999_999_999)])
def test_plain_whole_number_is_read(said, number):
    assert numbers.parse_int(said) == number


@pytest.mark.parametrize("said", WORDS)
def test_whatever_else_is_no_number(said):
    assert numbers.parse_int(said) is None


@pytest.mark.parametrize("said", WORDS)
def test_whatever_else_names_no_row(said):
    assert numbers.key(said) == 0
