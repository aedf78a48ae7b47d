"""What went wrong, by its cause: what the codes of failures mean to people, and what to do about them.

A cause is a short key made of the reason's code, so that steps which failed alike are found and counted together. What
a mail server says in words that the channel does not know keeps its codes and words. The words are in
failure_causes.toml.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from contactflow.core.reasons import Reason

LENGTH = 120


@dataclass(frozen=True)
class Explanation:
    """A cause in words."""

    title: str
    means: str
    remedy: str  # what to do first
    worth_retrying: bool = True  # whether trying again may help once the remedy was applied


CATALOGUE = {
    key: Explanation(**words)
    for key, words in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}

# Codes that one explanation covers; any other stands for itself.
_ALIKE = {
    "mail_url_unusable": "mail_address_unusable",
    "mail_url_no_server": "mail_address_unusable",
    "address_not_ascii": "address_invalid",
    "no_address": "address_invalid",
    "email_unbuildable": "our_fault",
    "channel_paused": "held_up",
}
HELD = "held: "
REFUSED = "refused "
OTHER = "other: "


def key_of(reason: Reason | None) -> str:
    """The key under which failures of this kind are gathered."""
    if reason is None:
        return "unknown"
    if reason.code == "missing":
        return f"{HELD}{', '.join(sorted(reason.params['missing']))}"[:LENGTH]
    if reason.code == "refused":
        codes, words = reason.params["codes"], reason.params["words"]
        key = f"{REFUSED}{codes}: {words}" if codes else f"{OTHER}{words}"
        return key[:LENGTH].strip(": ") or "unknown"
    key = _ALIKE.get(reason.code, reason.code)
    return key if key in CATALOGUE else "unknown"


def explain(cause: str) -> Explanation:
    """The cause in words, with what to do first."""
    if cause.startswith(HELD):
        return _held(cause.removeprefix(HELD))
    if cause.startswith(REFUSED):
        return _refused(cause.removeprefix(REFUSED))
    if cause.startswith(OTHER):
        return Explanation(
            f"“{cause.removeprefix(OTHER).capitalize()}”",
            "That is what was reported; Contactflow has met it too seldom to explain it.",
            "Open one of the steps and look at its attempts. Then try again, or leave it out.",
        )
    return CATALOGUE.get(cause or "unknown", CATALOGUE["unknown"])


def _held(lacks: str) -> Explanation:
    return Explanation(
        f"Held: the contact has no {lacks.replace('_', ' ')}",
        "The email speaks of something that the contact lacks, and no words stand in for it. Nothing was sent.",
        "Complete the contact, or give the email a fallback for it. Then try again.",
    )


def _refused(rest: str) -> Explanation:
    codes, _, words = rest.partition(": ")
    return Explanation(
        f"The mail server refused it: {words or codes}",
        f"It said no for good (code {codes}). The email was not delivered.",
        "Open one of the steps for the server's own words, and ask the mail provider what they mean.",
    )
