"""What staff changed about a contact that no event tells: whose it is, and what they did to its tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from contactflow.audit import rendering
from contactflow.models import AuditEntry
from contacts.models import Contact
from contacts.timeline import EDIT, Entry, Source
from engagement.models import Task

# Edits of the person's own fields leave an event, which tells the decisions that followed as well.
OWNER = Q(table=Contact._meta.db_table, changes__has_key="owner_id", verb=AuditEntry.Verb.CHANGED)
TASKS = Q(table=Task._meta.db_table, verb__in=[AuditEntry.Verb.CHANGED, AuditEntry.Verb.DELETED])


def _tell(entries: Sequence[Any]) -> list[Entry]:
    return [
        Entry(
            kind=EDIT,
            at=told.entry.at,
            title=told.title,
            lines=tuple(str(line) for line in told.lines if line.field not in ("Updated at", "Completed at")),
            by=told.entry.actor,
            row=told.entry,
        )
        for told in rendering.tell(entries)
    ]


SOURCES = (
    Source(
        name="contactflow.change",
        kinds={EDIT: Q()},
        rows=lambda contact: AuditEntry.objects.filter(OWNER | TASKS, contact_key=contact.pk),
        time="at",
        tell_all=_tell,
    ),
)
