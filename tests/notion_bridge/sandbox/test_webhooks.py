"""Webhooks: the handshake, signed events, what they say, and how they go astray."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from notion_client import Client

from tests.notion_bridge.observed import Ids, Sandbox
from tests.notion_bridge.sandbox.callers import text
from tests.notion_bridge.sandbox.receivers import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def token(notion: Sandbox, receiver: Receiver, page: str) -> str:
    """A confirmed subscription; the receiver has forgotten the handshake."""
    token = notion.subscribe(receiver.url)
    assert notion.confirm(token)
    receiver.received.clear()
    return token


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


class TestHandshake:
    def test_token_is_presented_to_the_address(self, notion: Sandbox, receiver: Receiver) -> None:
        token = notion.subscribe(receiver.url)

        assert receiver.events == [{"verification_token": token}]
        assert receiver.received[0].signature == ""

    def test_nothing_is_sent_before_the_token_is_confirmed(
        self, notion: Sandbox, receiver: Receiver, page: str
    ) -> None:
        notion.subscribe(receiver.url)

        notion.person_edits(page, {"Number": 1})

        assert notion.events() == []

    def test_wrong_token_confirms_nothing(self, notion: Sandbox, receiver: Receiver, page: str) -> None:
        notion.subscribe(receiver.url)

        assert notion.confirm("secret_wrong") is False

    def test_nothing_is_confirmed_without_a_subscription(self, notion: Sandbox) -> None:
        assert notion.confirm("") is False

    def test_pasted_token_may_have_blanks_around(self, notion: Sandbox, receiver: Receiver) -> None:
        token = notion.subscribe(receiver.url)

        assert notion.confirm(f" {token}\n") is True

    def test_second_subscription_has_another_token_and_has_to_be_confirmed(
        self, notion: Sandbox, receiver: Receiver, token: str, page: str
    ) -> None:
        second = notion.subscribe(receiver.url)
        notion.person_edits(page, {"Number": 1})

        assert second != token
        assert notion.events() == []

    @pytest.mark.parametrize("status", [404, 500, 302])
    def test_address_that_refuses_the_token_is_an_error(self, notion: Sandbox, receiver: Receiver, status: int) -> None:
        receiver.status = status

        with pytest.raises(ConnectionError, match=str(status)):
            notion.subscribe(receiver.url)

    def test_address_where_nobody_listens_is_an_error(self, notion: Sandbox) -> None:
        with pytest.raises(ConnectionError):
            notion.subscribe("http://127.0.0.1:9/hook")


class TestEvents:
    def test_event_has_every_field_that_notion_documents(
        self, notion: Sandbox, token: str, ids: Ids, page: str
    ) -> None:
        notion.person_edits(page, {"Number": 1})

        event = notion.events()[0]
        assert set(event) == {
            *("id", "timestamp", "workspace_id", "workspace_name", "subscription_id", "integration_id"),
            *("type", "authors", "attempt_number", "api_version", "entity", "data"),
        }
        assert uuid.UUID(event["id"])
        assert event["timestamp"] == "2026-11-23T12:00:42.000Z"
        assert event["entity"] == {"id": page, "type": "page"}
        assert event["authors"] == [{"id": notion.workspace.people[0].id, "type": "person"}]
        assert event["attempt_number"] == 1
        assert event["data"]["parent"] == {
            "id": ids.database_id,
            "type": "database",
            "data_source_id": ids.data_source_id,
        }

    def test_changed_properties_are_named_by_encoded_id(
        self, notion: Sandbox, client: Client, token: str, page: str
    ) -> None:
        properties = client.pages.retrieve(page)["properties"]

        notion.person_edits(page, {"Number": 1, "Name": "New"})

        event = notion.events()[0]
        assert event["data"]["updated_properties"] == [properties["Number"]["id"], "title"]

    def test_no_value_is_in_an_event(self, notion: Sandbox, token: str, page: str) -> None:
        notion.person_edits(page, {"Email": "secret@example.org"})

        assert "secret" not in str(notion.events())

    def test_own_writes_are_events_too_by_the_bot(self, notion: Sandbox, client: Client, token: str, page: str) -> None:
        client.pages.update(page, properties={"Number": {"number": 1}})

        assert notion.events()[0]["authors"] == [{"id": notion.workspace.bot.id, "type": "bot"}]

    @pytest.mark.parametrize(
        ("act", "expected"),
        [
            (lambda notion, ids, page: notion.person_creates(ids.data_source_id, {}), ["page.created"]),
            (lambda notion, ids, page: notion.person_edits(page, {"Number": 1}), ["page.properties_updated"]),
            (lambda notion, ids, page: notion.person_writes_content(page), ["page.content_updated"]),
            (lambda notion, ids, page: notion.person_trashes(page), ["page.deleted"]),
            (lambda notion, ids, page: notion.person_moves(page, notion.parent_page), ["page.moved"]),
            (
                lambda notion, ids, page: notion.rename_property(ids.data_source_id, "Email", "Mail"),
                ["data_source.schema_updated"],
            ),
            (
                lambda notion, ids, page: notion.person_edits(page, {"Choice": "Green"}),
                ["data_source.schema_updated", "page.properties_updated"],
            ),
        ],
    )
    def test_each_doing_has_its_event(
        self, notion: Sandbox, token: str, ids: Ids, page: str, act: Any, expected: list[str]
    ) -> None:
        act(notion, ids, page)

        assert types(notion.events()) == expected

    def test_restoring_has_its_event(self, notion: Sandbox, token: str, page: str) -> None:
        notion.person_trashes(page)
        notion.person_restores(page)

        assert types(notion.events()) == ["page.deleted", "page.undeleted"]

    def test_created_page_is_an_event(self, notion: Sandbox, client: Client, token: str, source: str) -> None:
        made = client.pages.create(parent={"data_source_id": source}, properties={"Name": {"title": [text("x")]}})

        assert [event["entity"]["id"] for event in notion.events()] == [made["id"]]

    @pytest.mark.parametrize(
        ("act", "action", "name"),
        [
            (lambda notion, source: notion.add_property(source, "New", "url"), "created", "New"),
            (lambda notion, source: notion.rename_property(source, "Email", "Mail"), "updated", "Mail"),
            (lambda notion, source: notion.remove_property(source, "Email"), "deleted", None),
            (lambda notion, source: notion.change_type(source, "Email", "rich_text"), "updated", "Email"),
        ],
    )
    def test_change_of_the_schema_says_what_changed(
        self, notion: Sandbox, token: str, source: str, act: Any, action: str, name: str | None
    ) -> None:
        act(notion, source)

        event = notion.events()[0]
        change = event["data"]["updated_properties"][0]
        assert event["entity"] == {"id": source, "type": "data_source"}
        assert (change["action"], change["name"]) == (action, name)

    def test_edits_of_a_page_are_gathered_while_they_wait(
        self, notion: Sandbox, client: Client, token: str, page: str
    ) -> None:
        notion.person_edits(page, {"Number": 1})
        notion.person_edits(page, {"Done": True})
        client.pages.update(page, properties={"Number": {"number": 2}})

        (event,) = notion.events()
        assert len(event["data"]["updated_properties"]) == 2
        assert [author["type"] for author in event["authors"]] == ["person", "bot"]

    def test_edits_after_a_delivery_are_another_event(self, notion: Sandbox, token: str, page: str) -> None:
        notion.person_edits(page, {"Number": 1})
        notion.deliver_now()
        notion.person_edits(page, {"Number": 2})

        assert len(notion.events()) == 1

    def test_what_is_not_shared_has_no_events(self, notion: Sandbox, token: str, page: str) -> None:
        notion.unshare(page)

        notion.person_edits(page, {"Number": 1})

        assert notion.events() == []

    def test_any_type_can_be_sent(self, notion: Sandbox, token: str, page: str) -> None:
        notion.emit("page.painted", page, {"color": "red"})

        event = notion.events()[0]
        assert (event["type"], event["data"]["color"]) == ("page.painted", "red")


class TestDelivery:
    def test_event_is_signed_over_the_raw_body(
        self, notion: Sandbox, receiver: Receiver, token: str, page: str
    ) -> None:
        notion.person_edits(page, {"Name": "Zoë 🎨"})

        assert notion.deliver_now() == 1
        assert receiver.received[0].is_signed_with(token)

    def test_delivered_event_does_not_come_again(
        self, notion: Sandbox, receiver: Receiver, token: str, page: str
    ) -> None:
        notion.person_edits(page, {"Number": 1})

        notion.deliver_now()
        notion.deliver_now()

        assert receiver.types == ["page.properties_updated"]

    def test_refused_event_comes_again_with_the_same_id_and_the_next_number(
        self, notion: Sandbox, receiver: Receiver, token: str, page: str
    ) -> None:
        notion.person_edits(page, {"Number": 1})
        receiver.status = 503

        accepted = notion.deliver_now()
        receiver.status = 200
        notion.deliver_now()

        first, second = receiver.events
        assert accepted == 0
        assert first["id"] == second["id"]
        assert (first["attempt_number"], second["attempt_number"]) == (1, 2)

    def test_eighth_attempt_is_the_last(self, notion: Sandbox, receiver: Receiver, token: str, page: str) -> None:
        notion.person_edits(page, {"Number": 1})
        receiver.status = 500

        for _ in range(12):
            notion.deliver_now()

        assert [event["attempt_number"] for event in receiver.events] == list(range(1, 9))

    def test_events_flow_by_themselves_when_told(
        self, notion: Sandbox, receiver: Receiver, token: str, page: str
    ) -> None:
        notion.webhooks.start()

        notion.person_edits(page, {"Number": 1})
        notion.person_trashes(page)

        receiver.wait_for(2)
        assert set(receiver.types) == {"page.properties_updated", "page.deleted"}

    def test_refused_event_is_repeated_by_itself(
        self, notion: Sandbox, receiver: Receiver, token: str, page: str
    ) -> None:
        notion.webhooks.retry_after = 0.01
        receiver.status = 500
        notion.webhooks.start()

        notion.person_edits(page, {"Number": 1})

        receiver.wait_for(3)
        assert [event["attempt_number"] for event in receiver.events[:3]] == [1, 2, 3]

    def test_receiver_may_ask_the_api_while_it_is_called(self, notion: Sandbox, client: Client, page: str) -> None:
        class Curious(Receiver):
            def keep(self, delivery: Any) -> None:
                if "entity" in delivery.event:
                    client.pages.retrieve(delivery.event["entity"]["id"])
                super().keep(delivery)

        with Curious() as curious:
            notion.confirm(notion.subscribe(curious.url))
            notion.person_edits(page, {"Number": 1})

            assert notion.deliver_now() == 1


class TestMischief:
    def edit_many(self, notion: Sandbox, source: str, count: int = 200) -> None:
        for _ in range(count):
            notion.person_creates(source, {})

    def test_a_share_of_the_events_is_lost(self, notion: Sandbox, receiver: Receiver, token: str, source: str) -> None:
        notion.webhooks.mischief.lose = 0.2
        self.edit_many(notion, source)

        notion.deliver_now()

        assert 120 < len(receiver.received) < 195

    def test_a_share_of_the_events_comes_twice(
        self, notion: Sandbox, receiver: Receiver, token: str, source: str
    ) -> None:
        notion.webhooks.mischief.double = 0.2
        self.edit_many(notion, source)

        notion.deliver_now()

        found = [event["id"] for event in receiver.events]
        assert 205 < len(found) < 280
        assert len(set(found)) == 200

    def test_events_come_out_of_order(self, notion: Sandbox, receiver: Receiver, token: str, source: str) -> None:
        notion.webhooks.mischief.shuffle = True
        self.edit_many(notion, source, 30)

        notion.deliver_now()

        assert [event["entity"]["id"] for event in receiver.events] != notion.pages_of(source)[1:]

    def test_mischief_repeats_from_run_to_run(self) -> None:
        def lost() -> list[bool]:
            with Sandbox(seed=7) as sandbox, Receiver() as receiver:
                made = sandbox.create_database("x", {"Name": "title"})
                sandbox.confirm(sandbox.subscribe(receiver.url))
                sandbox.webhooks.mischief.lose = 0.5
                found = []
                for _ in range(20):
                    receiver.received.clear()
                    sandbox.person_creates(made.data_source_id, {})
                    sandbox.deliver_now()
                    found.append(bool(receiver.received))
                return found

        assert lost() == lost()

    def test_late_events_wait(self, notion: Sandbox, receiver: Receiver, token: str, page: str) -> None:
        notion.webhooks.mischief.delay = 60
        notion.webhooks.start()

        notion.person_edits(page, {"Number": 1})

        assert notion.webhooks._pause() is not None
        assert receiver.received == []
