"""What this room says, in words: why something was left out, ended or is not possible. Codes become sentences here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from contactflow.core import reasons
from contactflow.core.reasons import Reason
from contacts.models import Contact
from engagement import describe

SENTENCES = {
    "status_blocks": _("The contact is %(status)s."),
    "contact_replied": _("The contact replied."),
    "contact_converted": _("The contact converted."),
    "contact_unsubscribed": _("The contact unsubscribed."),
    "contact_bounced": _("The contact's address bounced."),
    "contact_complained": _("The contact reported an email as spam."),
    "contact_away": _("The contact is out of office; it goes on after %(until)s."),
    "yields_to_due": _("Another email to the contact is due within 20 hours."),
    "yields_to_sent": _("Another email went to the contact within 20 hours."),
    "merged_workflow_twice": _("merged: the same workflow ran twice"),
    "merged_email_twice": _("merged: the same email was due twice"),
    "merged_email_sent": _("merged: the same email had been sent already"),
    "only_active_pauses": _("Only an active workflow can be paused; this one is %(status)s."),
    "only_paused_resumes": _("Only a paused workflow can be resumed; this one is %(status)s."),
    "only_running_cancels": _("Only a workflow that is not over can be cancelled; this one is %(status)s."),
    "only_ended_retries": _("Only what failed, gave up or was skipped allows this; this action is %(status)s."),
    "only_waiting_skips": _("Only what waits, failed or gave up allows this; this action is %(status)s."),
    "only_unclear_resolves": _("Only an unclear action allows this; this action is %(status)s."),
    "workflow_cancelled": _("The workflow was cancelled; start it again for the contact instead."),
}
YIELDS = ("yields_to_due", "yields_to_sent")


def why(reason: Reason | Mapping[str, Any]) -> str:
    """The sentence, of this room or of the one below; "" for no reason."""
    found = reason if isinstance(reason, Reason) else Reason.stored(reason)
    return reasons.sentence(found, SENTENCES) if found.code in SENTENCES else describe.why(found)


def left_out(result: Any) -> str:
    """Why an action with this result was skipped or cancelled: a reason of ours, or what a colleague wrote."""
    reason = result.get("reason") if isinstance(result, dict) else None
    return why(reason) if isinstance(reason, dict) else str(reason or "")


def about(contact: Contact, because: str) -> str:
    """What a colleague needs to begin: who, how to reach them, why this reached you."""
    lines = [
        contact.full_name,
        contact.email,
        contact.phone,
        " · ".join(filter(None, [contact.job_title, contact.company])),
    ]
    about = "\n".join(line for line in lines if line)
    return f"{about}\nStarted because: {because}" if because else about
