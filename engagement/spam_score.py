"""What SpamAssassin's rules say of an email, where it is installed. It asks nobody over the network."""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from datetime import datetime

from contacts.models import BusinessEntity
from engagement import envelopes
from engagement.channels import mime
from engagement.channels.base import ChannelError, Envelope
from engagement.rendering import Rendered

PROGRAM = "spamassassin"
SECONDS = 4.5
_STATUS = re.compile(
    r"^X-Spam-Status: \w+, score=(-?[\d.]+) [^\n]*\n?\s*tests=((?:[^\n]|\n\s)*?) autolearn", re.MULTILINE
)
# An example was received from nowhere, by nobody: that is no fault of its words.
_NOT_OF_WORDS = frozenset({"NO_RELAYS", "NO_RECEIVED", "none"})


@dataclass(frozen=True)
class Score:
    points: float
    rules: list[str]


def of(
    *, rendered: Rendered, business_entity: BusinessEntity | None, now: datetime, program: str = PROGRAM
) -> Score | None:
    """None where it is not installed, or says nothing in time."""
    path = shutil.which(program)
    if path is None:
        return None
    parts = {"subject": rendered.subject, "text": rendered.text, "html": rendered.html}
    envelope = Envelope(
        identity=uuid.uuid4(),
        sender=envelopes.sender_of(business_entity),
        address="reader@example.com",
        parts=parts,
        at=now,
    )
    try:
        asked = mime.build(envelope)
        done = subprocess.run(  # noqa: S603  a program of the machine, with nothing of what people typed among its words
            [path, "--local"], input=asked, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError, ChannelError):
        return None
    found = _STATUS.search(done.stdout.decode("utf-8", "replace"))
    if found is None:
        return None
    rules = [rule for rule in re.split(r"[,\s]+", found[2]) if rule and rule not in _NOT_OF_WORDS]
    return Score(float(found[1]), rules)
