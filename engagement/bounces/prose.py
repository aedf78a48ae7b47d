"""Reports written for people: qmail, exim, Exchange, sendmail of old and many more, each in words of its own.

What they share is read: who writes, that something was not delivered, to whom, and the server's words beside each.
"""

from __future__ import annotations

import re

from engagement.bounces import mail_parts, words
from engagement.bounces.mail_parts import ADDRESS, Letter

# Who writes, how it says so, and what it quotes of a server: a reply, or an enhanced code.
_DAEMON = words.any_of(
    (
        r"mailer.?daemon",
        r"post.?master",
        r"mail ?delivery",
        r"delivery (?:sub)?system",
        r"mail ?system",
        r"mail administrator",
        r"sysadmin",
        r"system administrator",
        r"\bmmsc\b",
        r"\bndr\b",
        r"\bmailadm",
        r"mdaemon",
        r"content-filter",
    )
)
_UNATTENDED = re.compile(r"\bno-?reply\b|\bdaemon\b|\bsystem\b|\badmin", re.IGNORECASE)
_FAILED = words.any_of(
    (
        r"undeliver",
        r"non.?deliver",
        r"(?:not|n.t|never|unable to|fail\w*|impossible|error|trouble|problem\w*)\b[^.]{0,60}\b(?:be )?deliver",
        (
            r"deliver\w*[^.]{0,40}\b(?:fail|not|error|problem|delay|permanent|abandon|suspend|impossible|"
            r"unsuccess|incomplete)"
        ),
        r"returned (?:mail|to sender)",
        r"failure notice",
        r"mail (?:system )?error",
        r"did not reach",
        r"was ?n.t (?:able to )?(?:deliver|sent|reach)",
        r"could ?n[o']t be (?:sent|deliver)",
        r"has been (?:rejected|returned|blocked)",
        r"transcript of session",
        r"permanent (?:fatal )?error",
        r"unzustellbar",
        r"nicht zu(?:gestellt|stellbar)",
        r"non.?remis",
        r"no se (?:ha )?(?:pudo|podido) entregar",
        r"kan ikke leveres",
        r"impossibile recapitare",
        r"non recapitabile",
        r"não (?:foi|pôde|pode)",
        r"не может быть доставлен",
        r"не доставлен",
        r"送信できません",
        r"届けられ",
        r"配信できません",
        r"エラー",
        r"投递失败",
        r"退信",
        r"rejected",
        r"message (?:you sent )?(?:was )?blocked",
    )
)
_SUBJECT = words.any_of(
    (
        r"undeliver",
        r"deliver\w* (?:status|fail|error|notification|delay|problem|report|incomplete)",
        r"returned mail",
        r"failure notice",
        r"mail (?:system |delivery )?(?:error|fail|deliver)",
        r"non.?deliver",
        r"returning",
        r"could not be (?:sent|deliver)",
        r"rejected",
        r"delay",
        r"エラー",
        r"退信",
        r"fail(?:ed|ure)",
        r"not deliver",
        r"unzustellbar",
        r"non.?remis",
        r"recapit",
        r"не доставлен",
    )
)
_QUOTED = words.any_of(
    (
        r"^\W*(?:\w+ said: )?[45]\d\d[ -]+\S",
        r"(?<![\d.])[45]\.\d\.\d{1,3}(?![\d.])",
        r"[(: ]5[05]\d[ -]",
    )
)
_ABOUT = words.any_of(
    (
        r"^(?:re|fwd?|aw|wg|antw|sv|tr|rv|automatic|auto)\b",
        r"^(?:out of (?:the )?office|abwesend|abwesenheit|absence|vacation)\b",
    )
)
# Where a recipient stands: alone at the beginning of a line, or behind a word that says so, or in the SMTP dialogue.
_OPEN, _CLOSE, _NAME = r"[\"'<(\[]{0,2}", r"[\"'>)\]]{0,2}", ADDRESS.pattern
_STANDS = words.any_of(
    (
        (
            rf"^[ \t>*\-•]*{_OPEN}(?:(?:rfc822|smtp);\s*)?(?P<line>{_NAME}){_CLOSE}(?=[\s:,.;(]|$)"
            r"(?!\s+(?:wrote|writes|schrieb))"
        ),
        (
            r"\b(?:recipients?|to|user|address(?:es)?|mailbox|for|following)\b[^\n@<:]{0,25}:?[ \t]*"
            rf"{_OPEN}(?<![\w.+-])(?P<named>{_NAME})"
        ),
        rf"^[ \t]*(?:>>> )?RCPT TO: ?<?(?P<rcpt>{_NAME})",
        rf"^\d{{3}} (?:\d\.\d\.\d )?<?(?P<dialogue>{_NAME})>?\.\.\.",
    )
)


