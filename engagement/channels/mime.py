"""The wire form of an email: RFC 5322, 7-bit, both parts quoted-printable.

Put together by hand: the mail goes out as it stands here, and Python's own classes take thirty times as long.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from email.utils import format_datetime, formataddr
from functools import lru_cache
from itertools import groupby

from contactflow.core import mail_addresses
from contactflow.core.reasons import Reason
from engagement.channels.base import ChannelError, Envelope, Sender

LONGEST_LINE = 900  # characters; RFC 5322 allows 998
WORD_BYTES = 45  # of an encoded word, so that it has at most 75 characters (RFC 2047) behind any name of a header
# A machine decided to send it: out-of-office replies stay away, people's replies do not.
_BY_MACHINE = {"Auto-Submitted": "auto-generated"}
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_LINE_END = re.compile(r"\r\n?")


def message_id(envelope: Envelope) -> str:
    """Stable over retries: a mail program that gets a message twice shows it once."""
    domain = mail_addresses.ascii_domain(envelope.sender.address.rpartition("@")[2])
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
    try:
        return mail_addresses.on_the_wire(address)
    except ValueError as error:
        code = "address_not_ascii" if isinstance(error, mail_addresses.NotAscii) else "address_invalid"
        raise ChannelError(Reason.of(code, address=address), permanent=True) from error


@lru_cache(maxsize=256)
def sender_address(address: str, *, code: str = "sender_unusable") -> str:
    """Who writes, or gets the answers. Raises a ChannelError of the whole channel: no recipient is to blame."""
    try:
        return mail_addresses.on_the_wire(address)
    except ValueError as error:
        raise ChannelError(Reason.of(code, address=address), permanent=False, channel_wide=True) from error


def _head(envelope: Envelope) -> str:
    lines = [
        f"Subject: {_encoded(envelope.parts.get('subject', ''))}",
        *_sender_lines(envelope.sender),
        f"To: {wire_address(envelope.address)}",
        f"Message-ID: {message_id(envelope)}",
        f"Date: {format_datetime(envelope.at)}",
        *(f"{name}: {_whole(value)}" for name, value in {**_BY_MACHINE, **envelope.headers}.items()),
        "MIME-Version: 1.0",
    ]
    return "\n".join(lines) + "\n"


def _whole(value: str) -> str:
    """Never folded and never encoded: an address in pieces is none, and a signature over it breaks."""
    if not value.isascii() or not value.isprintable() or len(value) > LONGEST_LINE:
        raise ValueError("a header is not one line of ASCII")
    return value


def _sender_lines(sender: Sender) -> tuple[str, ...]:
    line = _from(sender.name, sender.address)
    if not sender.reply_to:
        return (line,)
    return line, f"Reply-To: {sender_address(sender.reply_to, code='reply_to_unusable')}"


@lru_cache(maxsize=256)
def _from(name: str, typed: str) -> str:
    address = sender_address(typed)
    line = formataddr((name, address)) if _reads_as_it_is(name) else f"{_encoded_name(name)}\n <{address}>"
    return f"From: {line}"


def _encoded_name(name: str) -> str:
    """Words that need it as one encoded word for each run: of two in a row, parsers disagree about the space between.

    That makes some longer than RFC 2047 has them, which all read.
    """
    if name != " ".join(name.split()):
        return _encoded_word(name.encode())
    runs = groupby(name.split(" "), key=lambda word: bool(_ATOM.fullmatch(word)) and "=?" not in word)
    return "\n ".join(
        " ".join(words) if is_plain else _encoded_word(" ".join(words).encode()) for is_plain, words in runs
    )


def _encoded(words: str) -> str:
    """As they are where every parser reads them so; else encoded words, a line each, which parsers join again."""
    if "\n" in words or "\r" in words:
        raise ValueError("a header has more than one line")
    return words if _reads_as_it_is(words) else "\n ".join(map(_encoded_word, _pieces(words.encode())))


def _reads_as_it_is(words: str) -> bool:
    if not (words.isascii() and words.isprintable()) or "=?" in words or len(words) > LONGEST_LINE:
        return False
    return words == " ".join(words.split())


def _encoded_word(piece: bytes) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(piece, newline=False).decode('ascii')}?="


def _pieces(content: bytes) -> Iterator[bytes]:
    """Cut between characters, never within one."""
    start = 0
    while start < len(content):
        end = start + WORD_BYTES
        while end < len(content) and content[end] & 0xC0 == 0x80:  # the inside of a character
            end -= 1
        yield content[start:end]
        start = end


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
