from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement import markdown
from engagement.liquid import source
from engagement.liquid.source import TemplateSyntaxError


def text_of(source: str) -> str:
    return markdown.read(source).text()


def html_of(source: str) -> str:
    return markdown.read(source).html(colour="#112233")


def test_html_in_the_words_is_shown_and_not_obeyed():
    assert "&lt;b&gt;" in html_of("<b>bold</b>")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"])
def test_dangerous_addresses_make_no_link(address):
    assert "<a " not in html_of(f"[x]({address})")


def compiled(body):
    return markdown.compose(source.read(body, frozenset()).pieces)


TORN = [
    "**bold {% if x %} words** more {% endif %}",
    "Hello {% if x %}one\n\ntwo{% endif %}",
    "- one {% if x %}\n- two {% endif %}",
    "[a {% if x %} b](https://x.example) c{% endif %}",
]


@pytest.mark.parametrize("body", TORN)
def test_a_tag_that_tears_an_element_apart_is_refused(body):
    with pytest.raises(TemplateSyntaxError, match=r"Line 1: .* line of its own"):
        compiled(body).html(colour="#112233")


def test_tags_in_lines_of_their_own_leave_no_element_behind():
    body = "a\n{% if x %}\nb\n{% else %}\n- c\n{% endif %}\n\n- d\n{% for y in x %}\n- e\n{% endfor %}\nf"

    page = re.sub(' style="[^"]*"|\\s|\ue010|\ue012', "", compiled(body).html(colour="#112233"))

    assert page == "<p>a</p>0<p>b</p>1<ul><li>c</li></ul>2<ul><li>d</li>3<li>e</li>4</ul><p>f</p>"


def test_links_have_the_brands_colour():
    assert "text-decoration-color:#112233" in html_of("[x](https://x.example)")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("One\ntwo", "One two"),
        ("One  \ntwo", "One\ntwo"),
        ("One\n\ntwo", "One\n\ntwo"),
        ("**bold** and *soft* and `code`", "bold and soft and code"),
        ("[our site](https://x.example)", "our site (https://x.example)"),
        ("[https://x.example](https://x.example)", "https://x.example"),
        ("<https://x.example>", "https://x.example"),
        ("[a@x.example](mailto:a@x.example)", "a@x.example"),
        ("[write](mailto:a@x.example)", "write (a@x.example)"),
        ("[call](tel:+491)", "call (+491)"),
        ("![a picture](https://x.example/i.png)", "a picture"),
        ("# Title\n\nwords", "Title\n=====\n\nwords"),
        ("## Title", "Title\n-----"),
        ("- one\n- two", "- one\n- two"),
        ("- one\n- two\n\nafter", "- one\n- two\n\nafter"),
        ("before\n\n- one", "before\n\n- one"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("- one\n  - inner\n- two", "- one\n  - inner\n- two"),
        ("- one\n\n  more\n- two", "- one\n\n  more\n- two"),
        ("> quoted\n> words", "> quoted words"),
        ("a\n\n---\n\nb", "a\n\n--------------------\n\nb"),
        ("    code\n    more", "    code\n    more"),
        ("", ""),
        ("&amp; &lt;", "& <"),
    ],
)
def test_the_text_part_reads_well(source, text):
    assert text_of(source) == text


def test_line_breaks_of_a_signature_are_kept():
    assert markdown.read("Ada\nThe 7 Space", keep_line_breaks=True).text() == "Ada\nThe 7 Space"


@given(st.text(alphabet="ab*_#>-1. \n`[]()!<&", max_size=60))
def test_any_markdown_has_a_text_part(source):
    assert isinstance(text_of(source), str)
