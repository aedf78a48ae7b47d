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
def test_list(desk, address, label, subtests):
    page, place = page_of(label), address.list(apps.get_model(label))
    everything = ".".join(str(number) for number in range(1, len(page.list_display) + 1))

    def make(count: int) -> None:
        for _ in range(count):
            rows.MAKERS[label]()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(place, {"o": everything}).status_code == 200
        return len(captured)

    make(2)
    opened = desk.get(place)  # and what the first request remembers, it asks once
    if label not in rows.SINGLE:
        with subtests.test("can be searched and filtered by everything it offers"):
            assert page.search_fields
            query = offered(opened.context["cl"]) | {"q": "ada 100%_'"}
            assert desk.get(place, query).status_code == 200
    with subtests.test("sorted by every column, asks the database as often for five rows as for two"):
        with_two = queries()
        make(3)
        assert queries() == with_two


def offered(listing):
    """The last choice of every filter."""
    forms = [choice["form"] for spec in listing.filter_specs for choice in spec.choices(listing)]
    return {name: last_choice(field) for form in forms for name, field in form.fields.items()}


def last_choice(field):
    return field.choices[-1][0] if hasattr(field, "choices") else "2026-03-02"


@pytest.mark.parametrize("label", LABELS)
def test_page_of_a_row_and_page_for_a_new_one_open(made, desk, boss, address, label):
    request = RequestFactory().get("/")
    request.user = boss
    may_add = page_of(label).has_add_permission(request)

    statuses = [desk.get(at).status_code for at in (address.change(made[label]), address.add(apps.get_model(label)))]

    assert statuses == [200, 200 if may_add else 403]


@pytest.mark.parametrize("label", rows.READ_ONLY)
def test_read_only_row_is_neither_added_nor_changed_nor_deleted(made, desk, address, label):
    assert refusals(desk, address, made[label]) == [403, 403, 403]
    assert type(made[label]).objects.filter(pk=made[label].pk).exists()


@pytest.mark.parametrize("label", [label for label in LABELS if label not in rows.FOR_READERS])
def test_reader_changes_nothing(made, reading_room, address, label):
    assert refusals(reading_room, address, made[label]) == [403, 403, 403]


def refusals(client, address, row):
    return [
        client.post(address.add(type(row)), {}).status_code,
        client.post(address.change(row), {}).status_code,
        client.post(address.delete(row), {"post": "yes"}).status_code,
    ]


LINKS = ("preview", "try_again", "edit_draft")  # lead to a page, which asks before anything happens
BUTTONS = {
    label: [name for name in getattr(page_of(label), "actions_detail", ()) if name not in LINKS] for label in LABELS
}
every_row_with_buttons = pytest.mark.parametrize("label", [label for label in LABELS if BUTTONS[label]])


@pytest.mark.parametrize("label", LABELS)
def test_reader_sees_list_and_row_and_presses_no_button(made, reading_room, address, label):
    row = made[label]
    buttons = [address.button(row, name) for name in BUTTONS[label]]

    listed, shown = reading_room.get(address.list(type(row))), reading_room.get(address.change(row))
    pressed = [
        response.status_code
        for button in buttons
        for response in (reading_room.get(button), reading_room.post(button, {"reason": "I want to"}))
    ]

    assert (listed.status_code, shown.status_code) == (200, 200)
    assert not [button for button in buttons if button in shown.content.decode()]
    assert set(pressed) <= {403}


@every_row_with_buttons
def test_button_asks_before_it_acts(made, desk, address, label):
    row = made[label]
    before = type(row).objects.filter(pk=row.pk).values().get()

    statuses = [desk.get(address.button(row, name)).status_code for name in BUTTONS[label]]

    assert set(statuses) == {200}
    assert type(row).objects.filter(pk=row.pk).values().get() == before


@every_row_with_buttons
def test_button_of_a_row_that_is_gone_answers_not_found(made, desk, address, label):
    buttons = [address.button(made[label], name) for name in BUTTONS[label]]
    gone = [button.replace(str(made[label].pk), "00000000-0000-0000-0000-000000000000") for button in buttons]

    assert {desk.get(button).status_code for button in gone} == {404}


def test_stranger_is_asked_to_log_in(client: Client, address):
    response = client.get(address.list(apps.get_model("contacts.Contact")))

    assert response.status_code == 302
    assert response.url.startswith("/admin/login/")


def test_colleague_without_rights_is_refused(client: Client, address):
    client.force_login(User.objects.create_user("new", is_staff=True))

    response = client.get(address.list(apps.get_model("contacts.Contact")))

    assert response.status_code == 403
