"""The switch of the monitoring, and what a turn of it does."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from contactflow.core.clock import database_now
from contacts.models import Contact
from notion_bridge import health, monitoring, syncing
from notion_bridge.models import NotionDatabase, SyncRun
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    return bridge.connect(notion, settings)


@pytest.fixture
def colleague() -> Client:
    client = Client(HTTP_ORIGIN="http://testserver")
    client.force_login(get_user_model().objects.create_superuser("robin", "robin@example.org", "secret"))
    return client


def press(colleague: Client, which: str) -> dict[str, Any]:
    answer: dict[str, Any] = colleague.post(f"/contact-workflows/{which}-monitoring").json()
    return answer


def test_a_turn_does_nothing_while_monitoring_is_off(notion: Sandbox, ids: dict[str, str]) -> None:
    assert bridge.turn() == 0
    assert len(notion.requests) == 0


def test_a_turn_does_nothing_without_a_key(notion: Sandbox, ids: dict[str, str], settings: Any) -> None:
    bridge.watch()
    settings.NOTION_API_KEY = ""

    assert bridge.turn() == 0
    assert len(notion.requests) == 0


def test_monitoring_is_started_and_stopped_by_the_api(notion: Sandbox, ids: dict[str, str], colleague: Client) -> None:
    started = press(colleague, "start")
    bridge.turn()
    first = len(notion.requests)
    stopped = press(colleague, "stop")
    bridge.turn()

    assert (started["monitoring"], stopped["monitoring"]) == (True, False)
    assert first > 0
    assert len(notion.requests) == first


def test_what_was_missed_while_monitoring_was_off_is_made_up_for(
    notion: Sandbox, ids: dict[str, str], colleague: Client
) -> None:
    press(colleague, "start")
    bridge.turn()
    press(colleague, "stop")
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})
    contact = bridge.arrive("bob@example.org")
    press(colleague, "start")

    bridge.turn()

    assert Contact.objects.filter(email="ada@example.org").exists()
    assert bridge.link_of(contact).state == "linked"


def test_the_first_turns_make_the_baseline_and_push_what_is_here(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})
    bob = bridge.arrive("bob@example.org")
    bridge.watch()

    for _ in range(2):
        bridge.turn()

    ada = bridge.person("ada@example.org")
    assert ada.events.get().mode == "baseline"
    assert bridge.link_of(bob).state == "linked"


def test_nothing_is_pushed_before_the_first_pull_is_complete(notion: Sandbox, ids: dict[str, str]) -> None:
    for number in range(3):
        notion.person_creates(ids["contacts"], {"Email": f"p{number}@example.org"})
    bridge.arrive("p2@example.org")
    bridge.watch()

    for _ in range(2):
        bridge.turn()

    assert len(notion.pages_of(ids["contacts"])) == 3


def test_who_was_typed_during_the_first_pull_is_part_of_it(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.watch()

    bridge.turn()

    assert bridge.person("ada@example.org").events.get().mode == "baseline"


def test_somebody_known_who_is_typed_into_notion_gets_no_second_page(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    bridge.turn()
    contact = bridge.arrive("ada@example.org")
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})

    bridge.turn()

    assert bridge.page_of(contact) == page
    assert notion.pages_of(ids["contacts"]) == [page]


def test_a_turn_ends_with_its_deadline(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    began = time.monotonic()

    syncing.run_pump_step(began)

    assert time.monotonic() - began < 1
    assert len(notion.requests) == 0


def test_a_turn_polls_when_it_is_time(notion: Sandbox, ids: dict[str, str], settings: Any) -> None:
    bridge.watch()
    bridge.turn()
    notion.requests.clear()

    bridge.turn(poll=False)
    early = len(notion.requests)
    bridge.let_pass(notion, seconds=settings.NOTION_POLL_SECONDS)
    bridge.turn(poll=False)

    assert (early, notion.requests.queries()) == (0, 3)


def test_idle_turns_leave_no_trace(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.sync()
    bridge.watch()
    bridge.turn()
    runs = SyncRun.objects.count()

    bridge.turn()

    assert SyncRun.objects.count() == runs


def test_a_turn_that_did_something_is_remembered(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.sync()
    bridge.watch()
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})

    bridge.turn()

    assert SyncRun.objects.filter(trigger="monitoring").latest("pk").counts["created"] == 1


# The command


def test_the_command_needs_a_connection(settings: Any) -> None:
    settings.NOTION_API_KEY = ""

    with pytest.raises(CommandError, match="NOTION_API_KEY"):
        call_command("sync_notion")


def test_the_command_synchronises_and_prints_a_table(
    notion: Sandbox, ids: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})

    call_command("sync_notion")

    printed = capsys.readouterr().out
    assert "Contacts" in printed
    assert "1 taken over from Notion" in " ".join(printed.split())
    assert Contact.objects.filter(email="ada@example.org").exists()


def test_the_command_pulls_alone_when_asked_to(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.arrive("bob@example.org")

    call_command("sync_notion", "--pull")

    assert notion.requests.writes() == 0


def test_the_command_reads_every_page_when_asked_to(notion: Sandbox, ids: dict[str, str]) -> None:
    call_command("sync_notion")
    before = bridge.database().full_pass_at

    call_command("sync_notion", "--full")

    assert bridge.database().full_pass_at != before


def test_the_command_says_that_the_key_was_refused(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.revoke_key()

    with pytest.raises(CommandError):
        call_command("sync_notion")


def test_the_command_says_which_database_is_out_of_reach(notion: Sandbox, ids: dict[str, str]) -> None:
    call_command("sync_notion")
    notion.unshare(bridge.database("tasks").database_id)

    with pytest.raises(CommandError, match="Master Tasks"):
        call_command("sync_notion")


# Health


def test_health_counts_what_is_in_step_and_what_waits(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("bob@example.org")
    notion.person_creates(ids["contacts"], {"First Name": "Nobody"})
    bridge.sync()
    link = bridge.link_of(contact)
    type(link).objects.filter(pk=link.pk).update(wanted_at=database_now())

    state = health.gather(now=database_now())

    people = state.databases[0]
    assert (people.linked, people.queue, people.not_taken_over) == (1, 1, 1)
    assert state.requests_a_minute > 0


def test_health_says_why_it_is_paused(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    notion.revoke_key()
    bridge.turn()

    state = health.gather(now=database_now())

    assert state.paused_because == monitoring.paused_because() != ""
    assert state.errors == {"unauthorized": 1}


def test_health_knows_a_database_out_of_reach(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.sync()
    NotionDatabase.objects.filter(kind="tasks").update(problem="Gone.")

    assert [one.row.problem for one in health.gather(now=database_now()).databases] == ["", "Gone.", ""]
