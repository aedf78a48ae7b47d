"""Email over SMTP, step by step, so that every failure says whether the message can have been accepted.

Until the body begins nothing has left, and every 4xx or 5xx is a definite no. Only a cut or a time-out between the
body's first byte and the server's final answer is unclear. A crash loses nothing here: the caller recorded its intent.
"""

from __future__ import annotations

import os
import re
import smtplib
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.utils import DNS_NAME

from contactflow.core.reasons import Reason
from engagement.channels import mime, smtp_answers
from engagement.channels.base import ChannelError, Envelope, Parcel, Receipt, Unclear
from engagement.channels.timed_smtp import TimedSMTP
from engagement.models import Message

CONNECT_SECONDS = 20.0  # connecting, greeting, encryption and login together
INTRODUCTION_SECONDS = 60.0  # MAIL, RCPT and DATA together
FINAL_ANSWER_SECONDS = 60.0  # servers scan a message before they answer
COURTESY_SECONDS = 5.0  # for what may as well fail: NOOP, RSET, QUIT
IDLE_SECONDS = 30  # a connection that rested longer is asked whether it lives
_TROUBLE_OF_THE_SERVER = (421, 454, 530, 534, 535, 538)  # closing, or not letting us in: no fault of this message
_PHASES = {"mail": "after MAIL FROM", "data": "after end of data"}  # as servers report it
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class _Wire:
    """An email as it goes over the wire."""

    sender: str
    recipient: str
    body: bytes


@dataclass
class _Connection:
    smtp: TimedSMTP
    address: str
    process: int
    used_at: float


class EmailChannel:
    """One connection per thread, kept over a batch."""

    name = "email"
    address_field = "email"

    def __init__(self) -> None:
        self._local = threading.local()

    def is_configured(self) -> bool:
        return bool(settings.EMAIL_URL)

    def prepare(self, envelope: Envelope) -> Parcel:
        content = mime.build(envelope)
        wire = _Wire(
            mime.sender_address(envelope.sender.return_path or envelope.sender.address),
            mime.wire_address(envelope.address),
            _framed(content),
        )
        self._ensure_connection()
        return Parcel(envelope=envelope, reference=mime.message_id(envelope), content=wire)

    def _ensure_connection(self) -> None:
        connection = self._kept()
        if connection is None or (time.monotonic() - connection.used_at > IDLE_SECONDS and not _lives(connection)):
            self._reconnect()

    def hand_over(self, parcel: Parcel) -> Receipt:
        self._ensure_connection()
        wire: _Wire = parcel.content
        try:
            self._introduce(wire)
        except _Gone as gone:
            self._drop()
            raise ChannelError(gone.reason, permanent=False, channel_wide=gone.channel_wide) from gone
        connection = self._kept_surely()
        response = self._send_body(connection, wire)
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
            raise ChannelError(Reason.of("server_closed"), permanent=False, channel_wide=True)
        return connection

    def _reconnect(self) -> None:
        self._drop()
        self._local.connection = _Connection(_open_session(), settings.EMAIL_URL, os.getpid(), time.monotonic())

    def _drop(self) -> None:
        connection = self._kept()
        self._local.connection = None
        if connection is not None:
            connection.smtp.close()

    def _introduce(self, wire: _Wire) -> None:
        """MAIL, RCPT and DATA. A server may have closed the kept connection in between: then once more on a new one."""
        until = time.monotonic() + INTRODUCTION_SECONDS
        try:
            self._converse(self._kept_surely(), wire, until)
        except _Gone as gone:
            if not gone.may_be_old or time.monotonic() > until:
                raise
            self._reconnect()
            self._converse(self._kept_surely(), wire, until)

    def _converse(self, connection: _Connection, wire: _Wire, until: float) -> None:
        smtp = connection.smtp
        smtp.allow(until - time.monotonic())
        size = f" size={len(wire.body)}" if smtp.has_extn("size") else ""
        self._step(smtp, "mail", f"FROM:<{wire.sender}>{size}", (250,))
        self._step(smtp, "rcpt", f"TO:<{wire.recipient}>", (250, 251))
        self._step(smtp, "data", "", (354,))

    def _step(self, smtp: TimedSMTP, command: str, rest: str, wanted: tuple[int, ...]) -> None:
        of_the_server = command == "mail"  # from the recipient on it may be this message that it does not like
        try:
            code, answer = smtp.docmd(command, rest)
        except (smtplib.SMTPException, OSError) as error:
            reason = Reason.of("server_closed", said=_quoted("", str(error)))
            raise _Gone(reason, channel_wide=of_the_server, may_be_old=True) from error
        if code in wanted:
            return
        if code == 421:
            raise _Gone(smtp_answers.read(_quoted(code, answer)), channel_wide=of_the_server, may_be_old=of_the_server)
        self._begin_anew(smtp)
        raise _refusal(code, answer, phase=command)

    def _begin_anew(self, smtp: TimedSMTP) -> None:
        """After a refusal the connection stays good for the next message."""
        try:
            smtp.allow(COURTESY_SECONDS)
            code, _ = smtp.docmd("rset")
        except (smtplib.SMTPException, OSError):
            code = 0
        if code != 250:
            self._drop()

    def _send_body(self, connection: _Connection, wire: _Wire) -> str:
        smtp = connection.smtp
        try:
            smtp.allow(FINAL_ANSWER_SECONDS)
            smtp.send(wire.body)
            code, answer = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise Unclear(Reason.of("no_answer")) from error
        if code == 250:
            return _quoted(code, answer)
        if code == 421 or not 400 <= code < 600:
            self._drop()
        if not 400 <= code < 600:
            raise Unclear(Reason.of("strange_answer", said=_quoted(code, answer)))
        raise _refusal(code, answer, phase="data")


