"""Saving the rights that were shown changes nothing, and only superusers give them one by one."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from tests.admin import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def callers(db):
    group = Group.objects.create(name="Callers")
    group.permissions.set(Permission.objects.filter(codename__in=["view_contact", "add_task"]))
    return group


def test_saving_a_group_as_it_is_keeps_its_rights(desk, address, callers):
    browser.submit(desk, address.change(callers), "group_form", name="Callers on Monday")

    callers.refresh_from_db()
    assert callers.name == "Callers on Monday"
    assert set(callers.permissions.values_list("codename", flat=True)) == {"view_contact", "add_task"}


def test_an_owner_who_is_no_superuser_is_shown_no_rights_to_give(client, address, callers):
    from contactflow import roles
    from tests import factories as f

    roles.load()
    owner = f.UserFactory(is_staff=True)
    owner.groups.add(Group.objects.get(name="Owner"))
    client.force_login(owner)

    page = client.get(address.change(f.UserFactory())).content.decode()

    assert 'name="user_permissions"' not in page
