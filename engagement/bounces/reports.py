"""What one message reports, of each recipient. Nothing here is asked of the database."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import Message as Mail
from typing import Any

from engagement.bounces import judging, mail_parts, prose, verdicts, words
from engagement.bounces.judging import Answer
from engagement.bounces.mail_parts import ADDRESS, Letter
from engagement.bounces.verdicts import Kind, Verdict

MAX_BYTES = 2_000_000  # of a report; what it returns of the message may be longer
MAX_RECIPIENTS, MAX_IDS = 500, 100
# A person, or somebody for them, does not want it (RFC 5965); "not-spam" and "auth-failure" are something else.
_COMPLAINTS = ("abuse", "fraud", "virus", "other", "miscategorized", "opt-out", "opt-out-list")
_ID = re.compile(r"<[^<>\s]+>")
_DONE = {"delayed": verdicts.DELAYED} | dict.fromkeys(("delivered", "relayed", "expanded"), verdicts.DELIVERED)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is said of one recipient. Without a recipient it is known only by the message that came back."""

    verdict: Verdict
    recipient: str = ""
    original_recipient: str = ""
    """As the message was addressed, where a server forwarded it."""
    answer: Answer = field(default_factory=lambda: Answer(""))
    message_ids: tuple[str, ...] = ()
    """Of the message that came back."""
    is_of_provider: bool = False
    """A notification of a provider, whose message ids are what it calls the message."""
    arrived_at: tuple[str, ...] = ()
    """Where the report was sent to: the envelope sender of the message, where that tells one from another."""

    @property
    def kind(self) -> Kind:
        return self.verdict.kind

    @property
    def is_hard(self) -> bool:
        return self.verdict.is_hard


def read(raw: bytes) -> list[Report]:
    """The reports in a message, one for each recipient; none when it is anything else, an automatic answer say."""
    mail = message_from_bytes(raw[:MAX_BYTES], policy=policy.compat32)
    letter = mail_parts.letter(mail)
    found = _complaints(letter) or _delivery_statuses(letter) or _notification(letter.said) or _written(letter)
    named = (one for part in letter.returned for one in _ID.findall(mail_parts.stated(part, "Message-ID")))
    ids = tuple(dict.fromkeys(named))[:MAX_IDS]
    names = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To")
    at = tuple(dict.fromkeys(one.lower() for name in names for one in ADDRESS.findall(mail_parts.stated(mail, name))))
    return [replace(report, message_ids=report.message_ids or ids, arrived_at=at) for report in found[:MAX_RECIPIENTS]]


def _judged(recipient: str, said: str, *, status: str = "", original: str = "", around: str = "") -> Report:
    answer = judging.answer(said, status=status, around=around, is_final=True)
    return Report(
        verdict=judging.judge(answer),
        recipient=recipient.lower(),
        original_recipient=original.lower(),
        answer=answer,
    )


def _complaints(letter: Letter) -> list[Report]:
    mail, found = letter.mail, []
    for part in mail_parts.parts_of(mail, "message/feedback-report"):
        fields: dict[str, list[str]] = {}
        for group in mail_parts.fields(part):
            fields |= group
        kind = (fields.get("feedback-type") or ["abuse"])[0].lower()
        if kind == "auth-failure":
            found.append(Report(verdict=verdicts.AUTH_FAILED, answer=Answer(kind)))
        if kind not in _COMPLAINTS:
            continue
        named = [one for value in fields.get("original-rcpt-to", []) for one in ADDRESS.findall(value)]
        named = named or prose.returned_to(letter)[:1] or [""]
        found += [Report(verdict=verdicts.COMPLAINED, recipient=one.lower(), answer=Answer(kind)) for one in named]
    return found or _complaint_of_hotmail(letter)


def _complaint_of_hotmail(letter: Letter) -> list[Report]:
    """Microsoft's own programme sends no RFC 5965, but the message itself with a subject that never changes."""
    mail = letter.mail
    if not re.match(r"complaint about message from [\d.]+", mail_parts.header(mail, "Subject"), re.IGNORECASE):
        return []
    named = ADDRESS.findall(mail_parts.header(mail, "X-HmXmrOriginalRecipient")) or prose.returned_to(letter)[:1]
    return [Report(verdict=verdicts.COMPLAINED, recipient=one.lower(), answer=Answer("abuse")) for one in named or [""]]


