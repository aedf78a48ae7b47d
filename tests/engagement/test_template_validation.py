from __future__ import annotations

import time

import pytest

from engagement import template_validation
from engagement.rendering import Words


def errors(field: str, *, level: str = "standard", **words) -> list[str]:
    given = {"subject": "Hello", "preheader": "", "body": "Hello {{ first_name }}", **words}
    return template_validation.find_errors(Words(**given, level=level)).get(field, [])


def test_good_words_have_no_errors():
    words = Words(
        subject="Hello {{ first_name | default: 'friend' }}",
        preheader="From {{ entity }}",
        body="{{ first_name }}, see [us]({{ entity_website }}), <https://x.example> or [x](mailto:a@x.example).",
        level="standard",
        fallbacks={"first_name": "friend", "entity_website": None},
    )

    assert template_validation.find_errors(words) == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{{ nickname }}", '"nickname" is unknown'),
        ("{{ frist_name }}", "Did you mean first_name?"),
        ("{{ company }}", "needs the personalisation level advanced, and this email has standard"),
        ("a\nb {{ company }}", 'Line 2: "company" needs'),
        ("{{ custom.city }}", "needs the personalisation level advanced"),
        ("{{ passage.opening }}", "needs the personalisation level premium"),
        ("{% if x %}", "expected tag endif"),
        ("{% include 'x' %}", '"{% include %}" is not understood. There are: if, unless, case, for'),
        ("{{ first_name | safe }}", 'the filter "safe" is unknown'),
        ("{{ first_name|there }}", 'are written {{ first_name | default: "there" }}'),
        ("{% if contact.company %}x{% endif %}", "needs the personalisation level advanced"),
        ("{{ contact[first_name] }}", "names its part by a variable"),
        ("{% assign first_name = 1 %}", "is a variable of ours"),
        ("{% for email in tags %}{% endfor %}", "is a variable of ours"),
        ("{{ contact.frist_name }}", "Did you mean first_name?"),
        ("{{ first_name.upper }}", 'has no part "upper"'),
        ("a {% break %}", "outside of a loop"),
        ("{% for one in (1..9) limit: 1 %}{% endfor %}" * 250, "its loops go round too often"),
        ("a\n{{ forloop.index }}", 'Line 2: "forloop.index" has no value here'),
        ("{% for one in tags %}{% else %}{{ one }}{% endfor %}", "has no value here"),
        ("{{ mine }}{% assign mine = 1 %}", '"mine" has no value here'),
        ("{% assign mine = mine | plus: 1 %}", '"mine" has no value here'),
        ("a\n{{ first_name | upcase: 1, x: 2 }}", "Line 2: first_name: upcase"),
        ("{% if 3 contains 3 %}{% endif %}", "Line 1: 'in' and 'contains' are not supported"),
        ("{% if first_name > 3 %}{% endif %}", "first_name: '<' and '>' are not supported"),
        ("{{ now | date: '%Q' }}", '"%Q" is unknown'),
        ("{% if email %}**a{% endif %} b**", "on a line of its own"),
        ("{{ first_name", "without a closing"),
        ("a { b", "stands alone"),
        ("  \n ", "The body is empty"),
        ("<b>Hello</b>", '"<b>" is HTML'),
        ("<!-- note -->", "is HTML"),
        ("Hello\x07", "control characters"),
        ("[x](/shop)", 'The link "/shop" leads nowhere'),
        ("[x](www.x.example)", "leads nowhere"),
        ("![x](cid:1)", "leads nowhere"),
        ("[x](https://a b)", "A link cannot be read"),
        ("[x](javascript:alert(1))", "A link cannot be read"),
        ("[x]({{ first_name }})", "A link cannot begin with {{ first_name }}"),
        ("[x](https://{{ first_name }}.example/)", "only behind the host"),
        ("[x](mailto:{{ email }})", "only behind the host"),
        ("[x]({{ entity_website }}{{ first_name }})", "only /, ? or # may follow"),
        ("[x]({{ entity_website }}@{{ first_name }})", "only /, ? or # may follow"),
        ("[x]({{ entity_website | append: first_name }})", "A link cannot begin with"),
        ("[x]({{ entity_website | default: first_name }})", "A link cannot begin with"),
        ("[x](https://x.example{% if email %}/{{ email }}{% endif %})", "only behind the host"),
        ("x" * 50_001, "at most 50000 are allowed"),
    ],
)
def test_a_fault_of_the_body_is_named(body, said):
    assert any(said in sentence for sentence in errors("body", body=body))


