from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.models import BusinessEntity, Contact
from engagement import previews, rendering
from engagement.models import EngagementTemplate, TemplateVersion
from engagement.rendering import Words
from tests.factories import NOW

BRAND = BusinessEntity(
    name="The 7 Space",
    colour="#aa3355",
    signature="With warmth,\n**The 7 Space**",
    postal_address="1 Gallery Street\nBerlin",
    website="https://www.the7space.example",
)


def version(subject="Hello {{ first_name }}", body="Hello {{ first_name }},\n\nwelcome.", **fields):
    level = fields.pop("level", "advanced")
    fields = {"preheader": "", "fallbacks": {}, "passages": {}, **fields}
    return TemplateVersion(template=EngagementTemplate(level=level), subject=subject, body=body, **fields)


def render(version, *, brand=BRAND, facts=None, passages=None, **contact):
    contact = Contact(**{"email": "ada@example.org", "first_name": "Ada", **contact})
    return rendering.render(
        version=version, contact=contact, business_entity=brand, now=NOW, facts=facts, passages=passages
    )


def test_both_parts_greet_by_first_name():
    rendered = render(version())

    assert rendered.subject == "Hello Ada"
    assert rendered.text.startswith("Hello Ada,\n\nwelcome.")
    assert "Hello Ada,</p>" in rendered.html
    assert rendered.missing == rendered.used_fallbacks == []


def test_without_a_first_name_the_greeting_is_still_good():
    rendered = render(version(), first_name="")

    assert rendered.text.startswith("Hello there,")
    assert rendered.used_fallbacks == ["first_name"]


def test_the_nearest_fallback_goes_first():
    words = version(
        body="{{ first_name | default: 'dear' }} {{ first_name }} {{ company }}", fallbacks={"first_name": "friend"}
    )

    assert render(words, first_name="").text.startswith("dear friend your company")


def test_an_empty_fallback_leaves_the_variable_out():
    assert render(version(subject="Welcome, {{ first_name | default: '' }}!"), first_name="").subject == "Welcome!"


def test_a_null_fallback_holds_the_email():
    rendered = render(version(body="At {{ company }}", fallbacks={"company": None}))

    assert rendered.missing == ["company"]


@pytest.mark.parametrize("name", ["entity_website", "custom.city"])
def test_a_value_without_any_fallback_is_missing(name):
    rendered = render(version(body=f"See {{{{ {name} }}}}"), brand=None)

    assert rendered.missing == [name]


def test_a_missing_value_is_named_once():
    assert render(version(body="{{ custom.city }} {{ custom.city }}")).missing == ["custom.city"]


def test_a_variable_above_the_level_is_missing():
    assert render(version(body="{{ company }}", level="basic"), company="Engines").missing == ["company"]


def test_unreadable_words_hold_the_email():
    assert "without a closing" in render(version(body="Hello {{ first_name")).missing[0]


def test_entries_of_missing_fit_their_column():
    rendered = render(version(body="{{ custom." + "x" * 300 + " }}"))

    assert len(rendered.missing[0]) == 100


def test_a_subject_of_nothing_holds_the_email():
    assert render(version(subject="{{ first_name | default: '' }}"), first_name="").missing == ["subject"]


def test_the_subject_stays_one_line():
    assert render(version(), first_name="Ada\nBcc: Grace").subject == "Hello Ada Bcc: Grace"


def test_a_long_subject_is_cut_sensibly():
    subject = render(version(subject="Word " * 40 + "{{ first_name }}")).subject

    assert len(subject) <= 150
    assert subject.endswith("Word…")


@pytest.mark.parametrize("name", ["נועה", "محمد", "李小龍", "Zoë", "👩‍🎨", "O'Brien", "Nguyễn"])
def test_names_in_any_script_arrive_unchanged(name):
    rendered = render(version(), first_name=name)

    assert rendered.subject == f"Hello {name}"
    assert f"Hello {name}," in rendered.text


