"""Queries: pieces, cursors, order, and how far they reach."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from notion_client import Client

from tests.notion_bridge.observed import Ids, Sandbox
from tests.notion_bridge.sandbox.callers import Caller, plain, text


def pieces(client: Client, source: str, **query: Any) -> Iterator[dict[str, Any]]:
    """All answers of a query, one after the other."""
    cursor = None
    while True:
        answer = client.data_sources.query(source, **query, **({"start_cursor": cursor} if cursor else {}))
        yield answer
        cursor = answer["next_cursor"]
        if cursor is None:
            return


def names(answers: Any) -> list[str]:
    return [plain(page["properties"]["Name"]) for answer in answers for page in answer["results"]]


@pytest.fixture
def hundreds(notion: Sandbox, source: str) -> list[str]:
    """250 pages, in the order in which they were made."""
    made = [f"{at:03d}" for at in range(250)]
    for name in made:
        notion.person_creates(source, {"Name": name, "Number": int(name)})
    return made


def test_answer_has_every_field_that_notion_documents(client: Client, source: str, page: str) -> None:
    answer = client.data_sources.query(source)

    assert {key: answer[key] for key in ("object", "has_more", "next_cursor", "type")} == {
        "object": "list",
        "has_more": False,
        "next_cursor": None,
        "type": "page_or_data_source",
    }
    assert answer["request_status"] == {"type": "complete"}
    assert [one["id"] for one in answer["results"]] == [page]


def test_pieces_have_100_rows_at_most(client: Client, source: str, hundreds: list[str]) -> None:
    sizes = [(len(answer["results"]), answer["has_more"]) for answer in pieces(client, source)]

    assert sizes == [(100, True), (100, True), (50, False)]


@pytest.mark.parametrize("size", [1, 7, 99, 100])
def test_pieces_together_are_everything_once(client: Client, source: str, hundreds: list[str], size: int) -> None:
    found = names(itertools.islice(pieces(client, source, page_size=size), 300))

    assert sorted(found) == hundreds


def test_without_sorts_there_is_no_order_to_rely_on(client: Client, source: str, hundreds: list[str]) -> None:
    assert names(pieces(client, source)) != hundreds


def test_exactly_full_piece_is_the_last(client: Client, notion: Sandbox, source: str) -> None:
    for at in range(100):
        notion.person_creates(source, {"Name": str(at)})

    assert client.data_sources.query(source)["has_more"] is False


@pytest.mark.parametrize("size", [0, -1, 101, "ten", 1.5, None, True])
def test_page_size_is_1_to_100(raw: Caller, source: str, size: Any) -> None:
    reply = raw.post(f"data_sources/{source}/query", {"page_size": size})

    assert (reply.status, reply.code) == (400, "validation_error")
    assert "body.page_size should be" in reply.message


def test_server_may_give_fewer_than_asked_for(
    notion: Sandbox, client: Client, source: str, hundreds: list[str]
) -> None:
    notion.api.reader.fewer = 30

    answers = list(pieces(client, source))

    assert len(answers) == 9
    assert sorted(names(answers)) == hundreds


class TestCursors:
    @pytest.mark.parametrize("cursor", [None, 7, "", "next"])
    def test_malformed_cursor_is_refused(self, raw: Caller, source: str, cursor: Any) -> None:
        reply = raw.post(f"data_sources/{source}/query", {"start_cursor": cursor})

        assert (reply.status, reply.code) == (400, "validation_error")

    def test_cursor_nobody_gave_is_refused(self, raw: Caller, source: str) -> None:
        cursor = "00000000-0000-4000-8000-000000000000"

        reply = raw.post(f"data_sources/{source}/query", {"start_cursor": cursor})

        assert reply.message == f"The start_cursor provided is invalid: {cursor}"

    @pytest.mark.parametrize(
        "other",
        [
            {"filter": {"property": "Name", "title": {"equals": "1"}}},
            {"sorts": [{"timestamp": "created_time", "direction": "descending"}]},
            {"in_trash": True},
        ],
    )
    def test_cursor_belongs_to_its_query(
        self, client: Client, raw: Caller, source: str, hundreds: list[str], other: dict[str, Any]
    ) -> None:
        cursor = client.data_sources.query(source)["next_cursor"]

        reply = raw.post(f"data_sources/{source}/query", other | {"start_cursor": cursor})

        assert (reply.status, reply.code) == (400, "validation_error")

    def test_cursor_belongs_to_its_data_source(
        self, notion: Sandbox, client: Client, raw: Caller, source: str, hundreds: list[str]
    ) -> None:
        other = notion.create_database("Other", {"Name": "title"})
        cursor = client.data_sources.query(source)["next_cursor"]

        assert raw.post(f"data_sources/{other.data_source_id}/query", {"start_cursor": cursor}).status == 400

    def test_cursor_takes_another_page_size(self, client: Client, source: str, hundreds: list[str]) -> None:
        cursor = client.data_sources.query(source)["next_cursor"]

        assert len(client.data_sources.query(source, start_cursor=cursor, page_size=10)["results"]) == 10

    def test_cursor_may_be_used_again(self, client: Client, source: str, hundreds: list[str]) -> None:
        cursor = client.data_sources.query(source)["next_cursor"]

        first, second = (client.data_sources.query(source, start_cursor=cursor)["results"] for _ in range(2))

        assert [one["id"] for one in first] == [one["id"] for one in second]

    def test_cursor_expires(
        self, notion: Sandbox, client: Client, raw: Caller, source: str, hundreds: list[str]
    ) -> None:
        cursor = client.data_sources.query(source)["next_cursor"]

        notion.clock.advance(hours=2)

        assert raw.post(f"data_sources/{source}/query", {"start_cursor": cursor}).status == 400

    def test_cursors_can_be_made_to_expire(
        self, notion: Sandbox, client: Client, raw: Caller, source: str, hundreds: list[str]
    ) -> None:
        cursor = client.data_sources.query(source)["next_cursor"]

        notion.cursors.expire()

        assert raw.post(f"data_sources/{source}/query", {"start_cursor": cursor}).status == 400


class TestReach:
    def test_query_stops_at_its_limit_and_says_so(
        self, notion: Sandbox, client: Client, source: str, hundreds: list[str]
    ) -> None:
        notion.api.reader.reach = 150

        answers = list(pieces(client, source))

        assert [len(answer["results"]) for answer in answers] == [100, 50]
        assert answers[-1]["has_more"] is False
        assert answers[-1]["request_status"] == {
            "type": "incomplete",
            "incomplete_reason": "query_result_limit_reached",
        }

    def test_query_that_just_fits_is_complete(
        self, notion: Sandbox, client: Client, source: str, hundreds: list[str]
    ) -> None:
        notion.api.reader.reach = 250

        assert list(pieces(client, source))[-1]["request_status"] == {"type": "complete"}

    def test_limit_is_10_000(self, notion: Sandbox) -> None:
        assert notion.api.reader.reach == 10_000


class TestWhatIsFound:
    def test_trashed_pages_are_absent(self, notion: Sandbox, client: Client, source: str, page: str) -> None:
        notion.person_trashes(page)

        assert client.data_sources.query(source)["results"] == []

    def test_trash_can_be_asked_for(self, notion: Sandbox, client: Client, source: str, page: str) -> None:
        notion.person_creates(source, {"Name": "Alive"})
        notion.person_trashes(page)

        assert names([client.data_sources.query(source, in_trash=True)]) == ["Ada"]

    def test_restored_page_is_back(self, notion: Sandbox, client: Client, source: str, page: str) -> None:
        notion.person_trashes(page)
        notion.person_restores(page)

        assert names([client.data_sources.query(source)]) == ["Ada"]

    def test_page_that_is_not_shared_is_absent(self, notion: Sandbox, client: Client, source: str, page: str) -> None:
        notion.unshare(page)

        assert client.data_sources.query(source)["results"] == []

    def test_page_that_moved_away_is_found_there(self, notion: Sandbox, client: Client, source: str, page: str) -> None:
        other = notion.create_database("Other", {"Title": "title", "Email": "email"})

        notion.person_moves(page, other.data_source_id)

        assert client.data_sources.query(source)["results"] == []
        found = client.data_sources.query(other.data_source_id)["results"][0]["properties"]
        assert (plain(found["Title"]), found["Email"]["email"]) == ("Ada", "ada@example.org")

    def test_page_that_was_deleted_for_good_is_nowhere(
        self, notion: Sandbox, client: Client, raw: Caller, source: str, page: str
    ) -> None:
        notion.deletes_forever(page)

        assert client.data_sources.query(source)["results"] == []
        assert raw.get(f"pages/{page}").status == 404

    def test_query_by_database_is_not_an_address(self, raw: Caller, ids: Ids) -> None:
        assert raw.post(f"databases/{ids.database_id}/query", {}).code == "invalid_request_url"

    def test_database_id_is_no_data_source(self, raw: Caller, ids: Ids) -> None:
        assert raw.post(f"data_sources/{ids.database_id}/query", {}).status == 404

    @pytest.mark.parametrize("body", [{"size": 1}, {"filter": None}, {"sorts": None}, {"filter": []}])
    def test_malformed_query_is_refused(self, raw: Caller, source: str, body: dict[str, Any]) -> None:
        reply = raw.post(f"data_sources/{source}/query", body)

        assert (reply.status, reply.code) == (400, "validation_error")


class TestOrder:
    def test_last_edited_sorts_by_the_minute(self, notion: Sandbox, client: Client, source: str) -> None:
        made = []
        for name in ("first", "second", "third"):
            made.append(notion.person_creates(source, {"Name": name}))
            notion.clock.advance(minutes=1)
        notion.person_edits(made[0], {"Number": 1})

        sorts = [{"timestamp": "last_edited_time", "direction": "ascending"}]

        assert names([client.data_sources.query(source, sorts=sorts)]) == ["second", "third", "first"]

    @pytest.mark.parametrize(
        ("sort", "complaint"),
        [
            ({"timestamp": "created_time"}, "direction should be"),
            ({"timestamp": "created_time", "direction": "up"}, "direction should be"),
            ({"timestamp": "birthday", "direction": "ascending"}, "timestamp should be"),
            ({"timestamp": "created_time", "direction": "ascending", "nulls": "last"}, "nulls should be not present"),
        ],
    )
    def test_malformed_sort_is_refused(self, raw: Caller, source: str, sort: dict[str, str], complaint: str) -> None:
        reply = raw.post(f"data_sources/{source}/query", {"sorts": [sort]})

        assert reply.status == 400
        assert complaint in reply.message


class TestLag:
    def by_email(self, client: Client, source: str, email: str) -> list[str]:
        filter_ = {"property": "Email", "email": {"equals": email}}
        return names([client.data_sources.query(source, filter=filter_)])

    def test_index_does_not_lag_unless_told(self, client: Client, source: str, page: str) -> None:
        assert self.by_email(client, source, "ada@example.org") == ["Ada"]

    def test_new_page_is_found_by_property_a_while_later(self, notion: Sandbox, client: Client, source: str) -> None:
        notion.let_index_lag(5)
        client.pages.create(
            parent={"data_source_id": source},
            properties={"Name": {"title": [text("Eve")]}, "Email": {"email": "eve@example.org"}},
        )
        at_once = self.by_email(client, source, "eve@example.org")

        notion.clock.advance(6)

        assert (at_once, self.by_email(client, source, "eve@example.org")) == ([], ["Eve"])

    def test_changed_page_is_found_by_its_old_value_for_a_while(
        self, notion: Sandbox, client: Client, source: str, page: str
    ) -> None:
        notion.let_index_lag(5)
        notion.person_edits(page, {"Email": "new@example.org"})
        before = self.by_email(client, source, "ada@example.org"), self.by_email(client, source, "new@example.org")

        notion.clock.advance(6)

        assert before == (["Ada"], [])
        assert self.by_email(client, source, "new@example.org") == ["Ada"]

    def test_query_by_time_does_not_lag(self, notion: Sandbox, client: Client, source: str) -> None:
        notion.let_index_lag(5)
        notion.person_creates(source, {"Name": "Eve"})

        filter_ = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": "2026-11-23T12:00:00Z"}}

        assert names([client.data_sources.query(source, filter=filter_)]) == ["Eve"]


class TestUsers:
    def test_bot_and_people_are_listed(self, notion: Sandbox, client: Client) -> None:
        found = client.users.list()

        assert [one["type"] for one in found["results"]] == ["bot", "person", "person"]
        assert (found["type"], found["has_more"]) == ("user", False)

    def test_list_comes_in_pieces(self, client: Client) -> None:
        first = client.users.list(page_size=2)
        second = client.users.list(page_size=2, start_cursor=first["next_cursor"])

        assert (len(first["results"]), len(second["results"]), second["has_more"]) == (2, 1, False)

    def test_person_has_an_address(self, notion: Sandbox, client: Client) -> None:
        robin = notion.workspace.people[0]

        assert client.users.list()["results"][1]["person"] == {"email": robin.email}

    @pytest.mark.parametrize("query", ["page_size=0", "page_size=101", "page_size=ten", "start_cursor=x", "more=1"])
    def test_malformed_query_string_is_refused(self, raw: Caller, query: str) -> None:
        assert raw.get(f"users?{query}").status == 400


class TestPropertyItems:
    def item_id(self, client: Client, page: str, name: str) -> str:
        return str(client.pages.retrieve(page)["properties"][name]["id"])

    @pytest.mark.parametrize("name", ["Name", "Notes"])
    def test_long_text_is_cut_in_the_page_and_whole_in_pieces(
        self, notion: Sandbox, client: Client, source: str, name: str
    ) -> None:
        page = notion.person_creates(source, {name: [f"{at} " for at in range(60)]})
        cut = client.pages.retrieve(page)["properties"][name]

        first = client.pages.properties.retrieve(page, cut["id"], page_size=50)
        second = client.pages.properties.retrieve(page, cut["id"], page_size=50, start_cursor=first["next_cursor"])

        found = [one[one["type"]]["plain_text"] for one in first["results"] + second["results"]]
        assert len(cut[cut["type"]]) == 25
        assert found == [f"{at} " for at in range(60)]
        assert (first["has_more"], second["has_more"]) == (True, False)

    def test_cut_relation_says_so(self, notion: Sandbox, client: Client, source: str) -> None:
        others = [notion.person_creates(source, {}) for _ in range(26)]
        page = notion.person_creates(source, {"Related": others})

        cut = client.pages.retrieve(page)["properties"]["Related"]
        whole = client.pages.properties.retrieve(page, cut["id"])

        assert (len(cut["relation"]), cut["has_more"]) == (25, True)
        assert [one["relation"]["id"] for one in whole["results"]] == others

    def test_people_beyond_25_are_cut_without_a_word(self, notion: Sandbox, client: Client, source: str) -> None:
        everybody = [notion.workspace.add_user(f"P{at}", f"p{at}@example.org").id for at in range(30)]
        page = notion.person_creates(source, {"Owners": everybody})

        cut = client.pages.retrieve(page)["properties"]["Owners"]
        whole = client.pages.properties.retrieve(page, cut["id"])

        assert (len(cut["people"]), "has_more" in cut) == (25, False)
        assert [one["people"]["id"] for one in whole["results"]] == everybody

    def test_list_has_notions_shape(self, client: Client, page: str) -> None:
        property_id = self.item_id(client, page, "Notes")

        found = client.pages.properties.retrieve(page, property_id)

        assert (found["object"], found["type"], found["results"]) == ("list", "property_item", [])
        assert found["property_item"] == {"id": property_id, "type": "rich_text", "rich_text": {}, "next_url": None}

    def test_short_value_is_a_single_item(self, client: Client, page: str) -> None:
        found = client.pages.properties.retrieve(page, self.item_id(client, page, "Email"))

        assert (found["object"], found["type"], found["email"]) == ("property_item", "email", "ada@example.org")

    def test_id_may_come_decoded(self, raw: Caller, notion: Sandbox, source: str, page: str) -> None:
        from urllib.parse import quote

        prop = notion.workspace.sources[source].find("Email")
        assert prop is not None

        once, twice = (raw.get(f"pages/{page}/properties/{quote(one, safe='')}") for one in (prop.id, prop.encoded_id))

        assert (once.status, twice.status) == (200, 200)

    def test_unknown_property_is_refused(self, raw: Caller, page: str) -> None:
        assert raw.get(f"pages/{page}/properties/none").status == 400
