"""What the command palette finds."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contactflow import palette
from tests import factories as f
from tests.admin import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(db):
    return f.ContactFactory(
        email="countess@analytical.example", first_name="Ada", last_name="Lovelace", company="Engines Ltd"
    )


@pytest.mark.parametrize(
    "term", ["ada", "LOVE", "love ada", "Ada Lov", "ada  lovelace", "analytical", "countess@", "gines", "ada engines"]
)
def test_person_is_found_by_any_part(ada, term):
    assert palette.people(term) == [ada]


@pytest.mark.parametrize("term", ["", "zz", "a", "ada byron", "%", "___", "ada%lovelace"])
def test_nobody_is_found_by_what_does_not_fit(ada, term):
    assert palette.people(term) == []


def test_people_are_found_newest_first_and_not_too_many():
    everybody = [f.ContactFactory(first_name="Grace") for _ in range(palette.MOST_PEOPLE + 5)]

    found = palette.people("grace")

    assert found == everybody[::-1][: palette.MOST_PEOPLE]


def search(client, term):
    page = client.get(reverse("admin:search"), {"s": term, "extended": 1})
    assert page.status_code == 200
    return page.content.decode()


def test_palette_finds_places_workflows_and_emails(desk):
    workflow, email = rows.workflow(), rows.email()

    assert "Teams" in search(desk, "alerted")
    assert reverse("admin:workflows_workflowtemplate_change", args=[workflow.pk]) in search(desk, workflow.name)
    assert reverse("admin:engagement_engagementtemplate_change", args=[email.pk]) in search(desk, email.name)


def test_palette_shows_nobody_to_whom_contacts_are_hidden(client, ada):
    user = User.objects.create_user("tasker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_task", content_type__app_label="engagement"))
    client.force_login(user)

    assert "Lovelace" not in search(client, "lovelace")


def test_palette_asks_as_often_whatever_it_finds(desk, ada):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            search(desk, "grace")
        return len(captured)

    search(desk, "grace")  # the first page remembers the colleague's time zone
    before = queries()
    for _ in range(5):
        f.ContactFactory(first_name="Grace")

    assert queries() == before


def test_what_was_found_is_not_kept(desk, ada):
    search(desk, "lovelace")
    ada.delete()

    assert "Lovelace" not in search(desk, "lovelace")


def test_names_cannot_bring_markup(desk):
    f.ContactFactory(first_name="<script>alert(1)</script>", last_name="Mallory")

    assert "<script>alert" not in search(desk, "mallory")


@pytest.mark.parametrize("term", ["Ada Lov", "lovelace", "countess", "engines ada"])
def test_list_of_contacts_finds_the_same(desk, address, ada, term):
    found = desk.get(address.list(type(ada)), {"q": term}).context["cl"].result_list

    assert list(found) == [ada]
