"""Events that Notion sends: they say where to look, in whatever order, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from contacts.models import Contact, ContactEvent
from engagement.models import Task
from notion_bridge.models import NotionConnection, SyncEntry, WebhookDelivery
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

DOOR = "/contact-workflows/notion-webhook"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]

Event = dict[str, Any]


def knock(body: bytes, headers: dict[str, str]) -> int:
    return int(Client().post(DOOR, body, content_type="application/json", headers=headers).status_code)


def deliver(notion: Sandbox, events: list[Event]) -> set[int]:
    """As Notion delivers them: signed. What the door answered."""
    bodies = [json.dumps(event).encode() for event in events]
    return {knock(body, notion.webhooks.signed(body)) for body in bodies}


def deliver_waiting(notion: Sandbox) -> set[int]:
    return deliver(notion, notion.events())


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    """Databases in step, watched, with a subscription; no poll is due."""
    found = bridge.in_step(notion, settings, "contacts", "tasks")
    bridge.watch()
    notion.webhooks.token, notion.webhooks.active = "secret_abc", True
    NotionConnection.objects.update(webhook_token="secret_abc")
    return found


@pytest.fixture
def page(notion: Sandbox, ids: dict[str, str]) -> str:
    about = {"Email": "ada@example.org", "Contact Type": ["Artist"]}
    page_id = bridge.once("Ada, an artist", notion, lambda: bridge.typed(notion, ids, about))
    notion.events()
    return page_id


def ada() -> Contact:
    return bridge.person("ada@example.org")


class TestEvents:
    def test_a_new_page_is_taken_over_before_any_poll(self, notion: Sandbox, ids: dict[str, str]) -> None:
        about = {"Email": "ada@example.org", "Contact Type": ["Artist"]}
        notion.person_creates(ids["contacts"], about)

        assert deliver_waiting(notion) == {200}
        bridge.turn(poll=False)

        assert ContactEvent.objects.get(contact=ada()).kind == "new_contact"
        assert notion.requests.count("POST", "/query") == 0

    def test_a_changed_page_is_looked_at_before_any_poll(self, notion: Sandbox, page: str) -> None:
        notion.person_edits(page, {"Company": "Analytical"})
        deliver_waiting(notion)

        bridge.turn(poll=False)

        assert ada().company == "Analytical"
        assert notion.requests.queries() == 0

    def test_a_new_task_is_taken_over_before_any_poll(self, notion: Sandbox, ids: dict[str, str]) -> None:
        notion.person_creates(ids["tasks"], {"Task Name": "Call Ada"})
        deliver_waiting(notion)

        bridge.turn(poll=False)

        assert Task.objects.get().title == "Call Ada"

    def test_a_trashed_page_is_noticed_at_once(self, notion: Sandbox, page: str) -> None:
        notion.person_trashes(page)
        deliver_waiting(notion)

        bridge.turn(poll=False)

        assert bridge.link_of(ada()).state == "trashed"

    def test_a_restored_page_is_noticed_at_once(self, notion: Sandbox, page: str) -> None:
        notion.person_trashes(page)
        deliver_waiting(notion)
        bridge.turn(poll=False)
        notion.person_restores(page)
        deliver_waiting(notion)

        bridge.turn(poll=False)

        assert bridge.link_of(ada()).state == "linked"

    def test_a_moved_page_is_noticed_at_once(self, notion: Sandbox, page: str) -> None:
        notion.person_moves(page, notion.parent_page)
        deliver_waiting(notion)

        bridge.turn(poll=False)

        assert bridge.link_of(ada()).state == "moved"

    def test_a_page_deleted_for_good_is_noticed_at_once(self, notion: Sandbox, page: str) -> None:
        notion.emit("page.deleted", page)
        notion.deletes_forever(page)
        deliver_waiting(notion)

        bridge.turn(poll=False)

        assert bridge.link_of(ada()).state == "unshared"

    def test_a_changed_schema_is_looked_at_at_once(self, notion: Sandbox, ids: dict[str, str], page: str) -> None:
        notion.rename_property(ids["contacts"], "Company", "Firm")
        deliver_waiting(notion)

        bridge.turn(poll=False)

        assert "Firm" in {known["name"] for known in bridge.database().schema.values()}

    def test_a_page_elsewhere_is_none_of_our_business(self, notion: Sandbox, page: str) -> None:
        other = notion.create_database("Other", {"Name": "title"})
        notion.person_creates(other.data_source_id, {"Name": "Something"})
        deliver_waiting(notion)

        bridge.turn(poll=False)

        assert Contact.objects.count() == 1
        assert not WebhookDelivery.objects.filter(processed_at=None).exists()

    def test_an_unknown_type_of_event_is_accepted_and_does_no_harm(self, notion: Sandbox, page: str) -> None:
        notion.emit("page.hummed_to", page)
        event = notion.events()[0] | {"entity": {"id": "whatever", "type": "melody"}}

        assert deliver(notion, [event]) == {200}
        bridge.turn(poll=False)

        assert WebhookDelivery.objects.get().outcome == "nothing to look at"

    @pytest.mark.parametrize("body", [{"id": "1"}, {"id": "2", "type": "page.created", "entity": "odd"}, {"type": 7}])
    def test_an_event_without_its_parts_is_accepted_and_does_no_harm(
        self, body: Event, notion: Sandbox, page: str
    ) -> None:
        assert deliver(notion, [body]) == {200}

        bridge.turn(poll=False)

        assert not WebhookDelivery.objects.filter(processed_at=None).exists()

    def test_events_about_one_page_take_one_look(self, notion: Sandbox, page: str) -> None:
        for company in ("A", "B", "C"):
            notion.person_edits(page, {"Company": company})
            deliver_waiting(notion)

        bridge.turn(poll=False)

        assert ada().company == "C"
        assert notion.requests.count("GET", "/v1/pages/") == 1

    def test_the_order_of_events_does_not_matter(self, notion: Sandbox, ids: dict[str, str]) -> None:
        page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})
        notion.person_edits(page, {"Company": "Analytical"})
        notion.person_trashes(page)
        notion.person_restores(page)
        events = notion.events()

        deliver(notion, events[::-1])
        bridge.turn(poll=False)

        assert ada().company == "Analytical"
        assert bridge.link_of(ada()).state == "linked"
        assert Contact.objects.count() == 1

    def test_an_event_that_comes_late_changes_nothing(self, notion: Sandbox, page: str) -> None:
        notion.person_edits(page, {"Company": "Analytical"})
        late = notion.events()
        bridge.sync()
        entries = SyncEntry.objects.count()

        deliver(notion, late)
        bridge.turn(poll=False)

        assert SyncEntry.objects.count() == entries

    def test_our_own_write_comes_back_without_effect(self, notion: Sandbox, page: str) -> None:
        bridge.edit(ada(), company="Ours")
        bridge.sync()
        entries, events = SyncEntry.objects.count(), ContactEvent.objects.count()

        deliver_waiting(notion)
        notion.requests.clear()
        bridge.turn(poll=False)

        assert (SyncEntry.objects.count(), ContactEvent.objects.count()) == (entries, events)
        assert notion.requests.writes() == 0

    def test_a_page_that_cannot_be_read_now_is_looked_at_later(self, notion: Sandbox, page: str) -> None:
        notion.person_edits(page, {"Company": "Analytical"})
        deliver_waiting(notion)
        notion.faults.add("error_before", status=503, times=1, method="GET", path="/v1/pages")
        bridge.turn(poll=False)
        bridge.let_pass(notion, minutes=1)

        bridge.turn(poll=False)

        assert ada().company == "Analytical"

    def test_events_wait_while_notion_is_not_watched(self, notion: Sandbox, page: str) -> None:
        NotionConnection.objects.update(monitoring=False)
        notion.person_edits(page, {"Company": "Analytical"})

        assert deliver_waiting(notion) == {200}
        assert bridge.turn(poll=False) == 0
        assert ada().company == ""


class TestTheDoor:
    @pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "nonsense", "sha1=00"])
    def test_what_was_not_signed_by_notion_is_refused(self, signature: str, notion: Sandbox, page: str) -> None:
        notion.person_edits(page, {"Company": "Analytical"})
        body = json.dumps(notion.events()[0]).encode()

        assert knock(body, {"X-Notion-Signature": signature} if signature else {}) == 401
        assert not WebhookDelivery.objects.exists()

    def test_a_body_that_was_changed_on_the_way_is_refused(self, notion: Sandbox, page: str) -> None:
        notion.person_edits(page, {"Company": "Analytical"})
        body = json.dumps(notion.events()[0]).encode()

        assert knock(body + b" ", notion.webhooks.signed(body)) == 401

    def test_a_replay_is_answered_and_has_no_effect(self, notion: Sandbox, page: str) -> None:
        notion.person_edits(page, {"Company": "Analytical"})
        events = notion.events()
        deliver(notion, events)
        bridge.turn(poll=False)
        notion.requests.clear()

        assert deliver(notion, events * 5) == {200}
        bridge.turn(poll=False)

        assert (WebhookDelivery.objects.count(), len(notion.requests)) == (1, 0)

    def test_a_second_attempt_of_notion_is_the_same_event(self, notion: Sandbox, page: str) -> None:
        notion.person_edits(page, {"Company": "Analytical"})
        (event,) = notion.events()

        deliver(notion, [event, event | {"attempt_number": 2}])

        assert WebhookDelivery.objects.count() == 1
