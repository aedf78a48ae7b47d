"""The words of the emails that come with Contactflow: whether they read well for everybody they may reach."""

from __future__ import annotations

import functools
import html
import itertools
import re

from contacts.defaults import CONTENT
from contacts.models import BusinessEntity
from engagement import publishing_checks, rendering, translations
from engagement.defaults import shipped
from engagement.models import EngagementTemplate, TemplateVersion
from tests import factories
from tests.matrix import matrix

EXPECTED = {  # slug: (brand, level, category)
    "artist_welcome": ("the_7_space", "standard", "welcome"),
    "business_welcome": ("am_consulting", "advanced", "welcome"),
    "community_welcome": ("higherself_core", "standard", "welcome"),
    "gallery_inquiry_response": ("the_7_space", "advanced", "follow_up"),
    "post_consultation_follow_up": ("am_consulting", "premium", "follow_up"),
    "event_follow_up": ("", "premium", "follow_up"),
    "event_attendee": ("", "standard", "lead_source"),
    "event_attendee_day_7": ("", "standard", "lead_source"),
    "vip_referral_welcome": ("", "premium", "lead_source"),
    "vip_referral_day_2": ("", "standard", "lead_source"),
    "vip_referral_day_5": ("", "standard", "lead_source"),
    "website_visitor_nurturing": ("", "standard", "lead_source"),
    "website_nurturing_day_7": ("", "standard", "lead_source"),
    "website_nurturing_day_14": ("", "standard", "lead_source"),
    "wellness_program": ("the_7_space", "standard", "information"),
    "consultation_offer": ("am_consulting", "advanced", "information"),
    "proposal_follow_up": ("am_consulting", "advanced", "follow_up"),
    "platform_introduction": ("higherself_core", "standard", "information"),
    "content_sharing": ("higherself_core", "standard", "information"),
}
SEQUENCES = {
    "event": ("event_follow_up", "event_attendee", "event_attendee_day_7"),
    "referral": ("vip_referral_welcome", "vip_referral_day_2", "vip_referral_day_5"),
    "website": ("website_visitor_nurturing", "website_nurturing_day_7", "website_nurturing_day_14"),
}
PEOPLE = {
    "known in full": {
        "first_name": "Mira",
        "last_name": "Okafor",
        "company": "Northlight Studio",
        "job_title": "Head of Programme",
        "phone": "+442079460018",
        "interests": ["sculpture", "yoga"],
        "tags": ["Hot"],
        "locale": "en-GB",
    },
    "known by address alone": {},
    "Hebrew": {"first_name": "נועה", "last_name": "לוי", "company": "סטודיו אור", "job_title": "אוצרת"},
    "Chinese": {"first_name": "秀英", "last_name": "王", "company": "光影画廊", "job_title": "策展人"},
    "Devanagari": {"first_name": "प्रिया", "last_name": "शर्मा", "company": "कला भवन", "job_title": "निदेशक"},
    "given names with an apostrophe and an ampersand": {"first_name": "D'Arcy <&> Co", "company": "Smith & Sons"},
    "in Vienna, known by name": {
        "first_name": "Mira",
        "company": "Studio Nordlicht",
        "job_title": "Leiterin",
        "locale": "de-AT",
    },
    "in Berlin, known by address alone": {"locale": "de"},
}
READS_GERMAN = [person for person, known in PEOPLE.items() if str(known.get("locale", "")).startswith("de")]
EMAILS = {email.slug: email for email in shipped.emails()}
BRANDS = {str(values["slug"]): BusinessEntity(**values) for values in CONTENT["business_entities"]}
SPOKEN = [  # every email with every brand it can speak for
    (slug, brand)
    for slug, email in EMAILS.items()
    for brand in ([email.content.brand] if email.content.brand else BRANDS)
]
every_email = matrix("slug", sorted(EMAILS))
every_brand = matrix("slug, brand", SPOKEN)


