"""What a message is made of, as text that can be read: headers, the words before what was returned, and what was."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_string, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail
from html import unescape

from engagement.bounces import words

MAX_TEXT = 60_000  # characters of a part that are looked at: reports say it at the beginning
MAX_WRITTEN, MAX_FIELDS, MAX_HEADER = 100_000, 300_000, 10_000  # of all parts, of a machine's report, of a header
MAX_RETURNED, MAX_ENCODED = 20, 200  # messages within it, encoded words of a header
ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:=|\\@]{1,100}@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/partial")
_BREAK = re.compile(
    r"<(?:style|script)\b.{0,1500}?</(?:style|script)>|<br\s{0,9}/?>|</?(?:p|div|tr|li|h\d)\b[^>]{0,500}>", re.I | re.S
)
_TAG, _SPACE = re.compile(r"<[^<>@]*>|</?a\b[^>]{0,1000}>", re.I), re.compile(r"[ \t]+")
# Where the message that is returned begins, in reports that are one text.
_BELOW = words.any_of(
    (
        (
            r"^\W{0,3}(?:-{2,120}|={2,120}|\*{2,120}|_{2,120}).{0,60}"
            r"\b(?:cop(?:y|ie)|original|returned?|unsent|undelivered|enclosed|headers?|below this line|text of)\b"
        ),
        (
            r"^\W{0,3}(?:the )?(?:original|returned|unsent|failed) (?:message|mail)(?: headers?)?"
            r"(?: follows| is)?\s*[:.]?\W*$"
        ),
        r"^\W{0,3}(?:received|return-path|x-envelope-from): ",
        r"^\W{0,3}(?:message headers? follows?|original message follows)",
        r"^content-type: *message/(?:rfc822|partial)",
    )
)


@dataclass(frozen=True)
class Letter:
    """A message, what is written in it for people to read, and the headers of the messages that are returned in it."""

    mail: Mail
    said: str
    returned: list[Mail]


def letter(mail: Mail) -> Letter:
    """Read once what all that look for a report need."""
    said, below = _written(mail)
    return Letter(mail, said, _returned(mail, below))


def stated(mail: Mail, name: str) -> str:
    """A header as it stands there, up to a length; empty without it."""
    return str(mail.get(name, ""))[:MAX_HEADER]


def header(mail: Mail, name: str) -> str:
    """In one line, decoded as far as it can be; empty without it."""
    value = stated(mail, name)
    if value.count("=?") <= MAX_ENCODED:
        with suppress(HeaderParseError, LookupError, ValueError):
            value = str(make_header(decode_header(value)))
    return " ".join(value.split())


def own_parts(mail: Mail) -> Iterator[Mail]:
    """Its parts that are not themselves messages, nor within one."""
    if mail.get_content_type() in RETURNED or mail.get_content_type() == "message/delivery-status":
        return
    if mail.is_multipart():
        for part in mail.get_payload():
            if isinstance(part, Mail):
                yield from own_parts(part)
    else:
        yield mail


def parts_of(mail: Mail, *types: str) -> list[Mail]:
    """The parts of these types, not looking into messages that are attached."""
    if mail.get_content_type() in types:
        return [mail]
    if not mail.is_multipart() or mail.get_content_maintype() == "message":
        return []
    return [found for part in mail.get_payload() if isinstance(part, Mail) for found in parts_of(part, *types)]


def text_of(part: Mail) -> str:
    """Of a text, or of what a broken message calls something else."""
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        text = content.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        text = content.decode("latin-1")
    text = text[:MAX_TEXT]
    if part.get_content_type() == "text/html":
        text = unescape(_SPACE.sub(" ", _TAG.sub("", _BREAK.sub("\n", text))))
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def joined(parts: Iterable[Mail], between: str, room: int) -> str:
    """The beginning of what stands in them; those behind it are not read."""
    found = ""
    for part in parts:
        found += (between if found else "") + text_of(part)
        if len(found) >= room:
            break
    return found[:room]


def _written(mail: Mail) -> tuple[str, str]:
    """What is written for people to read, and what follows it of the message that is returned."""
    texts = [part for part in own_parts(mail) if part.get_content_maintype() in ("text", "multipart")]
    plain = [part for part in texts if part.get_content_type() != "text/html"] or texts
    whole = joined(plain, "\n", MAX_WRITTEN)
    below = _BELOW.search(whole)
    return (whole[: below.start()], whole[below.start() :]) if below else (whole, "")


def _returned(mail: Mail, below: str) -> list[Mail]:
    """The headers of the messages that are returned with it, wherever they stand."""
    found: list[Mail] = []
    for part in parts_of(mail, *RETURNED)[:MAX_RETURNED]:
        inner = part.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], Mail):
            found.append(inner[0])
        else:
            found.append(message_from_string(text_of(part).lstrip(), policy=policy.compat32))
    start = re.search(r"^[A-Za-z-]+: \S", below, re.MULTILINE)
    if start:
        found.append(message_from_string(below[start.start() :], policy=policy.compat32))
    return found


def fields(part: Mail) -> list[dict[str, list[str]]]:
    """The groups of fields in a machine's report: names in lower case, values unfolded, in their order."""
    payload = part.get_payload()
    if isinstance(payload, list):
        text = "\n\n".join(str(block) for block in payload)
    else:
        text = text_of(part)
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        with suppress(binascii.Error):
            text = binascii.a2b_base64(text.encode("ascii", "ignore")).decode("utf-8", "replace")
    return groups(text[:MAX_FIELDS])


def groups(text: str) -> list[dict[str, list[str]]]:
    found = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        group: dict[str, list[str]] = {}
        for line in re.sub(r"\n[ \t]+", " ", block.strip("\n")).split("\n"):
            name, colon, value = line.partition(":")
            if colon and re.fullmatch(r"[\w-]+", name.strip()):
                group.setdefault(name.strip().lower(), []).append(" ".join(value.split()))
        if group:
            found.append(group)
    return found
