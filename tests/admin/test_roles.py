"""Every page, button and action, seen by each role."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from unittest import mock

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from contactflow import roles
from tests.admin import browser, rows

LABELS = sorted(rows.MAKERS)
FOUND = 302
DRAWN = ("Owner", "Reader")  # their pages test_every_page draws, for somebody with all rights, and with those to look
pytestmark = pytest.mark.django_db


def client_of(person):
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def page_of(label):
    return admin.site.get_model_admin(apps.get_model(label))


def buttons_of(label):
    return getattr(page_of(label), "actions_detail", ())


def drawn(is_new: bool) -> contextlib.AbstractContextManager[object]:
    """Whether a page is made as far as its template, which takes most of its time, or to the end."""
    return contextlib.nullcontext() if is_new else mock.patch.object(TemplateResponse, "rendered_content", "")


def rights_in(page, request, row) -> tuple[object, ...]:
    """All that a page asks about whom it is drawn for."""
    kinds = {kind for name in buttons_of(row._meta.label) for kind in kinds_of(page, name)}
    return (
        tuple(page.get_model_perms(request).values()),
        tuple(page.get_actions(request)),
        tuple(sorted(kind for kind in kinds if page.allows(request, kind, str(row.pk)))),
        tuple(type(inline) for inline in page.get_inline_instances(request, row)),
    )


def kinds_of(page, name) -> tuple[str, ...]:
    return getattr(page.get_unfold_action(name).method, "allowed_permissions", None) or ()


@pytest.fixture(scope="module", autouse=True)
def _staffed(rows_of_a_file: None) -> None:
    """The roles with somebody in each."""
    roles.load()
    for role in roles.NAMES:
        person = User.objects.create_user(role.lower(), f"{role.lower()}@staff.example", "secret", is_staff=True)
        person.groups.add(Group.objects.get(name=role))


@pytest.fixture
def person_as(db: None) -> Callable[[str], User]:
    """Somebody in one role."""
    return lambda role: User.objects.get(username=role.lower())


def request_of(person):
    request = RequestFactory().get("/")
    request.user = person
    return request


@pytest.fixture(scope="module")
def desks(_staffed: None) -> dict[str, tuple[Client, HttpRequest]]:
    """Each role's client, and a request of theirs to ask for what they may."""
    people = {role: User.objects.get(username=role.lower()) for role in roles.NAMES}
    return {role: (client_of(person), request_of(person)) for role, person in people.items()}


@pytest.mark.parametrize("label", LABELS)
def test_pages_open_for_whom_they_are(desks, made, address, label):
    page, row = page_of(label), made[label]
    opened = (200, FOUND) if label in rows.SINGLE else (200,)
    known: set[object] = set()

    for role, (client, request) in desks.items():
        may_see, may_add = page.has_view_or_change_permission(request), page.has_add_permission(request)
        rights = rights_in(page, request, row)
        with drawn(rights not in known):
            for at, may in (
                (address.list(type(row)), may_see),
                (address.change(row), may_see),
                (address.add(type(row)), may_add),
            ):
                if not (may and role in DRAWN):
                    assert client.get(at).status_code in (opened if may else (403,)), (role, at)
        known.add(rights)


@pytest.mark.parametrize("label", [label for label in LABELS if buttons_of(label)])
def test_button_answers_whom_it_is_for(desks, made, address, label):
    page, row = page_of(label), made[label]

    for name in buttons_of(label):
        answered = (200, FOUND, 404) if (label, name) == ("engagement.Message", "try_again") else (200, FOUND)
        is_drawn = False
        for role, (client, request) in desks.items():
            allowed = all(page.allows(request, kind, str(row.pk)) for kind in kinds_of(page, name))
            with drawn(not is_drawn):
                status = client.get(address.button(row, name)).status_code
            is_drawn |= allowed
            assert status in (answered if allowed else (403,)), (name, role, status)


@pytest.mark.parametrize("label", [label for label in LABELS if page_of(label).actions])
def test_action_on_many_is_offered_to_whom_it_is_for(desks, made, address, label):
    page, row, known = page_of(label), made[label], set()

    for role, (client, request) in desks.items():
        if not page.has_view_or_change_permission(request):
            continue  # the whole list is refused
        offered = page.get_actions(request)
        for name in sorted({*offered, *(name for name in page.actions if isinstance(name, str))}):
            sent = {"action": name, "_selected_action": [row.pk]}
            with drawn((name, name in offered) not in known):
                status = client.post(address.list(type(row)), sent).status_code
            known.add((name, name in offered))
            assert status in (200, FOUND), (role, name)  # Django leads back to the list from one it does not offer


@pytest.mark.parametrize("label", LABELS)
def test_who_may_not_delete_is_refused(desks, made, address, label):
    row = made[label]

    for role in ("Reader", "Editor", "Operator"):
        if (role, label) == ("Editor", "workflows.WorkflowVersion"):
            continue  # may delete drafts
        assert desks[role][0].post(address.delete(row), {"post": "yes"}).status_code == 403, role
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("role", roles.NAMES)
def test_start_page_opens_for_every_role(desks, role):
    assert desks[role][0].get(reverse("admin:index")).status_code == 200


