from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement import markdown, template_syntax

HOSTILE = "*Bob* <script>alert(1)</script> [x](http://evil.example) `code` # _u_ ![i](http://evil.example/i.png)"


def compose(text: str, **values: str) -> markdown.Document:
    pieces = template_syntax.parse(text)
    return markdown.compose(pieces, {one: values[one.name] for one in template_syntax.variables(pieces)})


def text_of(source: str) -> str:
    return markdown.read(source).text()


def html_of(source: str) -> str:
    return markdown.read(source).html(colour="#112233")


def test_a_hostile_value_stays_plain_text_in_html():
    page = compose("Hello {{ first_name }}!", first_name=HOSTILE).html(colour="#112233")

    assert "<script" not in page
    assert "<a " not in page
    assert "<img" not in page
    assert "<em>" not in page
    assert "*Bob* &lt;script&gt;" in page


def test_a_hostile_value_stays_as_it_is_in_text():
    assert compose("Hello {{ first_name }}!", first_name=HOSTILE).text() == f"Hello {HOSTILE}!"


@pytest.mark.parametrize("around", ["**{}**", "*{}*", "# {}", "- {}", "> {}", "[{}](https://x.example/)", "`{}`"])
def test_a_hostile_value_stays_plain_inside_markdown(around):
    page = compose(around.format("{{ first_name }}"), first_name=HOSTILE).html(colour="#112233")

    assert "<script" not in page
    assert 'href="http://evil' not in page


def test_a_value_in_an_address_is_quoted():
    page = compose("[x](https://x.example/?n={{ first_name }})", first_name='a&b="c" /?#')

    assert list(page.addresses()) == [(1, "https://x.example/?n=a%26b%3D%22c%22%20%2F%3F%23")]


def test_the_brands_address_may_begin_a_link():
    page = compose("[us]({{ entity_website }}/shop)", entity_website="https://x.example/a?b=c")

    assert list(page.addresses()) == [(1, "https://x.example/a?b=c/shop")]


def test_html_in_the_words_is_shown_and_not_obeyed():
    assert "&lt;b&gt;" in html_of("<b>bold</b>")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"])
def test_dangerous_addresses_make_no_link(address):
    assert "<a " not in html_of(f"[x]({address})")


def test_links_have_the_brands_colour():
    assert "text-decoration-color:#112233" in html_of("[x](https://x.example)")


def test_a_marker_lookalike_in_the_words_stays():
    assert compose("qv0z {{ first_name }}", first_name="Ada").text() == "qv0z Ada"


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


@given(st.text(max_size=120))
def test_no_value_makes_markup_or_a_brace(value):
    shown = template_syntax.plain(value)
    document = compose("a {{ first_name }} b [x](https://x.example/?q={{ first_name }})", first_name=shown or "-")

    page = document.html(colour="#112233")

    assert page.count("<") == 4  # <p>, <a>, </a>, </p>
    assert not set(page + document.text()) & set("{}")


@given(st.text(alphabet="ab*_#>-1. \n`[]()!<&", max_size=60))
def test_any_markdown_has_a_text_part(source):
    assert isinstance(text_of(source), str)
