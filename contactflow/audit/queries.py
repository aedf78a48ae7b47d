"""What was written down, for reading."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db.models import Model, QuerySet

from contactflow.audit import rendering
from contactflow.audit.rendering import Told
from contactflow.models import AuditEntry


def entries_for(*, contact_id: UUID, before: dt.datetime | None, limit: int) -> list[Told]:
    """What staff changed about a person, newest first, from `before` backwards."""
    entries = AuditEntry.objects.filter(contact_key=contact_id)
    if before is not None:
        entries = entries.filter(at__lt=before)
    return rendering.tell(entries[:limit])


def of_row(row: Model) -> QuerySet[AuditEntry]:
    """What staff changed in one row."""
    return AuditEntry.objects.filter(table=row._meta.db_table, object_id=str(row.pk))
