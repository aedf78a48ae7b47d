"""A message as it arrived, taken apart whatever it looks like: broken headers, unknown charsets, no parts at all.

Headers are read one by one from the tolerant parser: the strict one raises for a Message-ID of "<>". What would take
long is not begun: `Laborious` is raised instead, and headers are read up to a length.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from typing import Any

from contactflow.core import mail_addresses
from engagement.inbound import html_text

MAX_PARTS = 200
MAX_HEADER, MAX_HEADERS = 10_000, 200_000  # characters of one that are read, and of all of them
MAX_ENCODED = 200  # words in one header
# Each line is compared with each boundary around it, and each parameter's quotes are counted from the beginning.
MAX_COMPARISONS, MAX_PARAMETERS, MAX_ALL_PARAMETERS = 3_000_000, 4_000, 300_000
_BOUNDARY = re.compile(rb"\bboundary\s*[*=]", re.IGNORECASE)
_PARAMETERS = re.compile(
    rb"^content-(?:type|disposition)[ \t]*:[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE
)
_FOLD = re.compile(r"\r?\n[ \t]+")
_PLAIN_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]{1,64}@[^\s<>()\[\]\",;:@]{1,255}")
MAX_TEXT = 500_000  # characters of what somebody wrote
MAX_ADDRESSES = 100
MAX_IDS = 50
_ID = re.compile(r"<([^<>\s]+)>")
_SPACES = re.compile(r"\s+")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What a message says. Headers by their lower-case names, each with all its values, decoded and in one line."""

    headers: Mapping[str, Sequence[str]]
    content_type: str = "text/plain"
    report_type: str = ""
    sender: str = ""
    sender_name: str = ""
    recipients: Sequence[str] = ()
    cc: Sequence[str] = ()
    reply_to: str = ""
    subject: str = ""
    message_id: str = ""
    in_reply_to: Sequence[str] = ()
    references: Sequence[str] = ()
    text: str = ""
    html: str = ""
    attachments: Sequence[dict[str, Any]] = field(default_factory=list)

    def header(self, name: str) -> str:
        """Its first value; "" where there is none."""
        return next(iter(self.headers.get(name, ())), "")


class Laborious(ValueError):
    """Taking it apart would take longer than anybody's mail is worth."""


def parse(raw: bytes) -> Mail:
    """Take it apart. What it cannot be made of (nesting without end) raises whatever the parser raises."""
    _refuse_labour(raw)
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    headers: dict[str, list[str]] = {}
    room = MAX_HEADERS
    for name, value in message.raw_items():
        room -= min(len(str(value)), MAX_HEADER)
        if room >= 0:
            headers.setdefault(name.lower(), []).append(_decoded(value))
    sender_name, sender = next(iter(_mailboxes(message, "from") or _mailboxes(message, "sender")), ("", ""))
    text, html, attachments = _content(message)
    return Mail(
        headers=headers,
        content_type=message.get_content_type(),
        report_type=_parameter(message, "report-type").lower(),
        sender=sender,
        sender_name=sender_name[:200],
        recipients=_addresses(message, "to"),
        cc=_addresses(message, "cc"),
        reply_to=next(iter(_addresses(message, "reply-to")), ""),
        subject=next(iter(headers.get("subject", ())), "")[:998],
        message_id=next(iter(_ids(headers.get("message-id", ()))), "")[:998],
        in_reply_to=_ids(headers.get("in-reply-to", ())),
        references=_ids(headers.get("references", ())),
        text=text or html_text.to_text(html),
        html=html,
        attachments=attachments,
    )


def addresses_in(raw: bytes) -> tuple[str, list[str]]:
    """Whom a message that cannot be read says it is from ("" where it does not), and to whom; it never raises."""
    head = re.split(rb"\r?\n\r?\n", raw[:MAX_HEADERS], maxsplit=1)[0].decode("utf-8", "replace")
    found: dict[str, list[str]] = {}
    for line in _FOLD.sub(" ", head).splitlines():
        name, _, value = line.partition(":")
        if (name := name.strip().lower()) in ("from", "to", "cc"):
            named = _PLAIN_ADDRESS.findall(clean(value[:MAX_HEADER]))
            found.setdefault(name, []).extend(mail_addresses.folded(one)[:320] for one in named)
    return next(iter(found.get("from", [])[-1:]), ""), [*found.get("to", []), *found.get("cc", [])][:MAX_ADDRESSES]


