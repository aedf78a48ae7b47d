"""The admin's own people and addresses, and a Notion that is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.admin.conftest import address, boss, desk, reader, reading_room

if TYPE_CHECKING:
    from notion_bridge.sandbox import Sandbox

__all__ = ["address", "boss", "desk", "reader", "reading_room"]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    """The data sources of a Notion that the settings name."""
    from tests.notion_bridge import bridge

    return bridge.connect(notion, settings)
