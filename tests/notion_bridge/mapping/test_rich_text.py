# ruff: noqa: RUF001 - every script and every odd character is the subject here
"""Notion's rich text and ours: what is written reads back exactly as it was."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notion_bridge.mapping import rich_text
from tests.matrix import matrix
from tests.notion_bridge.mapping import answers
from tests.notion_bridge.mapping.answers import mention, text_item, utf16

ANY_TEXT = st.text(max_size=200)
ADDRESSES = st.sampled_from(
    [
        "https://a.example",
        "https://a.example/",
        "http://b.example/x?y=1#z",
        "mailto:a@b.example",
        "tel:+4930123",
        "ftp://no",
    ]
)
LABELS = st.text(alphabet="ab é😀[]()\n", max_size=6) | st.sampled_from(
    ["a.example", "a@b.example", "https://a.example"]
)
LINKS = st.builds("[{}]({})".format, LABELS, ADDRESSES)
LINKED_TEXT = st.lists(LINKS | st.text(alphabet="ab 😀[](),\n", max_size=8) | ADDRESSES, max_size=8).map("".join)

FAMILY = "👩‍👩‍👧‍👦"
FLAG = "🇩🇪"
THUMB = "👍🏽"
ACCENTED = "e\u0301\u0323"


def written_and_read(text: str, *, links: bool = True) -> str:
    items, is_whole = rich_text.items(text, links=links)
    assert is_whole
    shown = answers.shown("rich_text", {"rich_text": items})["rich_text"]
    return rich_text.with_links(shown) if links else rich_text.plain(shown)


class TestRoundTrip:
    @given(ANY_TEXT)
    def test_any_text_reads_back_as_it_was(self, text: str) -> None:
        assert written_and_read(text) == rich_text.clean(text)

    @given(LINKED_TEXT)
    def test_text_full_of_links_and_brackets_reads_back_as_it_was(self, text: str) -> None:
        assert written_and_read(text) == rich_text.clean(text)

    @given(ANY_TEXT)
    def test_a_name_reads_back_as_it_was(self, text: str) -> None:
        assert written_and_read(text, links=False) == rich_text.clean(text)

    @given(LINKED_TEXT)
    def test_writing_what_was_read_changes_nothing(self, text: str) -> None:
        read = written_and_read(text)

        assert rich_text.items(read, links=True) == rich_text.items(text, links=True)

    @pytest.mark.parametrize("length", [1_999, 2_000, 2_001, 4_000, 4_001, 50_000])
    @pytest.mark.parametrize("char", ["a", "é", "א", "م", "字", "😀"])
    def test_long_texts_of_every_script_read_back(self, char: str, length: int) -> None:
        text = char * length

        assert written_and_read(text) == text

    @pytest.mark.parametrize("lead", [1_997, 1_998, 1_999, 2_000])
    @pytest.mark.parametrize("char", ["😀", FAMILY, FLAG, THUMB, ACCENTED])
    def test_a_character_at_the_boundary_reads_back(self, char: str, lead: int) -> None:
        text = "a" * lead + char * 3 + "z"

        assert written_and_read(text) == text

    @matrix(
        "text",
        [
            "",
            " ",
            "\n",
            "  two  spaces \t tab ",
            "first\nsecond\n\nfourth\n",
            "שלום עולם, mixed with English and 123",
            "\u202bمرحبا\u202c (RTL marks stay)",
            "कर्म นี้ ﷽",
            "**not bold** <b>not html</b> \\ back\\slash",
            "[unfinished](https://a.example",
            "[a](javascript:alert(1))",
            "[a]( https://a.example )",
            "![picture](https://a.example/p.png)",
            "[[nested] label](https://a.example)",
            "https://a.example/path_(with)_brackets",
        ],
    )
    def test_odd_texts_read_back(self, text: str) -> None:
        assert written_and_read(text) == text


class TestWriting:
    def test_an_empty_text_has_no_items(self) -> None:
        assert rich_text.items("", links=True) == ([], True)

    def test_a_text_says_no_more_than_it_must(self) -> None:
        items, _ = rich_text.items("Hello", links=True)

        assert items == [{"type": "text", "text": {"content": "Hello"}}]

    def test_a_markdown_link_becomes_a_link(self) -> None:
        items, _ = rich_text.items("see [our site](https://a.example) now", links=True)

        assert [item["text"] for item in items] == [
            {"content": "see "},
            {"content": "our site", "link": {"url": "https://a.example"}},
            {"content": " now"},
        ]

    def test_a_name_has_no_links(self) -> None:
        items, _ = rich_text.items("[Ada](https://a.example)", links=False)

        assert [item["text"] for item in items] == [{"content": "[Ada](https://a.example)"}]

    @matrix(
        "text",
        [
            "[https://a.example](https://a.example)",
            "[a.example](https://a.example/)",
            "[a@b.example](mailto:a@b.example)",
            "[x](https://user:secret@a.example)",
            "[x](https://)",
            "[x](https://a.example:port)",
            "[x](https://a.example/" + "p" * 2_000 + ")",
        ],
    )
    def test_what_would_not_read_back_or_be_refused_stays_text(self, text: str) -> None:
        items, _ = rich_text.items(text, links=True)

        assert all("link" not in item["text"] for item in items)

    def test_two_links_to_one_place_do_not_grow_together(self) -> None:
        text = "[one](https://a.example)[two](https://a.example)"

        assert written_and_read(text) == text

    def test_more_links_than_items_are_written_as_markdown(self) -> None:
        text = " and ".join(f"[page {n}](https://a.example/{n})" for n in range(80))

        items, is_whole = rich_text.items(text, links=True)

        assert is_whole
        assert "".join(item["text"]["content"] for item in items) == text

    def test_a_long_link_stays_one_link(self) -> None:
        text = f"[{'label ' * 1_000}](https://a.example)"

        assert written_and_read(text) == text

    def test_a_text_beyond_a_hundred_items_is_cut_and_says_so(self) -> None:
        items, is_whole = rich_text.items("a" * 200_001, links=True)

        assert not is_whole
        assert len(items) == 100

    def test_a_text_too_heavy_for_one_request_is_cut_and_says_so(self) -> None:
        items, is_whole = rich_text.items("字" * 150_000, links=True)

        assert not is_whole
        assert sum(len(item["text"]["content"].encode()) for item in items) <= rich_text.MAX_BYTES

    def test_line_breaks_of_other_systems_become_ours(self) -> None:
        items, _ = rich_text.items("a\r\nb\rc", links=True)

        assert items[0]["text"]["content"] == "a\nb\nc"

    @matrix("half", [0xD83D, 0xDE00])
    def test_half_a_character_is_replaced(self, half: int) -> None:
        items, _ = rich_text.items(f"a{chr(half)}b\x00", links=True)

        assert items[0]["text"]["content"] == "a\ufffdb"


class TestSplitting:
    @given(st.text(max_size=100), st.integers(min_value=4, max_value=20))
    def test_the_pieces_are_the_text(self, text: str, limit: int) -> None:
        assert "".join(rich_text.split(text, limit=limit)) == text

    @given(st.text(max_size=100), st.integers(min_value=4, max_value=20))
    def test_no_piece_is_empty_or_longer_than_allowed(self, text: str, limit: int) -> None:
        assert all(0 < utf16(piece) <= limit for piece in rich_text.split(text, limit=limit))

    @matrix("char", [FAMILY, FLAG, THUMB, ACCENTED, "✊🏿", "🏴\U000e0067\U000e0062\U000e007f", "❤️"])
    def test_what_people_see_as_one_character_is_not_cut(self, char: str) -> None:
        text = "a" * 15 + char + "b" * 10

        pieces = rich_text.split(text, limit=18)

        assert any(char in piece for piece in pieces)

    def test_a_piece_does_not_begin_with_an_accent(self) -> None:
        pieces = rich_text.split("e\u0301" * 50, limit=7)

        assert not any(unicodedata.combining(piece[0]) for piece in pieces)

    def test_a_character_longer_than_a_piece_is_cut_all_the_same(self) -> None:
        text = "e" + "\u0301" * 100

        assert [utf16(piece) for piece in rich_text.split(text, limit=10)] == [10] * 10 + [1]

    @matrix("text, length", [("", 0), ("a", 1), ("é", 1), ("字", 1), ("😀", 2), (FLAG, 4)])
    def test_length_is_counted_as_notion_counts(self, text: str, length: int) -> None:
        assert rich_text.units(text) == length

    @given(st.text())
    def test_length_agrees_with_the_encoding(self, text: str) -> None:
        assert rich_text.units(text) == utf16(text)


class TestReading:
    def test_bold_and_coloured_words_are_words(self) -> None:
        items = [text_item("very ", bold=True), text_item("red", color="red_background")]

        assert rich_text.with_links(items) == "very red"

    def test_a_link_in_two_styles_is_one_link(self) -> None:
        items = [text_item("our ", "https://a.example"), text_item("site", "https://a.example", bold=True)]

        assert rich_text.with_links(items) == "[our site](https://a.example)"

    def test_a_name_loses_its_link(self) -> None:
        assert rich_text.plain([text_item("Ada", "https://a.example")]) == "Ada"

    @matrix(
        "text, url",
        [
            ("https://a.example/x", "https://a.example/x"),
            ("a.example", "http://a.example"),
            ("a.example", "https://a.example/"),
            ("ada@a.example", "mailto:ada@a.example"),
            ("+49301234", "tel:+49301234"),
        ],
    )
    def test_what_the_editor_linked_by_itself_stays_as_typed(self, text: str, url: str) -> None:
        assert rich_text.with_links([text_item(text, url)]) == text

    def test_brackets_in_an_address_are_encoded(self) -> None:
        read = rich_text.with_links([text_item("wiki", "https://a.example/A_(b)")])

        assert read == "[wiki](https://a.example/A_%28b%29)"

    @matrix("label", ["half ] open", "two\nlines"])
    def test_a_label_that_markdown_cannot_hold_is_followed_by_its_address(self, label: str) -> None:
        read = rich_text.with_links([text_item(label, "https://a.example")])

        assert read == f"{label} (https://a.example)"

    def test_a_link_to_a_page_of_the_workspace_leads_there(self) -> None:
        read = rich_text.with_links([text_item("plan", "/be633bf1dfa0436db259571129a590e5")])

        assert read == "[plan](https://www.notion.so/be633bf1dfa0436db259571129a590e5)"

    def test_people_and_dates_read_as_they_look(self) -> None:
        items = [text_item("ask "), mention("@Avocado Lovelace"), text_item(" by "), mention("2026-03-01", "date")]

        assert rich_text.with_links(items) == "ask @Avocado Lovelace by 2026-03-01"

    def test_a_page_that_is_mentioned_is_a_link(self) -> None:
        read = rich_text.with_links([mention("Plan", "page", "https://www.notion.so/be633bf1")])

        assert read == "[Plan](https://www.notion.so/be633bf1)"

    def test_a_formula_reads_as_it_was_typed(self) -> None:
        item = {"type": "equation", "equation": {"expression": "E=mc^2"}, "plain_text": "E=mc^2", "href": None}

        assert rich_text.with_links([item]) == "E=mc^2"

    def test_an_item_of_a_kind_nobody_knows_yet_reads_as_its_text(self) -> None:
        assert rich_text.with_links([{"type": "hologram", "plain_text": "hello"}]) == "hello"

    def test_an_emoji_cut_between_two_items_is_whole_again(self) -> None:
        assert rich_text.with_links([text_item("a\ud83d"), text_item("\ude00b")]) == "a😀b"

    def test_an_item_without_plain_text_reads_as_its_content(self) -> None:
        assert rich_text.with_links([{"type": "text", "text": {"content": "hello"}}]) == "hello"

    def test_what_the_database_cannot_store_is_dropped(self) -> None:
        assert rich_text.plain([text_item("a\x00b")]) == "ab"

    @matrix("items", [None, "text", {}, [None], ["text"], [{}], [{"plain_text": 3}], [{"text": None}]])
    def test_what_is_no_rich_text_is_refused(self, items: Any) -> None:
        with pytest.raises(rich_text.Malformed):
            rich_text.with_links(items)

    @matrix("text", ["[" * 50_000, "[[a]" * 20_000, "[a]" * 20_000, "[" + "[a]" * 20_000, "[a](" * 20_000])
    def test_no_text_takes_long(self, text: str) -> None:
        began = time.process_time()

        rich_text.items(text, links=True)

        assert time.process_time() - began < 2


class TestFormatting:
    @matrix(
        "item",
        [
            text_item("a", bold=True),
            text_item("a", code=True),
            text_item("a", color="red"),
            mention("@Ada"),
            {"type": "equation", "equation": {"expression": "x"}, "plain_text": "x"},
        ],
    )
    def test_marks_colours_and_mentions_would_be_lost(self, item: answers.Json) -> None:
        assert rich_text.has_formatting([text_item("plain"), item])

    @matrix("items", [[], [text_item("a")], [text_item("a", "https://a.example")], None, [None], [{}]])
    def test_text_and_links_lose_nothing(self, items: Any) -> None:
        assert not rich_text.has_formatting(items)
