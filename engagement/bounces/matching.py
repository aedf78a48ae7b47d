"""Which message a report is about, and what is learnt of it.

Surely known is it by the signed address that the report came to, or by the id of the message that came back. Anybody
can write a report about an address, so one that says nothing else only waits for somebody to look at it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db.models import Q

from contactflow.core import mail_addresses
from engagement import message_events
from engagement.bounces import judging, reports
from engagement.bounces.reports import Report
from engagement.bounces.verdicts import Kind
from engagement.message_events import Fact
from engagement.models import Message, MessageEvent

Type = MessageEvent.Type
TYPES = {Kind.COMPLAINT: Type.COMPLAINED, Kind.DELAYED: Type.DEFERRED, Kind.DELIVERED: Type.DELIVERED}


@dataclass(frozen=True)
class Taken:
    """What became of a message that may be a report. Without `reports` it is none."""

    reports: Sequence[Report]
    message: Message | None = None
    """What it is about; None where that is not surely known, so that somebody has to look."""


def take_in(raw: bytes, *, now: dt.datetime, signed_for: Message | None = None) -> Taken:
    """Read a message that arrived, and record what it reports; the same one again changes nothing.

    `signed_for` is the message whose own return address it came to.
    """
    found = reports.read(raw)
    if not found:
        return Taken([])
    message = signed_for or _returned(found)
    if message is None:
        return Taken(found)
    key = hashlib.sha256(raw).hexdigest()[:32]
    message_events.record(
        [_fact(message, report, now, f"report:{key}:{number}") for number, report in _concerned(message, found)]
    )
    return Taken(found, message)


def _returned(found: Sequence[Report]) -> Message | None:
    ids = {one for report in found for one in report.message_ids}
    ids |= {one.strip("<>") for one in ids}  # some providers call a message by the bare id
    rows = Message.objects.filter(Q(message_id__in=ids) | Q(provider_id__in=ids, provider_id__gt=""))
    return rows.defer("text", "html").order_by("pk").first() if ids else None


def _concerned(message: Message, found: Sequence[Report]) -> list[tuple[int, Report]]:
    """Of several recipients the one it was sent to. Where it is none of them it was forwarded: then only one more
    such report is held against the address."""
    own = mail_addresses.folded(message.recipient)
    named = list(enumerate(found))
    mine = [
        (number, one)
        for number, one in named
        if own in map(mail_addresses.folded, (one.recipient, one.original_recipient))
    ]
    if mine:
        return mine
    return [(number, one if not one.recipient else _passed_on(one)) for number, one in named]


def _passed_on(report: Report) -> Report:
    if report.kind == Kind.COMPLAINT:
        return report
    return replace(report, verdict=replace(report.verdict, gives_up_at=min(report.verdict.gives_up_at * 2, 2)))


def _fact(message: Message, report: Report, now: dt.datetime, key: str) -> Fact:
    return Fact(
        message_id=message.pk,
        type=TYPES.get(report.kind, Type.BOUNCED),
        at=now,
        key=key,
        detail=judging.detail(report.verdict, report.answer, via="report"),
    )
