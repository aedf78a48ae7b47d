"""What somebody wrote whom we did not know yet, once they are erased."""

from __future__ import annotations

from django.db.models import Q

from contacts.deletion import Erased
from engagement.models import Reply


def forget(erased: Erased) -> None:
    """A step of settings.ERASURE_STEPS. What is known to be theirs goes with them."""
    emails = [email.lower() for email in erased.emails]
    theirs = Q(sender__in=emails) | Q(recipients__overlap=emails) | Q(cc__overlap=emails)
    Reply.objects.filter(theirs, contact=None).delete()
