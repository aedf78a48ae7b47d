"""A real SMTP server that records what it is sent, and fails in the ways real ones do."""

from __future__ import annotations

import asyncio
import email
import email.policy
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Received:
    """One message as it came over the wire."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, email.message_from_bytes(self.content, policy=email.policy.default))


@dataclass
class Sink:
    """Accepts everything until a switch says otherwise. A refusal is an SMTP answer such as "550 no such person"."""

    refuse_mail: str = ""
    refuse_rcpt: str = ""
    refuse_data: str = ""
    delay: float = 0.0  # seconds before the answer to a message's body
    cut_after_body: bool = False  # the body arrived and was kept, and no answer ever comes
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    _controller: Controller | None = None

    def __enter__(self) -> Sink:
        self._controller = _Controller(self, hostname="127.0.0.1", port=0)
        self._controller.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port: from now on connections are refused."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def port(self) -> int:
        assert self._controller is not None
        server = cast(asyncio.Server, self._controller.server)
        return int(server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """For EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[EmailMessage]:
        return [one.message for one in self.received]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        if self.refuse_mail:
            return self.refuse_mail
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if self.refuse_rcpt:
            return self.refuse_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse_data:
            return self.refuse_data
        content = cast(bytes, envelope.original_content)
        self.received.append(Received(envelope.mail_from or "", list(envelope.rcpt_tos), content))
        if self.cut_after_body:
            cast(asyncio.Transport, server.transport).abort()
            return "421 gone"
        if self.delay:
            await asyncio.sleep(self.delay)
        return "250 OK"


class _Controller(Controller):
    """aiosmtpd's own, for a port that the system chooses."""

    def _trigger_server(self) -> None:
        """Learn the port before the connection that aiosmtpd makes to itself; that one does not count."""
        self.port = cast(Sink, self.handler).port
        super()._trigger_server()
        cast(Sink, self.handler).connections = 0

    def factory(self) -> Any:
        cast(Sink, self.handler).connections += 1
        return super().factory()
