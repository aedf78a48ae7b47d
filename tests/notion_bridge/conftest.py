"""A Notion of their own for the tests of the bridge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notion_bridge.observed import Sandbox


@pytest.fixture
def notion(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A running sandbox on a free loopback port; nobody waits long for it to recover."""
    from notion_bridge.syncing import drain

    monkeypatch.setattr(drain, "FIRST_PAUSE", 0.001)
    with Sandbox() as sandbox:
        yield sandbox
