"""How many people a key that anybody may use can make us write to in a day.

Beyond settings.NEW_RECIPIENTS_PER_DAY people are taken in as ever, and colleagues hear of them; emails wait until staff
release the address.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.conf import settings
from django.db import connection

from contacts import consent
from contacts.models import Contact, RecipientCount, Suppression

# One statement, so that every process and machine counts in one place.
_COUNT = f"""
    INSERT INTO {RecipientCount._meta.db_table} AS known (key, day, people) VALUES (%(key)s, %(day)s, %(more)s)
    ON CONFLICT (key, day) DO UPDATE SET people = known.people + excluded.people
    RETURNING people
"""  # noqa: S608  # a name of ours
WARNING = (
    "This key brought {limit} new people today, and no more than that get emails (NEW_RECIPIENTS_PER_DAY). Whoever is "
    "new from here on is stored and shown to staff, and gets no email until they release the address."
)


def admit(*, key: UUID, contact: Contact, is_new: bool, now: dt.datetime) -> str:
    """Count them; what the caller is to be told, "" as long as all get emails. Within the transaction that stores."""
    limit = settings.NEW_RECIPIENTS_PER_DAY
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": key, "day": now.date(), "more": int(is_new)})
        before = cursor.fetchone()[0] - is_new
    if before < limit:
        return ""
    if is_new:
        detail = f"Number {before + 1} of {now:%Y-%m-%d} by one key; NEW_RECIPIENTS_PER_DAY is {limit}."
        consent.suppress(email=contact.email, reason=Suppression.Reason.LIMIT, detail=detail)
    return WARNING.format(limit=limit)