class _Gone(Exception):
    """The server closed the connection before the body began. `may_be_old`: perhaps only because it was kept open."""

    def __init__(self, reason: Reason, *, channel_wide: bool, may_be_old: bool) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.channel_wide = channel_wide
        self.may_be_old = may_be_old


def _open_session() -> TimedSMTP:
    """Connect, greet, encrypt, log in. Whatever fails here is the server's trouble, not a message's."""
    options = _options()
    smtp: TimedSMTP | None = None
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
        reason = Reason.of("login_refused", said=_quoted(error.smtp_code, error.smtp_error))
        raise ChannelError(reason, permanent=False, channel_wide=True) from error
    except (smtplib.SMTPException, OSError) as error:
        _close(smtp)
        reason = Reason.of("server_unreachable", host=str(options.get("EMAIL_HOST")), said=_quoted("", str(error)))
        raise ChannelError(reason, permanent=False, channel_wide=True) from error
    except (ValueError, OverflowError):
        _close(smtp)
        # Not chained: the error holds the password.
        raise ChannelError(Reason.of("mail_url_unusable"), permanent=False, channel_wide=True) from None
    return smtp


def _options() -> dict[str, Any]:
    try:
        options = dict(environ.Env.email_url_config(settings.EMAIL_URL))
    except (ValueError, ImproperlyConfigured):
        options = {}
    if not str(options.get("EMAIL_BACKEND", "")).endswith("smtp.EmailBackend"):
        raise ChannelError(Reason.of("mail_url_no_server"), permanent=False, channel_wide=True)
    return options


def _open(options: dict[str, Any]) -> TimedSMTP:
    host, port = options.get("EMAIL_HOST") or "localhost", options.get("EMAIL_PORT")
    tls = ssl.create_default_context() if options.get("EMAIL_USE_SSL") else None
    return TimedSMTP(host, port or (465 if tls else 25), name=DNS_NAME.get_fqdn(), seconds=CONNECT_SECONDS, tls=tls)


def _close(smtp: TimedSMTP | None) -> None:
    if smtp is not None:
        smtp.close()


def _lives(connection: _Connection) -> bool:
    try:
        connection.smtp.allow(COURTESY_SECONDS)
        return connection.smtp.noop()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _part(connection: _Connection) -> None:
    """QUIT politely, but wait for nobody."""
    try:
        connection.smtp.allow(COURTESY_SECONDS)
        connection.smtp.quit()
    except (smtplib.SMTPException, OSError):
        connection.smtp.close()


def _framed(content: bytes) -> bytes:
    """CRLF line ends, dots at the beginning of a line doubled, and the dot that ends the message."""
    stuffed = content.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _refusal(code: int, answer: bytes, *, phase: str) -> ChannelError:
    """`phase` is the command that was refused: at MAIL the server, at DATA not the recipient."""
    trouble = code in _TROUBLE_OF_THE_SERVER
    permanent = code >= 500 and not trouble
    reason = smtp_answers.read(_quoted(code, answer))
    if phase != "rcpt":
        reason = Reason(reason.code, {**reason.params, "phase": _PHASES[phase]})
    return ChannelError(reason, permanent=permanent, channel_wide=trouble and phase == "mail")


def _quoted(code: int | str, answer: bytes | str) -> str:
    """In one line, without the control characters that a text column does not take."""
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(_CONTROLS.sub(' ', said).split())}".strip()[:500]
