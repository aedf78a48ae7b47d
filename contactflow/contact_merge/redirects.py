"""Where somebody is now whose page was bookmarked, written down or mailed before they were merged."""

from __future__ import annotations

from uuid import UUID

from contactflow.models import ContactMerge
from contacts.models import Contact


def now_part_of(*, key: str) -> Contact | None:
    """The person whom the contact with this id became part of; None where there was no such merge, or it was undone."""
    try:
        dropped = UUID(key)
    except ValueError:
        return None
    done = ContactMerge.objects.filter(dropped_key=dropped, undone_at=None).select_related("kept").first()
    return done.kept if done else None
