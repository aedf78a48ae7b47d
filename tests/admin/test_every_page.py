"""What holds for every list and every page of the admin."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from tests.admin import rows

OURS = ("contactflow", "contacts", "engagement", "workflows", "notion_bridge", "django_q")
LABELS = sorted(rows.MAKERS)
pytestmark = pytest.mark.django_db


def page_of(label):
    return admin.site.get_model_admin(apps.get_model(label))


def test_every_registered_model_has_rows_to_test_with():
    registered = {model._meta.label for model in admin.site._registry}

    assert registered == set(rows.MAKERS)


@pytest.mark.parametrize("app", OURS)
def test_every_model_is_in_the_admin_or_left_out_on_purpose(app):
    labels = {model._meta.label for model in apps.get_app_config(app).get_models()}

    assert labels <= {*rows.MAKERS, *rows.INLINE, *rows.HIDDEN}


@pytest.mark.parametrize("label", LABELS)
def test_page_of_a_row_opens(desk, address, label):
    row = rows.MAKERS[label]()

    response = desk.get(address.change(row))

    assert response.status_code == 200


@pytest.mark.parametrize("label", LABELS)
def test_page_for_a_new_row_opens_where_one_can_be_made(desk, boss, address, label):
    request = RequestFactory().get("/")
    request.user = boss
    expected = 200 if page_of(label).has_add_permission(request) else 403

    response = desk.get(address.add(apps.get_model(label)))

    assert response.status_code == expected


@pytest.mark.parametrize("label", LABELS)
def test_list_asks_the_database_as_often_for_twelve_rows_as_for_two(desk, address, label):
    def make(count: int) -> None:
        for _ in range(count):
            rows.MAKERS[label]()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.get(address.list(apps.get_model(label)))
        return len(captured)

    queries()  # what the first request remembers, it asks once
    make(2)
    with_two = queries()
    make(10)

    with_twelve = queries()

    assert with_twelve == with_two


@pytest.mark.parametrize("label", LABELS)
def test_list_opens_and_can_be_searched(desk, address, label):
    rows.MAKERS[label]()
    assert page_of(label).search_fields

    response = desk.get(address.list(apps.get_model(label)), {"q": "ada 100%_'"})

    assert response.status_code == 200


def last_choice(field):
    return field.choices[-1][0] if hasattr(field, "choices") else "2026-03-02"


@pytest.mark.parametrize("label", [label for label in LABELS if label not in rows.SINGLE])
def test_list_can_be_filtered_by_everything_it_offers(desk, address, label):
    rows.MAKERS[label]()
    listing = desk.get(address.list(apps.get_model(label))).context["cl"]
    forms = [choice["form"] for spec in listing.filter_specs for choice in spec.choices(listing)]
    query = {name: last_choice(field) for form in forms for name, field in form.fields.items()}

    response = desk.get(address.list(apps.get_model(label)), query)

    assert response.status_code == 200


@pytest.mark.parametrize("label", LABELS)
def test_list_can_be_sorted_by_every_column(desk, address, label):
    rows.MAKERS[label]()
    columns = ".".join(str(number) for number in range(1, len(page_of(label).list_display) + 1))

    response = desk.get(address.list(apps.get_model(label)), {"o": columns})

    assert response.status_code == 200


@pytest.mark.parametrize("label", rows.READ_ONLY)
def test_read_only_row_cannot_be_added(desk, address, label):
    response = desk.post(address.add(apps.get_model(label)), {})

    assert response.status_code == 403


@pytest.mark.parametrize("label", rows.READ_ONLY)
def test_read_only_row_cannot_be_changed(desk, address, label):
    row = rows.MAKERS[label]()

    response = desk.post(address.change(row), {})

    assert response.status_code == 403


@pytest.mark.parametrize("label", rows.READ_ONLY)
def test_read_only_row_cannot_be_deleted(desk, address, label):
    row = rows.MAKERS[label]()

    response = desk.post(address.delete(row), {"post": "yes"})

    assert response.status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("label", LABELS)
def test_reader_sees_list_and_row(reading_room, address, label):
    row = rows.MAKERS[label]()

    statuses = [reading_room.get(page).status_code for page in (address.list(type(row)), address.change(row))]

    assert statuses == [200, 200]


@pytest.mark.parametrize("label", [label for label in LABELS if label not in rows.FOR_READERS])
def test_reader_changes_nothing(reading_room, address, label):
    row = rows.MAKERS[label]()

    statuses = [
        reading_room.post(address.add(type(row)), {}).status_code,
        reading_room.post(address.change(row), {}).status_code,
        reading_room.post(address.delete(row), {"post": "yes"}).status_code,
    ]

    assert statuses == [403, 403, 403]


LINKS = ("preview", "try_again", "edit_draft")  # lead to a page, which asks before anything happens
BUTTONS = [
    (label, name) for label in LABELS for name in getattr(page_of(label), "actions_detail", ()) if name not in LINKS
]


@pytest.mark.parametrize(("label", "name"), BUTTONS)
def test_reader_presses_no_button(reading_room, address, label, name):
    row = rows.MAKERS[label]()

    statuses = [
        reading_room.get(address.button(row, name)).status_code,
        reading_room.post(address.button(row, name), {"reason": "I want to"}).status_code,
    ]

    assert statuses == [403, 403]


@pytest.mark.parametrize(("label", "name"), BUTTONS)
def test_reader_sees_no_button(reading_room, address, label, name):
    row = rows.MAKERS[label]()

    page = reading_room.get(address.change(row)).content.decode()

    assert address.button(row, name) not in page


@pytest.mark.parametrize(("label", "name"), BUTTONS)
def test_button_asks_before_it_acts(desk, address, label, name):
    row = rows.MAKERS[label]()
    before = type(row).objects.filter(pk=row.pk).values().get()

    response = desk.get(address.button(row, name))

    assert response.status_code == 200
    assert type(row).objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize(("label", "name"), BUTTONS)
def test_button_of_a_row_that_is_gone_answers_not_found(desk, address, label, name):
    row = rows.MAKERS[label]()
    gone = address.button(row, name).replace(str(row.pk), "00000000-0000-0000-0000-000000000000")

    response = desk.get(gone)

    assert response.status_code == 404


def test_stranger_is_asked_to_log_in(client: Client, address):
    response = client.get(address.list(apps.get_model("contacts.Contact")))

    assert response.status_code == 302
    assert response.url.startswith("/admin/login/")


def test_colleague_without_rights_is_refused(client: Client, address):
    client.force_login(User.objects.create_user("new", is_staff=True))

    response = client.get(address.list(apps.get_model("contacts.Contact")))

    assert response.status_code == 403
