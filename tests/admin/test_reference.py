"""The lists that staff extend, and the rules."""

from __future__ import annotations

import pytest

from contacts.models import BusinessEntity, ClassificationRule, ContactStatus, ContactType, LeadSource, RoutingRule
from tests import factories as f
from tests.admin import browser, rows

pytestmark = pytest.mark.django_db
REFERENCE = [rows.entity, rows.kind, rows.source, rows.status]
MARKS = [
    (rows.entity, "is_fallback"),
    (rows.kind, "is_fallback"),
    (rows.source, "is_fallback"),
    (rows.status, "is_default"),
]


def save(desk, address, row, **changes):
    return browser.submit(desk, address.change(row), f"{row._meta.model_name}_form", **changes)


@pytest.mark.parametrize("make", REFERENCE)
def test_row_is_renamed(desk, address, make):
    row = make()

    save(desk, address, row, name="Another name")

    row.refresh_from_db()
    assert row.name == "Another name"


def test_a_brand_may_need_a_recorded_yes_for_marketing(desk, address):
    brand = rows.entity()

    save(desk, address, brand, requires_consent="on")

    brand.refresh_from_db()
    assert brand.requires_consent


def test_a_brand_says_what_may_be_said_in_its_name(desk, address):
    brand = rows.entity()

    save(desk, address, brand, approved_statements="We open at 10.\r\n\r\nEntry is free. ", model_tokens_per_day="5000")

    brand.refresh_from_db()
    assert (brand.statements, brand.model_tokens_per_day) == (["We open at 10.", "Entry is free."], 5000)


@pytest.mark.parametrize("make", REFERENCE)
def test_slug_is_chosen_once(desk, address, make):
    row = make()

    save(desk, address, row, slug="another")

    assert not type(row).objects.filter(slug="another").exists()


@pytest.mark.parametrize("make", REFERENCE)
def test_row_that_history_points_at_is_not_deleted(desk, address, make):
    response = desk.post(address.delete(make()), {"post": "yes"})

    assert response.status_code == 403


@pytest.mark.parametrize(("make", "mark"), MARKS)
def test_second_mark_that_only_one_may_carry_is_refused_naming_the_first(desk, address, make, mark):
    first, second = make(), make()
    save(desk, address, first, **{mark: "on"})

    response = save(desk, address, second, **{mark: "on"})

    assert response.context["adminform"].form.errors[mark] == [
        f"Only one can have this, and {first} has it: switch it off there first."
    ]


@pytest.mark.parametrize(("make", "mark"), MARKS)
def test_row_with_the_mark_can_be_saved_again(desk, address, make, mark):
    row = make()
    save(desk, address, row, **{mark: "on"})

    response = save(desk, address, row)

    assert response.status_code == 302


@pytest.mark.parametrize("model", [BusinessEntity, ContactType, LeadSource, ContactStatus])
def test_new_row_needs_a_proper_slug(desk, address, model):
    response = browser.submit(desk, address.add(model), f"{model._meta.model_name}_form", name="New", slug="Not a slug")

    assert "slug" in response.context["adminform"].form.errors


def test_days_of_follow_up_are_typed_one_per_line(desk, address):
    source = f.LeadSourceFactory()

    save(desk, address, source, follow_up_days="1\n7\n14")

    source.refresh_from_db()
    assert source.follow_up_days == [1, 7, 14]


@pytest.mark.parametrize("days", ["soon", "1\n-7", "99999999"])
def test_days_that_are_none_are_refused(desk, address, days):
    response = save(desk, address, f.LeadSourceFactory(), follow_up_days=days)

    assert "follow_up_days" in response.context["adminform"].form.errors


def test_working_hours_holidays_and_days_off_are_typed(desk, address):
    brand = rows.entity()

    save(
        desk, address, brand, working_hours="Mon-Thu 9:00-12:30, 13:30-17:00\nFri 9:00-15:00",
        closed_days="2026-12-24\n2026-12-31", holidays_country="DE", holidays_subdivision="BY",
        quiet_hours_after_touch=24,
    )  # fmt: skip

    brand.refresh_from_db()
    assert brand.working_hours == ["Mon-Thu 9:00-12:30, 13:30-17:00", "Fri 9:00-15:00"]
    assert [str(day) for day in brand.closed_days] == ["2026-12-24", "2026-12-31"]
    assert (brand.working_time.country, brand.quiet_hours_after_touch) == ("DE", 24)


@pytest.mark.parametrize(
    "wrong",
    [
        {"working_hours": "nine to five"},
        {"closed_days": "Christmas"},
        {"holidays_country": "XX"},
        {"holidays_country": "DE", "holidays_subdivision": "XX"},
    ],
)
def test_hours_that_are_none_are_refused(desk, address, wrong):
    brand = rows.entity()

    answer = save(desk, address, brand, **wrong)

    brand.refresh_from_db()
    assert (brand.working_hours, brand.closed_days, brand.holidays_country) == ([], [], "")
    assert answer.context["adminform"].form.errors


def test_words_of_a_rule_may_hold_commas(desk, address):
    rule = rows.routing_rule()

    save(desk, address, rule, words="head of art, design\ncurator")

    rule.refresh_from_db()
    assert rule.words == ["head of art, design", "curator"]


def test_rule_without_words_is_refused(desk, address):
    response = save(desk, address, rows.routing_rule(), words="  \n ")

    assert "words" in response.context["adminform"].form.errors


def test_rule_that_concludes_nothing_is_refused_in_a_sentence(desk, address):
    response = save(desk, address, rows.classification_rule(), contact_type="", lead_source="", interest="")

    assert "Choose what the rule concludes" in response.content.decode()


@pytest.mark.parametrize(
    ("model", "make"), [(ClassificationRule, rows.classification_rule), (RoutingRule, rows.routing_rule)]
)
def test_rules_are_put_in_order_and_switched_off_in_the_list(desk, address, model, make):
    first, second = make(), make()

    desk.post(
        address.list(model),
        {
            "form-TOTAL_FORMS": 2,
            "form-INITIAL_FORMS": 2,
            "form-0-id": first.pk,
            "form-0-position": 20,
            "form-0-active": "on",
            "form-1-id": second.pk,
            "form-1-position": 10,
            "_save": "Save",
        },
    )

    assert list(model.objects.values_list("pk", "position", "active")) == [
        (second.pk, 10, False),
        (first.pk, 20, True),
    ]


def test_list_of_rules_tells_condition_and_conclusion(desk, address):
    rule = rows.classification_rule()

    page = desk.get(address.list(ClassificationRule)).content.decode()

    assert "Job title has one of the words artist" in page
    assert f"type {rule.contact_type}" in page
