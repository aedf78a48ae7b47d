from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement import template_syntax
from engagement.template_syntax import TemplateSyntaxError, Variable, assemble, cut, parse, plain


def fill(text: str, **values: str) -> str:
    pieces = parse(text)
    return assemble(pieces, {one: values.get(one.name, "") for one in template_syntax.variables(pieces)})


@pytest.mark.parametrize("written", ["{{ first_name }}", "{{first_name}}", "{{  first_name}}"])
def test_spaces_inside_the_braces_do_not_matter(written):
    assert list(parse(written)) == [Variable("first_name", None, 1)]


def test_words_behind_the_bar_are_the_fallback():
    assert list(parse("{{ first_name|dear friend }}")) == [Variable("first_name", "dear friend", 1)]


def test_nothing_behind_the_bar_leaves_the_variable_out():
    assert list(parse("{{ first_name| }}")) == [Variable("first_name", "", 1)]


def test_custom_field_names_may_have_spaces():
    assert list(parse("{{ custom.Favourite Artist }}")) == [Variable("custom.Favourite Artist", None, 1)]


def test_a_variable_knows_its_line():
    (*_, variable) = parse("one\ntwo\n{{ email }}")

    assert variable.line == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% include 'x' %}", '"{%" is not understood'),
        ("{# note #}", '"{#" is not understood'),
        ("Hello {{ first_name", 'without a closing "}}"'),
        ("Hello {{ first_name }", 'without a closing "}}"'),
        ("a { b", 'a brace "{" stands alone'),
        ("a } b", 'a brace "}" stands alone'),
        ("{{ first_name }}}", 'a brace "}" stands alone'),
        ("{{{ first_name }}}", "brace"),
        ("{{ }}", "is not a variable"),
        ("{{ first_name.upper }}", "is not a variable"),
        ("{{ first_name() }}", "is not a variable"),
        ("{{ 7*7 }}", "is not a variable"),
        ("{{ first_name|a|b }}", 'may not contain another "|"'),
        ("{{ custom.a.b }}", "is not a variable"),
    ],
)
def test_what_is_no_variable_is_refused_with_its_line(text, said):
    if text == "{{ custom.a.b }}":
        assert list(parse(text)) == [Variable("custom.a.b", None, 1)]  # a field may be named so
        return
    with pytest.raises(TemplateSyntaxError) as refused:
        parse(f"first line\n{text}")

    assert str(refused.value).startswith("Line 2: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Hello {{ x }},", "Hello,"),
        ("Welcome, {{ x }}!", "Welcome!"),
        ("Welcome, {{ x }}", "Welcome"),
        ("{{ x }}, welcome", "welcome"),
        ("Hello {{ x }} from us", "Hello from us"),
        ("One\n{{ x }} two", "One\ntwo"),
        ("Here, {{ x }} we are", "Here, we are"),
        ("Dear {{ x }} {{ y }}, hello", "Dear, hello"),
        ("({{ x }})", "()"),
        ("{{ x }}", ""),
    ],
)
def test_a_variable_left_out_takes_its_space_and_comma_along(text, without):
    assert fill(text) == without


def test_a_value_keeps_the_text_around_it():
    assert fill("Welcome, {{ x }}! {{ y }}, too", x="Ada", y="Bob") == "Welcome, Ada! Bob, too"


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


@given(st.text(alphabet="{}%#|ab._ \n", max_size=40))
def test_parsing_either_refuses_or_leaves_no_brace(text):
    try:
        pieces = parse(text)
    except TemplateSyntaxError:
        return

    assert not any(set(piece) & set("{}") for piece in pieces if isinstance(piece, str))
