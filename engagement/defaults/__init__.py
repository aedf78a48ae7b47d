"""What a fresh deployment has of engagement: the targets and the emails, loaded without overwriting staff's changes."""

from __future__ import annotations

from django.db import transaction

from contactflow.core.clock import database_now
from engagement.defaults import emails_loading, targets


@transaction.atomic
def load(*, check_only: bool = False) -> list[str]:
    """Add what is missing and update what nobody changed. A sentence per row that was, or would be, concerned.

    Expects the brands of contacts.defaults. Loading twice adds nothing. With `check_only` nothing is written.
    """
    return [
        *targets.load(check_only=check_only),
        *emails_loading.load(check_only=check_only, now=database_now()),
    ]
