"""`storm [PEOPLE]`: a provider takes 2,000 mails and tells later that 30 % came back; with pytest's database."""

from __future__ import annotations

import os

import pytest


def main(arguments: list[str]) -> int:
    os.environ["STORM"] = next(iter(arguments), "2000")
    name = "test_a_storm_of_bounces_stops_the_brand_and_writes_to_nobody_twice"
    return pytest.main(["-q", "-s", "-p", "no:cacheprovider", f"tests/workflows/test_storm.py::{name}"])
