"""Email over SMTP, step by step, so that every failure says whether the message can have been accepted.

Until the body begins nothing has left, and every 4xx or 5xx is a definite no. Only a cut or a time-out between the
body's first byte and the server's final answer is unclear. A crash loses nothing here: the caller recorded its intent.
"""

from __future__ import annotations

import os
import re
import smtplib
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.utils import DNS_NAME

from engagement.channels.base import ChannelError, Envelope, Receipt, Unclear
from engagement.models import Message

FINAL_ANSWER_SECONDS = 60  # servers scan a message before they answer
IDLE_SECONDS = 30  # a connection that rested longer is asked whether it lives
_TROUBLE_OF_THE_SERVER = (421, 454, 530, 534, 535, 538)  # closing, or not letting us in: no fault of this message
_LONE_LINE_ENDS = re.compile(rb"\r\n|\r|\n")


@dataclass
class _Connection:
    smtp: smtplib.SMTP
    address: str
    process: int
    used_at: float


class EmailChannel:
    """One connection per thread, kept over a batch."""

    name = "email"

    def __init__(self) -> None:
        self._local = threading.local()

    def prepare(self) -> None:
        connection = self._kept()
        if connection is None or (time.monotonic() - connection.used_at > IDLE_SECONDS and not _lives(connection)):
            self._reconnect()

    def hand_over(self, envelope: Envelope) -> Receipt:
        self.prepare()
        try:
            self._introduce(envelope)
        except _Gone as gone:
            self._drop()
            raise ChannelError(str(gone), permanent=False, channel_wide=True) from gone
        connection = self._kept_surely()
        response = self._send_body(connection, envelope)
        connection.used_at = time.monotonic()
        return Receipt(Message.Transport.SMTP, response)

    def release(self) -> None:
        connection = self._kept()
        self._local.connection = None
        if connection is not None:
            _part(connection)

    def _kept(self) -> _Connection | None:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection and (connection.process != os.getpid() or connection.address != settings.EMAIL_URL):
            self._local.connection = None  # inherited through a fork, or of another configuration
            return None
        return connection

    def _kept_surely(self) -> _Connection:
        connection = self._kept()
        if connection is None:
            raise ChannelError("The mail server closed the connection.", permanent=False, channel_wide=True)
        return connection

    def _reconnect(self) -> None:
        self._drop()
        self._local.connection = _Connection(_connect(), settings.EMAIL_URL, os.getpid(), time.monotonic())

    def _drop(self) -> None:
        connection = self._kept()
        self._local.connection = None
        if connection is not None:
            connection.smtp.close()

    def _introduce(self, envelope: Envelope) -> None:
        """MAIL, RCPT and DATA. A server may have closed the kept connection in between: then once more on a new one."""
        try:
            self._converse(self._kept_surely(), envelope)
        except _Gone:
            self._reconnect()
            self._converse(self._kept_surely(), envelope)

    def _converse(self, connection: _Connection, envelope: Envelope) -> None:
        smtp = connection.smtp
        size = f" size={len(envelope.content)}" if smtp.has_extn("size") else ""
        self._step(smtp, "mail", f"FROM:<{envelope.sender}>{size}", (250,))
        self._step(smtp, "rcpt", f"TO:<{envelope.recipient}>", (250, 251))
        self._step(smtp, "data", "", (354,))

    def _step(self, smtp: smtplib.SMTP, command: str, rest: str, wanted: tuple[int, ...]) -> None:
        try:
            code, answer = smtp.docmd(command, rest)
        except (smtplib.SMTPException, OSError) as error:
            raise _Gone(f"The mail server closed the connection ({error}).") from error
        if code in wanted:
            return
        if code == 421:
            raise _Gone(_quoted(code, answer))
        self._begin_anew(smtp)
        raise _refusal(code, answer)

    def _begin_anew(self, smtp: smtplib.SMTP) -> None:
        """After a refusal the connection stays good for the next message."""
        try:
            code, _ = smtp.docmd("rset")
        except (smtplib.SMTPException, OSError):
            code = 0
        if code != 250:
            self._drop()

    def _send_body(self, connection: _Connection, envelope: Envelope) -> str:
        smtp = connection.smtp
        try:
            _within(smtp, FINAL_ANSWER_SECONDS)
            smtp.send(_wire_form(envelope.content))
            code, answer = smtp.getreply()
            _within(smtp, settings.EMAIL_TIMEOUT)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise Unclear("The connection broke after the message left and before the server answered.") from error
        if code == 250:
            return _quoted(code, answer)
        if code == 421 or not 400 <= code < 600:
            self._drop()
        if not 400 <= code < 600:
            raise Unclear(f"The mail server gave an answer that means neither yes nor no: {_quoted(code, answer)}")
        raise _refusal(code, answer)


