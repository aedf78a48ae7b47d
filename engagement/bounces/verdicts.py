"""What a refusal may mean for the address it concerns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    HARD = "hard"  # nobody is there: do not write again
    SOFT = "soft"  # not now: full, switched off, refused for a reason of theirs
    MESSAGE = "message"  # this message's fault: too large, its content
    SENDER = "sender"  # ours: reputation, authentication, policy; says nothing of the address
    INFRASTRUCTURE = "infrastructure"  # servers that did not get through to each other
    COMPLAINT = "complaint"  # somebody pressed "spam"
    DELAYED = "delayed"  # still being tried
    DELIVERED = "delivered"  # no trouble at all


@dataclass(frozen=True)
class Verdict:
    """`reason` is a code. The address is given up at the first such bounce, at the second within a week, or (0) not by
    these alone."""

    kind: Kind
    reason: str
    gives_up_at: int = 0

    @property
    def is_hard(self) -> bool:
        return self.kind == Kind.HARD

    @property
    def is_vague(self) -> bool:
        return self.reason in ("refused", "refused_for_now")


COMPLAINED = Verdict(Kind.COMPLAINT, "complained", 1)
DELAYED = Verdict(Kind.DELAYED, "delayed")
DELIVERED = Verdict(Kind.DELIVERED, "delivered")
UNKNOWN, NO_DOMAIN = Verdict(Kind.HARD, "mailbox_unknown", 1), Verdict(Kind.HARD, "domain_unknown", 1)
NO_MAIL, MOVED = Verdict(Kind.HARD, "accepts_no_mail", 1), Verdict(Kind.HARD, "address_moved", 1)
NO_ACCOUNT = Verdict(Kind.HARD, "no_account", 1)
FULL, LATE = Verdict(Kind.SOFT, "mailbox_full"), Verdict(Kind.SOFT, "not_in_time")
DISABLED = Verdict(Kind.SOFT, "mailbox_disabled", 2)
RESTRICTED = Verdict(Kind.SOFT, "recipient_restricts", 2)
REFUSED, FOR_NOW = Verdict(Kind.SOFT, "refused"), Verdict(Kind.SOFT, "refused_for_now")
TOO_LARGE, CONTENT = Verdict(Kind.MESSAGE, "too_large"), Verdict(Kind.MESSAGE, "content_refused")
BLOCKED, RELAY = Verdict(Kind.SENDER, "blocked"), Verdict(Kind.SENDER, "relay_denied")
SENDER = Verdict(Kind.SENDER, "sender_refused")
SYSTEM, UNREACHED = Verdict(Kind.INFRASTRUCTURE, "system_error"), Verdict(Kind.INFRASTRUCTURE, "unreachable")
BUSY = Verdict(Kind.INFRASTRUCTURE, "too_many")
FILTERED = Verdict(Kind.SOFT, "filtered", 2)
AUTH_FAILED = Verdict(Kind.SENDER, "authentication_failed")
