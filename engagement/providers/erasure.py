"""What was not understood yet may speak of somebody who is to be forgotten."""

from __future__ import annotations

from contacts.deletion import Erased
from engagement.models import ProviderDelivery


def forget(erased: Erased) -> None:
    """Requests that name one of their addresses are let go; the provider keeps its own."""
    waiting = ProviderDelivery.objects.exclude(status=ProviderDelivery.Status.DONE)
    waiting.alias(is_theirs=erased.stands_in("engagement_providerdelivery.body")).filter(is_theirs=True).delete()