def _refuse_labour(raw: bytes) -> None:
    lines = raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n")
    comparisons = lines * (1 + len(_BOUNDARY.findall(raw)))
    parameters = [len(found[0]) for found in _PARAMETERS.finditer(raw)]
    if comparisons > MAX_COMPARISONS or max(parameters, default=0) > MAX_PARAMETERS:
        raise Laborious
    if sum(parameters) > MAX_ALL_PARAMETERS:
        raise Laborious


def clean(text: str) -> str:
    """Without what a text column does not take: NUL, and halves of characters."""
    return _SURROGATES.sub("\ufffd", text.replace("\x00", ""))


def _decoded(value: Any) -> str:
    """A header in one line, encoded words read; what cannot be read stays as it is."""
    text = str(value)[:MAX_HEADER]
    try:
        pieces = decode_header(text) if text.count("=?") <= MAX_ENCODED else [(text, None)]
    except (HeaderParseError, ValueError):
        pieces = [(text, None)]
    read = "".join(one if isinstance(one, str) else _in_charset(one, charset or "utf-8") for one, charset in pieces)
    return clean(_SPACES.sub(" ", _repaired(read))).strip()


def _repaired(text: str) -> str:
    """Bytes that a header should not have had, mostly UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if _SURROGATES.search(text) else text


def _in_charset(content: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        with contextlib.suppress(LookupError, UnicodeDecodeError, ValueError):
            return content.decode(name)
    return content.decode("cp1252", "replace")


def _mailboxes(message: Message, name: str) -> list[tuple[str, str]]:
    """(name, address) of each, comparable: as contacts.addresses has them."""
    values = [str(value)[:MAX_HEADER] for value in message.get_all(name, [])[:MAX_PARTS]]
    found = [(_decoded(shown), address) for shown, address in getaddresses(values) if "@" in address]
    return [(shown, clean(mail_addresses.folded(address))[:320]) for shown, address in found][:MAX_ADDRESSES]


def _addresses(message: Message, name: str) -> list[str]:
    return [address for _, address in _mailboxes(message, name)]


def _ids(values: Sequence[str]) -> list[str]:
    """Message ids in their brackets, in order, each once; empty ones (`<>`) name nothing."""
    found: list[str] = []
    for value in values:
        found += [f"<{one}>"[:998] for one in _ID.findall(value)]
        if "<" not in value and "@" in value and " " not in value:
            found.append(f"<{value}>"[:998])
    return list(dict.fromkeys(found))


def _parameter(message: Message, name: str) -> str:
    try:
        value = message.get_param(name, "")
    except (ValueError, TypeError, LookupError):
        return ""
    return str(value[2] if isinstance(value, tuple) else value)


def _content(message: Message) -> tuple[str, str, list[dict[str, Any]]]:
    """What is written, as text and as HTML, and what is attached."""
    texts, htmls, attachments = [], [], []
    for part in _leaves(message):
        kind, name = part.get_content_type(), _file_name(part)
        is_attached = "attachment" in str(part.get("content-disposition", "")).lower() or (
            bool(name) and not kind.startswith("text/")
        )
        if not is_attached and kind == "text/plain":
            texts.append(_words(part))
        elif not is_attached and kind == "text/html":
            htmls.append(_words(part))
        else:
            attachments.append({"name": name[:200], "type": kind[:100], "bytes": len(_payload(part))})
    return "\n".join(texts).strip()[:MAX_TEXT], "\n".join(htmls)[:MAX_TEXT], attachments[:MAX_ADDRESSES]


def _leaves(message: Message, room: int = MAX_PARTS) -> Iterator[Message]:
    """The parts that hold something; a message within the message is one of them."""
    waiting = [message]
    while waiting and room:
        part = waiting.pop(0)
        room -= 1
        inside = part.get_payload()
        if isinstance(inside, list) and part.get_content_maintype() == "multipart":
            waiting[:0] = [one for one in inside if isinstance(one, Message)]
        else:
            yield part


def _file_name(part: Message) -> str:
    try:
        return clean(_decoded(part.get_filename() or ""))
    except (ValueError, TypeError, LookupError):
        return ""


def _payload(part: Message) -> bytes:
    if part.is_multipart():  # a message within the message
        return str(part.get_payload()).encode("utf-8", "replace")
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        content = None
    return content if isinstance(content, bytes) else b""


def _words(part: Message) -> str:
    try:
        charset = str(part.get_content_charset() or "utf-8")
    except (ValueError, TypeError, LookupError):
        charset = "utf-8"
    return clean(_in_charset(_payload(part), charset)).replace("\r\n", "\n").replace("\r", "\n")
