"""What went wrong, by its cause: pure reading of the sentences that failures leave behind.

A cause is a short key that is stored beside the error, so that steps which failed alike are found and counted together.
What we know has a name of its own; what a mail server says in words we do not know keeps its codes, and loses the
addresses, numbers and ids that differ from step to step.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LENGTH = 120


@dataclass(frozen=True)
class Explanation:
    """A cause in words."""

    title: str
    means: str
    remedy: str
    """What to do first."""
    worth_retrying: bool = True
    """Whether trying again may help once the remedy was applied."""


CATALOGUE: dict[str, Explanation] = {
    "sender_refused": Explanation(
        "The mail server refused the sender",
        "The address that the email comes from may not be used with this mail account.",
        "Open the brand and set a sender address that belongs to the mail account of EMAIL_URL, or let the mail "
        "provider allow this one. Then try the steps again.",
    ),
    "mailbox_unknown": Explanation(
        "The mailbox does not exist",
        "The contact's mail server knows nobody by that address. It was not delivered.",
        "Look for a typing error in the contact's address and correct it, then try again. Without a better address, "
        "leave the step out: repeating it harms your reputation as a sender.",
        worth_retrying=False,
    ),
    "mailbox_full": Explanation(
        "The mailbox is full",
        "The contact's mailbox takes nothing more at present.",
        "Reach the contact another way, or try again in some days.",
    ),
    "address_invalid": Explanation(
        "The address cannot be written to",
        "What stands as the contact's email address is none that a mail server takes.",
        "Correct the address on the contact's page, then try again.",
        worth_retrying=False,
    ),
    "domain_unknown": Explanation(
        "The address's domain takes no mail",
        "What stands behind the @ does not exist, or has no mail server.",
        "Look for a typing error in the contact's address (gmial.com for gmail.com) and correct it, then try again.",
        worth_retrying=False,
    ),
    "relay_denied": Explanation(
        "The mail server sends nothing to outside addresses for us",
        "It takes us for a stranger who wants to pass mail through it.",
        "Check user name and password in EMAIL_URL, and that the provider allows sending to anybody.",
    ),
    "login_refused": Explanation(
        "The mail server refused user name or password",
        "No email goes out at all until it lets us in.",
        "Correct EMAIL_URL and restart; providers often want an app password. What waits then goes by itself.",
    ),
    "blocked": Explanation(
        "The receiving side blocked it as unwanted",
        "A spam filter, a block list or a missing proof of the sender's domain (SPF, DKIM, DMARC) stopped it.",
        "Ask the mail provider about the domain's SPF, DKIM and DMARC records before trying again; look at the words "
        "of the email too.",
    ),
    "too_large": Explanation(
        "The email is too large",
        "The mail server takes no message of this size.",
        "Shorten the email, then try again.",
    ),
    "too_many": Explanation(
        "The mail server wants fewer emails at a time",
        "It put the email off until we had tried often enough.",
        "Try again later, some at a time; ask the provider for a higher limit if it happens often.",
    ),
    "refused_for_now": Explanation(
        "The mail server put it off too often",
        "It said “not now” each time, for a day and a half.",
        "Try again; when it says so once more, ask the mail provider what it means.",
    ),
    "server_unreachable": Explanation(
        "The mail server cannot be reached",
        "Nothing answers at the address in EMAIL_URL, or too slowly.",
        "Check that the server in EMAIL_URL is right and runs. Then try again.",
    ),
    "server_closed": Explanation(
        "The mail server closed the connection",
        "It hung up before it took the email, so nothing was sent.",
        "Try again; if it happens often, ask the mail provider.",
    ),
    "mail_address_unusable": Explanation(
        "EMAIL_URL cannot be used",
        "The setting that says where mail goes is no address of a mail server.",
        "Correct EMAIL_URL and restart. What waits then goes by itself.",
    ),
    "no_answer": Explanation(
        "No answer came after the email was handed over",
        "The whole message had left when the connection broke. It may have arrived, or not.",
        "Find out before you decide: search the provider's log for the message id, or ask the contact.",
        worth_retrying=False,
    ),
    "worker_cut_off": Explanation(
        "We were cut off while handing over",
        "A worker ended, or lost touch, after the hand-over had begun. It may have arrived, or not.",
        "Find out before you decide: search the provider's log for the message id, or ask the contact.",
        worth_retrying=False,
    ),
    "strange_answer": Explanation(
        "The mail server's answer means neither yes nor no",
        "The whole message had left. It may have arrived, or not.",
        "Find out before you decide: search the provider's log for the message id, or ask the contact.",
        worth_retrying=False,
    ),
    "worker_crashed": Explanation(
        "It stopped a worker three times",
        "Whatever prepared this step ended each time, so it is not tried by itself any more. Nothing was sent.",
        "Tell whoever runs Contactflow: the log of the worker says more. Then try one again, alone.",
    ),
    "held_up": Explanation(
        "The worker was held up",
        "So much time passed before the hand-over that it was not begun. Nothing was sent.",
        "Try again.",
    ),
    "database_away": Explanation(
        "The database went away",
        "Nothing was sent: it stopped before the hand-over.",
        "Try again.",
    ),
    "no_words": Explanation(
        "The email has no words yet",
        "The email was held: there is nothing to send.",
        "Write the email, then try again.",
    ),
    "step_incomplete": Explanation(
        "The step lacks something",
        "The workflow does not say whom to alert, or which email to send.",
        "Leave the step out here, and complete the workflow in a new version.",
        worth_retrying=False,
    ),
    "our_fault": Explanation(
        "Something unexpected happened in Contactflow",
        "The step was tried five times and failed each time in a way nobody foresaw. Nothing was sent.",
        "Tell whoever runs Contactflow: the log says more. After it was mended, try again.",
    ),
    "unknown": Explanation(
        "No cause is known",
        "The step failed and left no word about why.",
        "Open one of the steps and look at its attempts. Then try again, or leave it out.",
    ),
}

# The first that is found in the words decides. What came from a mail server begins with its code.
_SIGNS: tuple[tuple[str, str], ...] = (
    ("no_words", r"has no words yet"),
    ("no_answer", r"after the message (left|was handed over)"),
    ("worker_cut_off", r"cut off after it began to hand over|nobody knows yet whether|while it was handed over"),
    ("strange_answer", r"neither yes nor no"),
    ("worker_crashed", r"stopped while it prepared|crashed a worker"),
    ("held_up", r"held up before it could hand over"),
    ("database_away", r"database went away"),
    ("step_incomplete", r"the step names (no|nobody)"),
    ("mail_address_unusable", r"EMAIL_URL (cannot be used|is not the address)"),
    ("login_refused", r"refused user name or password|^(530|534|535|538)\b|authentication (failed|required)"),
    ("server_unreachable", r"^the mail server \S* ?cannot be used|connection refused|timed out"),
    ("server_closed", r"closed the connection|^421\b"),
    ("address_invalid", r"is not an email address|characters before the @|\b5\.1\.3\b|bad (recipient )?address syntax"),
    (
        "sender_refused",
        r"sender (address )?(rejected|refused|denied|(is )?not)|\b5\.1\.[78]\b|not owned|send as|sender verify",
    ),
    ("relay_denied", r"relay"),
    ("mailbox_full", r"\b[45]\.2\.2\b|over ?quota|mailbox (is )?full|quota exceeded|insufficient storage"),
    ("too_large", r"\b[45]\.3\.4\b|too (large|big)|size limit|exceeds.{0,30}size"),
    (
        "domain_unknown",
        r"\b[45]\.1\.2\b|\b5\.4\.4\b|domain (not found|does not exist)|host not found|unrouteable|bad destination",
    ),
    (
        "mailbox_unknown",
        r"\b5\.1\.[01]\b|no such|user unknown|unknown user|does not exist|mailbox (unavailable|not found)",
    ),
    (
        "mailbox_unknown",
        r"recipient (address )?rejected|invalid recipient|user not found|unknown recipient|\b5\.2\.1\b",
    ),
    ("blocked", r"spam|block|blacklist|dmarc|\bspf\b|dkim|reputation|policy|unsolicited|\b5\.7\.(1|23|25|26|27)\b"),
    ("too_many", r"^4\d\d.*(too many|rate|limit|greylist|grey-list|throttl|try again later)|\b4\.7\.\d+\b"),
    ("refused_for_now", r"^4\d\d\b"),
    ("our_fault", r"^[A-Z]\w*(Error|Exception|DoesNotExist|Exists)\b"),
)
_COMPILED = tuple((cause, re.compile(pattern, re.IGNORECASE)) for cause, pattern in _SIGNS)
_SMTP = re.compile(r"^([245]\d\d)(?:[ -]+([245]\.\d{1,3}\.\d{1,3}))?")
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@,;:]+>?")
_LINK = re.compile(r"\bhttps?://\S+")
_CHANGING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b(?=\w*\d)[\w.-]+\b", re.IGNORECASE)
HELD = "held: "
REFUSED = "refused "
OTHER = "other: "


def cause_of(error: str, missing: Iterable[str] = ()) -> str:
    """The key under which failures of this kind are gathered. `missing` is what a held email lacks."""
    lacks = sorted({name for name in missing if name != "words"})
    if lacks:
        return f"{HELD}{', '.join(lacks)}"[:LENGTH]
    said = " ".join(error.split())
    if not said:
        return "unknown"
    known = next((cause for cause, sign in _COMPILED if sign.search(said)), "")
    return known or _by_its_words(said)


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


def explain_error(error: str, missing: Iterable[str] = ()) -> Explanation:
    """What went wrong with one step, in words."""
    return explain(cause_of(error, missing))


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


def _by_its_words(said: str) -> str:
    codes = _SMTP.match(said)
    words = _plain(said[codes.end() :] if codes else said)
    if codes:
        return f"{REFUSED}{' '.join(filter(None, codes.groups()))}: {words}".rstrip(": ")[:LENGTH].strip()
    return f"{OTHER}{words}"[:LENGTH].strip() if words else "unknown"


def _plain(said: str) -> str:
    """The words without what differs from step to step."""
    for changing in (_LINK, _ADDRESS, _CHANGING):
        said = changing.sub("…", said)
    words = re.sub(r"[^\w\s…'-]+", " ", said).replace("… …", "…")
    return " ".join(words.split()).strip(" -…").lower()[:60]
