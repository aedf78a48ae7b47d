"""Loading the emails and targets of a fresh deployment, and what staff made of them since."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from contacts import defaults as contacts_defaults
from contacts.models import BusinessEntity
from engagement import defaults, drafts, publishing, rendering
from engagement.defaults import shipped
from engagement.models import EngagementTemplate, Goal, Target, TemplateVersion
from engagement.rendering import Words
from tests import factories

EMAILS = {email.slug: email for email in shipped.emails()}
TARGETS = {
    "gallery_curator": "the_7_space",
    "gallery_team": "the_7_space",
    "social_media_team": "the_7_space",
    "wellness_coordinator": "the_7_space",
    "wellness_team": "the_7_space",
    "business_development": "am_consulting",
    "lead_qualifier": "am_consulting",
    "research_team": "am_consulting",
    "account_manager": "am_consulting",
    "proposal_team": "am_consulting",
    "community_manager": "higherself_core",
    "community_team": "higherself_core",
    "content_team": "higherself_core",
    "event_coordinator": None,
    "event_team": None,
    "leadership_team": None,
    "executive_team": None,
    "account_management": None,
}
HEADER = 'name = "Note"\ncategory = "welcome"\nlevel = "basic"\nsubject = "A"\npreheader = "B"\n'


class TestReadingFiles:
    def test_fields_come_from_the_header_and_the_rest_is_the_body(self, tmp_path):
        path = tmp_path / "note.md"
        path.write_text(
            f'+++\n{HEADER}[fallbacks]\nfirst_name = "friend"\n+++\nDear {{{{ first_name }}}},\n', encoding="utf-8"
        )

        email = shipped.read(path)

        assert (email.slug, email.name, email.content.brand) == ("note", "Note", "")
        assert email.content.body == "Dear {{ first_name }},\n"
        assert email.content.fallbacks == {"first_name": "friend"}

    @pytest.mark.parametrize(
        "text",
        [
            "no header at all",
            "+++\nname = \n+++\nbody",
            '+++\nname = "x"\n+++\nbody',
            f'+++\n{HEADER}color = "red"\n+++\nbody',
            f"words\n+++\n{HEADER}+++\nbody",
        ],
        ids=["no header", "not TOML", "a field is missing", "an unknown field", "words before the header"],
    )
    def test_file_that_cannot_be_read_is_named(self, tmp_path, text):
        path = tmp_path / "broken.md"
        path.write_text(text, encoding="utf-8")

        with pytest.raises(ValueError, match=r"broken\.md"):
            shipped.read(path)

    def test_digest_passes_over_the_space_around_words(self):
        content = shipped.Content(level="basic", subject="A", preheader="B", body="Words\n")
        same = shipped.Content(level="basic", subject=" A ", preheader="B", body="\nWords\n\n")

        assert content.digest() == same.digest()

    @pytest.mark.parametrize(
        "change",
        [
            {"brand": "the_7_space"},
            {"level": "standard"},
            {"subject": "Z"},
            {"preheader": "Z"},
            {"body": "Z"},
            {"fallbacks": {"first_name": "friend"}},
            {"passages": {"opening": {"instruction": "Z", "fallback": "Z"}}},
            {"language": "de"},
            {"translations": {"de": {"subject": "Z"}}},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_digest_sees_every_change(self, change):
        values = {"level": "basic", "subject": "A", "preheader": "B", "body": "Words"}

        assert shipped.Content(**values).digest() != shipped.Content(**values | change).digest()


@pytest.fixture
def brands(db):
    contacts_defaults.load()


@pytest.fixture
def loaded(brands):
    return defaults.load()


@pytest.fixture
def next_release(monkeypatch):
    """Has a release bring other words for the artist welcome."""
    email = EMAILS["artist_welcome"]
    values = vars(email.content) | {"subject": "Good to see you at The 7 Space"}
    other = shipped.ShippedEmail(email.slug, email.name, email.category, shipped.Content(**values))
    monkeypatch.setattr(shipped, "emails", lambda: [other if one is email else one for one in EMAILS.values()])
    return other


def artist_welcome() -> EngagementTemplate:
    return EngagementTemplate.objects.select_related("current_version").get(slug="artist_welcome")


def change_words(template: EngagementTemplate, **change: object) -> None:
    """What staff do in the admin."""
    version = template.current_version
    publishing.save_version(template=template, **rendering.words_of(version) | change, now=factories.NOW)


class TestLoading:
    def test_every_email_is_loaded_with_a_first_version(self, loaded):
        rows = EngagementTemplate.objects.values_list(
            "slug", "business_entity__slug", "level", "category", "current_version__number", "active"
        )

        assert sorted(rows) == sorted(
            (slug, email.content.brand or None, email.content.level, email.category, 1, True)
            for slug, email in EMAILS.items()
        )

    def test_every_target_is_loaded_with_its_brand(self, loaded):
        assert dict(Target.objects.values_list("slug", "business_entity__slug")) == TARGETS

    def test_target_has_a_readable_name(self, loaded):
        assert Target.objects.get(slug="gallery_curator").name == "Gallery curator"

    def test_each_row_is_reported(self, loaded):
        assert len(loaded) == len(TARGETS) + len(EMAILS) + Goal.objects.count()
        assert 'Target "Gallery curator" added.' in loaded
        assert 'Email "Artist welcome" added.' in loaded

    def test_loading_twice_adds_nothing(self, loaded):
        again = defaults.load()

        assert again == []
        assert TemplateVersion.objects.count() == len(EMAILS)

    def test_check_writes_nothing(self, brands):
        lines = defaults.load(check_only=True)

        assert 'Email "Artist welcome" would be added.' in lines
        assert 'Target "Gallery curator" would be added.' in lines
        assert not EngagementTemplate.objects.exists()
        assert not Target.objects.exists()

    def test_check_of_a_complete_deployment_finds_nothing(self, loaded):
        assert defaults.load(check_only=True) == []

    def test_words_of_staff_survive_a_deployment(self, loaded):
        change_words(artist_welcome(), subject="Our own subject")

        lines = defaults.load()

        assert lines == []
        assert artist_welcome().current_version.subject == "Our own subject"

    def test_words_of_staff_survive_a_release_with_other_words(self, loaded, next_release):
        change_words(artist_welcome(), subject="Our own subject")

        lines = defaults.load()

        assert lines == [
            'Email "Artist welcome" left as staff wrote it; this release has other words for "artist_welcome".'
        ]
        assert artist_welcome().current_version.subject == "Our own subject"

    def test_release_reaches_an_email_nobody_touched(self, loaded, next_release):
        lines = defaults.load()

        assert lines == ['Email "Artist welcome" has the words of this release.']
        assert artist_welcome().current_version.subject == next_release.content.subject
        assert artist_welcome().current_version.number == 2

    def test_release_waits_for_an_email_that_staff_are_editing(self, loaded, next_release):
        email = artist_welcome()
        words = replace(Words.of(email.current_version), subject="Half a thou")
        drafts.save(template=email, words=words, business_entity=email.business_entity, by=None, now=factories.NOW)

        (line,) = defaults.load()

        assert "left as staff wrote it" in line
        assert artist_welcome().current_version.number == 1

    def test_email_of_a_release_without_languages_gets_them(self, loaded):
        email = artist_welcome()
        change_words(email, translations={})
        version = email.current_version
        texts = [one.strip() for one in (version.subject, version.preheader, version.body)]
        said = json.dumps(["the_7_space", email.level, *texts, version.fallbacks, version.passages], sort_keys=True)
        email.loaded_digest = hashlib.sha256(said.encode()).hexdigest()
        email.save()

        defaults.load()

        assert list(artist_welcome().current_version.translations) == ["de"]

    def test_release_is_loaded_once(self, loaded, next_release):
        defaults.load()

        assert defaults.load() == []

    def test_check_of_a_release_writes_nothing(self, loaded, next_release):
        lines = defaults.load(check_only=True)

        assert lines == ['Email "Artist welcome" would get the words of this release.']
        assert artist_welcome().current_version.number == 1

    def test_release_reaches_an_email_that_staff_changed_back(self, loaded, next_release):
        change_words(artist_welcome(), subject="Our own subject")
        change_words(artist_welcome(), subject=EMAILS["artist_welcome"].content.subject)

        defaults.load()

        assert artist_welcome().current_version.subject == next_release.content.subject

    def test_staff_who_wrote_the_same_words_hear_nothing(self, loaded, next_release):
        change_words(artist_welcome(), subject=next_release.content.subject)

        assert defaults.load() == []

    def test_level_that_staff_changed_keeps_a_release_away(self, loaded, next_release):
        EngagementTemplate.objects.filter(slug="artist_welcome").update(level="advanced")

        defaults.load()

        assert artist_welcome().level == "advanced"
        assert artist_welcome().current_version.number == 1

    def test_inactive_email_stays_inactive(self, loaded, next_release):
        EngagementTemplate.objects.filter(slug="artist_welcome").update(active=False)

        defaults.load()

        assert not artist_welcome().active

    def test_renamed_email_keeps_its_name(self, loaded, next_release):
        EngagementTemplate.objects.filter(slug="artist_welcome").update(name="Hello, artists")

        defaults.load()

        assert artist_welcome().name == "Hello, artists"

    def test_email_that_staff_made_under_a_shipped_slug_is_theirs(self, brands):
        factories.EngagementTemplateFactory(slug="artist_welcome", name="Ours")

        lines = defaults.load()

        assert 'Email "Ours" left as staff wrote it; this release has other words for "artist_welcome".' in lines
        assert artist_welcome().current_version.subject == "Hello {{ first_name }}"

    def test_email_of_staff_without_words_yet_is_theirs(self, brands):
        EngagementTemplate.objects.create(slug="artist_welcome", name="Ours")

        defaults.load()

        assert artist_welcome().current_version is None

    def test_target_that_staff_renamed_keeps_its_name(self, loaded):
        Target.objects.filter(slug="gallery_curator").update(name="Curators of the house")

        defaults.load()

        assert Target.objects.get(slug="gallery_curator").name == "Curators of the house"

    def test_email_of_a_brand_that_is_not_there_is_left_out_and_named(self, loaded):
        EngagementTemplate.objects.filter(slug="community_welcome").update(slug="kept_elsewhere")
        BusinessEntity.objects.filter(slug="higherself_core").update(slug="renamed")

        lines = defaults.load()

        (line,) = lines
        assert line.startswith('Email "Community welcome" not added: there is no business entity "higherself_core".')

    def test_loaded_email_renders_for_a_stored_contact(self, loaded):
        contact = factories.ContactFactory(first_name="Mira")
        template = artist_welcome()

        email = rendering.render(
            version=template.current_version,
            contact=contact,
            business_entity=template.business_entity,
            now=factories.NOW,
        )

        assert email.text.startswith("Dear Mira,\n")
        assert email.missing == []
