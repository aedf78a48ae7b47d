"""What a fresh deployment loads, and what it leaves to staff."""

from __future__ import annotations

from typing import Any

import pytest

from contacts import defaults
from contacts.defaults import CONTENT
from contacts.models import (
    BusinessEntity,
    ClassificationRule,
    ContactStatus,
    ContactType,
    LeadSource,
    RoutingRule,
    Rule,
    validate_colour,
)

pytestmark = pytest.mark.django_db


def test_a_fresh_deployment_has_everything() -> None:
    added = defaults.load()

    assert 'brand "The 7 Space"' in added
    assert BusinessEntity.objects.count() == 3
    assert ContactType.objects.count() == 7
    assert LeadSource.objects.count() == 3
    assert ContactStatus.objects.count() == 6
    assert len(added) == 19 + ClassificationRule.objects.count() + RoutingRule.objects.count()


def test_loading_again_adds_nothing() -> None:
    defaults.load()

    assert defaults.load() == []


def test_a_check_says_what_would_be_added_and_adds_nothing() -> None:
    foretold = defaults.load(check_only=True)

    assert not BusinessEntity.objects.exists()
    assert foretold == defaults.load()
    assert defaults.load(check_only=True) == []


@pytest.mark.parametrize(
    ("slug", "channels", "hours", "days"),
    [
        ("the_7_space", ["email", "in person", "social media"], 24, [1, 3, 7, 14, 30]),
        ("am_consulting", ["email", "phone", "virtual meeting"], 4, [1, 2, 5, 10, 21]),
        ("higherself_core", ["email", "social media", "virtual meeting"], 12, [1, 7, 14, 30, 60]),
    ],
)
def test_each_brand_keeps_its_promises(slug: str, channels: list[str], hours: int, days: list[int]) -> None:
    defaults.load()

    brand = BusinessEntity.objects.get(slug=slug)
    assert (brand.preferred_channels, brand.response_hours, brand.follow_up_days) == (channels, hours, days)
    assert len(brand.success_metrics) == 4
    assert brand.sender_name
    assert brand.signature
    validate_colour(brand.colour)


@pytest.mark.parametrize(
    ("slug", "hours", "tag", "hot", "days"),
    [
        ("website", 12, "", None, [1, 7, 14]),
        ("event", 24, "Hot", 4, [1, 3, 7]),
        ("referral", 4, "VIP", 2, [1, 2, 5]),
    ],
)
def test_each_source_has_its_policy(slug: str, hours: int, tag: str, hot: int | None, days: list[int]) -> None:
    defaults.load()

    source = LeadSource.objects.get(slug=slug)
    assert (source.response_hours, source.hot_tag, source.hot_response_hours) == (hours, tag, hot)
    assert source.follow_up_days == days
    assert source.focus


def test_what_nothing_else_matches_has_a_place() -> None:
    defaults.load()

    assert BusinessEntity.objects.get(is_fallback=True).slug == "higherself_core"
    assert ContactType.objects.get(is_fallback=True).slug == "general_contact"
    assert LeadSource.objects.get(is_fallback=True).slug == "website"
    assert ContactStatus.objects.get(is_default=True).slug == "active_lead"
    assert ContactStatus.objects.get(blocks_contact=True).slug == "do_not_contact"


@pytest.mark.parametrize(
    ("model", "slug", "edit"),
    [
        (BusinessEntity, "the_7_space", {"name": "Seven", "response_hours": 1}),
        (ContactType, "artist", {"name": "Maker"}),
        (LeadSource, "event", {"name": "Fair", "follow_up_days": [9]}),
        (ContactStatus, "inactive", {"name": "Asleep"}),
    ],
)
def test_what_staff_changed_stays_theirs(model: Any, slug: str, edit: dict[str, Any]) -> None:
    defaults.load()
    model.objects.filter(slug=slug).update(**edit)

    assert defaults.load() == []
    assert {name: getattr(model.objects.get(slug=slug), name) for name in edit} == edit


def test_a_row_of_that_name_is_not_doubled() -> None:
    ContactType.objects.create(slug="maker", name="artist")

    defaults.load()

    assert not ContactType.objects.filter(slug="artist").exists()


def test_staff_who_moved_the_fallback_keep_it_moved() -> None:
    BusinessEntity.objects.create(slug="own", name="Own", is_fallback=True)

    defaults.load()

    assert BusinessEntity.objects.get(is_fallback=True).slug == "own"


def test_a_rule_staff_threw_away_does_not_come_back() -> None:
    defaults.load()
    ClassificationRule.objects.filter(name="Press title").delete()
    RoutingRule.objects.filter(name="Wellness tag to The 7 Space").delete()

    assert defaults.load() == []


def test_a_brand_that_is_missing_is_completed() -> None:
    defaults.load()
    RoutingRule.objects.all().delete()
    BusinessEntity.objects.filter(slug="am_consulting").delete()

    added = defaults.load()

    assert 'brand "AM Consulting"' in added
    assert RoutingRule.objects.count() == len(CONTENT["routing_rules"])


def test_a_rule_whose_brand_is_not_there_is_left_out() -> None:
    BusinessEntity.objects.create(slug="consulting", name="AM Consulting")

    defaults.load()

    assert not RoutingRule.objects.filter(name="Business to AM Consulting").exists()


def test_every_rule_is_valid_and_concludes_something() -> None:
    defaults.load()

    for rule in [*ClassificationRule.objects.all(), *RoutingRule.objects.all()]:
        rule.full_clean()
        assert rule.words


def test_the_rules_named_in_the_product_are_there() -> None:
    fields = {row["field"] for row in CONTENT["classification_rules"]}

    assert {Rule.Field.EMAIL_DOMAIN, Rule.Field.JOB_TITLE, Rule.Field.COMPANY, Rule.Field.FORM} <= fields
    assert {Rule.Field.INTERESTS, Rule.Field.MESSAGE} <= fields
