"""What every channel promises: three phases, and errors that say what they mean for the next attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class ChannelError(Exception):
    """A definite no: the message was not accepted.

    `permanent`: asking again is useless. `channel_wide`: the trouble is the channel's, not the message's; pause the
    channel and charge no attempt. str() is a sentence for staff and may quote the server.
    """

    def __init__(self, reason: str, *, permanent: bool, channel_wide: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.channel_wide = channel_wide


class Unclear(Exception):
    """The message left, and no answer came: it may have been accepted. No machine sends it again."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One message to one address, ready for the wire."""

    sender: str
    recipient: str
    message_id: str
    content: bytes  # RFC 5322, 7-bit; the channel sees to line ends


@dataclass(frozen=True)
class Receipt:
    """The channel's word that it took the message."""

    transport: str
    response: str


class Channel(Protocol):
    name: str

    def prepare(self) -> None:
        """Make ready to hand over: connect, or check that the kept connection lives. Raises ChannelError."""

    def hand_over(self, envelope: Envelope) -> Receipt:
        """Raises ChannelError for a definite no, Unclear when cut after the message began to leave."""

    def release(self) -> None:
        """Close what is kept open. Never raises."""
