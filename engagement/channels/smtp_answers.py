"""What a mail server's refusal means: its words, which differ from provider to provider, read into codes.

The only place where the words of somebody else are read; ours are never.
"""

from __future__ import annotations

import re

from contactflow.core.reasons import Reason

# The first that is found in the words decides. Each begins with the server's code.
_SIGNS: tuple[tuple[str, str], ...] = (
    ("login_refused", r"^(530|534|535|538)\b|authentication (failed|required)"),
    ("server_closed", r"^421\b"),
    ("address_invalid", r"\b5\.1\.3\b|bad (recipient )?address syntax|is not an email address"),
    (
        "sender_refused",
        r"sender (address )?(rejected|refused|denied|(is )?not)|\b5\.1\.[78]\b|not owned|send as|sender verify",
    ),
    ("relay_denied", r"relay"),
    ("mailbox_full", r"\b[45]\.2\.2\b|over ?quota|mailbox (is )?full|quota exceeded|insufficient storage"),
    ("too_large", r"\b[45]\.3\.4\b|too (large|big)|size limit|exceeds.{0,30}size"),
    (
        "domain_unknown",
        r"\b[45]\.1\.2\b|\b5\.4\.4\b|domain (not found|does not exist)|host not found|unrouteable|bad destination",
    ),
    (
        "mailbox_unknown",
        r"\b5\.1\.[01]\b|no such|user unknown|unknown user|does not exist|mailbox (unavailable|not found)",
    ),
    (
        "mailbox_unknown",
        r"recipient (address )?rejected|invalid recipient|user not found|unknown recipient|\b5\.2\.1\b",
    ),
    ("blocked", r"spam|block|blacklist|dmarc|\bspf\b|dkim|reputation|policy|unsolicited|\b5\.7\.(1|23|25|26|27)\b"),
    ("too_many", r"^4\d\d.*(too many|rate|limit|greylist|grey-list|throttl|try again later)|\b4\.7\.\d+\b"),
    ("refused_for_now", r"^4\d\d\b"),
)
_COMPILED = tuple((code, re.compile(pattern, re.IGNORECASE)) for code, pattern in _SIGNS)
_CODES = re.compile(r"^([245]\d\d)(?:[ -]+([245]\.\d{1,3}\.\d{1,3}))?")
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@,;:]+>?")
_LINK = re.compile(r"\bhttps?://\S+")
_CHANGING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b(?=\w*\d)[\w.-]+\b", re.IGNORECASE)


def read(answer: str) -> Reason:
    """The reason for a refusal. One we do not know keeps the server's codes, and its words without what differs from
    message to message (addresses, numbers, ids), so that refusals of a kind are counted together.
    """
    answer = " ".join(answer.split())
    known = next((code for code, sign in _COMPILED if sign.search(answer)), "")
    if known:
        return Reason.of(known, said=answer)
    codes = _CODES.match(answer)
    words = _without_details(answer[codes.end() :] if codes else answer)
    return Reason.of("refused", codes=" ".join(filter(None, codes.groups())) if codes else "", words=words, said=answer)


def _without_details(said: str) -> str:
    for changing in (_LINK, _ADDRESS, _CHANGING):
        said = changing.sub("…", said)
    words = re.sub(r"[^\w\s…'-]+", " ", said).replace("… …", "…")
    return " ".join(words.split()).strip(" -…").lower()[:60]
