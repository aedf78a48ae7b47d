from __future__ import annotations

import pytest

from engagement import publishing
from engagement.models import EngagementTemplate
from tests.factories import NOW, EngagementTemplateFactory, UserFactory

pytestmark = pytest.mark.django_db


def save(template, *, body="Hello {{ first_name }}.", **words):
    return publishing.save_version(template=template, **{"subject": "Hello", "body": body, "now": NOW, **words})


@pytest.fixture
def template():
    return EngagementTemplate.objects.create(slug="welcome", name="Welcome", level="standard")


def test_the_first_words_are_version_one(template):
    version = save(template, by=UserFactory(username="grace"))

    assert (version.number, version.created_by.username, version.created_at) == (1, "grace", NOW)
    template.refresh_from_db()
    assert template.current_version == version
    assert template.updated_at == NOW


def test_a_change_makes_the_next_version(template):
    save(template)

    changed = save(template, body="Good day {{ first_name }}.")

    assert changed.number == 2
    assert template.versions.count() == 2


def test_the_same_words_make_no_version(template):
    first = save(template)

    assert save(template, body="Hello {{ first_name }}.\r\n") == first


def test_changed_fallbacks_make_a_version(template):
    save(template)

    assert save(template, fallbacks={"first_name": "friend"}).number == 2


def test_unreadable_words_are_refused_with_their_field(template):
    with pytest.raises(publishing.InvalidTemplate) as refused:
        save(template, body="Hello {{ nickname }}", subject="")

    assert set(refused.value.errors) == {"subject", "body"}
    assert "nickname" in str(refused.value)
    assert template.versions.count() == 0


def test_the_level_in_hand_is_the_one_that_counts(template):
    template.level = "advanced"

    assert save(template, body="At {{ company }}").number == 1


def test_older_versions_stay_as_they_were():
    template = EngagementTemplateFactory(words=("Hello", "Old words."))
    before = template.current_version

    save(template, body="New words.")

    before.refresh_from_db()
    assert before.body == "Old words."
