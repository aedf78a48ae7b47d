"""What is learnt about messages that went out, from whoever knows it: servers, providers, links, answers, colleagues.

Facts come in any order and more than once; the same key is one fact. What follows from them is done by
`engagement.message_consequences`, for each once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

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


# What is known already stays, and two who learn the same at once store it once; of a message that is gone nothing is
# kept. A delivery matters to addresses that rest because of soft bounces.
_RECORD = """
    INSERT INTO engagement_messageevent
        (message_id, type, at, label, label_reasons, provider_event_id, url, detail, follow_up_at)
    SELECT message.id, fact.type, fact.at, fact.label, fact.label_reasons, fact.key, fact.url, fact.detail,
        CASE WHEN fact.type IN ('bounced', 'complained', 'unsubscribed') THEN clock_timestamp()
             WHEN fact.type = 'delivered' AND EXISTS (
                SELECT 1 FROM contacts_suppression WHERE lower(email) = lower(message.recipient) AND until IS NOT NULL
             ) THEN clock_timestamp() END
    FROM jsonb_to_recordset(%s::jsonb) AS fact (
        message_id uuid, type text, at timestamptz, label text, label_reasons text[], key text, url text, detail jsonb
    ) JOIN engagement_message AS message ON message.id = fact.message_id
    ON CONFLICT (provider_event_id) DO NOTHING
    RETURNING id
"""


def record(facts: Sequence[Fact]) -> list[MessageEvent]:
    """Store those that are new, which are returned; of two who record the same one at once, to one of them."""
    if not facts:
        return []
    rows = json.dumps([_row(fact) for fact in facts], cls=DjangoJSONEncoder).replace("\\u0000", "")
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [rows])
        new = [pk for (pk,) in cursor.fetchall()]
    return list(MessageEvent.objects.filter(pk__in=new).select_related("message").order_by("pk"))


def _row(fact: Fact) -> dict[str, Any]:
    return {
        "message_id": fact.message_id,
        "type": fact.type,
        "at": fact.at.isoformat(),
        "label": fact.label,
        "label_reasons": list(fact.label_reasons),
        "key": fact.key[:200],
        "url": fact.url,
        "detail": dict(fact.detail),
    }
