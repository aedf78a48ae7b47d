"""Keeps the labels of opens and clicks: the newest ones by the pump, any of them anew when rules or lists changed.

A hit waits HOLD, so that a burst shows before anything follows from its first click. Workflows are told before a label
is kept, so a crash repeats, and loses nothing: the event has a key.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from contactflow.core import bulk
from contactflow.core.clock import database_now
from contacts.models import Contact, ContactEvent
from engagement.models import HITS, Message, MessageEvent
from engagement.tracking import engaged, networks, verdicts
from engagement.tracking.verdicts import Circumstances, Hit, Source, Verdict

HOLD = dt.timedelta(seconds=90)
NEWS_FOR = dt.timedelta(days=2)  # a click that is older starts nothing, whatever its label becomes
KNOWN_FOR = dt.timedelta(days=90)  # a device and a line
PROOFS = ("replied", "converted", "form_submitted")  # kinds of events that no machine leaves
PROOFS_EVERY = 30  # seconds
BATCH = 50  # messages
BLANKED = "blanked"
TRACES = ("ip", "agent", "headers")
Type, Label = MessageEvent.Type, MessageEvent.Label
logger = logging.getLogger(__name__)

_looked_for_proofs = 0.0

# Suspects of somebody who proved to be a person meanwhile are judged again; then they are suspects no more.
_REOPEN = f"""
    UPDATE engagement_messageevent AS hit SET label_version = NULL
    FROM engagement_message AS message
    WHERE message.id = hit.message_id AND hit.type = 'clicked' AND hit.label = 'unknown'
    AND hit.label_version IS NOT NULL AND NOT hit.detail ? '{BLANKED}' AND message.contact_id IN (
        SELECT contact_id FROM contacts_contactevent WHERE kind = ANY(%(kinds)s) AND received_at > %(since)s
    ) AND hit.at > %(oldest)s AND EXISTS (
        SELECT FROM contacts_contactevent AS proof
        WHERE proof.contact_id = message.contact_id AND proof.kind = ANY(%(kinds)s)
        AND proof.received_at BETWEEN hit.at AND hit.at + %(span)s
    )
"""  # noqa: S608  # a name of ours
_BLANK = f"""
    UPDATE engagement_messageevent
    SET detail = detail - ARRAY[{", ".join(f"'{name}'" for name in TRACES)}] || '{{"{BLANKED}": true}}'
    WHERE id IN (
        SELECT id FROM engagement_messageevent
        WHERE type IN ('opened', 'clicked') AND detail ? 'agent' AND at < %s AND label_version IS NOT NULL
        ORDER BY at LIMIT %s
    )
