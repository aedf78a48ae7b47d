"""The wire form of an email: RFC 5322, 7-bit, both parts quoted-printable.

Put together by hand: the mail goes out as it stands here, and Python's own classes take thirty times as long.
"""

from __future__ import annotations

import binascii
import re
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import lru_cache

from contactflow.core.reasons import Reason
from engagement.channels.base import ChannelError, Envelope, Sender

_LINE_END = re.compile(r"\r\n?")


def message_id(envelope: Envelope) -> str:
    """Stable over retries: a mail program that gets a message twice shows it once."""
    domain = _ascii_domain(envelope.sender.address.rpartition("@")[2])
    return f"<{envelope.identity}@{domain or 'localhost'}>"


def build(envelope: Envelope) -> bytes:
    """The message with LF line ends. Raises a permanent ChannelError for an address no mail server takes."""
    try:
        return (_head(envelope) + _body(envelope)).encode("ascii")
    except (ValueError, UnicodeError) as error:
        raise ChannelError(Reason.of("email_unbuildable", said=str(error)), permanent=True) from error


@lru_cache(maxsize=4096)
def wire_address(address: str) -> str:
    """ASCII: international domains as punycode. Raises a permanent ChannelError."""
    local, at, domain = address.strip().rpartition("@")
    wire_domain = _ascii_domain(domain)
    if not (local and at and wire_domain) or any(character.isspace() or character in "<>" for character in local):
        raise ChannelError(Reason.of("address_invalid", address=address), permanent=True)
    if not local.isascii():
        raise ChannelError(Reason.of("address_not_ascii", address=address), permanent=True)
    return f"{local}@{wire_domain}"


def _head(envelope: Envelope) -> str:
    sender = envelope.sender
    lines = [
        f"Subject: {_encoded(envelope.parts.get('subject', ''), 'Subject')}",
        f"From: {_mailbox(sender)}",
        f"To: {wire_address(envelope.address)}",
        *([f"Reply-To: {wire_address(sender.reply_to)}"] if sender.reply_to else []),
        f"Message-ID: {message_id(envelope)}",
        f"Date: {format_datetime(envelope.at)}",
        # A machine decided to send it: out-of-office replies stay away, people's replies do not.
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ]
    return "\n".join(lines) + "\n"


def _body(envelope: Envelope) -> str:
    text, html = envelope.parts["text"], envelope.parts.get("html", "")
    if not html:
        return _part("plain", text)
    boundary = f"=_{envelope.identity.hex}"  # no quoted-printable text holds "=_"
    parts = (_part("plain", text), _part("html", html))
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/alternative; boundary="{boundary}"\n\n{inner}--{boundary}--\n'


def _part(subtype: str, text: str) -> str:
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    encoded = binascii.b2a_qp(text.encode()).decode("ascii")
    return f'Content-Type: text/{subtype}; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n{encoded}'


@lru_cache(maxsize=256)
def _mailbox(sender: Sender) -> str:
    address = wire_address(sender.address)
    if sender.name.isascii():
        return formataddr((sender.name, address))
    return f"{_encoded(sender.name, 'From')} <{address}>"


def _encoded(words: str, header: str) -> str:
    if "\n" in words or "\r" in words:
        raise ValueError(f"the {header} has more than one line")
    return words if words.isascii() else Header(words, "utf-8", header_name=header).encode()


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
