"""One bad thing does not stop the others, and wrong settings are refused before anything is changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import F

from contactflow.core.clock import database_now
from contacts.models import Contact
from notion_bridge import baseline, monitoring, push, webhooks
from notion_bridge.models import NotionConnection, PageLink, WebhookDelivery
from notion_bridge.schemas import Misconfigured
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    """Both sides connected, in step and empty."""
    made = bridge.in_step(notion, settings, "contacts")
    bridge.watch()
    return made


@pytest.mark.parametrize("kind", ["page", "data_source", "database"])
def test_an_event_about_something_that_has_no_id_is_passed_over(ids: dict[str, str], kind: str) -> None:
    webhooks.store(event={"id": "1", "type": "page.created", "entity": {"id": "zz", "type": kind}}, body=b"{}")

    bridge.turn()

    assert WebhookDelivery.objects.get().outcome == "nothing to look at"


def test_an_object_that_breaks_our_code_does_not_hold_up_the_others(
    ids: dict[str, str], notion: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = bridge.arrive("broken@example.org"), bridge.arrive("fine@example.org")
    carry = push.carry

    def fragile(**given: Any) -> str:
        if given["link"].contact_id == broken.pk:
            raise ZeroDivisionError
        return carry(**given)

    monkeypatch.setattr(push, "carry", fragile)
    while bridge.turn(poll=False):
        pass

    assert bridge.link_of(fine).state == PageLink.State.LINKED
    assert "ZeroDivisionError" in bridge.link_of(broken).problems.get().message


def test_a_refused_key_is_tried_again_after_a_while(ids: dict[str, str], notion: Sandbox) -> None:
    notion.revoke_key()
    bridge.arrive("ada@example.org")
    bridge.turn()
    notion.restore_key()
    NotionConnection.objects.update(paused_at=F("paused_at") - dt.timedelta(minutes=3))

    while bridge.turn(poll=False):
        pass

    assert monitoring.paused_because() == ""
    assert len(notion.pages_of(ids["contacts"])) == 1


def test_a_refused_key_rests_between_two_tries(ids: dict[str, str], notion: Sandbox) -> None:
    notion.revoke_key()
    bridge.turn()
    notion.requests.clear()

    bridge.turn()

    assert len(notion.requests) == 0


def test_swapped_ids_are_refused_before_anything_is_changed(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts", "tasks")
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    named = settings.NOTION_DATABASES
    settings.NOTION_DATABASES = {**named, "contacts": named["tasks"], "tasks": named["contacts"]}

    with pytest.raises(Misconfigured, match="looks like Master Tasks"):
        bridge.sync()

    assert notion.requests.writes() == 0
    assert not PageLink.objects.exists()


def test_one_database_has_one_role(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings, "contacts")
    settings.NOTION_DATABASES = {**settings.NOTION_DATABASES, "tasks": settings.NOTION_DATABASES["contacts"]}

    with pytest.raises(Misconfigured, match="already"):
        bridge.sync()


def test_a_database_that_is_not_named_any_more_is_left_alone(
    ids: dict[str, str], notion: Sandbox, settings: Any
) -> None:
    settings.NOTION_DATABASES = {**settings.NOTION_DATABASES, "tasks": ""}
    notion.requests.clear()

    bridge.sync()

    assert notion.requests.count(path=f"/v1/data_sources/{ids['tasks']}/query") == 0


def test_people_who_were_imported_and_are_recognised_belong_to_the_baseline(notion: Sandbox, settings: Any) -> None:
    imported = bridge.arrive("ada@example.org", first_name="Ada")
    imported.events.update(mode="baseline", processed_at=database_now())
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "First Name": "Ada"})

    bridge.sync()

    assert list(baseline.people()) == [imported]


def test_people_who_arrived_by_themselves_do_not_belong_to_the_baseline(notion: Sandbox, settings: Any) -> None:
    bridge.arrive("ada@example.org")
    ids = bridge.connect(notion, settings, "contacts")
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})

    bridge.sync()

    assert not baseline.people().exists()


def test_somebody_typed_into_notion_a_moment_ago_gets_no_second_page(ids: dict[str, str], notion: Sandbox) -> None:
    bridge.let_pass(notion, minutes=5)
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})
    bridge.arrive("ada@example.org")

    while bridge.turn(poll=False):
        pass

    assert len(notion.pages_of(ids["contacts"])) == 1


def test_a_date_added_in_notion_arrives_here(ids: dict[str, str], notion: Sandbox) -> None:
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})
    bridge.sync()
    notion.person_edits(page, {"Date Added": "2024-02-03"})

    bridge.sync()

    assert Contact.objects.get().added_on == dt.date(2024, 2, 3)
