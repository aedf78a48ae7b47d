"""`orders`: all 720 orders of six facts about a message end in the same state. Needs pytest's database."""

from __future__ import annotations

import pytest


def main(arguments: list[str]) -> int:
    return pytest.main(["-q", "-s", "-p", "no:cacheprovider", f"{__file__}::test_all_orders", *arguments])


@pytest.mark.django_db
def test_all_orders():
    import itertools

    from tests.engagement.test_message_consequences import SIX, state_after
    from tests.factories import BusinessEntityFactory

    brand = BusinessEntityFactory()
    orders = list(itertools.permutations(enumerate(SIX)))
    ends = {str(state_after(order, brand)) for order in orders}
    print(f"{len(orders)} orders, {len(ends)} end: {ends.pop()}")
    assert not ends
