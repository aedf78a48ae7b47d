"""What is learnt about messages that went out, from whoever knows it: servers, providers, links, answers, colleagues.

Facts come in any order and more than once; the same key is one fact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from engagement.models import MessageEvent

Type, Label = MessageEvent.Type, MessageEvent.Label


@dataclass(frozen=True, kw_only=True)
class Fact:
    """`key` tells it from every other fact: of a provider its event's id, else what makes it this one."""

    message_id: UUID
    type: str
    at: datetime
    key: str
    label: str = Label.UNKNOWN
    label_reasons: Sequence[str] = ()
    url: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def record(facts: Sequence[Fact]) -> list[MessageEvent]:
    """Store those that are new, which are returned."""
    known = set(
        MessageEvent.objects.filter(provider_event_id__in=[fact.key for fact in facts]).values_list(
            "provider_event_id", flat=True
        )
    )
    new = {fact.key: fact for fact in facts if fact.key not in known}
    MessageEvent.objects.bulk_create([_row(fact) for fact in new.values()], ignore_conflicts=True)
    return list(MessageEvent.objects.filter(provider_event_id__in=new).select_related("message"))


def _row(fact: Fact) -> MessageEvent:
    return MessageEvent(
        message_id=fact.message_id,
        type=fact.type,
        at=fact.at,
        label=fact.label,
        label_reasons=list(fact.label_reasons),
        provider_event_id=fact.key,
        url=fact.url,
        detail=dict(fact.detail),
    )
