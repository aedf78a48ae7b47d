"""Liquid in the words of an email: what it says, what it holds back, and what it may cost."""

from __future__ import annotations

import datetime as dt
import re
import time
from dataclasses import replace

import pytest

from engagement import layout, rendering
from engagement.liquid import conversion, source
from engagement.placeholders import ROOTS, Context, written
from engagement.rendering import Words
from tests.matrix import matrix

NOW = dt.datetime(2026, 3, 2, 23, 30, tzinfo=dt.UTC)
ADA = Context(
    first_name="Ada",
    company="Engines & Co",
    interests=["art", "yoga"],
    locale="de-AT",
    timezone="Europe/Vienna",
    last_touch=dt.date(2026, 3, 3),
    custom={
        "seats": "5",
        "Favourite Artist": "Klee",
        "price": 1234.5,
        "vip": True,
        "since": "2025-05-06",
        "odd": "05/06",
    },
    event={"guests": [{"name": "Bo"}, {"name": "Cy"}]},
    now=NOW,
)


def said(words: str, context: Context = ADA, *, level: str = "advanced", **more: object) -> rendering.Rendered:
    email = Words("Hello", "", words, level, language="de", **more)  # type: ignore[arg-type]
    return rendering.compose(words=email, values=context, brand=layout.Brand(name="B"))


def text(words: str, context: Context = ADA, **more: object) -> str:
    return said(words, context, **more).text.partition("\n\n----")[0].strip()  # type: ignore[arg-type]


@matrix(
    "words, expected",
    [
        ("{{ contact.first_name }} of {{ contact.company | upcase }}", "Ada of ENGINES & CO"),
        ("{% if custom.seats > 3 %}many{% else %}few{% endif %}, {{ custom.seats | plus: 1 }}", "many, 6"),
        ('{% if custom.seats == "5" and custom.seats == 5 %}equal{% endif %}', "equal"),
        ("{{ custom.favourite_artist }} {{ contact.custom.favourite_artist }}", "Klee Klee"),
        ('{{ custom["Favourite Artist"] }}', "Klee"),
        ("{% for one in interests %}{{ forloop.index }}{{ one }} {% endfor %}", "1art 2yoga"),
        ("{{ interests }}; {{ interests.size }}; {{ interests | join: '/' }}", "art und yoga; 2; art/yoga"),
        ("{% case company %}{% when 'X' %}x{% else %}other{% endcase %}", "other"),
        ("{{ last_touch }} {{ last_touch | date: '%-d. %b' }}", "3. März 2026 3. März"),
        ("{{ now | date: '%d.%m. %H:%M' }}", "03.03. 00:30"),
        ("{{ custom.since | date: 'long' }} {{ custom.odd | date: 'long' }}", "6. Mai 2025 05/06"),
        ("{{ custom.price | number: 2 }} {{ custom.price | currency: 'EUR' }}", "1.234,50 € 1.234,50"),
        ("{{ custom.vip }} {{ event.guests[1].name }}", "yes Cy"),
        ("{% for guest in event.guests %}{{ guest.name }} {% endfor %}", "Bo Cy"),
        ("{% assign half = custom.seats | divided_by: 2 %}{{ half }}", "2"),
        ("{% unless company %}a{% endunless %}{% if phone == blank %}b{% endif %}", "b"),
        ("{% if company != blank %}c{% endif %}{% if company == empty %}d{% endif %}", "c"),
        ("a {% comment %}{{ nobody }}{% endcomment %}b {% # note %}c", "a b c"),
        ("{{ '<b>' }} {{ 'x' | append: company }}", "<b> xEngines & Co"),
    ],
)
def test_it_says(words, expected):
    assert text(words) == expected


@matrix(
    "words, missing",
    [
        ("{{ custom.city }}", ["custom.city"]),
        ("{% if custom.city %}{{ custom.city }}{% endif %}", []),
        ("{{ custom.city | upcase | append: '!' }}", ["custom.city"]),
        ("{{ 'in ' | append: custom.city }}", ["custom.city"]),
        ("{{ custom.city | date: '%Y' }} {{ custom.city | size }}", ["custom.city"]),
        ("{% assign city = custom.city %}{{ city }}", ["custom.city"]),
        ("{{ custom.city | default: 'Rome' }}", []),
        ("{% for one in custom.cities %}{{ one }}{% else %}none{% endfor %}", []),
        ("{{ first_name.size }} {{ interests[7] }}", ["interests.7"]),
        ("{{ nobody.there }}", ["nobody.there"]),
        ("{% if first_name > 3 %}{% endif %}", ["first_name: '<' and '>' are not supported between 'int' and 'str'"]),
    ],
)
def test_what_is_printed_without_value_holds_the_email_and_what_is_asked_does_not(words, missing):
    assert said(words).missing == missing


