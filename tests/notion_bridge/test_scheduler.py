"""The turns of the pump while Notion is monitored."""

from __future__ import annotations

import time
from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts import deletion
from notion_bridge import change_detection, monitoring, syncing
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


def turn(seconds: float = 2.0) -> int:
    return syncing.run_pump_step(time.monotonic() + seconds)


def test_whoever_arrives_here_has_a_page_after_one_turn(notion: Sandbox, settings: Any) -> None:
    ids = bridge.in_step(notion, settings, "contacts")
    monitoring.switch(on=True, actor="test", now=database_now())
    bridge.arrive("ada@example.org")

    turn()

    assert len(notion.pages_of(ids["contacts"])) == 1


def test_page_of_somebody_deleted_goes_while_others_change_all_the_time(
    notion: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = bridge.in_step(notion, settings, "contacts")
    monitoring.switch(on=True, actor="test", now=database_now())
    bridge.arrive("ada@example.org")
    turn()
    deletion.delete_contacts(contacts=[bridge.person("ada@example.org")])
    monkeypatch.setattr(change_detection, "has_changes", lambda **_: True)
    monkeypatch.setattr(change_detection, "compare", lambda **_: 1)

    turn()

    assert notion.pages_of(ids["contacts"]) == []
