"""Lists of very many rows: counted for a moment only, and given up in words."""

from __future__ import annotations

import pytest
from django.db.models import Value
from django.db.models.expressions import RawSQL
from django.urls import reverse

from contactflow.core.admin import paging
from contacts.models import Contact, ContactType
from tests import factories as f

pytestmark = pytest.mark.django_db


def test_count_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(paging, "COUNT_FOR", 20)
    f.ContactFactory()
    slow = Contact.objects.annotate(slow=RawSQL("pg_sleep(30)::text", [])).exclude(slow="x")

    pages = paging.BoundedPaginator(slow, 50)

    assert pages.is_cut
    assert pages.count == paging.COUNT_UP_TO


def test_page_shows_its_rows_in_their_order():
    people = [f.ContactFactory() for _ in range(5)]
    rows = Contact.objects.annotate(one=Value(1)).order_by("-created_at", "-id")

    second = paging.BoundedPaginator(rows, 2).page(2)

    assert list(second.object_list) == sorted(people, key=lambda one: (one.created_at, one.pk), reverse=True)[2:4]


def test_list_that_takes_too_long_says_what_to_do(desk, monkeypatch):
    monkeypatch.setattr("contactflow.core.admin.model_admin.LIST_FOR", 20)
    monkeypatch.setattr(
        "contactflow.admin.people_list.PeopleList.get_queryset",
        lambda self, request: Contact.objects.extra(where=["pg_sleep(30) IS NOT NULL"]),
    )
    f.ContactFactory()

    page = desk.get(reverse("admin:contacts_contact_changelist"))

    assert page.status_code == 200
    assert "There is too much to look through" in page.content.decode()


def test_filter_by_type_shows_each_person_once(desk):
    artist = ContactType.objects.create(slug="painter", name="Painter")
    person, other = f.ContactFactory(), f.ContactFactory()
    person.contact_types.add(artist)

    page = desk.get(reverse("admin:contacts_contact_changelist"), {"contact_types__id__exact": artist.pk})

    assert list(page.context["cl"].result_list) == [person]
    assert other != person