def test_a_hostile_name_is_plain_text():
    rendered = render(version(), first_name="*Bob* <script>x</script> [x](http://evil.example) {{ email }}")

    assert "<script" not in rendered.html
    assert 'href="http://evil' not in rendered.html
    assert "{" not in rendered.html + rendered.text + rendered.subject


def test_a_hostile_subject_is_escaped_in_the_frame():
    assert "<script" not in render(version(subject="{{ first_name }}"), first_name="</title><script>").html


def test_the_frame_shows_the_brand():
    page = render(version()).html

    assert "#aa3355" in page
    assert "<strong>The 7 Space</strong>" in page
    assert "1 Gallery Street" in page
    assert "https://www.the7space.example" in page


def test_the_text_part_ends_with_signature_and_address():
    text = render(version()).text

    assert text.index("welcome.") < text.index("With warmth,\nThe 7 Space") < text.index("1 Gallery Street\nBerlin")


def test_the_text_part_is_not_escaped():
    assert "O'Brien & Sons" in render(version(body="At {{ company }}"), company="O'Brien & Sons").text


def test_the_preheader_is_rendered():
    rendered = render(version(preheader="For {{ first_name }}"))

    assert rendered.preheader == "For Ada"
    assert "For Ada" in rendered.html


def test_without_a_brand_a_neutral_one_speaks(settings):
    settings.DEFAULT_FROM_EMAIL = "Our House <us@x.example>"

    rendered = render(version(body="From {{ entity }}"), brand=None)

    assert rendered.text.startswith("From our team")
    assert "Our House" in rendered.html


def test_facts_of_the_event_are_said():
    rendered = render(version(body="{{ contact_type }}, {{ lead_source }}"), facts={"contact_types": ["Artist"]})

    assert rendered.text.startswith("Artist, our website")


PASSAGES = {"opening": {"instruction": "Write.", "fallback": "Good to meet you."}}


def test_a_written_passage_is_used():
    words = version(body="{{ passage.opening }}", level="premium", passages=PASSAGES)

    assert render(words, passages={"opening": "You paint *rivers*."}).text.startswith("You paint *rivers*.")


def test_without_a_model_the_approved_fallback_stands():
    rendered = render(version(body="{{ passage.opening }}", level="premium", passages=PASSAGES))

    assert rendered.text.startswith("Good to meet you.")
    assert rendered.used_fallbacks == ["passage.opening"]


def test_a_passage_without_a_fallback_is_missing():
    words = version(body="{{ passage.opening }}", level="premium", passages={"opening": {"fallback": ""}})

    assert render(words).missing == ["passage.opening"]


def test_the_same_input_gives_the_same_email():
    assert render(version()) == render(version())


def test_a_preview_shows_samples_and_the_brands_name():
    words = Words("Hi {{ first_name }}", "", "{{ entity }} {{ company }} {{ custom.home_town }}", "advanced")

    preview = previews.preview(words=words, business_entity=BRAND, contact=None).sent

    assert preview.subject == "Hi Ada"
    assert preview.text.startswith("The 7 Space Analytical Engines home town")
    assert preview.missing == []


def test_words_know_their_variables():
    words = Words("{{ first_name }}", "{{ broken", "{{ passage.two }} {{ passage.one }}", "premium")

    assert words.variable_names() == {"first_name", "passage.one", "passage.two"}
    assert words.passage_names() == ["one", "two"]


@given(first_name=st.text(max_size=60), company=st.text(max_size=60), city=st.text(max_size=60))
def test_no_value_leaves_a_brace_or_raw_html(first_name, company, city):
    words = version(
        subject="{{ first_name }} at {{ company }}",
        body="# {{ first_name }}\n\n*{{ company }}* [x](https://x.org/{{ custom.city | default: '-' }})"
        "\n\n- {{ custom.city | default: '-' }}",
    )
    plain_page = render(words, first_name="a", company="b", custom={"city": "c"}).html

    rendered = render(words, first_name=first_name, company=company, custom={"city": city})

    assert not set(rendered.subject + rendered.text + rendered.html) & set("{}")
    assert rendered.html.count("<") == plain_page.count("<")
    assert len(rendered.subject.splitlines()) == 1
    assert rendered.missing == []
