"""The page "Notion": what it says, and what its buttons do."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contactflow.core.clock import database_now
from contacts.models import Contact, ContactEvent
from notion_bridge import monitoring, syncing, webhooks
from notion_bridge.models import NotionConnection, NotionDatabase, RequestTally, WebhookDelivery
from tests.notion_bridge import bridge
from tests.notion_bridge.admin.colleagues import colleague, said
from tests.notion_bridge.observed import Sandbox
from workflows import enrolment
from workflows.models import WorkflowInstance, WorkflowTemplate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]
PAGE = reverse("admin:notion_bridge_notionconnection_changelist")
BUTTONS = (
    *("check_now", "create_databases", "full_pass", "switch_on"),
    *("switch_off", "start_workflows", "open_window", "show_token"),
)


def address_of(name: str) -> str:
    return reverse(f"admin:notion_bridge_notionconnection_{name}", args=["1"])


def press(client: Client, name: str, **answers: Any) -> list[str]:
    return said(client.post(address_of(name), answers, follow=True))


def words(client: Client) -> str:
    return " ".join(client.get(PAGE).content.decode().split())


def test_the_page_of_an_unconnected_installation_says_what_to_set(desk: Client) -> None:
    assert "Not connected. Set NOTION_API_KEY" in words(desk)


def test_the_list_and_the_row_are_one_page(desk: Client) -> None:
    row = reverse("admin:notion_bridge_notionconnection_change", args=["1"])

    assert desk.get(row).status_code == 200
    assert desk.get(row.replace("/1/", "/2/")).status_code == 404


def test_looking_at_the_page_asks_notion_nothing(desk: Client, ids: dict[str, str], notion: Sandbox) -> None:
    desk.get(PAGE)

    assert len(notion.requests) == 0


def test_checking_shows_who_we_are(desk: Client, ids: dict[str, str]) -> None:
    press(desk, "check_now")

    assert "Connected as “Contactflow” in the workspace “Sandbox”." in words(desk)


def test_checking_says_that_all_is_in_order(desk: Client, ids: dict[str, str]) -> None:
    monitoring.switch(on=True, actor="boss", now=database_now())

    assert press(desk, "check_now") == ["Notion answered, and everything is in order."]


def test_checking_says_what_is_still_to_do(desk: Client, ids: dict[str, str]) -> None:
    assert press(desk, "check_now") == ["Notion answered. What is still to do stands below."]


def test_checking_with_a_refused_key_says_so(desk: Client, ids: dict[str, str], notion: Sandbox) -> None:
    notion.revoke_key()

    assert press(desk, "check_now") == ["Something is out of order. What it is and what to do stands below."]
    assert "Notion does not accept our key" in words(desk)


def test_checking_an_unreachable_notion_says_so(desk: Client, ids: dict[str, str], notion: Sandbox) -> None:
    notion.stop()

    (sentence,) = press(desk, "check_now")

    assert sentence.startswith("Notion cannot be reached")


def test_monitoring_is_switched_on_and_off(desk: Client, ids: dict[str, str]) -> None:
    press(desk, "switch_on")
    was_on = monitoring.is_on()

    press(desk, "switch_off")

    assert (was_on, monitoring.is_on()) == (True, False)
    assert "Switched off by boss" in words(desk)


def test_only_the_switch_that_does_something_is_shown(desk: Client, ids: dict[str, str]) -> None:
    press(desk, "switch_on")

    assert address_of("switch_off") in words(desk)
    assert address_of("switch_on") not in words(desk)


def test_a_full_pass_is_made_soon(desk: Client, ids: dict[str, str]) -> None:
    bridge.sync(full=True)

    press(desk, "full_pass")

    assert not NotionDatabase.objects.exclude(full_pass_at=None).exists()
    assert "Comes next" in words(desk)


# The databases


def test_each_database_shows_how_far_it_is(desk: Client, ids: dict[str, str], notion: Sandbox) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync(full=True)

    shown = {
        one["name"]: {fact.name: fact.value for fact in one["facts"]} for one in desk.get(PAGE).context["databases"]
    }

    assert shown["Contacts & Profiles"]["In step"] == 1
    assert shown["Contacts & Profiles"]["Waiting to be carried over"] == "0"
    assert shown["Master Tasks"]["In step"] == 0


def test_a_change_that_waits_long_is_shown(desk: Client, ids: dict[str, str], notion: Sandbox) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync()
    NotionDatabase.objects.get(kind="contacts").links.update(wanted_at=database_now() - dt.timedelta(minutes=20))

    (waiting,) = [one for one in desk.get(PAGE).context["databases"][0]["facts"] if one.name.startswith("Waiting")]

    assert (waiting.value, waiting.is_calm) == ("1, the oldest for 20 minutes", False)


def test_every_number_leads_to_a_list_of_as_many(desk: Client, ids: dict[str, str], notion: Sandbox) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    notion.person_creates(ids["contacts"], {"First Name": "Nobody"})
    gone = notion.person_creates(ids["contacts"], {"Email": "gone@example.org"})
    bridge.sync(full=True)
    notion.person_trashes(gone)
    bridge.sync(full=True)
    facts = {one.name: one for one in desk.get(PAGE).context["databases"][0]["facts"]}

    for name in ("Not taken over", "Trashed, moved or out of reach"):
        assert facts[name].value == 1
        assert desk.get(facts[name].address).context["cl"].result_count == 1


def test_requests_that_failed_are_told_by_cause(desk: Client, ids: dict[str, str]) -> None:
    RequestTally.objects.create(minute=database_now(), outcome="rate_limited", count=7)

    assert desk.get(PAGE).context["errors"] == {"too many requests: Notion asked us to wait": 7}
    assert "too many requests: Notion asked us to wait" in words(desk)


# Creating the databases


def test_the_databases_are_made_below_a_page(desk: Client, ids: dict[str, str], notion: Sandbox, settings: Any) -> None:
    settings.NOTION_DATABASES = dict.fromkeys(settings.NOTION_DATABASES, "")

    told = press(desk, "create_databases", parent=f"{notion.url}/Our-Page-{notion.parent_page.replace('-', '')}")

    assert told[0].startswith("Made in Notion: Contacts & Profiles, Master Tasks, Active Workflow Instances.")


def test_what_is_no_page_is_refused_in_the_form(desk: Client, ids: dict[str, str], settings: Any) -> None:
    settings.NOTION_DATABASES = dict.fromkeys(settings.NOTION_DATABASES, "")

    response = desk.post(address_of("create_databases"), {"parent": "our page"})

    assert "This is no address of a page in Notion." in response.content.decode()


def test_a_page_that_is_not_shared_is_told(desk: Client, ids: dict[str, str], settings: Any) -> None:
    settings.NOTION_DATABASES = dict.fromkeys(settings.NOTION_DATABASES, "")

    (sentence,) = press(desk, "create_databases", parent="1" * 32)

    assert "not shared with the integration" in sentence


def test_an_answer_that_was_lost_says_where_to_look(
    desk: Client, ids: dict[str, str], notion: Sandbox, settings: Any
) -> None:
    settings.NOTION_DATABASES = dict.fromkeys(settings.NOTION_DATABASES, "")
    notion.faults.add("cut_after", method="POST", path="databases", times=1)

    (sentence,) = press(desk, "create_databases", parent=notion.parent_page)

    assert sentence.endswith("remove what was half made there before you try again.")


def test_the_form_is_offered_only_while_a_database_is_lacking(desk: Client, ids: dict[str, str], settings: Any) -> None:
    before = words(desk)
    settings.NOTION_DATABASES = settings.NOTION_DATABASES | {"tasks": ""}

    assert address_of("create_databases") not in before
    assert address_of("create_databases") in words(desk)


# The people of the first pull


@pytest.fixture
def newcomers(ids: dict[str, str], notion: Sandbox) -> None:
    for number in range(3):
        notion.person_creates(ids["contacts"], {"Email": f"p{number}@example.org", "Contact Type": ["Artist"]})
    bridge.sync()


def test_people_of_the_first_pull_are_announced(desk: Client, newcomers: None) -> None:
    assert "3 people came with the first pull and started no workflow." in words(desk)


def test_what_starting_would_mean_is_shown_first(desk: Client, newcomers: None) -> None:
    page = desk.get(address_of("start_workflows")).content.decode()

    assert "For 3 of them" in page
    assert "Artist discovery for 3" in page
    assert not WorkflowInstance.objects.exists()


def test_saying_yes_starts_them_once(desk: Client, newcomers: None) -> None:
    press(desk, "start_workflows")
    while syncing.run_pump_step(time.monotonic() + 2) or enrolment.enrol_waiting(now=database_now()):
        pass

    assert WorkflowInstance.objects.values("contact").distinct().count() == 3
    assert "came with the first pull" not in words(desk)
    assert ContactEvent.objects.filter(event_key__startswith="notion:start:").count() == 3


def test_saying_no_leaves_them_as_they_are(desk: Client, newcomers: None) -> None:
    press(desk, "leave_as_they_are")
    while syncing.run_pump_step(time.monotonic() + 2) or enrolment.enrol_waiting(now=database_now()):
        pass

    assert not WorkflowInstance.objects.exists()
    assert "came with the first pull" not in words(desk)


def test_people_whom_nothing_matches_are_told_of(desk: Client, newcomers: None) -> None:
    WorkflowTemplate.objects.update(active=False)

    assert "No workflow matches any of them" in desk.get(address_of("start_workflows")).content.decode()
    assert Contact.objects.count() == 3


# The webhook


def test_the_address_for_notion_is_shown(desk: Client, settings: Any) -> None:
    settings.PUBLIC_URL = "https://crm.example"

    assert "https://crm.example/contact-workflows/notion-webhook" in words(desk)
    assert "Notion can only reach" not in words(desk)


def test_an_address_that_notion_cannot_reach_is_told(desk: Client, settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:8000"

    assert "Notion can only reach an https:// address" in words(desk)


def test_the_handshake_goes_from_the_window_to_the_token(desk: Client, ids: dict[str, str]) -> None:
    press(desk, "open_window")
    is_open = webhooks.open_until(NotionConnection.current(), now=database_now())
    Client().post("/contact-workflows/notion-webhook", {"verification_token": "secret_abc"}, "application/json")

    told = press(desk, "show_token")

    assert is_open is not None
    assert "The verification token, shown this once: secret_abc" in told


def test_the_token_is_shown_once(desk: Client, ids: dict[str, str]) -> None:
    NotionConnection.objects.update_or_create(pk=1, defaults={"webhook_token": "secret_abc"})
    press(desk, "show_token")

    assert press(desk, "show_token") == ["The token was shown already. Open the window for another handshake."]
    assert "secret_abc" not in words(desk)


def test_the_last_event_is_shown(desk: Client, ids: dict[str, str]) -> None:
    NotionConnection.objects.update_or_create(pk=1, defaults={"webhook_token": "secret", "token_shown": True})
    WebhookDelivery.objects.create(event_id="1", type="page.created")

    assert "1 waiting" in words(desk)


# Who may


@pytest.mark.parametrize("name", BUTTONS)
def test_whoever_may_only_look_presses_no_button(ids: dict[str, str], name: str) -> None:
    onlooker = colleague("notion_bridge.view_notionconnection")

    assert onlooker.get(PAGE).status_code == 200
    assert onlooker.post(address_of(name)).status_code == 403
    assert address_of(name) not in words(onlooker)


def test_whoever_may_not_look_sees_nothing(ids: dict[str, str]) -> None:
    assert colleague("contacts.view_contact").get(PAGE).status_code == 403


def test_whoever_may_change_the_connection_presses_its_buttons(ids: dict[str, str]) -> None:
    press(colleague("notion_bridge.change_notionconnection"), "switch_on")

    assert monitoring.is_on()


def test_nothing_is_changed_by_a_form_on_the_page(desk: Client) -> None:
    assert desk.post(reverse("admin:notion_bridge_notionconnection_change", args=["1"]), {}).status_code == 403