def test_words_that_stand_in_pass_through_filters_of_text_and_pass_by_others():
    nobody = Context()

    assert text("{{ company | upcase }} {{ last_touch | date: '%B' }}", nobody) == "YOUR COMPANY recently"
    assert said("{{ company | upcase }}", nobody).used_fallbacks == ["company"]


def test_a_level_decides_what_there_is():
    words = "{% if company %}known{% endif %}{{ contact.company }}"

    assert said(words, level="basic").missing == ["company"]
    assert "known" not in said(words, level="basic").text


LONG_TEXT = "{% assign a = 'xß' %}" + "{% assign a = a | append: a %}" * 14
ENDLESS = {
    "loops": "{% for a in (1..900) %}{% for b in (1..900) %}x{% endfor %}{% endfor %}",
    "loops beside each other": "{% for a in (1..600) %}x{% endfor %}" * 3,
    "a range": "{% for a in (1..999999999999) %}x{% endfor %}",
    "replace": "{% assign a = 'aaaaaaaaaa' %}"
    + "{% assign a = a | replace: 'a', a | replace: 'a', a %}" * 6
    + "{{ a }}",
    "doubling": "{% assign a = 'ab' %}{% for i in (1..90) %}{% assign a = a | append: a %}{% endfor %}{{ a }}",
    "numbers": "{% assign a = 99999 %}{% for i in (1..90) %}{% assign a = a | times: a %}{% endfor %}{{ a }}",
    "much text": "{% for i in (1..900) %}" + "x" * 3000 + "{% endfor %}",
    "entries": "{% assign s = '" + " ".join(map(str, range(1900))) + "' | split: ' ' %}"
    "{% assign t = s" + " | sort_natural | reverse" * 1_000 + " %}x",
    "each entry with each": "{% assign s = '" + " ".join(map(str, range(1900))) + "' | split: ' ' %}"
    "{% assign t = s" + " | uniq" * 20 + " %}x",
    "long texts": LONG_TEXT + "{% assign b = a" + " | squish | upcase | truncatewords: 20000" * 600 + " %}x",
    "long separators": LONG_TEXT + "{% assign l = '" + "x " * 300 + "' | split: ' ' %}{% assign b = l | join: a %}x",
    "searching": LONG_TEXT
    + "{% assign b = a | slice: 0, 16000 | append: 'z' %}{% for i in (1..100) %}"
    + "{% if a contains b %}{% endif %}" * 250
    + "{% endfor %}",
    "long values": "{{ custom.long }}" * 2_700,
    "long values in addresses": "[a](https://a.example/{{ custom.long }}) " * 1_200,
    "work": "{% for i in (1..900) %}" + "{% if i == 1 %}{% endif %}" * 500 + "{% endfor %}",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_nothing_goes_on_without_end(name):
    long = replace(ADA, custom={"long": "<ü>" * 160})
    said("{% assign a = 1 %}")
    before = time.process_time()

    sent = said(ENDLESS[name], long)

    assert len(sent.missing) == 1
    assert len(sent.html) < 512_000
    assert time.process_time() - before < 1.5  # most of it is reading the words


@matrix(
    "words, shown",
    [
        ("[x](https://a.example/{{ custom.end }})", ["https://a.example/.ru"]),
        ("[x]({{ brand.website }}?{{ custom.end }})", ["https://b.example?.ru"]),
        ("[x]({{ brand.website }}{{ custom.end }})", ["#"]),
        ("[x]({{ brand.website }}@{{ custom.end }})", ["#"]),
        ("[x]({% if company %}https://a.example{% endif %}{{ custom.end }})", ["#"]),
        ("{% if company %}[x]({{ brand.website }}{{ custom.end }}){% endif %}", ["#"]),
        ("{{ brand.website }}{{ custom.end }}", ["https://b.example"]),
    ],
)
def test_no_value_extends_the_host_of_a_link_whatever_was_saved(words, shown):
    sent = said(words, replace(ADA, entity_website="https://b.example", custom={"end": ".ru"}))

    assert re.findall(r'<a href="([^"]*)"', sent.html) == shown
    assert "example.ru" not in sent.text


PLURALS = """Words
{% if company %}
1. one
{% endif %}
{% for one in interests %}
1. {{ one }}
{% endfor %}
1. last

| a |
|---|
{% for one in interests %}
| {{ one }} |
{% endfor %}
"""


def test_loops_around_items_and_rows_make_one_list_and_one_table():
    sent = said(PLURALS)

    assert (sent.html.count("<ol"), sent.html.count("<li"), sent.html.count("</td>\n</tr>\n\n<tr>")) == (1, 4, 1)
    assert text(PLURALS) == "Words\n\n1. one\n2. art\n3. yoga\n4. last\n\na\nart\nyoga"


@matrix(
    "former, liquid",
    [
        ("Hi {{ first_name|there }}!", 'Hi {{ first_name | default: "there" }}!'),
        ("{{first_name| }}", '{{ first_name | default: "" }}'),
        ('{{ custom.Favourite Artist|a "b" }}', '{{ custom["Favourite Artist"] | default: \'a "b"\' }}'),
        ("{{ custom.city }} {{ passage.opening }}", "{{ custom.city }} {{ passage.opening }}"),
        ("a { b {{ 7*7 }}", "a { b {{ 7*7 }}"),
    ],
)
def test_words_of_former_releases_become_liquid_and_back(former, liquid):
    assert conversion.to_liquid(former) == liquid
    assert conversion.to_liquid(conversion.from_liquid(liquid)) == liquid


def test_a_list_or_group_that_says_nothing_is_missing():
    values = Context(
        event={"place": {"city": "Wien", "hall": {}}, "guests": [{"name": "Bo"}]}, interests=["art", "yoga"]
    )
    cases = {
        "{{ event.place }}": ["event.place"],
        "{% if event.place %}{{ event.place.city }}{% endif %}": "Wien",
        '{{ event.place | default: "here" }}': "here",
        "{{ event.guests }}": ["event.guests"],
        '{{ event.guests | default: "all" }}': "all",
        "{{ event.guests | upcase }}": ["event.guests"],
        "{{ event.guests | join: ', ' }}": ["a group"],
        "{% for guest in event.guests %}{{ guest }}{% endfor %}": ["a group"],
        "{% for guest in event.guests %}{{ guest.name }}{% endfor %}": "Bo",
        "{{ interests | upcase }}": "ART UND YOGA",
    }

    found = {words: said(words, values).missing or text(words, values) for words in cases}

    assert found == cases
    assert text("{{ event.place }}", values, fallbacks={"event.place": "there"}) == "there"


NAMES = (
    "and", "as", "blank", "cols", "contains", "continue", "default", "else", "empty", "false", "for", "if", "in",
    "limit", "nil", "not", "null", "offset", "or", "required", "reversed", "size", "true", "with", "5", "a-b", "Grün",
    "a.b", "a]b", 'a "b"', "o'b",
)  # fmt: skip


def test_whatever_a_custom_field_is_called_liquid_reads_it():
    former = {name: f"{{{{ custom.{name}|x }}}}" for name in NAMES}

    def used(text):
        return [use.path for use in source.read(text, ROOTS).uses]

    assert {name: used(conversion.to_liquid(text)) for name, text in former.items()} == {
        name: [("custom", name)] for name in NAMES
    }
    assert {name: used(written(f"passage.{name}")) for name in NAMES} == {name: [("passage", name)] for name in NAMES}
    assert {name: conversion.from_liquid(conversion.to_liquid(text)) for name, text in former.items()} == former


def test_both_kinds_of_quotes_keep_their_value_and_their_words():
    words = conversion.to_liquid("""{{ custom.Ada's "city" }}, {{ last_name|say "it's" }}""")

    assert text(words, Context(custom={'Ada\'s "city"': "London"})) == 'London, say "it\u2019s"'


def test_what_would_grow_too_long_is_written_closely():
    former = "{{ first_name|there }} {{email}}"

    assert conversion.to_liquid(former, 50) == '{{ first_name | default: "there" }} {{ email }}'
    assert conversion.to_liquid(former, 40) == '{{first_name|default:"there"}} {{email}}'


def test_what_a_text_uses_is_known_without_a_person():
    read = source.read("{% if company %}\n{{ contact.first_name | default: 'x' }}{% endif %}{{ email }}", ROOTS)

    found = [(use.name, use.line, use.is_printed, use.default) for use in read.uses]
    assert found == [
        ("company", 1, False, None), ("contact.first_name", 2, True, "x"), ("email", 2, True, None)
    ]  # fmt: skip