def words_of(slug: str) -> rendering.Words:
    content = EMAILS[slug].content
    return rendering.Words(level=content.level, **rendering.words_of(content))


def german(slug: str) -> rendering.Words:
    return words_of(slug).in_language("de")


@functools.cache
def rendered(slug: str, brand: str, person: str) -> rendering.Rendered:
    content = EMAILS[slug].content
    template = EngagementTemplate(slug=slug, level=content.level)
    version = TemplateVersion(template=template, **rendering.words_of(content))
    contact = factories.ContactFactory.build(**PEOPLE[person])
    return rendering.render(version=version, contact=contact, business_entity=BRANDS[brand], now=factories.NOW)


def body_text(slug: str, brand: str, person: str) -> str:
    """The text part without the brand's signature and footer."""
    return rendered(slug, brand, person).text.rpartition(f"\n\n{closing_of(brand, person)}")[0]


def closing_of(brand: str, person: str) -> str:
    signed = BRANDS[brand]
    words = translations.section(signed.translated_signatures, "de") if person in READS_GERMAN else signed.signature
    return words.splitlines()[0]


def parts(slug: str, brand: str, *names: str) -> list[str]:
    """These parts of the email, for everybody."""
    return [getattr(rendered(slug, brand, person), name) for person in PEOPLE for name in names]


def greeting(slug: str, brand: str, person: str) -> str:
    return rendered(slug, brand, person).text.splitlines()[0]


class TestShippedEmails:
    def test_every_promised_email_is_there(self):
        assert {
            slug: (email.content.brand, email.content.level, email.category) for slug, email in EMAILS.items()
        } == EXPECTED

    def test_names_differ(self):
        assert len({email.name for email in EMAILS.values()}) == len(EXPECTED)

    @every_email
    def test_words_pass_proofreading_at_their_level(self, slug):
        assert publishing_checks.refusals(words_of(slug)) == {}

    @every_email
    def test_category_is_one_of_the_models(self, slug):
        assert EMAILS[slug].category in EngagementTemplate.Category.values

    @every_email
    def test_every_variable_but_the_brand_has_a_fallback_written_for_the_sentence(self, slug):
        names = {name for name in words_of(slug).variable_names() if not name.startswith("passage.")}

        assert names - {"entity"} == set(EMAILS[slug].content.fallbacks)

    @matrix("slug", [slug for slug, (_, level, _) in EXPECTED.items() if level == "premium"])
    def test_premium_email_has_one_passage_with_its_approved_text(self, slug):
        passages = EMAILS[slug].content.passages

        assert list(passages) == ["opening"]
        assert len(passages["opening"]["fallback"].split()) >= 20

    @matrix("slug", [slug for slug, (_, level, _) in EXPECTED.items() if level == "premium"])
    def test_instruction_forbids_inventing(self, slug):
        assert "not invent" in " ".join(EMAILS[slug].content.passages["opening"]["instruction"].split())

    @matrix("slug", [slug for slug, (_, level, _) in EXPECTED.items() if level == "advanced"])
    def test_advanced_email_speaks_of_the_persons_work(self, slug):
        assert "company" in words_of(slug).variable_names()

    @matrix("slug", [slug for slug, (brand, _, _) in EXPECTED.items() if not brand])
    def test_email_for_any_brand_names_the_one_that_speaks(self, slug):
        assert "entity" in words_of(slug).variable_names()

    @matrix("slug", [slug for slug, (brand, _, _) in EXPECTED.items() if not brand])
    def test_email_for_any_brand_names_no_brand_by_itself(self, slug):
        content = EMAILS[slug].content

        assert not any(brand.name in content.body + content.subject + content.preheader for brand in BRANDS.values())

    @every_email
    def test_nothing_is_claimed_that_only_a_brand_could_know(self, slug):
        content = EMAILS[slug].content
        passages = "".join(passage["fallback"] for passage in content.passages.values())
        text = f"{content.subject} {content.preheader} {content.body} {passages}"

        assert not re.search(r"https?:|www\.|[$€£%]|\b(?:19|20)\d\d\b|award|guarantee|free of charge", text, re.I)

    @every_email
    def test_it_asks_for_a_reply(self, slug):
        assert re.search(r"\breply\b", EMAILS[slug].content.body, re.I)

    @every_email
    def test_one_passage_stands_out_as_the_ask(self, slug):
        paragraphs = EMAILS[slug].content.body.split("\n\n")
        asking = [
            paragraph for paragraph in paragraphs if "**" in paragraph and re.search(r"\breply\b", paragraph, re.I)
        ]

        assert len(asking) == 1

    @every_email
    def test_preheader_adds_to_the_subject(self, slug):
        content = EMAILS[slug].content

        assert 20 <= len(content.preheader) <= 90
        assert content.preheader.casefold() != content.subject.casefold()

    @matrix("sequence", SEQUENCES)
    def test_touches_of_a_sequence_repeat_nothing(self, sequence):
        sentences = [
            {sentence for sentence in re.split(r"(?<=[.?!:])\s+", EMAILS[slug].content.body) if len(sentence) > 25}
            for slug in SEQUENCES[sequence]
        ]

        assert all(not first & second for first, second in itertools.combinations(sentences, 2))

    def test_no_two_emails_share_a_subject(self):
        assert len({email.content.subject for email in EMAILS.values()}) == len(EMAILS)


