"""Whether a provider's bounce is a hard one: each says it in a place of its own, which its event keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engagement import bounces
from engagement.bounces import Answer, Kind, Verdict

Said = Mapping[str, Any]
HARD, SOFT = Verdict(Kind.HARD, "mailbox_unknown", 1), Verdict(Kind.SOFT, "refused")
_OURS = (Kind.SENDER, Kind.MESSAGE, Kind.INFRASTRUCTURE)


def verdict(provider: str, told: Any, answer: Answer) -> Verdict:
    """By what the provider says, and by the server's own words where it passes them on.

    A full mailbox is never a dead one, whatever the provider calls it; nor is what a server holds against us.
    """
    of_words = bounces.judge(answer)
    says = _SAYS.get(provider)
    try:
        is_hard = says(told) if says else None
    except (AttributeError, KeyError, TypeError, IndexError):
        is_hard = None
    if is_hard is None:
        return of_words
    if not is_hard:
        return SOFT if of_words.is_hard else of_words
    if (of_words.kind in _OURS and (answer.reply_code or answer.status)) or of_words.reason == "mailbox_full":
        return of_words  # without a code the words are the provider's own, which explain what it says
    return of_words if of_words.is_hard and of_words.gives_up_at == 1 else HARD


def _amazon_ses(told: Said) -> bool | None:
    return {"Permanent": True, "Transient": False, "Undetermined": False}.get(told["bounce"]["bounceType"])


def _mailgun(told: Said) -> bool | None:
    return {"permanent": True, "temporary": False}.get(told["event-data"]["severity"])


def _mailjet(told: Said) -> bool | None:
    return bool(told["hard_bounce"]) if "hard_bounce" in told else None


def _postmark(told: Said) -> bool | None:
    return {"HardBounce": True, "BadEmailAddress": True}.get(told.get("Type") or told["SuppressionReason"], False)


def _sendgrid(told: Said) -> bool | None:
    """It calls a bounce what was refused for good, "blocked" what may work later."""
    if told.get("type") == "blocked":
        return False
    kind = told.get("bounce_classification", "")
    return {"Invalid Address": True}.get(kind, False if kind and kind != "Unclassified" else None)


def _sparkpost(told: Said) -> bool | None:
    """Its classes 10 (invalid recipient) and 30 (no such), of some forty."""
    event = next(iter(told["msys"].values())) if "msys" in told else told
    return str(event["bounce_class"]) in ("10", "30")


def _resend(told: Said) -> bool | None:
    bounce = told["data"]["bounce"]
    if "type" not in bounce:  # older ones say it in their explanation alone
        return "hard bounce" in str(bounce["message"]).lower() or None
    return {"Permanent": True, "Transient": False, "Undetermined": False}.get(bounce["type"])


def _by_name(key: str) -> Callable[[Said], bool | None]:
    """Those whose event's own name says it: hard_bounce, soft_bounce, activity.hard_bounced, invalid_email."""

    def says(told: Said) -> bool | None:
        name = str(told[key]).lower()
        if "soft" in name or "block" in name or "defer" in name:
            return False
        return True if "hard" in name or "invalid" in name else None

    return says


def _postal(told: Said) -> bool | None:
    return {"HardFail": True, "SoftFail": False}.get(told.get("payload", {}).get("status", ""))


_SAYS: dict[str, Callable[[Said], bool | None]] = {
    "amazon_ses": _amazon_ses,
    "brevo": _by_name("event"),
    "mailersend": lambda told: _by_name("type")(told["data"]),
    "mailgun": _mailgun,
    "mailjet": _mailjet,
    "mailtrap": lambda told: str(told["event"]) == "bounce",
    "mandrill": _by_name("event"),
    "postal": _postal,
    "postmark": _postmark,
    "resend": _resend,
    "sendgrid": _sendgrid,
    "sparkpost": _sparkpost,
    "unisender_go": lambda told: _by_name("status")(told.get("event_data", told)),
}
