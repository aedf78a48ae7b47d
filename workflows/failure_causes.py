"""What went wrong, by its cause: what the codes of failures mean to people, and what to do about them.

A cause is a short key made of the reason's code, so that steps which failed alike are found and counted together. What
a mail server says in words that the channel does not know keeps its codes and words.
"""

from __future__ import annotations

from dataclasses import dataclass

from contactflow.core.reasons import Reason

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
