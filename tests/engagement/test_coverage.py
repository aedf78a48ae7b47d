"""How many people lack what an email says about them."""

from __future__ import annotations

import pytest
from django.db import connection

from contacts.models import EntityMembership
from engagement import coverage, placeholders
from tests import factories as f

pytestmark = pytest.mark.django_db


def person(entity=None, **values):
    contact = f.ContactFactory(**values)
    if entity:
        EntityMembership.objects.create(contact=contact, business_entity=entity)
    return contact


def count(*names, entity=None, **options):
    return coverage.count(names=names, business_entity=entity, **options)


def lacking(name, **options):
    (lack,) = count(name, **options).lacks
    return lack.lacking


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("first_name", {"first_name": "Ada"}),
        ("last_name", {"last_name": "Lovelace"}),
        ("full_name", {"last_name": "Lovelace"}),
        ("company", {"company": "Engines"}),
        ("interests", {"interests": ["art"]}),
        ("tags", {"tags": ["VIP"]}),
        ("custom.favourite_artist", {"custom": {"Favourite Artist": "Klee"}}),
        ("custom.size", {"custom": {"size": 3}}),
    ],
)
def test_those_without_a_value_are_counted(name, has):
    person(**has)
    person()

    assert lacking(name) == 1


@pytest.mark.parametrize(
    ("name", "risky", "good"),
    [
        ("first_name", {"first_name": "WIN https://evil.example"}, {"first_name": "Ada M."}),
        ("first_name", {"first_name": "evil\u3002example"}, {"first_name": "J\u00fcrgen"}),
        ("first_name", {"first_name": "Call 030 123 45 67"}, {"first_name": "Ada 2"}),
        ("last_name", {"last_name": "x" * 61}, {"last_name": "x" * 60}),
        ("full_name", {"first_name": "a@b.example"}, {"first_name": "a@b.example", "last_name": "Lovelace"}),
        ("company", {"company": "evil.com"}, {"company": "Dr.M\u00fcller"}),
        ("phone", {"phone": "www.evil.example"}, {"phone": "+49 30 1234567"}),
        ("interests", {"interests": ["evil.com"]}, {"interests": ["evil.com", "art"]}),
        ("tags", {"tags": ["a@b.example"]}, {"tags": ["R&D; x"]}),
        ("custom.size", {"custom": {"Size": "see evil.com"}}, {"custom": {"size": 3}}),
        ("custom.size", {"custom": {"size": None}}, {"custom": {"size": 3.5}}),
    ],
)
def test_value_that_emails_leave_out_is_none(name, risky, good):
    without = person(**risky)
    person(**good)

    assert lacking(name) == 1
    assert coverage.who_lacks(name=name, business_entity=None, limit=5) == [without]


def test_empty_custom_field_is_none():
    person(custom={"size": ""})

    assert lacking("custom.size") == 1


def test_contact_without_a_type_lacks_one():
    person()
    person().contact_types.add(f.ContactTypeFactory())

    assert lacking("contact_type") == 1


def test_contact_nobody_wrote_to_lacks_a_last_touch():
    person()

    assert lacking("last_touch") == 1


def test_only_people_of_the_brand_count():
    entity = f.BusinessEntityFactory()
    person(entity)
    person()

    found = count("first_name", entity=entity)

    assert (found.people, found.lacks[0].lacking) == (1, 1)


@pytest.mark.parametrize("name", ["email", "opens", "score", "entity", "response_time", "passage.opening", "nobody"])
def test_what_everybody_has_is_not_counted(name):
    assert count(name).lacks == []


def test_every_variable_can_be_asked_about():
    person()

    assert count(*placeholders.REGISTRY).people == 1


def test_small_number_is_exact():
    person()

    assert not count("first_name").is_estimate


def test_beyond_the_bound_a_sample_speaks_for_all_and_says_so():
    for _ in range(5):
        person()

    found = count("first_name", limit=2)

    assert found.is_estimate


def test_counting_leaves_the_time_limit_as_it_was():
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        before = cursor.fetchone()
        count("first_name")
        cursor.execute("SHOW statement_timeout")

        assert cursor.fetchone() == before


def test_newest_of_those_without_a_value_are_listed():
    person(first_name="Ada")
    without = person()

    assert coverage.who_lacks(name="first_name", business_entity=None, limit=5) == [without]


def test_list_is_bounded():
    for _ in range(3):
        person()

    assert len(coverage.who_lacks(name="first_name", business_entity=None, limit=2)) == 2


def test_nobody_lacks_what_everybody_has():
    person()

    assert coverage.who_lacks(name="email", business_entity=None, limit=5) == []
