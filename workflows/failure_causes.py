"""What went wrong, by its cause: what the codes of failures mean to people, and what to do about them.

A cause is a short key made of the reason's code, so that steps which failed alike are found and counted together. What
a mail server says in words that the channel does not know keeps its codes and words. The words are in
failure_causes.toml.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
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
    "reply_to_unusable": "sender_unusable",
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
        return _told("held_back", what=cause.removeprefix(HELD).replace("_", " "))
    if cause.startswith(REFUSED):
        codes, _, words = cause.removeprefix(REFUSED).partition(": ")
        return _told("refused_otherwise", what=words or codes, codes=codes)
    if cause.startswith(OTHER):
        return _told("reported_otherwise", what=cause.removeprefix(OTHER).capitalize())
    return CATALOGUE.get(cause or "unknown", CATALOGUE["unknown"])


def _told(key: str, **what: str) -> Explanation:
    words = CATALOGUE[key]
    return replace(words, title=words.title.format(**what), means=words.means.format(**what))
