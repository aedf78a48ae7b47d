"""Whether a person may be written to. The only place that changes permission, and the only one that judges it.

Marketing needs more than an answer somebody asked for: no withdrawn consent, a granted one where the brand requires it,
and what the person chose (how often, which kinds, a pause). Do Not Contact and the suppression of an address stop
everything. Whoever unsubscribes, from one brand or from all, withdraws consent; only they themselves or a colleague
lift that: what sources tell (a list, Notion, a form) may lower permission and never raises it again.
"""

from __future__ import annotations

from contacts.consent.address_hashes import is_hash
from contacts.consent.judging import (
    EMAIL,
    Standing,
    Verdict,
    Wish,
    judge,
    may_contact,
    may_contact_sql,
    newest_records,
    standings,
    strictest,
)
from contacts.consent.recording import (
    PERSON,
    NoAllowingStatus,
    NoBlockingStatus,
    ask,
    ask_to_confirm,
    choices_of,
    choose,
    contact_again,
    do_not_contact,
    grant,
    told,
    withdraw,
)
from contacts.consent.suppressions import (
    KEPT,
    end_suppression,
    erased,
    hash_suppressions,
    kept_out,
    lift_suppression,
    standing,
    suppress,
    suppress_erased,
    suppression_of,
    suppressions_of,
    unreadable_hashes,
)
from contacts.consent.taking_back import take_back

__all__ = [
    "EMAIL",
    "KEPT",
    "PERSON",
    "NoAllowingStatus",
    "NoBlockingStatus",
    "Standing",
    "Verdict",
    "Wish",
    "ask",
    "ask_to_confirm",
    "choices_of",
    "choose",
    "contact_again",
    "do_not_contact",
    "end_suppression",
    "erased",
    "grant",
    "hash_suppressions",
    "is_hash",
    "judge",
    "kept_out",
    "lift_suppression",
    "may_contact",
    "may_contact_sql",
    "newest_records",
    "standing",
    "standings",
    "strictest",
    "suppress",
    "suppress_erased",
    "suppression_of",
    "suppressions_of",
    "take_back",
    "told",
    "unreadable_hashes",
    "withdraw",
]
