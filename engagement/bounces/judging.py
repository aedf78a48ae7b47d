"""What a refusal means for the address it concerns, from codes and words alone.

A code decides where it is particular (RFC 3463: the subject digit tells address, mailbox, system, content, policy);
words do where a server says only "5.0.0" or nothing, or more than its code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from engagement.bounces import verdicts, words
from engagement.bounces.verdicts import Kind, Verdict


@dataclass(frozen=True)
class Answer:
    """A server's words, and the codes that stand in them or beside."""

    said: str
    status: str = ""
    reply_code: str = ""
    phase: str = ""
    """After which command, where that is known: "mail", "rcpt" or "data"."""

    is_final: bool = False
    """Whether nobody will try again: what was refused for now is refused by then."""

    @property
    def is_for_now(self) -> bool:
        return self.status.startswith("4") if self.status else self.reply_code.startswith("4")


# Enhanced codes that say more than their class; the first that fits.
_BY_CODE: tuple[tuple[str, Verdict], ...] = (
    (r"5\.1\.(1|3|10|351)", verdicts.UNKNOWN),
    (r"5\.1\.2|5\.4\.4", verdicts.NO_DOMAIN),
    (r"5\.1\.6", verdicts.MOVED),
    (r"[45]\.1\.[789]", verdicts.SENDER),
    (r"[45]\.2\.2", verdicts.FULL),
    (r"5\.2\.1|5\.7\.13", verdicts.DISABLED),
    (r"[45]\.2\.3|[45]\.3\.4", verdicts.TOO_LARGE),
    (r"[45]\.6\.\d+", verdicts.CONTENT),
    (r"[45]\.4\.7", verdicts.LATE),
    (r"5\.7\.(124|129|133|134)", verdicts.RESTRICTED),
    (r"5\.7\.\d+|4\.7\.(?:23|25|26|27|515)", verdicts.BLOCKED),
    (r"[45]\.3\.\d+", verdicts.SYSTEM),
    (r"[45]\.4\.\d+", verdicts.UNREACHED),
)
# Words that tell more than a code that says "nobody is there".
_STRONGER = (Kind.SENDER, Kind.MESSAGE, Kind.INFRASTRUCTURE)
_CODES = tuple((re.compile(pattern), verdict) for pattern, verdict in _BY_CODE)
_TOGETHER = re.compile(r"(?<![\d.])([245]\d\d)[ \-]*[\"'#(<\[]{0,2}([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.\w/-])([45][0-5]\d)(?=[\s:;\-,\"'#(<.\]])(?!\.\d)")


# After which command the server refused, in the words of the programs that report it: the last that is told.
_PHASES = words.any_of(
    (
        r"(?P<data>(?:end of|after|to|command:?|>>>) data\b|data command|smtp:data|\(data\)|at data)",
        r"(?P<rcpt>rcpt to|rcpt command|smtp:rcpt|\(rcpt)",
        r"(?P<mail>mail from|mail command|\behlo\b|\bhelo\b|initial connection|while connecting)",
    )
)
# With pipelining "DATA" is the last that was said when the recipient is refused.
_PIPELINED = re.compile(r"503[ -][^<>]{0,20}need rcpt|no valid recipients", re.IGNORECASE)


def answer(said: str, *, status: str = "", around: str = "", is_final: bool = False) -> Answer:
    """The words of a server with the codes in them; `status` is what stands beside, `around` what tells more."""
    said = " ".join(said.split())
    plain = words.plain(said)
    together = _TOGETHER.findall(plain)
    beside = _STATUS.search(status)
    within = _STATUS.findall(plain)
    if together:
        reply_code, found = together[-1]
    else:
        reply_code = next(iter(_REPLY.findall(f"{plain} ")), "")
        found = beside[1] if beside else next(iter(within), "")
    told = [one for one in (found, beside[1] if beside else "", *within) if one]
    particular = [one for one in told if not re.fullmatch(r"\d\.[05]\.0", one)]
    return Answer(said, particular[0] if particular else found, reply_code, _phase(f"{said} {around}"), is_final)


def _phase(text: str) -> str:
    phases = [match.lastgroup or "" for match in _PHASES.finditer(text)]
    if not phases:
        return ""
    return "rcpt" if phases[-1] == "data" and _PIPELINED.search(text) else phases[-1]


def judge(answer: Answer) -> Verdict:
    """What it means for the address."""
    told = words.meaning(answer.said)
    code = next((verdict for pattern, verdict in _CODES if pattern.fullmatch(answer.status)), None)
    if answer.status == "5.4.1" and "protection.outlook.com" in answer.said:
        return verdicts.UNKNOWN  # how Microsoft says that a directory does not know somebody
    if answer.is_for_now:
        if answer.status == "4.1.1" and told is verdicts.UNKNOWN and answer.is_final:
            return Verdict(told.kind, told.reason, 2)
        found = told if told and not told.is_hard else code
        return found if found and not found.is_hard else verdicts.FOR_NOW
    if answer.phase == "mail":  # whoever is refused here is not the recipient
        return next((one for one in (told, code) if one and not one.is_hard), verdicts.SENDER)
    if code is not None and code.is_hard:
        return told if told and (told.kind in _STRONGER or told is verdicts.FULL) else code
    if code is not None and code.kind == Kind.SENDER:
        return told if told in (verdicts.NO_MAIL, verdicts.FULL, verdicts.DISABLED, verdicts.RESTRICTED) else code
    if told is not None and told.is_hard:
        if (
            answer.phase == "data" and told is verdicts.UNKNOWN
        ):  # the server knew the recipient: somebody's filter says so
            return verdicts.FILTERED
        return Verdict(told.kind, told.reason, 2)
    return code or told or verdicts.REFUSED


def detail(verdict: Verdict, answer: Answer, *, via: str) -> dict[str, Any]:
    """Of a bounce, for the `detail` of its fact: what it means, and what was said."""
    return {
        "kind": verdict.kind.value,
        "reason": verdict.reason,
        "gives_up_at": verdict.gives_up_at,
        "status": answer.status,
        "reply_code": answer.reply_code,
        "said": answer.said[:500],
        "via": via,
    }
