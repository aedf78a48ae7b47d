"""`storm [PEOPLE]`: a provider takes 2,000 mails and tells later that 30 % came back; with pytest's database."""

from __future__ import annotations

import os

import pytest

from tests.workflows import test_storm as small

provider = small.provider


def main(arguments: list[str]) -> int:
    os.environ["STORM"] = next(iter(arguments), "2000")
    return pytest.main(["-q", "-s", "-p", "no:cacheprovider", f"{__file__}::test_storm_of_many"])


@pytest.mark.django_db
def test_storm_of_many(request):
    people = int(os.environ.get("STORM", "2000"))
    small.storm(request.getfixturevalue("provider"), people)
    print(f"{people} written to once each, {int(people * small.SHARE)} came back, the brand stopped, and said so")
