"""Messages as they arrive, and the one of ours that they answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from contacts.models import BusinessEntity, Contact
from engagement.inbound import Taken, take_in
from engagement.models import Message
from tests import factories as f

NOW = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)  # a Monday
OURS = "<0b5e1c1e-1111-4222-8333-444455556666@the7space.example>"


def brand(slug: str = "the_7_space", **about: Any) -> BusinessEntity:
    about = {"sender_email": f"hello@{slug.replace('_', '')}.example"} | about
    return f.BusinessEntityFactory(slug=slug, **about)


def sent(to: Contact, *, message_id: str = OURS, **about: Any) -> Message:
    """An email of ours that went to somebody."""
    about = {"business_entity": brand(), "subject": "Your portfolio"} | about
    return Message.objects.create(
        contact=to, recipient=to.email, text="Hello", html="<p>Hello</p>", status="sent", sent_at=NOW,
        message_id=message_id, **about,
    )  # fmt: skip


def mail(
    text: str = "That sounds good.",
    *,
    sender: str = "Ada Lovelace <ada@example.org>",
    to: str = "hello@the7space.example",
    subject: str = "Re: Your portfolio",
    **headers: str,
) -> bytes:
    """As it comes over the wire; a header's name has underscores for hyphens, and "" leaves it out."""
    lines = {
        "From": sender, "To": to, "Subject": subject, "Date": "Mon, 30 Nov 2026 09:00:00 +0000",
        "Message-ID": "<answer-1@mail.example.org>", "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }  # fmt: skip
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{head}\r\n{text}\r\n".replace("\r\n", "\n").replace("\n", "\r\n").encode()


def take(raw: bytes, *, key: str = "1", **about: Any) -> Taken:
    return take_in(raw, via="test", key=key, now=NOW, **about)
