"""What spans all rooms and mentions a person beyond their own rows: logs of the admin, the trail, repeated answers."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.db.models import Q

from contactflow.models import AuditEntry, IdempotentAnswer
from contacts.deletion import Erased, as_text
from contacts.models import Suppression
from engagement.models import ChannelState


def forget(erased: Erased) -> None:
    """A step of settings.ERASURE_STEPS."""
    named = Q(object_repr__iregex=erased.pattern_with_names) | Q(change_message__iregex=erased.pattern_with_names)
    LogEntry.objects.filter(named | Q(object_id__in=erased.ids)).update(object_repr="", change_message="")
    # Whatever concerns a contact is forgotten by a trigger (contactflow_audit_forget); an address alone, here.
    tables = [model._meta.db_table for model in (Suppression, ChannelState)]
    alone = AuditEntry.objects.filter(table__in=tables).alias(changed=as_text("changes"))
    alone.filter(Q(label__iregex=erased.pattern) | Q(changed__iregex=erased.pattern)).update(label="", changes={})
    answers = IdempotentAnswer.objects.alias(said=as_text("body"))
    answers.filter(Q(key__iregex=erased.pattern) | Q(said__iregex=erased.pattern)).delete()
