"""Deleting people, with all that is kept about them but for the wish not to be written to.

That wish stays as a keyed hash of the address. Rooms that keep copies of people beyond rows that point at a contact
forget them in settings.ERASURE_STEPS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast
from django.utils.module_loading import import_string

from contacts import consent, describe
from contacts.models import Contact, FormerAddress, Suppression

# Bytes as text, whatever they are; an address also as a form sends it.
_IN_BYTES = """
    EXISTS (
        SELECT 1 FROM unnest(%s::text[]) AS gone (email),
            LATERAL (VALUES (email), (replace(replace(email, '+', '%%2b'), '@', '%%40'))) AS spelling (address)
        WHERE position(lower(encode(convert_to(address, 'UTF8'), 'escape')) IN lower(encode({column}, 'escape'))) > 0
    )
"""


@dataclass(frozen=True)
class Erased:
    """Who is about to be deleted."""

    ids: tuple[UUID, ...]
    emails: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """A regular expression, for iregex, that finds their addresses and ids in a text."""
        return "|".join(map(re.escape, [*self.emails, *map(str, self.ids)]))

    @property
    def pattern_with_names(self) -> str:
        return "|".join([self.pattern, *map(re.escape, self.names)])

    def stands_in(self, column: str) -> RawSQL:
        """Whether one of their addresses stands in a column of bytes, in any case."""
        return RawSQL(_IN_BYTES.format(column=column), [list(self.emails)], output_field=BooleanField())  # noqa: S611


def as_text(field: str) -> Cast:
    """A JSON column, to be looked through for a pattern."""
    return Cast(field, TextField())


@transaction.atomic
def delete_contacts(*, contacts: Iterable[Contact]) -> None:
    """Delete them; the address of somebody who must not be written to stays suppressed, should they come in again."""
    known = Contact.objects.filter(pk__in=[contact.pk for contact in contacts]).order_by("pk")
    locked = list(known.select_for_update(no_key=True))
    if not locked:
        return
    erased = traces_of(contacts=locked)
    for contact in locked:
        _keep_ban(contact)
        _lock(contact)
    consent.hash_suppressions(emails=erased.emails)
    forget(erased)
    known.delete()


def traces_of(*, contacts: Sequence[Contact]) -> Erased:
    """By what these people are found where no row points at them."""
    former = FormerAddress.objects.filter(contact__in=contacts).values_list("email", flat=True)
    typed = {address for one in contacts for address in (one.email, one.email_typed or one.email)}
    return Erased(
        ids=tuple(one.pk for one in contacts),
        emails=tuple(sorted(typed.union(former))),
        names=tuple(sorted({one.full_name for one in contacts if one.first_name and one.last_name})),
    )


def forget(erased: Erased) -> None:
    """Let every room forget what mentions them; again is no harm."""
    for path in settings.ERASURE_STEPS:
        import_string(path)(erased)


def _keep_ban(contact: Contact) -> None:
    verdict = consent.may_contact(contact=contact)
    if not verdict.allowed:
        detail = f"{consent.KEPT}: {describe.permission(verdict.reason)}."
        for address in (contact.email, *contact.former_addresses.values_list("email", flat=True)):
            consent.suppress(email=address, reason=Suppression.Reason.ERASED, detail=detail)


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
