"""A Notion of their own for the tests of the bridge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notion_bridge.observed import Sandbox


@pytest.fixture
def notion() -> Iterator[Sandbox]:
    """A running sandbox on a free loopback port."""
    with Sandbox() as sandbox:
        yield sandbox