"""  # noqa: S608  # likewise


def run_pump_step(deadline: float) -> int:
    """Label what waited long enough, until nothing does or the time of time.monotonic() is over; how many."""
    _look_for_proofs()
    done = 0
    while time.monotonic() < deadline and (labelled := label_due(now=database_now())):
        done += labelled
    return done


def label_due(*, now: dt.datetime) -> int:
    """Label the hits of a few messages, the longest waiting first, and tell workflows of people; how many were due."""
    due = MessageEvent.objects.filter(HITS, label_version=None, at__lte=now - HOLD).order_by("at")
    ids: list[Any] = list(dict.fromkeys(due.values_list("message", flat=True)[: BATCH * 10]))[:BATCH]
    if not ids:
        return 0
    messages = Message.objects.filter(pk__in=ids).select_related("contact", "business_entity")
    rows, network_of = _rows_of(ids), networks.finder()
    proofs, accepted, readers = _proofs(messages), _accepted(ids), _readers(messages, now)
    changed: list[MessageEvent] = []
    for message in messages.defer("text", "html"):
        about = Circumstances(
            accepted_at=[*filter(None, [message.sent_at]), *accepted[message.pk]],
            links=len(message.links),
            proofs=proofs[message.contact_id],
            readers=readers[message.contact_id],
        )
        changed += _judged(message, rows[message.pk], about, network_of, now)
    bulk.update(changed, ("label", "label_reasons", "label_version"))
    return len(changed)


def label_anew(*, since: dt.datetime | None = None) -> int:
    """Have all hits judged again whose traces are still there; the pump does it. How many there are."""
    rows = MessageEvent.objects.filter(HITS).exclude(detail__has_key=BLANKED)
    return (rows.filter(at__gte=since) if since else rows).update(label_version=None)


def blank_hits(*, older_than: dt.datetime, limit: int = 1_000) -> int:
    """Forget address, program and headers of hits, the oldest first; their labels stay. How many were blanked."""
    with connection.cursor() as cursor:
        cursor.execute(_BLANK, [older_than, limit])
        return int(cursor.rowcount)


def _judged(
    message: Message,
    rows: Sequence[MessageEvent],
    about: Circumstances,
    network_of: Callable[[str], str],
    now: dt.datetime,
) -> Iterator[MessageEvent]:
    """Those that were due, or are seen otherwise by what came since."""
    found = verdicts.judge([_hit(row, network_of) for row in rows], about)
    for row in rows:
        verdict = found[row.pk]
        is_news = verdict.label == Label.HUMAN and (row.label_version is None or row.label != Label.HUMAN)
        if is_news and row.type == Type.CLICKED and row.at > now - NEWS_FOR:
            _tell(message, row, now)
        is_due = row.label_version is None and row.at <= now - HOLD
        if is_due or (row.label_version is not None and (row.label, row.label_reasons) != _stored(verdict)):
            row.label, row.label_reasons = _stored(verdict)
            row.label_version = verdicts.VERSION
            yield row


def _stored(verdict: Verdict) -> tuple[str, list[str]]:
    return verdict.label, list(verdict.reasons)


def _tell(message: Message, row: MessageEvent, now: dt.datetime) -> None:
    if row.at > now - HOLD:
        return  # its burst may still come
    about = {"message": str(message.pk), "link": row.url}
    brand = message.business_entity
    engaged.record(contact=message.contact, brand=brand, what="clicked", at=row.at, now=now, about=about)


def _rows_of(ids: Sequence[UUID]) -> dict[UUID, list[MessageEvent]]:
    rows: dict[UUID, list[MessageEvent]] = defaultdict(list)
    for row in MessageEvent.objects.filter(HITS, message__in=ids):
        rows[row.message_id].append(row)
    return rows


def _accepted(ids: Sequence[UUID]) -> dict[UUID, list[dt.datetime]]:
    found: dict[UUID, list[dt.datetime]] = defaultdict(list)
    for event in MessageEvent.objects.filter(message__in=ids, type=Type.DELIVERED).only("message", "at"):
        found[event.message_id].append(event.at)
    return found


def _proofs(messages: QuerySet[Message]) -> dict[UUID, list[dt.datetime]]:
    found: dict[UUID, list[dt.datetime]] = defaultdict(list)
    people = Contact.objects.filter(pk__in=messages.values("contact"))
    for event in ContactEvent.objects.filter(contact__in=people, kind__in=PROOFS).only("contact", "received_at"):
        found[event.contact_id].append(event.received_at)
    return found


def _readers(messages: QuerySet[Message], now: dt.datetime) -> dict[UUID, set[Source]]:
    """Where people clicked from lately with nothing against it; what lifts suspicion rests on no lifted one."""
    found: dict[UUID, set[Source]] = defaultdict(set)
    clicks = MessageEvent.objects.filter(
        message__contact__in=messages.values("contact"), type=Type.CLICKED, label=Label.HUMAN, label_reasons=[]
    )
    for contact, detail in clicks.filter(at__gt=now - KNOWN_FOR).values_list("message__contact", "detail"):
        if source := verdicts.source_of(str(detail.get("ip") or ""), detail.get("agent")):
            found[contact].add(source)
    return found


def _hit(row: MessageEvent, network_of: Callable[[str], str]) -> Hit:
    detail: dict[str, Any] = row.detail
    ip, agent, headers = str(detail.get("ip") or ""), detail.get("agent"), detail.get("headers")
    return Hit(
        key=row.pk,
        is_click=row.type == Type.CLICKED,
        at=row.at,
        link=str(detail["link"]) if "link" in detail else row.url,
        ip=ip,
        agent=None if agent is None else str(agent),
        network=network_of(ip) if ip else "",
        is_head=detail.get("method") == "HEAD",
        is_prefetch=isinstance(headers, dict) and verdicts.said_prefetch(headers),
        is_bot=bool(detail.get("bot")),
        settled=Verdict(label=row.label, reasons=tuple(row.label_reasons)) if detail.get(BLANKED) else None,
    )


def _look_for_proofs() -> None:
    global _looked_for_proofs  # noqa: PLW0603  # one of this process
    if time.monotonic() - _looked_for_proofs > PROOFS_EVERY:
        _looked_for_proofs = time.monotonic()
        reopen_proven(now=database_now())


def reopen_proven(*, now: dt.datetime) -> int:
    """Have the clicks judged again of those who proved since yesterday to be people; how many there are."""
    span = verdicts.PROVEN_WITHIN
    since = {"since": now - dt.timedelta(days=1), "oldest": now - 2 * span}
    values: dict[str, Any] = {"kinds": list(PROOFS), "span": span, **since}
    with connection.cursor() as cursor:
        cursor.execute(_REOPEN, values)
        return int(cursor.rowcount)
