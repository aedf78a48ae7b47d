"""Whose address it is: a person's present one, or one they were known by before two rows of theirs were merged."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from contactflow.core import mail_addresses
from contacts.models import Contact, FormerAddress


def holders(*, emails: Collection[str]) -> QuerySet[Contact]:
    """The contacts with these normalised addresses; `known_by` lists the former ones among them.

    Through a union of keys, each from its own index: an OR of both would read every contact.
    """
    asked = FormerAddress.objects.filter(email__in=emails, contact=OuterRef("pk")).values("email")
    return Contact.objects.filter(pk__in=keys(emails=emails)).annotate(known_by=ArraySubquery(asked))


def keys(*, emails: Collection[str]) -> QuerySet[Any, Any]:
    """The ids of those contacts, for a filter `pk__in`."""
    former = FormerAddress.objects.filter(email__in=emails).order_by().values("contact")
    return Contact.objects.filter(email__in=emails).order_by().values("pk").union(former, all=True)


def find(*, email: str) -> Contact | None:
    """Who has the address, however it is typed, or was known by it."""
    return holders(emails=[mail_addresses.folded(email)]).first()


def by_address(contacts: Iterable[Contact], *, emails: Collection[str]) -> dict[str, Contact]:
    """The rows of `holders` by the addresses that were asked for."""
    asked, found = set(emails), {}
    for contact in contacts:
        for address in {contact.email, *getattr(contact, "known_by", ())} & asked:
            found[address] = contact
    return found
