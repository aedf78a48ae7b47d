"""Owners, notes and tags that colleagues give; and lifting a ban."""

from __future__ import annotations

import pytest

from contacts import consent, contact_actions, intake
from contacts.models import ContactEvent, Suppression
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def statuses():
    f.ContactStatusFactory(slug="active_lead")
    f.ContactStatusFactory(slug="do_not_contact")


def test_owner_is_assigned_to_several():
    owner = f.UserFactory()
    people = [f.ContactFactory(), f.ContactFactory(owner=owner)]

    count = contact_actions.assign_owner(contacts=people, owner=owner)

    assert count == 1
    assert {one.owner for one in type(people[0]).objects.all()} == {owner}


def test_owner_is_taken_away():
    person = f.ContactFactory(owner=f.UserFactory())

    assert contact_actions.assign_owner(contacts=[person], owner=None) == 1

    person.refresh_from_db()
    assert person.owner is None


def test_note_is_kept_with_its_author_and_starts_nothing():
    person = f.ContactFactory()

    contact_actions.leave_note(contact=person, text="Prefers mornings", colleague="ada", now=f.NOW)

    note = ContactEvent.objects.get()
    assert note.payload == {"text": "Prefers mornings", "colleague": "ada"}
    assert note.processed_at == f.NOW


def test_tag_is_added_through_the_door():
    person = f.ContactFactory(tags=["Hot"])

    (receipt,) = contact_actions.add_tag(contacts=[person], tag="VIP", colleague="ada", now=f.NOW)

    person.refresh_from_db()
    assert person.tags == ["Hot", "VIP"]
    assert receipt.event.changes == {"tags": [["Hot"], ["Hot", "VIP"]]}


def test_tag_that_is_there_changes_nothing():
    person = f.ContactFactory(tags=["vip"])

    assert contact_actions.add_tag(contacts=[person], tag="VIP", colleague="ada", now=f.NOW) == []


def test_tag_that_is_too_long_is_refused_for_all():
    people = [f.ContactFactory(), f.ContactFactory()]

    with pytest.raises(intake.IntakeError):
        contact_actions.add_tag(contacts=people, tag="x" * 61, colleague="ada", now=f.NOW)

    assert not ContactEvent.objects.exists()


def test_ban_is_lifted_to_the_status_before_it():
    person = f.ContactFactory(status=f.ContactStatusFactory(slug="active_client"))
    consent.do_not_contact(contact=person, source="By phone", now=f.NOW)

    assert consent.contact_again(contact=person, source="Changed their mind", now=f.NOW, colleague="ada")

    person.refresh_from_db()
    assert person.status.slug == "active_client"
    assert consent.may_contact(contact=person).allowed


def test_ban_of_unknown_origin_is_lifted_to_the_status_of_new_contacts():
    person = f.ContactFactory(status=f.ContactStatusFactory(slug="do_not_contact"))

    consent.contact_again(contact=person, source="Mistake", now=f.NOW)

    person.refresh_from_db()
    assert person.status.slug == "active_lead"


def test_lifting_leaves_an_event_that_says_who_and_how():
    person = f.ContactFactory(status=f.ContactStatusFactory(slug="do_not_contact"))

    consent.contact_again(contact=person, source="Mistake", now=f.NOW, colleague="ada")

    event = ContactEvent.objects.get()
    assert event.payload == {"how": "Mistake", "colleague": "ada"}
    assert event.changes == {"status": ["Do Not Contact", "Active Lead"]}


def test_lifting_where_nothing_forbids_changes_nothing():
    person = f.ContactFactory()

    assert not consent.contact_again(contact=person, source="Mistake", now=f.NOW)
    assert not ContactEvent.objects.exists()


def test_lifting_does_not_release_a_blocked_address():
    person = f.ContactFactory(status=f.ContactStatusFactory(slug="do_not_contact"))
    consent.suppress(email=person.email, reason=Suppression.Reason.BOUNCED)

    consent.contact_again(contact=person, source="Mistake", now=f.NOW)

    assert not consent.may_contact(contact=person).allowed
