"""Which message a report is about, and what is learnt of it.

Surely known is it by the signed address that the report came to. Anybody can write a report, and whoever was forwarded
a message knows its id: where it only names that, it has to name whom the message went to as well, and where reports of
a message go to a signed address no other bounce of it is believed. All else waits for somebody to look at it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
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


def take_in(
    raw: bytes, *, now: dt.datetime, returns_signed: Callable[[Message], bool], signed_for: Message | None = None
) -> Taken:
    """Read a message that arrived, and record what it reports; the same one again changes nothing.

    `signed_for` is the message whose own return address it came to; `returns_signed` says whether one has one.
    """
    found = reports.read(raw)
    if not found:
        return Taken([])
    message = signed_for or _returned(found)
    if message is None:
        return Taken(found)
    concerned = _concerned(message, found)
    if signed_for is None:
        is_proof_missing = returns_signed(message)
        named = _named(message, found)
        concerned = [one for one in named if one[1].kind == Kind.COMPLAINT or not is_proof_missing]
    if not concerned:
        return Taken(found)
    key = hashlib.sha256(raw).hexdigest()[:32]
    facts = [
        _fact(message, report, now, f"report:{key}:{number}")
        for number, report in concerned
        if signed_for is not None or report.kind != Kind.DELIVERED  # which would settle what is unclear
    ]
    message_events.record(facts)
    return Taken(found, message)


def _returned(found: Sequence[Report]) -> Message | None:
    ids = {one for report in found for one in report.message_ids}
    ids |= {one.strip("<>") for one in ids}  # some providers call a message by the bare id
    theirs = {one for report in found if report.is_of_provider for one in report.message_ids}
    rows = Message.objects.filter(Q(message_id__in=ids) | Q(provider_id__in=theirs, provider_id__gt=""))
    return rows.defer("text", "html").order_by("pk").first() if ids else None


def _concerned(message: Message, found: Sequence[Report]) -> list[tuple[int, Report]]:
    """Of several recipients the one it was sent to. Where it is none of them it was forwarded: then only one more
    such report is held against the address."""
    every = [(number, one if not one.recipient else _passed_on(one)) for number, one in enumerate(found)]
    return _named(message, found) or every


def _named(message: Message, found: Sequence[Report]) -> list[tuple[int, Report]]:
    own = mail_addresses.folded(message.recipient)
    return [
        (number, one)
        for number, one in enumerate(found)
        if own in map(mail_addresses.folded, (one.recipient, one.original_recipient))
    ]


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
