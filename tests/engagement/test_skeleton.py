"""An email compiled once: values stand where they are filled in, as each place takes them."""

from __future__ import annotations

from engagement import layout, rendering
from engagement.placeholders import Context
from engagement.rendering import Words

BRAND = layout.Brand(name="The 7 Space", signature="Yours, **Mia**")
BODY = """# Hello {{ first_name }}

Read [{{ first_name }} and more](https://x.example/?q={{ first_name }} "for {{ first_name }}"), *{{ first_name }}*.

![{{ first_name }}](https://x.example/a.png) `{{ first_name }}` [our page]({{ entity_website }}/new)
"""
HOSTILE = 'A "quoted" <b> & [x](http://evil)'


def compose(body, **values):
    return rendering.compose(words=Words("Hello", "", body, "advanced"), values=Context(**values), brand=BRAND)


def test_a_value_is_escaped_for_where_it_stands():
    email = compose(BODY, first_name=HOSTILE, entity_website="https://brand.example/a?b=c&d")

    text = 'A "quoted" &lt;b&gt; &amp; [x](http://evil)'
    attribute = text.replace('"', "&quot;")
    address = "A%20%22quoted%22%20%3Cb%3E%20%26%20%5Bx%5D%28http%3A%2F%2Fevil%29"
    for part in (
        f">Hello {text}</h1>",
        f'href="https://x.example/?q={address}" title="for {attribute}"',
        f">{text} and more</a>",
        f"<em>{text}</em>",
        f'alt="{attribute}"',
        f">{text}</code>",
        'href="https://brand.example/a?b=c&amp;d/new"',
    ):
        assert part in email.html
    assert f"{HOSTILE} and more (https://x.example/?q={address})" in email.text
    assert "our page (https://brand.example/a?b=c&d/new)" in email.text


def test_signs_of_slots_in_the_words_and_values_fill_nothing():
    email = compose("Hello \ue0102\ue012 {{ first_name }}", first_name="Zoë \ue0100\ue012")

    assert email.text.startswith("Hello 2 Zoë ")


def test_the_same_words_are_put_together_once(monkeypatch):
    compose("Once {{ first_name }}", first_name="Ada")
    monkeypatch.setattr(layout, "html", None)

    assert compose("Once {{ first_name }}", first_name="Grace").text.startswith("Once Grace")


def test_what_is_left_empty_leaves_no_item_no_list_and_no_heading_in_either_part():
    bodies = {
        "- a\n- {{ last_name }}\n- c": ("- a\n- c", 2),
        "1. a\n2. {{ last_name }}\n3. c": ("1. a\n2. c", 2),
        "- a\n\n- {{ last_name }}\n\n- c": ("- a\n- c", 2),
        "- a\n- {% if company %}x{% endif %}\n- c": ("- a\n- c", 2),
        "- a\n  - {{ last_name }}\n    - {{ tags }}\n- c": ("- a\n- c", 2),
        "- {{ last_name }}\n  - b": ("-\n  - b", 2),
        "- a\n- {{ last_name }}\n\n1. b": ("- a\n\n1. b", 2),
        "- {{ last_name }}\n\nend": ("end", 0),
        "> - {{ last_name }}\n> - b": ("> - b", 1),
        "a\n\n## {{ last_name }}\n\nb": ("a\n\nb", 0),
    }

    emails = {body: compose(body) for body in bodies}

    assert {body: (one.text.partition("\n\nYours")[0], one.html.count("<li")) for body, one in emails.items()} == bodies
