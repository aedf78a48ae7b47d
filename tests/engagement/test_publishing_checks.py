"""What whoever publishes an email should have seen before, as codes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engagement import describe, publishing_checks
from engagement.rendering import Words
from tests import factories as f

pytestmark = pytest.mark.django_db
CALM = Words("A calm subject", "", "Dear {{ first_name }}.", "basic", fallbacks={"first_name": "friend"})


def codes(brand=None, **change):
    found = publishing_checks.findings(words=replace(CALM, **change), business_entity=brand)
    assert all(describe.why(one).endswith(".") and "%" not in describe.why(one) for one in found)
    return [one.code for one in found]


def test_each_finding_has_its_code():
    brand = f.BusinessEntityFactory(website="https://ours.example")
    f.BusinessEntityFactory(slug="others", name="Others", website="https://www.theirs.example")
    f.ContactFactory(first_name="", locale="fr").memberships.create(business_entity=brand)
    f.ContactFactory(first_name="Ada").memberships.create(business_entity=brand)
    german = {"subject": "HALLO ZUSAMMEN", "body": "Tag."}
    italian = {"subject": "Ciao", "body": "Ciao {{ full_name }}."}

    assert [
        codes(),
        codes(brand),
        codes(subject="BUY IT NOW"),
        codes(subject="Really?!"),
        codes(body="[us](https://ours.example/a) [them](https://theirs.example/b)", brand=brand),
        codes(body="word " * 9_900 + "\n\n"),
        codes(fallbacks={"first_name": None}),
        codes(translations={"de": german}),
        codes(translations={"it": italian}),
        codes(body="{{ nobody }}"),
    ] == [
        ["language_lacks"],
        ["language_lacks"],
        ["subject_shouts", "language_lacks"],
        ["subject_shouts", "language_lacks"],
        ["link_of_another_brand", "language_lacks"],
        ["language_lacks"],
        ["people_lack", "language_lacks"],
        ["subject_shouts", "language_lacks"],
        ["stand_in_untranslated", "language_lacks"],
        [],
    ]


def test_size_is_warned_of_before_it_is_cut(monkeypatch):
    f.ContactFactory(first_name="Ada")
    monkeypatch.setattr(publishing_checks, "BUDGET", 1_000)
    assert codes() == ["nearly_too_large"]
    monkeypatch.setattr(publishing_checks, "LARGEST", 2_000)
    assert codes() == ["too_large"]
