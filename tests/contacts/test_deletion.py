"""What is left of somebody who was deleted, and that deleting waits for those at work."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from contacts import consent, deletion, intake
from contacts.models import Contact, Suppression
from engagement.models import Message
from tests.factories import (
    NOW,
    ContactEventFactory,
    ContactFactory,
    ContactStatusFactory,
    ScheduledActionFactory,
    WorkflowInstanceFactory,
)
from workflows.instance_state import lock_instance
from workflows.models import ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db


def blocked(email: str = "no@never.example") -> Contact:
    return ContactFactory(email=email, status=ContactStatusFactory(slug="do_not_contact"))


def test_everything_about_a_person_goes() -> None:
    action = ScheduledActionFactory()

    deletion.delete_contacts(contacts=[action.instance.contact])

    assert not Contact.objects.exists()
    assert not WorkflowInstance.objects.exists()


def test_only_those_named_go() -> None:
    gone, stays = ContactFactory(email="gone@example.org"), ContactFactory(email="stays@example.org")
    WorkflowInstanceFactory(contact=stays)

    deletion.delete_contacts(contacts=[gone])

    assert Contact.objects.get() == stays
    assert not Suppression.objects.exists()


def test_somebody_who_is_gone_already_is_no_error() -> None:
    gone = ContactFactory()
    Contact.objects.all().delete()

    deletion.delete_contacts(contacts=[gone])


def test_do_not_contact_outlives_the_contact() -> None:
    ContactStatusFactory()
    deletion.delete_contacts(contacts=[blocked("no@never.example")])

    receipt = intake.receive(arrival=intake.Arrival(email="No@Never.example"), source="csv", now=NOW)

    assert not consent.may_contact(contact=receipt.contact).allowed
    assert Suppression.objects.get().detail == "Kept when the contact was deleted: the contact is Do Not Contact."


def test_consent_withdrawn_from_every_brand_outlives_the_contact() -> None:
    contact = ContactFactory(email="left@example.org")
    consent.withdraw(contact=contact, source="link", now=NOW)

    deletion.delete_contacts(contacts=[contact])

    assert Suppression.objects.get().email.startswith("hmac:")


def test_the_first_reason_of_a_suppression_stays() -> None:
    contact = blocked()
    consent.suppress(email=contact.email, reason="complained")

    deletion.delete_contacts(contacts=[contact])

    assert Suppression.objects.get().reason == "complained"


def test_a_ban_is_kept_only_with_the_deletion() -> None:
    contact = blocked()

    with transaction.atomic():
        deletion.delete_contacts(contacts=[contact])
        transaction.set_rollback(True)

    assert not Suppression.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_settles_and_a_deletion_do_not_wait_for_each_other() -> None:
    action = ScheduledActionFactory()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():  # what a worker does
            lock_instance(instance_id=action.instance_id)
            deleted = threads.submit(delete_elsewhere, action.instance.contact)
            wait_until_somebody_waits_for_a_lock()
            ScheduledAction.objects.filter(pk=action.pk).update(reason={"code": "settled"})
            ContactEventFactory(contact=action.instance.contact)
        deleted.result(timeout=10)

    assert not Contact.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_hands_over_an_email_and_a_deletion_do_not_wait_for_each_other() -> None:
    action = ScheduledActionFactory()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():  # what a worker does: the step first, then the email, which points at the contact
            ScheduledAction.objects.filter(pk=action.pk).update(reason={"code": "held_up"})
            deleted = threads.submit(delete_elsewhere, action.instance.contact)
            wait_until_somebody_waits_for_a_lock()
            Message.objects.create(contact=action.instance.contact, recipient="ada@example.org", text="", html="")
        deleted.result(timeout=10)

    assert not Contact.objects.exists()


def delete_elsewhere(contact: Contact) -> None:
    """On a connection of its own."""
    try:
        deletion.delete_contacts(contacts=[contact])
    finally:
        connection.close()


def wait_until_somebody_waits_for_a_lock() -> None:
    until = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")