class TestGermanEmails:
    def test_each_has_one_with_its_own_words_for_whoever_is_without_a_value(self):
        found = {slug: set(EMAILS[slug].content.translations["de"]["fallbacks"]) for slug in EMAILS}

        assert found == {
            slug: {name for name in words_of(slug).variable_names() if not name.startswith("passage.")}
            for slug in EMAILS
        }

    def test_they_say_sie_ask_for_an_answer_once_and_claim_nothing(self):
        def faults(words):
            asking = [
                part
                for part in words.body.split("\n\n")
                if "**" in part and re.search("antworten Sie|schreiben Sie uns|Antwort genügt", part, re.I)
            ]
            text = f"{words.subject} {words.preheader} {words.body} {words.passages}"
            return [
                fault
                for fault, is_so in (
                    ("says du", re.search(r"\b(du|dich|dir|dein\w*)\b", text, re.I)),
                    ("never says Sie", not re.search(r"\b(Sie|Ihnen|Ihre?n?)\b", words.body)),
                    ("does not ask once", len(asking) != 1),
                    ("claims", re.search(r"https?:|www\.|[$€£%]|\b(?:19|20)\d\d\b|garantiert|kostenlos", text, re.I)),
                    ("preheader", not 20 <= len(words.preheader) <= 90),
                )
                if is_so
            ]

        assert {slug: found for slug in EMAILS if (found := faults(german(slug)))} == {}

    def test_no_two_share_a_subject_and_those_of_a_sequence_no_sentence(self):
        assert len({german(slug).subject for slug in EMAILS}) == len(EMAILS)
        for slugs in SEQUENCES.values():
            sentences = [re.split(r"(?<=[.?!:])\s+", german(slug).body) for slug in slugs]
            long = [{sentence for sentence in found if len(sentence) > 25} for found in sentences]
            assert not any(first & second for first, second in itertools.combinations(long, 2))

    def test_whoever_reads_german_gets_it_whole(self):
        for slug, brand in SPOKEN:
            for person in READS_GERMAN:
                email = rendered(slug, brand, person)
                assert (email.language, '<html lang="de"' in email.html) == ("de", True)
                assert not re.search(
                    r"\b(the|your|with|and you)\b", body_text(slug, brand, person).replace(BRANDS[brand].name, "")
                )


