"""What comes in by mail: taken apart, told apart from what machines answer, matched, kept, and acted on.

`take_in` is the door for every way a message arrives: a mailbox (`mailboxes`), a provider's webhook, a colleague.
"""

from __future__ import annotations

from engagement.inbound.taking import Outcome, Taken, accept, take_in

__all__ = ["Outcome", "Taken", "accept", "take_in"]
