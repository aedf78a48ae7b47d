from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.plain_text import GAP, close_gaps, cut, plain

GAPS = {
    "Hello {{ x }},": "Hello,",
    "Welcome, {{ x }}!": "Welcome!",
    "Welcome, {{ x }}": "Welcome",
    "{{ x }}, welcome": "welcome",
    "Hello {{ x }} from us": "Hello from us",
    "One\n{{ x }} two": "One\ntwo",
    "Here, {{ x }} we are": "Here, we are",
    "Dear {{ x }} {{ x }}, hello": "Dear, hello",
    "({{ x }})": "()",
    "{{ x }}": "",
    "<p>Hello {{ x }}, you</p>": "<p>Hello, you</p>",
    "<p style='a'>{{ x }}</p>\n<p>b</p>": "<p>b</p>",
    "<li>{{ x }} one</li>": "<li>one</li>",
    "nothing left out": "nothing left out",
}


def test_a_value_left_out_takes_its_space_and_comma_along():
    assert {words: close_gaps(words.replace("{{ x }}", GAP)) for words in GAPS} == GAPS


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("  Ada \n Lovelace\t", "Ada Lovelace"),
        ("A\x00d\x07a", "A d a"),
        ("{{ email }}", "(( email ))"),
        ("a\u2028b", "a b"),
        ("Ada\u202egpj.exe", "Adagpj.exe"),
        ("נועה", "נועה"),
        ("👩‍🎨 Ada", "👩‍🎨 Ada"),
        ("\ud800x", "x"),
    ],
)
def test_a_value_becomes_one_harmless_line(value, shown):
    assert plain(value) == shown


def test_short_text_is_not_cut():
    assert cut("short", 5) == "short"


def test_text_is_cut_between_words():
    assert cut("one two three four", 14) == "one two three…"


def test_a_word_without_end_is_cut_inside():
    assert cut("x" * 50, 10) == "x" * 9 + "…"


def test_a_composed_character_is_not_cut_apart():
    assert cut("aaa👩‍🎨👩‍🎨", 6) == "aaa…"
    assert cut("aae\u0301e", 4) == "aa…"


@given(st.text(max_size=80), st.integers(min_value=2, max_value=60))
def test_a_cut_text_is_never_longer_than_asked(text, limit):
    assert len(cut(text, limit)) <= limit


@given(st.text(max_size=200))
def test_a_plain_value_has_no_brace_and_no_control_character(value):
    shown = plain(value)

    assert not set(shown) & set("{}\n\r\t\x00\u202e")
    assert plain(shown) == shown
