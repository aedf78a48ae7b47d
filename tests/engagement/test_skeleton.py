"""An email put together once says for each person what putting it together anew would say."""

from __future__ import annotations

import pytest

from engagement import layout, markdown, skeleton, template_syntax

BRAND = layout.Brand(name="The 7 Space", signature="Yours, **Mia**")
BODY = """# Hello {{ first_name }}

Read [{{ first_name }} and more](https://x.example/?q={{ first_name }} "for {{ first_name }}"), *{{ first_name }}*.

![{{ first_name }}](https://x.example/a.png) `{{ first_name }}` [our page]({{ entity_website }}/new)
"""
VALUES = [
    "Ada",
    "<b>Ada</b>",
    'A "quoted" & & name',
    "[x](http://evil)",
    "Zoë 李 \ue012",
    "\\_*_",
    "http://a.b",
]


@pytest.mark.parametrize("value", VALUES)
def test_filled_skeleton_is_the_email(value):
    pieces = template_syntax.parse(BODY)
    values = dict.fromkeys(template_syntax.variables(pieces), value) | {pieces[-2]: "https://brand.example/ü"}
    fixed = tuple((one, said if one.name == "entity_website" else None) for one, said in values.items())

    email = skeleton.build(pieces=pieces, values=fixed, brand=BRAND, preheader=True)

    body = markdown.compose(pieces, values)
    filled = ["A subject", "A preheader", *values.values()]
    assert email.html(filled) == layout.html(brand=BRAND, subject="A subject", preheader="A preheader", body=body)
    assert email.text(filled) == markdown.underline_headings(layout.text(brand=BRAND, body=body))


def test_signs_of_slots_in_the_words_fill_nothing():
    pieces = template_syntax.parse("Hello \ue0102\ue012 {{ first_name }}")
    values = tuple((one, None) for one in template_syntax.variables(pieces))

    email = skeleton.build(pieces=pieces, values=values, brand=BRAND, preheader=False)

    assert email.text(["", "", "Ada"]).startswith("Hello 2 Ada\n")
