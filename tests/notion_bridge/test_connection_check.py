"""What is said of the connection: by what is known already, and after asking Notion."""

from __future__ import annotations

import time
from typing import Any

import pytest

from contactflow.core.clock import database_now
from notion_bridge import connection_check, monitoring
from notion_bridge.models import NotionConnection, NotionDatabase, PropertyMapping
from notion_bridge.syncing import lock
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    return bridge.connect(notion, settings)


def ask() -> dict[str, list[str]]:
    """What checking says, by level."""
    found: dict[str, list[str]] = {"ok": [], "warning": [], "FAIL": []}
    for line in connection_check.ask(now=database_now()):
        found[line.level].append(line.text)
    return found


def test_without_a_key_it_says_what_to_set() -> None:
    (line,) = ask()["warning"]

    assert line.startswith("Not connected. Set NOTION_API_KEY and NOTION_CONTACTS_PROFILES_DB, NOTION_TASKS_DB and ")


def test_a_connection_in_order_is_told_line_by_line(ids: dict[str, str]) -> None:
    monitoring.switch(on=True, actor="boss", now=database_now())

    assert ask() == {
        "ok": [
            "Connected as “Contactflow” in the workspace “Sandbox”.",
            "Contacts & Profiles: “Contacts & Profiles” is in order, 15 fields are synchronised.",
            "Master Tasks: “Master Tasks” is in order, 11 fields are synchronised.",
            "Active Workflow Instances: “Active Workflow Instances” is in order, 11 fields are synchronised.",
        ],
        "warning": [],
        "FAIL": [],
    }


def test_what_is_known_is_told_without_a_request(ids: dict[str, str], notion: Sandbox) -> None:
    connection_check.ask(now=database_now())
    before = len(notion.requests)

    connection_check.judge()

    assert len(notion.requests) == before


def test_before_anybody_asked_notion_it_says_so(ids: dict[str, str]) -> None:
    assert [line.text.split(". ")[0] for line in connection_check.judge()][:2] == [
        "A key is set, but Notion was not asked yet",
        "Contacts & Profiles: Contactflow has not looked at it yet",
    ]


def test_a_refused_key_says_what_to_do(ids: dict[str, str], notion: Sandbox) -> None:
    notion.revoke_key()

    (line,) = ask()["FAIL"]

    assert "NOTION_API_KEY" in line
    assert monitoring.paused_because()


def test_asking_again_ends_the_pause_of_a_key_that_works(ids: dict[str, str], notion: Sandbox) -> None:
    notion.revoke_key()
    ask()
    notion.restore_key()

    ask()

    assert monitoring.paused_because() == ""


def test_a_database_out_of_reach_says_what_to_do(ids: dict[str, str], notion: Sandbox) -> None:
    notion.unshare(bridge_database(notion, ids["tasks"]))

    (line,) = ask()["FAIL"]

    assert line.startswith("Master Tasks: Notion does not find it")


def bridge_database(notion: Sandbox, source: str) -> str:
    return notion.workspace.source(source).database_id


def test_a_database_that_nobody_named_is_a_warning(ids: dict[str, str], settings: Any) -> None:
    settings.NOTION_DATABASES = settings.NOTION_DATABASES | {"tasks": ""}

    assert any(line.startswith("Master Tasks: no database is named. Set NOTION_TASKS_DB") for line in ask()["warning"])


def test_a_missing_property_is_a_warning_with_its_remedy(ids: dict[str, str], notion: Sandbox) -> None:
    notion.remove_property(ids["contacts"], "Phone")

    lines = ask()["warning"]

    assert "Contacts & Profiles has no property for Phone. Add them in the admin under Notion, Fields." in lines


def test_a_field_that_staff_left_out_is_no_warning(ids: dict[str, str], notion: Sandbox) -> None:
    notion.remove_property(ids["contacts"], "Phone")
    ask()
    PropertyMapping.objects.filter(field="phone").update(by_staff=True)

    assert not any("Phone" in line for line in ask()["warning"])


def test_a_property_that_vanished_later_is_told_with_its_remedy(ids: dict[str, str], notion: Sandbox) -> None:
    ask()
    notion.remove_property(ids["contacts"], "Phone")

    assert any("the property “Phone” is gone from Notion" in line for line in ask()["warning"])


def test_a_property_with_another_type_is_told_in_notions_words(ids: dict[str, str], notion: Sandbox) -> None:
    ask()
    notion.change_type(ids["contacts"], "Tags", "rich_text")

    assert any("the property “Tags” has the type text now, not multi-select" in line for line in ask()["warning"])


def test_monitoring_that_is_off_is_a_warning(ids: dict[str, str]) -> None:
    assert any(line.startswith("Notion is not monitored") for line in ask()["warning"])


@pytest.mark.parametrize(
    ("fault", "options", "level", "words"),
    [
        ("error_before", {"status": 503}, "FAIL", "Notion cannot be reached or is unwell"),
        ("cut_before", {}, "FAIL", "Notion cannot be reached or is unwell"),
        ("rate_limited", {"seconds": 30}, "warning", "Notion asks us to slow down"),
    ],
)
def test_a_notion_that_is_unwell_is_told(
    ids: dict[str, str], notion: Sandbox, fault: str, options: dict[str, Any], level: str, words: str
) -> None:
    notion.faults.add(fault, **options)

    assert any(line.startswith(words) for line in ask()[level])


def test_nobody_waits_for_a_budget_that_is_blocked(ids: dict[str, str], notion: Sandbox) -> None:
    notion.faults.add("rate_limited", seconds=60, times=1)
    ask()
    began = time.monotonic()

    lines = ask()["warning"]

    assert any("asked us to wait" in line for line in lines)
    assert time.monotonic() - began < 3


def test_a_notion_that_says_nothing_is_given_up_soon(
    ids: dict[str, str], notion: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_check, "PATIENCE", 0.3)
    notion.faults.add("slow_before", seconds=2)
    began = time.monotonic()

    assert ask()["FAIL"]
    assert time.monotonic() - began < 2


def test_slow_answers_end_the_check_before_the_last_database(
    ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_check, "SECONDS", 0.0)

    assert connection_check.SLOW in ask()["warning"]


def test_while_a_worker_reads_notion_the_databases_are_left_to_it(
    ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_lock", lambda function: False)

    lines = ask()["warning"]

    assert connection_check.BUSY in lines
    assert not NotionDatabase.objects.exists()


def test_a_key_that_no_header_can_hold_is_a_refused_key(ids: dict[str, str], settings: Any) -> None:
    settings.NOTION_API_KEY = "two words"

    assert ask()["FAIL"]


def test_a_workspace_without_a_name_is_left_out(ids: dict[str, str]) -> None:
    NotionConnection.objects.update_or_create(pk=1, defaults={"bot_id": "1", "bot_name": "Bridge", "workspace": ""})

    assert connection_check.judge()[0].text == "Connected as “Bridge”."
