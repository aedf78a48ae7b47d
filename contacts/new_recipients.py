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
    INSERT INTO {RecipientCount._meta.db_table} AS known (key, day, people) VALUES (%(key)s, %(day)s, 1)
    ON CONFLICT (key, day) DO UPDATE SET people = known.people + 1
    RETURNING people
"""  # noqa: S608  # a name of ours


def admit(*, key: UUID, contact: Contact, now: dt.datetime) -> None:
    """Count somebody new. Within the transaction that stores them."""
    limit = settings.NEW_RECIPIENTS_PER_DAY
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": key, "day": now.date()})
        number = cursor.fetchone()[0]
    if number > limit:
        detail = f"Number {number} of {now:%Y-%m-%d} by one key; NEW_RECIPIENTS_PER_DAY is {limit}."
        consent.suppress(email=contact.email, reason=Suppression.Reason.LIMIT, detail=detail)
