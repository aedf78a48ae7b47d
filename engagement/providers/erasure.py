"""What was not understood yet may speak of somebody who is to be forgotten."""

from __future__ import annotations

from django.db import connection

from contacts.deletion import Erased

_FORGET = """
    DELETE FROM engagement_providerdelivery
    WHERE status <> 'done' AND EXISTS (
        SELECT 1 FROM unnest(%s::text[]) AS gone (email)
        WHERE position(convert_to(gone.email, 'UTF8') IN body) > 0
           OR position(convert_to(replace(gone.email, '@', '%%40'), 'UTF8') IN body) > 0  -- in a form
    )
"""


def forget(erased: Erased) -> None:
    """Requests that name one of their addresses are let go; the provider keeps its own."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [list(erased.emails)])
