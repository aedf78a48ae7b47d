"""Who is the same person since a merge, and who might be: by phone, by name, by surname and company, or by an address
that is nearly the same. Each way is one bounded query over an index.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from contactflow.models import ContactMerge
from contacts.models import Contact

EACH = 5
SHORTEST = 3  # letters: shorter parts of a name or address find too many


@dataclass(frozen=True)
class Likely:
    contact: Contact
    because: str


def likely_duplicates(*, contact: Contact, limit: int = 8) -> list[Likely]:
    """The likeliest first."""
    found: dict[object, Likely] = {}
    for because, query in _ways(contact):
        for other in query.exclude(pk=contact.pk).select_related("status")[:EACH]:
            found.setdefault(other.pk, Likely(other, because))
    return list(found.values())[:limit]


def _ways(contact: Contact) -> list[tuple[str, QuerySet[Contact]]]:
    everybody = Contact.objects.all()
    ways: list[tuple[str, QuerySet[Contact]]] = []
    if contact.phone:
        ways.append(("the same phone number", everybody.filter(phone=contact.phone)))
    if len(contact.first_name) + len(contact.last_name) > SHORTEST and contact.last_name:
        named = everybody.holding([f" {contact.first_name} {contact.last_name} "])
        same = named.filter(first_name__iexact=contact.first_name, last_name__iexact=contact.last_name)
        ways.append(("the same name", same))
    if contact.company and contact.last_name:
        there = everybody.holding([f" {contact.last_name} {contact.company} "])
        same = there.filter(company__iexact=contact.company, last_name__iexact=contact.last_name)
        ways.append(("the same surname at the same company", same))
    local = contact.email.partition("@")[0]
    if len(local) > SHORTEST:
        ways.append(
            ("a similar email address", everybody.holding([f"{local}@"]).filter(email__istartswith=f"{local}@"))
        )
    return ways


def now_part_of(*, key: str) -> Contact | None:
    """The person whom the contact with this id became part of; None where there was no such merge, or it was undone."""
    try:
        dropped = UUID(key)
    except ValueError:
        return None
    done = ContactMerge.objects.filter(dropped_key=dropped, undone_at=None).select_related("kept").first()
    return done.kept if done else None
