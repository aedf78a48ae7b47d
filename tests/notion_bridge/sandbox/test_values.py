"""Property values: what is taken, what comes back, and where Notion draws the line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notion_client import Client

from notion_bridge.sandbox import checks
from tests.notion_bridge.observed import Ids, Sandbox
from tests.notion_bridge.sandbox.callers import Caller, plain, text
from tests.notion_bridge.sandbox.conftest import COLUMNS

EMOJI = "😀"


def write(raw: Caller, page: str, name: str, value: Any) -> Any:
    return raw.patch(f"pages/{page}", {"properties": {name: {COLUMNS[name]: value}}})


def written(raw: Caller, page: str, name: str, value: Any) -> Any:
    """The value as it comes back."""
    reply = write(raw, page, name, value)
    assert reply.status == 200, reply.message
    return reply.body["properties"][name][COLUMNS[name]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Number", 7),
        ("Number", -1.5),
        ("Number", 0),
        ("Number", None),
        ("Done", True),
        ("Done", False),
        ("Email", "a@example.org"),
        ("Email", None),
        ("Email", "not an address"),
        ("Phone", "+49 (30) 1234-5"),
        ("Phone", None),
        ("Site", "https://example.org/ä?q=1"),
        ("Site", None),
        ("Choice", None),
        ("Progress", None),
        ("Due", None),
        ("Choices", []),
        ("Owners", []),
        ("Notes", []),
    ],
)
def test_plain_value_comes_back_as_it_was(raw: Caller, page: str, name: str, value: Any) -> None:
    assert written(raw, page, name, value) == value


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("Number", "7", "should be a number or `null`"),
        ("Number", True, "should be a number or `null`"),
        ("Done", None, "should be a boolean"),
        ("Done", "yes", "should be a boolean"),
        ("Email", "", "length should be ≥ `1`"),
        ("Email", 7, "should be a string"),
        ("Email", "x" * 101, "length should be ≤ `100`, instead was `101`"),
        ("Phone", "", "length should be ≥ `1`"),
        ("Phone", "1" * 101, "length should be ≤ `100`"),
        ("Site", "", "length should be ≥ `1`"),
        ("Site", "https://example.org/" + "x" * 1981, "length should be ≤ `2000`, instead was `2001`"),
        ("Notes", None, "should be an array"),
        ("Notes", "text", "should be an array"),
        ("Notes", {}, "should be an array"),
        ("Choices", None, "should be an array"),
        ("Owners", None, "should be an array"),
        ("Choice", "Red", "should be an object"),
        ("Choice", {}, "name should be defined"),
        ("Choice", {"name": ""}, "length should be ≥ `1`"),
        ("Choice", {"name": "x" * 101}, "length should be ≤ `100`"),
        ("Choice", {"name": "x", "size": 1}, "size should be not present"),
        ("Choice", {"id": "none"}, "does not exist"),
        ("Choice", {"name": "Red, Blue"}, "Invalid select option, commas not allowed: Red, Blue"),
        ("Choices", [{"name": "a,b"}], "Invalid multi_select option, commas not allowed: a,b"),
        ("Choices", [{"name": str(at)} for at in range(101)], "length should be ≤ `100`, instead was `101`"),
        ("Progress", {"name": "Blocked"}, 'Status option "Blocked" does not exist.'),
        ("Owners", [{"id": "nobody"}], "should be a valid uuid"),
        ("Owners", [{"id": "00000000-0000-4000-8000-000000000000"}], "Could not find user with ID"),
        ("Owners", [{"name": "Robin"}], "name should be not present"),
        ("Related", [], "of a type that a bridge does not write"),
        ("Files", [], "of a type that a bridge does not write"),
    ],
)
def test_value_beyond_the_rules_is_refused(raw: Caller, page: str, name: str, value: Any, complaint: str) -> None:
    reply = write(raw, page, name, value)

    assert reply.status in (400, 404)
    assert complaint in reply.message


@pytest.mark.parametrize(
    ("extra", "complaint"), [({"id": "x"}, "not present"), ({"type": "url"}, 'should be `"email"`')]
)
def test_other_keys_beside_a_value_are_refused(raw: Caller, page: str, extra: dict[str, str], complaint: str) -> None:
    reply = raw.patch(f"pages/{page}", {"properties": {"Email": {"email": None} | extra}})

    assert complaint in reply.message


def test_type_beside_a_value_is_fine(raw: Caller, page: str) -> None:
    assert raw.patch(f"pages/{page}", {"properties": {"Email": {"type": "email", "email": None}}}).status == 200


def test_value_without_its_type_is_refused(raw: Caller, page: str) -> None:
    reply = raw.patch(f"pages/{page}", {"properties": {"Email": {}}})

    assert "body.properties.Email.email should be defined, instead was `undefined`" in reply.message


class TestRichText:
    @pytest.mark.parametrize("content", ["x" * 2000, EMOJI * 1000, "ü" * 2000, "שלום" * 500])
    def test_item_of_2000_units_is_taken(self, raw: Caller, page: str, content: str) -> None:
        assert written(raw, page, "Notes", [text(content)])[0]["plain_text"] == content

    @pytest.mark.parametrize(("content", "length"), [("x" * 2001, 2001), (EMOJI * 1001, 2002)])
    def test_longer_item_is_refused_in_notions_words(self, raw: Caller, page: str, content: str, length: int) -> None:
        reply = write(raw, page, "Notes", [text(content)])

        assert reply.message == (
            "body failed validation: body.properties.Notes.rich_text[0].text.content.length "
            f"should be ≤ `2000`, instead was `{length}`."
        )

    def test_longer_text_fits_in_several_items(self, raw: Caller, page: str) -> None:
        reply = write(raw, page, "Notes", [text("x" * 2000)] * 20)

        assert len(plain(reply.body["properties"]["Notes"])) == 40_000

    def test_101_items_are_refused(self, raw: Caller, page: str) -> None:
        reply = write(raw, page, "Notes", [text("x")] * 101)

        assert "rich_text.length should be ≤ `100`, instead was `101`" in reply.message

    def test_item_comes_back_in_full(self, raw: Caller, page: str) -> None:
        found = written(raw, page, "Notes", [text("here", "https://example.org")])

        assert found == [
            {
                "type": "text",
                "text": {"content": "here", "link": {"url": "https://example.org"}},
                "annotations": {
                    **dict.fromkeys(("bold", "italic", "strikethrough", "underline", "code"), False),
                    "color": "default",
                },
                "plain_text": "here",
                "href": "https://example.org",
            }
        ]

    def test_empty_pieces_vanish(self, raw: Caller, page: str) -> None:
        assert len(written(raw, page, "Notes", [text(""), text("x"), text("")])) == 1

    @pytest.mark.parametrize("url", ["example.org", "no url", "http://a b"])
    def test_link_that_is_none_is_refused(self, raw: Caller, page: str, url: str) -> None:
        assert write(raw, page, "Notes", [text("x", url)]).message == "Invalid URL for link."

    @pytest.mark.parametrize("url", ["https://example.org", "mailto:a@example.org", "tel:+1", "/abc"])
    def test_link_of_any_scheme_is_taken(self, raw: Caller, page: str, url: str) -> None:
        assert written(raw, page, "Notes", [text("x", url)])[0]["href"] == url

    @pytest.mark.parametrize(
        "item",
        [
            {},
            {"type": "text"},
            {"text": {}},
            {"text": {"content": None}},
            {"text": {"content": "x", "more": 1}},
            {"text": {"content": "x"}, "plain_text": "x"},
            {"type": "equation", "text": {"content": "x"}},
            {"type": "image", "image": {}},
            {"mention": {"user": {"id": "00000000-0000-4000-8000-000000000000"}}},
            "x",
        ],
    )
    def test_malformed_item_is_refused(self, raw: Caller, page: str, item: Any) -> None:
        assert write(raw, page, "Notes", [item]).status == 400

    @given(content=st.text(max_size=400))
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_any_text_comes_back_as_it_was(self, raw: Caller, page: str, content: str) -> None:
        value = [text(content)] if content else []

        reply = write(raw, page, "Notes", value)

        assert plain(reply.body["properties"]["Notes"]) == content


class TestOptions:
    def test_known_option_is_found_by_name(self, notion: Sandbox, raw: Caller, source: str, page: str) -> None:
        found = written(raw, page, "Choice", {"name": "Red"})

        assert found["id"] == notion.workspace.sources[source].properties[_id(notion, source, "Choice")].options[0].id

    def test_known_option_is_found_by_id(self, raw: Caller, page: str) -> None:
        red = written(raw, page, "Choice", {"name": "Red"})
        written(raw, page, "Choice", None)

        assert written(raw, page, "Choice", {"id": red["id"]})["name"] == "Red"

    @pytest.mark.parametrize(("name", "value"), [("Choice", {"name": "Green"}), ("Choices", [{"name": "Green"}])])
    def test_unknown_option_comes_into_being(
        self, client: Client, raw: Caller, source: str, page: str, name: str, value: Any
    ) -> None:
        written(raw, page, name, value)

        schema = client.data_sources.retrieve(source)["properties"][name]
        assert [option["name"] for option in schema[COLUMNS[name]]["options"]] == ["Red", "Blue", "Green"]

    def test_option_comes_into_being_once(self, client: Client, raw: Caller, source: str, page: str) -> None:
        written(raw, page, "Choices", [{"name": "Green"}, {"name": "Green"}, {"name": "Red"}])
        written(raw, page, "Choices", [{"name": "Green"}])

        options = client.data_sources.retrieve(source)["properties"]["Choices"]["multi_select"]["options"]
        assert [option["name"] for option in options] == ["Red", "Blue", "Green"]

    def test_names_differ_by_case(self, raw: Caller, page: str) -> None:
        assert written(raw, page, "Choice", {"name": "red"})["name"] == "red"

    def test_100_options_fit_in_a_value(self, raw: Caller, page: str) -> None:
        assert len(written(raw, page, "Choices", [{"name": str(at)} for at in range(100)])) == 100

    @pytest.mark.parametrize("name", ["Not started", "In progress", "Done"])
    def test_status_takes_its_own_options(self, raw: Caller, page: str, name: str) -> None:
        assert written(raw, page, "Progress", {"name": name})["name"] == name


class TestPeople:
    def test_people_come_back_in_full(self, notion: Sandbox, raw: Caller, page: str) -> None:
        robin, sam = notion.workspace.people

        found = written(raw, page, "Owners", [{"id": robin.id}, {"object": "user", "id": sam.id.replace("-", "")}])

        assert [one["person"]["email"] for one in found] == [robin.email, sam.email]


class TestDates:
    @pytest.mark.parametrize(
        ("start", "back"),
        [
            ("2026-11-23", "2026-11-23"),
            ("2026-11-23T14:30:00Z", "2026-11-23T14:30:00.000+00:00"),
            ("2026-11-23T14:30:00+01:00", "2026-11-23T14:30:00.000+01:00"),
            ("2026-11-23T14:30:59.999-05:30", "2026-11-23T14:30:00.000-05:30"),
            ("2026-11-23T14:30", "2026-11-23T14:30:00.000+00:00"),
            ("0001-01-01", "0001-01-01"),
            ("2028-02-29", "2028-02-29"),
        ],
    )
    def test_day_stays_a_day_and_a_moment_a_minute(self, raw: Caller, page: str, start: str, back: str) -> None:
        assert written(raw, page, "Due", {"start": start}) == {"start": back, "end": None, "time_zone": None}

    def test_range_has_two_ends(self, raw: Caller, page: str) -> None:
        found = written(raw, page, "Due", {"start": "2026-11-23", "end": "2026-11-24"})

        assert (found["start"], found["end"]) == ("2026-11-23", "2026-11-24")

    @pytest.mark.parametrize(
        ("value", "complaint"),
        [
            ({}, "start should be defined"),
            ({"start": None}, "should be a string"),
            ({"start": ""}, "length should be ≥ `1`"),
            ({"start": "soon"}, "valid ISO 8601 date string"),
            ({"start": "2026-02-30"}, "valid ISO 8601 date string"),
            ({"start": "23.11.2026"}, "valid ISO 8601 date string"),
            ({"start": "2026-11-23T25:00:00Z"}, "valid ISO 8601 date string"),
            ({"start": "2026-11-23", "until": "2026-11-24"}, "until should be not present"),
            ({"start": "2026-11-23", "end": "2026-11-22"}, "end should be ≥"),
            ({"start": "2026-11-23", "end": "2026-11-24T09:00:00Z"}, "should have a time exactly if"),
            ("2026-11-23", "should be an object"),
        ],
    )
    def test_malformed_date_is_refused(self, raw: Caller, page: str, value: Any, complaint: str) -> None:
        reply = write(raw, page, "Due", value)

        assert reply.status == 400
        assert complaint in reply.message


@given(st.text())
def test_length_is_counted_in_utf_16_units(content: str) -> None:
    assert checks.units(content) == len(content.encode("utf-16-le", "surrogatepass")) // 2


def _id(notion: Sandbox, source: str, name: str) -> str:
    found = notion.workspace.sources[source].find(name)
    assert found is not None
    return found.id


def test_every_type_has_a_column_here(ids: Ids, notion: Sandbox) -> None:
    kinds = {prop.type for prop in notion.workspace.sources[ids.data_source_id].properties.values()}

    assert kinds == set(COLUMNS.values())