MAX_LISTED = 50  # recipients in a header


def is_notice(letter: Letter) -> bool:
    """Whether a mail system reports here that something was not delivered; a person's mail and an automatic answer
    do not."""
    mail, said = letter.mail, letter.said
    if mail.get("X-Failed-Recipients"):
        return True
    sender, subject = mail_parts.header(mail, "From"), mail_parts.header(mail, "Subject")
    fails = bool(_FAILED.search(said[:3000]))
    quotes = bool(_QUOTED.search(said[:6000])) or bool(mail_parts.parts_of(mail, *mail_parts.RETURNED))
    if _DAEMON.search(sender):
        if _ABOUT.match(subject):  # a postmaster may be a person
            return quotes
        return fails or bool(_SUBJECT.search(subject))
    comes_from_nobody = mail_parts.header(mail, "Return-Path").lower() in ("<>", "<mailer-daemon>")
    if comes_from_nobody or _UNATTENDED.search(sender):
        return fails and quotes and not _ABOUT.match(subject)
    return False


def recipients(letter: Letter) -> list[tuple[str, str]]:
    """Each recipient with what is said of it."""
    mail, said = letter.mail, letter.said
    own = {
        found.lower()
        for name in ("To", "From", "Return-Path", "Delivered-To")
        for found in ADDRESS.findall(mail_parts.stated(mail, name))
    }
    own |= {
        found.lower()
        for returned in letter.returned
        for name in ("From", "Return-Path", "Sender")
        for found in ADDRESS.findall(mail_parts.stated(returned, name))
    }
    failed = mail_parts.stated(mail, "X-Failed-Recipients").split(",")[:MAX_LISTED]
    listed = [one.strip().strip("<>") for one in failed if "@" in one]
    stands = [(match, _address(match)) for match in _STANDS.finditer(said)]
    stands = [(match, address) for match, address in stands if address.lower() not in own]
    if any(match["line"] for match, _ in stands):
        stands = [(match, address) for match, address in stands if match["line"] or match["dialogue"]]
    blocks: dict[str, list[str]] = {}
    start = 0
    for number, (match, address) in enumerate(stands):
        end = stands[number + 1][0].start() if number + 1 < len(stands) else len(said)
        if match["dialogue"]:  # what was said to it stands before
            end = said.find("\n", match.end()) if "\n" in said[match.end() :] else len(said)
        else:
            start = match.start()
        blocks.setdefault(address.lower(), []).append(said[start:end])
        start = end
    for address in listed:
        blocks.setdefault(address.lower(), [said])
    if len(blocks) == 1:
        return [(next(iter(blocks)), said)]
    if listed:
        blocks = {one: blocks[one] for one in blocks if one in {address.lower() for address in listed}}
    return [(address, "\n".join(block)) for address, block in blocks.items()]


def returned_to(letter: Letter) -> list[str]:
    for returned in letter.returned:
        for name in ("To", "X-Envelope-To", "X-Original-To", "Delivered-To"):
            if found := ADDRESS.findall(mail_parts.stated(returned, name)):
                return [one.lower() for one in found]
    return []


def _address(match: re.Match[str]) -> str:
    found = next(value for value in match.groupdict().values() if value)
    return found.rstrip(".").removeprefix("rfc822;")
