"""Deleting people, with all that is kept about them but for the wish not to be written to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from contacts import consent, describe
from contacts.models import Contact, Suppression


@transaction.atomic
def delete_contacts(*, contacts: Iterable[Contact]) -> None:
    """Delete them; the address of somebody who must not be written to stays suppressed, should they come in again."""
    known = Contact.objects.filter(pk__in=[contact.pk for contact in contacts]).order_by("pk")
    for contact in known.select_for_update(no_key=True):
        _keep_ban(contact)
        _lock(contact)
    known.delete()


def _keep_ban(contact: Contact) -> None:
    verdict = consent.may_contact(contact=contact)
    if not verdict.allowed:
        detail = f"Kept when the contact was deleted: {describe.permission(verdict.reason)}."
        for address in (contact.email, *contact.former_addresses.values_list("email", flat=True)):
            consent.suppress(email=address, reason=Suppression.Reason.MANUAL, detail=detail)


def _lock(contact: Contact) -> None:
    """The contact, its workflows, and only then what they do: the order in which everybody else locks.

    The contact at first weakly, because whoever works on a step may still add a row that points at it; at last
    fully, so that no instance begins meanwhile.
    """
    instances = contact.workflow_instances
    list(instances.select_for_update().order_by("pk").values_list("pk"))
    steps: Any = instances.model._meta.get_field("actions").related_model
    list(steps.objects.filter(instance__contact=contact).select_for_update().order_by("pk").values_list("pk"))
    Contact.objects.select_for_update().get(pk=contact.pk)
