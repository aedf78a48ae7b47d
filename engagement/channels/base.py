"""What every channel promises: three phases, and errors that say what they mean for the next attempt.

A channel knows nothing of contacts, workflows or alerts; who hands something over knows nothing of email or SMS.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from contactflow.core.reasons import Reason, Refused


class ChannelError(Refused):
    """A definite no: the message was not accepted.

    `permanent`: asking again is useless. `channel_wide`: the trouble is the channel's, not the message's; pause the
    channel and charge no attempt. The reason's parameter `said` quotes the other side.
    """

    def __init__(self, reason: Reason, *, permanent: bool, channel_wide: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.channel_wide = channel_wide


class Unclear(Refused):
    """The message left, and no answer came: it may have been accepted. No machine sends it again."""


@dataclass(frozen=True)
class Sender:
    """Who writes: a name, an address of the channel, and where answers go if elsewhere."""

    name: str
    address: str
    reply_to: str = ""
    return_path: str = ""
    """Where delivery reports go, if elsewhere: the envelope sender."""

    def __str__(self) -> str:
        return f'"{self.name}" <{self.address}>' if self.name else self.address


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One message to one address. `identity` is the same on every try, so that whoever gets it twice shows it once."""

    identity: uuid.UUID
    sender: Sender
    address: str
    parts: Mapping[str, str]
    """What it says: "text" always; "subject" and "html" where the channel can show them."""
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    """What else is said about it, where the channel has a place for that: ASCII, one line each."""


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """An envelope as the channel will hand it over."""

    envelope: Envelope
    reference: str
    """What the other side calls the message: its events and answers name it."""
    content: Any


@dataclass(frozen=True)
class Receipt:
    """The channel's word that it took the message."""

    transport: str
    response: str
    provider_id: str = ""
    """What a provider calls the message, where it is not the reference."""


class Channel(Protocol):
    """One class in one file of this package, and its line in settings.ENGAGEMENT_CHANNELS."""

    name: str
    address_field: str
    """The field of a contact that holds the address."""

    def is_configured(self) -> bool:
        """Whether it can be used at all; otherwise messages stay in the local outbox."""

    def prepare(self, envelope: Envelope) -> Parcel:
        """Make ready to hand over: build, and connect or check that the kept connection lives. Nothing leaves.

        Raises ChannelError.
        """

    def hand_over(self, parcel: Parcel) -> Receipt:
        """Raises ChannelError for a definite no, Unclear when cut after the message began to leave."""

    def release(self) -> None:
        """Close what is kept open. Never raises."""
