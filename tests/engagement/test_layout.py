"""The frame around an email's words: what it shows of the brand, and what every mail program can make of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.defaults import CONTENT
from contacts.models import BusinessEntity
from engagement import layout, markdown

VOID = {"meta", "img", "br", "hr", "link", "input"}
BODY = markdown.read("Hello Mira,\n\nGood to **meet** you.")
FULL = {
    "name": "The 7 Space",
    "colour": "#7c3f58",
    "logo_url": "https://brand.example/logo.png",
    "signature": "With warmth,\n\n**The 7 Space**",
    "postal_address": "1 Gallery Lane\n\nOldtown",
    "website": "https://brand.example/",
}
colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
every_brand = pytest.mark.parametrize("values", CONTENT["business_entities"], ids=lambda values: values["slug"])


def html(preheader: str = "One question", subject: str = "Welcome", **brand: str) -> str:
    return layout.html(brand=layout.Brand(**FULL | brand), subject=subject, preheader=preheader, body=BODY)


def text(**brand: str) -> str:
    return layout.text(brand=layout.Brand(**FULL | brand), body=BODY)


class Structure(HTMLParser):
    """Collects the elements of a page and complains about those that are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def attributes(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


class TestPage:
    @pytest.mark.parametrize(
        "left_out", [{}, *({name: ""} for name in ("logo_url", "signature", "postal_address", "website"))], ids=str
    )
    def test_every_element_is_closed_in_order(self, left_out):
        structure = Structure(html(**left_out))

        assert structure.faults == []
        assert structure.open == []

    def test_language_is_named(self):
        assert '<html lang="en"' in html()

    def test_layout_tables_are_no_tables_to_screen_readers(self):
        tables = [attributes for tag, attributes in Structure(html()).elements if tag == "table"]

        assert tables
        assert all(attributes.get("role") == "presentation" for attributes in tables)

    def test_width_is_fluid_up_to_600_pixels(self):
        page = html()

        assert "width:100%;max-width:600px" in page
        assert 'name="viewport" content="width=device-width' in page

    def test_outlook_gets_a_fixed_width(self):
        page = html()

        assert page.count("<!--[if mso]><table") == page.count("<!--[if mso]></td></tr></table><![endif]-->") == 2

    def test_nothing_is_fetched_but_the_logo(self):
        structure = Structure(html())

        assert structure.attributes("src") == ["https://brand.example/logo.png"]
        assert not {"script", "link", "style", "iframe", "form", "object"} & {tag for tag, _ in structure.elements}
        assert "url(" not in html()

    def test_no_comment_of_ours_is_sent(self):
        assert re.findall(r"<!--(?!\[if mso\])", html()) == []

    @pytest.mark.parametrize("left_out", [{}, dict.fromkeys(set(FULL) - {"name", "colour"}, "")], ids=["full", "bare"])
    def test_no_brace_is_left(self, left_out):
        assert not re.search(r"[{}]", html(**left_out) + text(**left_out))

    def test_page_stays_far_below_the_size_at_which_gmail_clips(self):
        assert len(html().encode()) < 20_000

    def test_words_are_in_it_as_they_are(self):
        assert "Good to <strong>meet</strong> you.</p>" in html()

    def test_subject_is_the_title(self):
        assert "<title>Welcome</title>" in html()

    @pytest.mark.parametrize("where", ["subject", "preheader", "name", "postal_address", "website", "logo_url"])
    def test_value_with_signs_of_html_is_shown_and_not_obeyed(self, where):
        page = html(**{where: 'A <b>bold</b> & "quoted" value'})

        assert "<b>" not in page
        assert "&lt;b&gt;bold&lt;/b&gt; &amp; &quot;quoted&quot;" in page


class TestBrand:
    def test_logo_carries_the_name_for_those_who_see_no_images(self):
        assert ("img", "The 7 Space") in [(tag, at.get("alt")) for tag, at in Structure(html()).elements]

    def test_without_logo_the_name_stands_there(self):
        page = html(logo_url="", signature="", postal_address="", website="")

        assert "<img" not in page
        assert page.count("The 7 Space") == 1

    def test_signature_follows_the_words(self):
        page = html()

        assert page.index("meet") < page.index("With warmth,") < page.index("1 Gallery Lane")

    def test_without_signature_its_rule_is_gone_too(self):
        assert html().count('bgcolor="#7c3f58"') == 2
        assert html(signature="").count('bgcolor="#7c3f58"') == 1

    def test_every_line_of_the_postal_address_stands_by_itself(self):
        assert "<br>\n1 Gallery Lane<br>\nOldtown<br>" in html()

    def test_website_is_linked_and_shown_without_its_scheme(self):
        assert 'href="https://brand.example/"' in html()
        assert ">brand.example/</a>" in html()

    def test_footer_without_address_has_the_website_alone(self):
        assert "<strong>The 7 Space</strong><br>\n<a " in html(postal_address="")

    def test_without_address_and_website_there_is_no_footer(self):
        page = html(postal_address="", website="", signature="")

        assert page.count("max-width:600px") == 1

    @every_brand
    def test_brand_of_a_fresh_deployment_has_a_face(self, values):
        page = layout.html(
            brand=layout.brand_of(BusinessEntity(**values)), subject="Welcome", preheader="One question", body=BODY
        )

        assert page.count(f'bgcolor="{values["colour"]}"') == 2
        assert values["signature"].splitlines()[0] in page
        assert values["colour"] != layout.NEUTRAL_COLOUR

    def test_brands_of_a_fresh_deployment_differ_in_colour(self):
        assert len({values["colour"] for values in CONTENT["business_entities"]}) == len(CONTENT["business_entities"])


class TestPreheader:
    def test_preheader_comes_first_and_hidden(self):
        body = html().partition("<body")[2]

        assert re.match(r"[^>]*>\s*<div style=\"display:none;[^\"]*mso-hide:all\"[^>]*>One question&#847;", body)

    def test_nothing_of_the_words_follows_it_in_the_list_of_mails(self):
        hidden = html().partition("One question")[2].partition("</div>")[0]

        assert hidden.count("&nbsp;") >= 20

    def test_without_preheader_nothing_is_hidden(self):
        assert "display:none" not in html(preheader="")


class TestColours:
    @staticmethod
    def pairs(page: str, what: str) -> set[tuple[str, str]]:
        return set(re.findall(rf"(?<![\w-]){what}:light-dark\((#\w+),(#\w+)\)", page))

    @pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
    def test_text_is_readable_on_card_and_page(self, mode):
        page = html(preheader="")
        texts = {pair[mode] for pair in self.pairs(page, "color")}
        grounds = {pair[mode] for pair in self.pairs(page, "background-color")}

        assert len(texts) == 3
        assert len(grounds) == 2
        assert all(contrast(one, ground) >= 4.5 for one in texts for ground in grounds)

    def test_program_without_dark_mode_has_the_light_colour_of_each_pair(self):
        page = html()

        for what, light in re.findall(r"(?<![\w-])([a-z-]*color):light-dark\((#\w+),", page):
            assert re.search(rf"(?:{what}:|border:1px solid ){light};{what}:light-dark", page)

    def test_both_modes_are_announced(self):
        page = html()

        assert '<meta name="color-scheme" content="light dark">' in page
        assert 'style="color-scheme:light dark"' in page

    @given(colours)
    def test_whatever_the_brands_colour_the_frame_writes_no_text_in_it(self, colour):
        page = html(colour=colour)

        assert f"background-color:{colour}" in page
        assert not re.search(rf"(?<!background-)color:\s*{colour}", page)


class TestTextPart:
    def test_it_reads_like_a_letter(self):
        assert text() == (
            "Hello Mira,\n\nGood to meet you.\n\nWith warmth,\n\nThe 7 Space\n\n"
            "----------------------------------------\nThe 7 Space\n1 Gallery Lane\nOldtown\nhttps://brand.example/\n"
        )

    def test_without_address_and_website_it_ends_with_the_signature(self):
        assert text(postal_address="", website="").endswith("With warmth,\n\nThe 7 Space\n")

    def test_without_signature_the_footer_still_says_who_writes(self):
        end = text(signature="", postal_address="", website="")

        assert end == "Hello Mira,\n\nGood to meet you.\n\n----------------------------------------\nThe 7 Space\n"

    def test_footer_without_address_has_the_website_alone(self):
        assert text(postal_address="").endswith("----\nThe 7 Space\nhttps://brand.example/\n")

    def test_nothing_is_escaped(self):
        assert "Smith & Sons" in text(name="Smith & Sons")

    @pytest.mark.parametrize("left_out", [(), *((name,) for name in sorted(FULL))], ids=str)
    def test_what_is_missing_leaves_no_gap(self, left_out):
        page = text(**dict.fromkeys(set(left_out) - {"name", "colour"}, ""))

        assert "\n\n\n" not in page
        assert page == page.strip() + "\n"