# What the roles are for, said once more by hand: who may change what.
CHANGES = {
    "contacts.Contact": {"Owner", "Operator"},
    "contacts.BusinessEntity": {"Owner", "Editor"},
    "contacts.RoutingRule": {"Owner"},
    "engagement.EngagementTemplate": {"Owner", "Editor"},
    "engagement.Task": {"Owner", "Operator"},
    "engagement.Target": {"Owner"},
    "workflows.WorkflowTemplate": {"Owner", "Editor"},
    "auth.User": {"Owner"},
    "auth.Group": set(),
}


@pytest.mark.parametrize(("label", "expected"), CHANGES.items())
def test_rows_are_changed_by(person_as, label, expected):
    page = page_of(label)

    may = {role for role in roles.NAMES if page.has_change_permission(request_of(person_as(role)))}

    assert may == expected


PRESSED = {
    ("workflows.ScheduledAction", "retry"): {"Owner", "Operator"},
    ("workflows.WorkflowInstance", "pause"): {"Owner", "Operator"},
    ("engagement.Alert", "acknowledge"): {"Owner", "Operator"},
    ("engagement.Task", "finish"): {"Owner", "Operator"},
    ("engagement.Message", "try_again"): {"Owner", "Operator"},
    ("contactflow.ApiKey", "revoke"): {"Owner"},
    ("notion_bridge.NotionConnection", "check_now"): {"Owner"},
}


@pytest.mark.parametrize(("of", "expected"), PRESSED.items())
def test_buttons_are_pressed_by(person_as, of, expected):
    label, name = of
    page = page_of(label)
    (needed,) = getattr(page, name).allowed_permissions

    may = {role for role in roles.NAMES if page.allows(request_of(person_as(role)), needed)}

    assert may == expected


def test_reader_only_reads():
    roles.load()

    codenames = Group.objects.get(name="Reader").permissions.values_list("codename", flat=True)

    assert all(codename.startswith("view_") for codename in codenames)


@pytest.mark.parametrize("role", ["Reader", "Editor", "Operator"])
@pytest.mark.parametrize("label", ["contactflow.ApiKey", "auth.Group", "django_q.Failure"])
def test_keys_and_accounts_are_the_owners(desks, made, address, role, label):
    assert desks[role][0].get(address.change(made[label])).status_code == 403


def test_second_deployment_adds_nothing():
    roles.load()

    assert roles.load() == []


def test_check_makes_no_group():
    Group.objects.all().delete()

    said = roles.load(check_only=True)

    assert said == ['role "Owner"', 'role "Editor"', 'role "Operator"', 'role "Reader"']
    assert not Group.objects.exists()


def test_what_a_role_lacks_is_added_and_said():
    roles.load()
    lost = Permission.objects.get(codename="change_task", content_type__app_label="engagement")
    Group.objects.get(name="Operator").permissions.remove(lost)

    assert roles.load() == ['for the role "Operator": change_task']
    assert lost in Group.objects.get(name="Operator").permissions.all()


def test_what_staff_added_to_a_role_is_kept():
    roles.load()
    added = Permission.objects.get(codename="delete_contact", content_type__app_label="contacts")
    Group.objects.get(name="Operator").permissions.add(added)

    roles.load()

    assert added in Group.objects.get(name="Operator").permissions.all()


def test_new_account_with_a_role_may_log_in(person_as, address):
    password, operators = "a long and winding road", None
    owner = client_of(person_as("Owner"))
    operators = Group.objects.get(name="Operator")

    owner.post(
        address.add(User),
        {"username": "ada", "password1": password, "password2": password, "usable_password": "true",
         "roles": [operators.pk]},
    )  # fmt: skip

    ada = User.objects.get(username="ada")
    assert (ada.is_staff, list(ada.groups.all())) == (True, [operators])


def test_role_is_taken_and_other_groups_stay(person_as, address):
    owner = client_of(person_as("Owner"))
    ada = User.objects.create_user("ada", is_staff=True)
    choir = Group.objects.create(name="Choir")
    ada.groups.add(choir, Group.objects.get(name="Editor"))
    reader = Group.objects.get(name="Reader")

    browser.submit(owner, address.change(ada), "user_form", roles=[reader.pk])

    assert set(ada.groups.all()) == {choir, reader}


def test_office_without_the_rights_of_a_role_cannot_give_it(address):
    roles.load()
    office = User.objects.create_user("office", is_staff=True)
    office.user_permissions.set(Permission.objects.filter(content_type__model="user"))
    ada = User.objects.create_user("ada", is_staff=True)
    owner = Group.objects.get(name="Owner")

    browser.submit(client_of(office), address.change(ada), "user_form", roles=[owner.pk])

    assert not ada.groups.exists()


def test_office_cannot_touch_an_account_that_may_more(person_as, address):
    owner = person_as("Owner")
    office = User.objects.create_user("office", is_staff=True)
    office.user_permissions.set(Permission.objects.filter(content_type__model="user"))
    client = client_of(office)

    statuses = [
        client.post(address.change(owner), {"username": "mine"}).status_code,
        client.post(address.delete(owner), {"post": "yes"}).status_code,
        client.post(reverse("admin:auth_user_password_change", args=[owner.pk]), {}).status_code,
    ]

    assert statuses == [403, 403, 403]


def test_superuser_sees_rights_one_by_one_and_owner_does_not(desk, person_as, address):
    ada = User.objects.create_user("ada", is_staff=True)

    pages = [client.get(address.change(ada)).content.decode() for client in (desk, client_of(person_as("Owner")))]

    assert ["user_permissions" in page for page in pages] == [True, False]
