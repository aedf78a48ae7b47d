"""What this room says of somebody beyond rows that point at them, once they are erased."""

from __future__ import annotations

from django.db.models import Q

from contacts.deletion import Erased, as_text
from engagement.models import ChannelState, Delivery, Reply


def forget(erased: Erased) -> None:
    """A step of settings.ERASURE_STEPS. What is known to be theirs goes with them."""
    _forget_mail(erased)
    said = Delivery.objects.filter(alert=None).exclude(status__in=["claimed", "sending"])
    named = said.alias(words=as_text("parts"), why=as_text("reason"))
    named.filter(Q(words__iregex=erased.pattern_with_names) | Q(why__iregex=erased.pattern)).delete()
    channels = ChannelState.objects.alias(why=as_text("reason"))
    channels.filter(why__iregex=erased.pattern).update(reason={})


def _forget_mail(erased: Erased) -> None:
    """What somebody wrote whom we did not know yet, or wrote about them."""
    emails = [email.lower() for email in erased.emails]
    theirs = Q(sender__in=emails) | Q(recipients__overlap=emails) | Q(cc__overlap=emails)
    about = Q(subject__iregex=erased.pattern) | Q(body__iregex=erased.pattern) | Q(sender_name__iregex=erased.pattern)
    Reply.objects.filter(theirs | about, contact=None).delete()
    unread = Reply.objects.filter(kind=Reply.Kind.UNREADABLE)
    unread.alias(is_theirs=erased.stands_in("engagement_reply.raw")).filter(is_theirs=True).delete()
