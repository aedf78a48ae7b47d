"""The page "What staff changed", and the history of one row."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contactflow.models import AuditEntry
from contacts.models import ContactStatus
from engagement.models import Target
from tests import factories as f
from tests.admin.browser import submit

pytestmark = pytest.mark.django_db


def saved(desk: Client, address: Any, **changes: Any) -> Target:
    row = f.TargetFactory(name="Curators")
    submit(desk, address.change(row), "target_form", **changes)
    return row


def test_a_change_in_the_admin_is_in_the_list_in_words(desk: Client, address: Any) -> None:
    saved(desk, address, name="Gallery curators")

    page = desk.get(address.list(AuditEntry)).content.decode()

    assert "Name: Curators → Gallery curators" in page
    assert "boss" in page


def test_the_entry_leads_to_the_thing(desk: Client, address: Any) -> None:
    row = saved(desk, address, name="Gallery curators")

    assert address.change(row) in desk.get(address.list(AuditEntry)).content.decode()


def test_the_history_button_shows_the_changes_of_this_row_alone(desk: Client, address: Any) -> None:
    row = saved(desk, address, name="Gallery curators")
    ContactStatus.objects.create(slug="other", name="Other")

    page = desk.get(address.of(Target, "history", row=row), follow=True).content.decode()

    assert "Curators → Gallery curators" in page
    assert "Changes: Gallery curators" in page


def test_whoever_may_not_read_the_trail_sees_djangos_own_history(address: Any, client: Client) -> None:
    from django.contrib.auth.models import Permission

    user = f.UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename="view_target"))
    client.force_login(user)

    assert client.get(address.of(Target, "history", row=f.TargetFactory())).status_code == 200


@pytest.mark.parametrize(
    ("query", "is_shown"),
    [
        ("", True),
        ("thing=engagement_target", True),
        ("thing=contacts_contact", False),
        ("when=1", True),
        ("when=30", True),
        ("q=curat", True),
        ("q=somebody", False),
    ],
)
def test_the_list_can_be_narrowed(desk: Client, address: Any, query: str, is_shown: bool) -> None:
    saved(desk, address, name="Gallery curators")

    page = desk.get(f"{address.list(AuditEntry)}?{query}").content.decode()

    assert ("Curators → Gallery curators" in page) is is_shown


def test_what_is_older_than_the_filter_is_left_out(desk: Client, address: Any) -> None:
    saved(desk, address, name="Gallery curators")
    AuditEntry.objects.update(at=f.NOW)

    assert "Curators → Gallery" not in desk.get(f"{address.list(AuditEntry)}?when=30").content.decode()


def test_the_list_can_be_narrowed_to_a_person(desk: Client, address: Any, boss: User) -> None:
    saved(desk, address, name="Gallery curators")
    other = f.UserFactory()

    theirs = desk.get(f"{address.list(AuditEntry)}?person={boss.pk}").content.decode()
    nobodys = desk.get(f"{address.list(AuditEntry)}?person={other.pk}").content.decode()

    assert "Curators → Gallery curators" in theirs
    assert "Curators → Gallery curators" not in nobodys


def test_the_entry_shows_the_texts_whole(desk: Client, address: Any) -> None:
    words = "word " * 100
    entry = AuditEntry.objects.create(
        actor="ada", table="contacts_contact", object_id="gone", verb="changed", changes={"notes": ["", words]}
    )

    assert words.strip() in desk.get(address.change(entry)).content.decode()


def test_nobody_can_change_an_entry(desk: Client, address: Any) -> None:
    entry = AuditEntry.objects.create(actor="ada", table="contacts_contact", object_id="1", verb="changed")

    assert desk.post(address.change(entry), {"actor": "eve"}).status_code == 403


def test_a_failed_save_leaves_no_entry(desk: Client, address: Any) -> None:
    saved(desk, address, name="")

    assert not AuditEntry.objects.exists()