class TestRenderedEmails:
    @every_brand
    def test_nothing_is_missing_for_anybody(self, slug, brand):
        assert [person for person in PEOPLE if rendered(slug, brand, person).missing] == []

    @every_brand
    def test_both_parts_carry_the_words(self, slug, brand):
        for person in PEOPLE:
            email = rendered(slug, brand, person)

            last_paragraph = body_text(slug, brand, person).rpartition("\n\n")[2]
            assert last_paragraph[-40:] in email.text
            assert last_paragraph[-40:] in html.unescape(re.sub(r"</?strong>", "", email.html)).replace("\n", " ")

    @every_brand
    def test_no_brace_and_no_none_reaches_anybody(self, slug, brand):
        for part in parts(slug, brand, "subject", "preheader", "text", "html"):
            assert not re.search(r"[{}]|\bNone\b|\bnull\b", part)

    @every_brand
    def test_no_gap_is_left_in_a_sentence(self, slug, brand):
        for part in parts(slug, brand, "subject", "preheader", "text"):
            assert not re.search(r"\S {2,}\S| [,.;:?!]|,,|\.\.|\n{3,}|\(\)", part)

    @every_brand
    def test_text_part_shows_no_markdown_and_no_html(self, slug, brand):
        for text in parts(slug, brand, "text"):
            assert not re.search(r"\*|\]\(|&\w+;|<[a-z/]", text)

    @every_brand
    def test_subject_fits(self, slug, brand):
        assert all(0 < len(subject) <= 60 for subject in parts(slug, brand, "subject"))

    @every_brand
    def test_it_greets_by_first_name(self, slug, brand):
        for person, known in PEOPLE.items():
            if "first_name" in known:
                hello = rf"(Hello|Hi|Dear|Guten Tag|Hallo) {re.escape(known['first_name'])},"
                assert re.fullmatch(hello, greeting(slug, brand, person))

    @every_brand
    def test_greeting_is_whole_without_a_first_name(self, slug, brand):
        assert greeting(slug, brand, "known by address alone") in {
            "Hello there,",
            "Hello again,",
            "Hello and welcome,",
            "Hello and good to have you with us,",
            "Hello and a good day to you,",
            "Hi there,",
            "Dear friend,",
        }
        assert re.fullmatch("(Guten Tag|Hallo) und [a-zA-Z, äöü]+,", greeting(slug, brand, READS_GERMAN[1]))

    @every_brand
    def test_length_is_that_of_a_letter(self, slug, brand):
        for person in ("known in full", "known by address alone", *READS_GERMAN):
            assert 80 <= len(body_text(slug, brand, person).split()) <= 180

    @every_brand
    def test_text_says_which_brand_speaks(self, slug, brand):
        assert BRANDS[brand].name in rendered(slug, brand, "known in full").text

    @every_brand
    def test_other_brands_are_not_mentioned(self, slug, brand):
        others = [other.name for name, other in BRANDS.items() if name != brand]

        assert not any(other in rendered(slug, brand, "known in full").html for other in others)

    @matrix("slug", [slug for slug, (_, level, _) in EXPECTED.items() if level == "advanced"])
    def test_company_is_named_where_it_is_known(self, slug):
        assert "Northlight Studio" in rendered(slug, EMAILS[slug].content.brand, "known in full").text

    @every_brand
    def test_a_full_profile_needs_no_fallback_but_the_passage(self, slug, brand):
        assert set(rendered(slug, brand, "known in full").used_fallbacks) <= {"passage.opening"}

    @every_brand
    def test_name_with_signs_of_html_is_shown_and_not_obeyed(self, slug, brand):
        email = rendered(slug, brand, "given names with an apostrophe and an ampersand")

        assert "&lt;&amp;&gt;" in email.html
        assert "<&>" in email.text

    @every_brand
    def test_text_part_ends_with_the_brands_signature(self, slug, brand):
        for person in ("known in full", READS_GERMAN[0]):
            assert rendered(slug, brand, person).text.count(f"\n\n{closing_of(brand, person)}\n") == 1
