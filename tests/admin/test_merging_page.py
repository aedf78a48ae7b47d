"""The pages on which two contacts are merged."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from contactflow import contact_merge, palette
from contactflow.core.clock import database_now
from contactflow.models import ContactMerge
from contacts.models import Contact
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def maria() -> Contact:
    return f.ContactFactory(email="maria@example.org", first_name="Maria", last_name="Lopez", company="Atelier")


@pytest.fixture
def mary(maria: Contact) -> Contact:
    return f.ContactFactory(email="mary@example.org", first_name="Mary", last_name="Lopez", company="Atelier")


def page_of(contact: Contact) -> str:
    return reverse("admin:contacts_contact_merge", args=[contact.pk])


def merged(desk: Client, keep: Contact, drop: Contact, **choices: str) -> Any:
    return desk.post(page_of(keep), {"with": str(drop.pk), **choices}, follow=True)


def test_the_page_suggests_who_is_likely_the_same(desk: Client, maria: Contact, mary: Contact) -> None:
    page = desk.get(page_of(maria)).content.decode()

    assert "the same surname at the same company" in page
    assert f"?with={mary.pk}" in page


def test_the_page_says_what_to_do_when_nobody_is_likely(desk: Client, maria: Contact) -> None:
    assert "Search for the person above" in desk.get(page_of(maria)).content.decode()


def test_somebody_is_found_by_a_part_of_the_address(desk: Client, maria: Contact) -> None:
    other = f.ContactFactory(email="somebody@else.example")

    page = desk.get(page_of(maria), {"q": "body@el"}).content.decode()

    assert f"?with={other.pk}" in page


def test_a_search_without_result_says_so(desk: Client, maria: Contact) -> None:
    assert "Nobody is called so" in desk.get(page_of(maria), {"q": "zzz"}).content.decode()


def test_the_preview_changes_nothing(desk: Client, maria: Contact, mary: Contact) -> None:
    page = desk.get(page_of(maria), {"with": mary.pk}).content.decode()

    assert "What will happen" in page
    assert Contact.objects.count() == 2


def test_the_preview_follows_the_choices(desk: Client, maria: Contact, mary: Contact) -> None:
    page = desk.get(page_of(maria), {"with": mary.pk, "email": "drop"}).content.decode()

    assert "maria@example.org stays known" in page


def test_merging_keeps_what_was_chosen(desk: Client, maria: Contact, mary: Contact) -> None:
    merged(desk, maria, mary, first_name="drop")

    assert [str(one) for one in Contact.objects.all()] == ["Mary Lopez"]


def test_merging_offers_to_undo_it(desk: Client, maria: Contact, mary: Contact) -> None:
    page = merged(desk, maria, mary).content.decode()

    address = reverse("admin:contacts_contact_undo_merge", args=[maria.pk, ContactMerge.objects.get().pk])
    assert page.count(address) >= 2  # in the message and among the places of the person


def test_undoing_asks_first_and_then_does_it(desk: Client, maria: Contact, mary: Contact) -> None:
    merged(desk, maria, mary)
    address = reverse("admin:contacts_contact_undo_merge", args=[maria.pk, ContactMerge.objects.get().pk])

    question = desk.get(address).content.decode()
    page = desk.post(address, follow=True).content.decode()

    assert "Undo the merge with Mary Lopez" in question
    assert "is a contact of their own again" in page
    assert set(Contact.objects.values_list("pk", flat=True)) == {maria.pk, mary.pk}


def test_undoing_twice_is_refused_in_words(desk: Client, maria: Contact, mary: Contact) -> None:
    merged(desk, maria, mary)
    address = reverse("admin:contacts_contact_undo_merge", args=[maria.pk, ContactMerge.objects.get().pk])
    desk.post(address)

    assert "undone already" in desk.post(address, follow=True).content.decode()


@pytest.mark.parametrize("asked", ["nobody", "00000000-0000-0000-0000-000000000000", "themselves"])
def test_whoever_cannot_be_merged_is_not(desk: Client, maria: Contact, asked: str) -> None:
    other = str(maria.pk) if asked == "themselves" else asked

    page = desk.get(page_of(maria), {"with": other}).content.decode()

    assert "Choose another contact" in page


def test_a_reader_cannot_merge(reading_room: Client, maria: Contact, mary: Contact) -> None:
    assert reading_room.get(page_of(maria)).status_code == 403
    assert reading_room.post(page_of(maria), {"with": mary.pk}).status_code == 403
    assert Contact.objects.count() == 2


def test_who_may_change_contacts_may_merge_them(client: Client, maria: Contact, mary: Contact) -> None:
    user = f.UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_contact", "change_contact"]))
    client.force_login(user)

    merged(client, maria, mary)

    assert Contact.objects.count() == 1


def test_a_former_address_is_refused_with_who_it_was(desk: Client, address: Any, maria: Contact, mary: Contact) -> None:
    merged(desk, maria, mary)

    page = desk.post(address.add(Contact), {"email": "mary@example.org"}).content.decode()

    assert "Maria Lopez was merged with somebody who had this address" in page


def test_the_old_page_leads_to_the_kept_person(desk: Client, maria: Contact, mary: Contact) -> None:
    gone = reverse("admin:contacts_contact_change", args=[mary.pk])
    merged(desk, maria, mary)

    response = desk.get(gone)

    assert (response.status_code, response["Location"]) == (
        302,
        reverse("admin:contacts_contact_change", args=[maria.pk]),
    )


def test_after_undoing_the_old_page_is_there_again(desk: Client, maria: Contact, mary: Contact, boss: User) -> None:
    merged(desk, maria, mary)
    contact_merge.undo(merge=ContactMerge.objects.get(), by=boss, now=database_now())

    assert desk.get(reverse("admin:contacts_contact_change", args=[mary.pk])).status_code == 200


def test_who_was_merged_is_found_by_the_old_address(desk: Client, maria: Contact, mary: Contact) -> None:
    old = mary.email
    merged(desk, maria, mary)

    listed = desk.get(reverse("admin:contacts_contact_changelist"), {"q": old}).context["cl"].result_list

    assert [person.pk for person in listed] == [maria.pk]
    assert [person.pk for person in palette.people(old)] == [maria.pk]