@pytest.mark.parametrize(
    "body",
    [
        "[x](https://x.example/{{ first_name }})",
        "[x](https://x.example?n={{ first_name }})",
        "[x]({{ entity_website }}/shop?n={{ first_name }})",
        "[x]({{ brand.website | default: 'https://x.example' }}#a)",
        "[x]({% if email %}https://x.example/{{ email }}{% else %}https://y.example{% endif %})",
        "[x](mailto:a@x.example?subject={{ first_name }})",
        "[x](https://x.example/{% if email %}a{% else %}b{% endif %})",
        "{% if contact.first_name %}\n- a\n{% endif %}",
        "{% for one in (1..3) %}{{ forloop.index }}{{ one }}{% endfor %}{{ brand.name | upcase }}",
        "2 < 3 and a <- b",
        "a%EE%80%907%EE%80%92 ![p](https://b.example%EE%80%907%EE%80%92/i.png)",
        "&#xe010;7&#xe012; &#xe01a; `%E&#xe010;E%80%907%EE%80%92` [x](https://b.example/&#xe010;7&#xe012;) &#xe018;",
        "[note] (in brackets)",
    ],
)
def test_what_is_right_is_not_called_a_fault(body):
    assert errors("body", body=body) == []


HARD_TO_READ = (
    *("{{" * 25_000, "{% #" * 12_500, "{% comment %}" * 3_800, "{{ x|" + " " * 25_000 + "y y }}", "==a " * 12_000),
    *("{% comment %}" + "{{" * 20_000 + "{% endcomment %}x", "{{ company }}" * 40_000),
    "q" + "v" * 12_000 + "{{ email }}" * 1_500,
)


def test_no_text_takes_long_to_check():
    before = time.process_time()

    for body in HARD_TO_READ:
        errors("body", body=body)

    assert time.process_time() - before < 5


def test_a_field_may_hold_a_number_or_a_text():
    body = "{% if custom.seats > 5 %}{{ custom.seats }}{% endif %}{% if custom.city contains 'x' %}x{% endif %}"

    assert errors("body", body=body, level="advanced") == []


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("", "The subject is empty"),
        ("one\ntwo", "more than one line"),
        ("x" * 301, "at most 300"),
        ("{{ first_name", "without a closing"),
        ("{{ company }}", "needs the personalisation level"),
    ],
)
def test_a_fault_of_the_subject_is_named(subject, said):
    assert any(said in sentence for sentence in errors("subject", subject=subject))


def test_a_preheader_may_be_empty():
    assert errors("preheader", preheader="") == []


def test_a_fault_of_the_preheader_is_named():
    assert "is unknown" in errors("preheader", preheader="{{ nothing }}")[0]


def test_every_unknown_variable_is_named():
    found = errors("body", body="{{ one }} {{ two }}")

    assert len(found) == 2


@pytest.mark.parametrize(
    ("fallbacks", "said"),
    [
        ({"nickname": "x"}, '"nickname" is no variable of this level'),
        ({"company": "x"}, '"company" is no variable of this level'),
        ({"first_name": 3}, 'The fallback of "first_name" is not text'),
        ({"first_name": "{{ email }}"}, "contains a brace"),
        ({"first_name": "x" * 501}, "at most 500"),
        (["first_name"], "Fallbacks are a list of variable and words"),
    ],
)
def test_a_fault_of_the_fallbacks_is_named(fallbacks, said):
    assert any(said in sentence for sentence in errors("fallbacks", fallbacks=fallbacks))


GOOD_PASSAGE = {"instruction": "Write an opening.", "fallback": "Good to meet you."}


@pytest.mark.parametrize(
    ("passages", "said"),
    [
        ({"opening": {"fallback": "x"}}, 'Passage "opening" has no instruction'),
        ({"opening": {"instruction": "x"}}, 'Passage "opening" has no fallback'),
        ({"opening": {**GOOD_PASSAGE, "tone": "warm"}}, 'the unknown part "tone"'),
        ({"opening": "write"}, "needs an instruction and a fallback"),
        ({"opening": {**GOOD_PASSAGE, "fallback": "{x}"}}, "contains a brace"),
        ({"opening": {**GOOD_PASSAGE, "fallback": "x" * 1201}}, "at most 1200"),
        ({"opening": {**GOOD_PASSAGE, "instruction": "x" * 2001}}, "more than 2000 characters"),
        ({"x" * 101: GOOD_PASSAGE}, "more than 100 characters"),
        ([], "Passages are named parts"),
    ],
)
def test_a_fault_of_the_passages_is_named(passages, said):
    assert any(said in sentence for sentence in errors("passages", level="premium", passages=passages))


def test_a_passage_in_the_words_must_be_described():
    found = errors("body", level="premium", body="{{ passage.closing }}", passages={"opening": GOOD_PASSAGE})

    assert "names a passage that is not described" in found[0]


def test_passages_need_the_premium_level():
    assert "premium" in errors("passages", passages={"opening": GOOD_PASSAGE})[0]
