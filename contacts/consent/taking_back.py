"""What is prepared for somebody who may not be written to any more is taken back by the rooms that prepared it.

That each mail is judged right before it leaves is not enough: that may see what held before this was committed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string


def take_back(contacts: Iterable[uuid.UUID]) -> None:
    """Of these people, when the present transaction is committed. A fault there is logged and changes nothing here."""
    if found := frozenset(contacts):
        transaction.on_commit(partial(_take_back, found), robust=True)


def _take_back(contacts: frozenset[uuid.UUID]) -> None:
    for path in settings.TAKE_BACK_STEPS:
        import_string(path)(contacts=contacts)