def _delivery_statuses(letter: Letter) -> list[Report]:
    """RFC 3464. What its machine-readable part leaves open stands in its words."""
    mail, said = letter.mail, letter.said
    groups = [
        group
        for part in mail_parts.parts_of(mail, "message/delivery-status", "message/global-delivery-status")
        for group in mail_parts.fields(part)
    ]
    if not groups and prose.is_notice(letter):
        groups = mail_parts.groups(_flat(mail))
    groups = [
        group
        for group in groups
        if ("final-recipient" in group or "original-recipient" in group) and ("action" in group or "status" in group)
    ][:MAX_RECIPIENTS]
    beside = dict(prose.recipients(letter)) if groups else {}
    return [_status(group, beside, said if len(groups) == 1 else "") for group in groups]


def _status(group: Mapping[str, list[str]], beside: Mapping[str, str], said: str) -> Report:
    def first(name: str) -> str:
        return (group.get(name) or [""])[0]

    final, original = (_recipient(first(name)) for name in ("final-recipient", "original-recipient"))
    action = first("action").split(" ")[0].lower()
    diagnostic = " ".join(group.get("diagnostic-code", []))
    told = diagnostic or first("status")
    more = beside.get(final) or beside.get(original) or said
    report = _judged(final or original, told, status=first("status"), original=original, around=more)
    if report.verdict.is_vague and more:
        report = _judged(final or original, f"{told} {more}", status=first("status"), original=original)
    if report.is_hard and words.meaning(more) is verdicts.FULL:  # it contradicts itself: the milder word holds
        report = replace(report, verdict=verdicts.FULL)
    done = _DONE.get(action)
    return replace(report, verdict=done) if done else report


def _recipient(value: str) -> str:
    found = ADDRESS.search(value.partition(";")[2] or value)
    return found[0].lower() if found else (value.partition(";")[2] or value).strip(" <>").lower()


def _flat(mail: Mail) -> str:
    """All its text, of parts whose boundaries are broken too."""
    return mail_parts.joined(mail_parts.own_parts(mail), "\n\n", mail_parts.MAX_FIELDS)


def _notification(said: str) -> list[Report]:
    """Amazon's, which it also sends as an email whose text is JSON."""
    text = said.strip()
    if not text.startswith('{"') or "notificationType" not in text:
        return []
    try:
        told, _ = json.JSONDecoder(strict=False).raw_decode(re.sub(r"\n ?", "", text))
    except (ValueError, RecursionError):
        return []
    ids = tuple(filter(None, [_written_id(told)]))
    match told:
        case {"bounce": {"bouncedRecipients": [*people]}}:
            found = [
                _judged(
                    str(one.get("emailAddress", "")),
                    str(one.get("diagnosticCode", "")),
                    status=str(one.get("status", "")),
                )
                for one in people[:MAX_RECIPIENTS]
                if isinstance(one, dict)
            ]
        case {"complaint": {"complainedRecipients": [*people]}}:
            found = [
                Report(verdict=verdicts.COMPLAINED, recipient=str(one.get("emailAddress", "")).lower())
                for one in people
                if isinstance(one, dict)
            ]
        case {"delivery": {"recipients": [*people]}}:
            found = [Report(verdict=verdicts.DELIVERED, recipient=str(one).lower()) for one in people]
        case _:
            found = []
    return [replace(report, message_ids=ids, is_of_provider=True) for report in found]


def _written_id(told: Any) -> str:
    match told:
        case {"mail": {"messageId": str(written)}}:
            return written
        case _:
            return ""


def _written(letter: Letter) -> list[Report]:
    mail, said = letter.mail, letter.said
    kind = str(mail.get_param("report-type", ""))
    if kind.lower() == "disposition-notification" or not prose.is_notice(letter):
        return []
    found = [_judged(address, text) for address, text in prose.recipients(letter)[:MAX_RECIPIENTS]]
    if not found:  # one that was passed on within another, or one that names nobody
        found = [one for part in letter.returned for one in _delivery_statuses(mail_parts.letter(part))]
    found = found or [_judged(address, said) for address in prose.returned_to(letter)[:1] or [""]]
    is_delay = re.search(r"\bdelay|warning: ", mail_parts.header(mail, "Subject"), re.IGNORECASE)
    return [replace(one, verdict=verdicts.DELAYED) for one in found] if is_delay else found