class _Gone(Exception):
    """The server closed the connection before the body began."""


def _connect() -> smtplib.SMTP:
    """Connect, greet, encrypt, log in. Whatever fails here is the server's trouble, not a message's."""
    options = _options()
    smtp: smtplib.SMTP | None = None
    try:
        smtp = _open(options)
        smtp.ehlo_or_helo_if_needed()
        if options.get("EMAIL_USE_TLS"):
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if options.get("EMAIL_HOST_USER"):
            smtp.login(options["EMAIL_HOST_USER"], options.get("EMAIL_HOST_PASSWORD") or "")
    except smtplib.SMTPAuthenticationError as error:
        _close(smtp)
        reason = f"The mail server refused user name or password: {_quoted(error.smtp_code, error.smtp_error)}"
        raise ChannelError(reason, permanent=False, channel_wide=True) from error
    except (smtplib.SMTPException, OSError) as error:
        _close(smtp)
        reason = f"The mail server {options.get('EMAIL_HOST')} cannot be used: {error}"
        raise ChannelError(reason, permanent=False, channel_wide=True) from error
    return smtp


def _options() -> dict[str, Any]:
    try:
        options = dict(environ.Env.email_url_config(settings.EMAIL_URL))
    except (ValueError, ImproperlyConfigured):
        options = {}
    if not str(options.get("EMAIL_BACKEND", "")).endswith("smtp.EmailBackend"):
        raise ChannelError(
            "EMAIL_URL is not the address of a mail server: use smtp://, smtp+tls:// or smtp+ssl://.",
            permanent=False,
            channel_wide=True,
        )
    return options


def _open(options: dict[str, Any]) -> smtplib.SMTP:
    host, port = options.get("EMAIL_HOST") or "localhost", options.get("EMAIL_PORT")
    name, timeout = DNS_NAME.get_fqdn(), settings.EMAIL_TIMEOUT
    if options.get("EMAIL_USE_SSL"):
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port or 465, local_hostname=name, timeout=timeout, context=context)
    return smtplib.SMTP(host, port or 25, local_hostname=name, timeout=timeout)


def _close(smtp: smtplib.SMTP | None) -> None:
    if smtp is not None:
        smtp.close()


def _lives(connection: _Connection) -> bool:
    try:
        return connection.smtp.noop()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _part(connection: _Connection) -> None:
    """QUIT politely, but wait for nobody."""
    try:
        _within(connection.smtp, 2)
        connection.smtp.quit()
    except (smtplib.SMTPException, OSError):
        connection.smtp.close()


def _within(smtp: smtplib.SMTP, seconds: float) -> None:
    sock: socket.socket | None = smtp.sock
    if sock is not None:
        sock.settimeout(seconds)


def _wire_form(content: bytes) -> bytes:
    """CRLF line ends, dots at the beginning of a line doubled, and the dot that ends the message."""
    lines = _LONE_LINE_ENDS.sub(b"\r\n", content)
    stuffed = re.sub(rb"(?m)^\.", b"..", lines)
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _refusal(code: int, answer: bytes) -> ChannelError:
    channel_wide = code in _TROUBLE_OF_THE_SERVER
    return ChannelError(_quoted(code, answer), permanent=code >= 500 and not channel_wide, channel_wide=channel_wide)


def _quoted(code: int, answer: bytes | str) -> str:
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(said.split())}".strip()[:500]
