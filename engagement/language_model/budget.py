"""What may still be asked today (UTC): calls for the installation, tokens for a brand.

Counted before the question, so that neither a crash nor forty at once spend more; what a crash leaves reserved counts
as spent for the rest of the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from contacts.models import BusinessEntity
from engagement.models import BrandModelUse, PassageBudget


@dataclass(frozen=True)
class Reservation:
    use_id: int | None
    tokens: int


class _Beyond(Exception):
    """It would be more than the budget."""


def reserve(*, business_entity: BusinessEntity | None, tokens: int, now: datetime) -> Reservation | None:
    """One call, and as many tokens of the brand; None beyond a budget."""
    try:
        with transaction.atomic():
            _take_call(now)
            return Reservation(_take_tokens(business_entity, tokens, now) if business_entity else None, tokens)
    except _Beyond:
        return None


def settle(reservation: Reservation, *, tokens: int | None) -> None:
    """What it took; without a word of the server, what was reserved."""
    spent = reservation.tokens if tokens is None else tokens
    if reservation.use_id is None:
        return
    use = BrandModelUse.objects.filter(pk=reservation.use_id)
    use.update(reserved=F("reserved") - reservation.tokens, spent=F("spent") + spent)


def _take_call(now: datetime) -> None:
    today = PassageBudget.objects.filter(day=now.date())
    if not today.exists():
        PassageBudget.objects.bulk_create([PassageBudget(day=now.date())], ignore_conflicts=True)
    if not today.filter(calls__lt=settings.AI_DAILY_BUDGET).update(calls=F("calls") + 1):
        raise _Beyond


def _take_tokens(business_entity: BusinessEntity, tokens: int, now: datetime) -> int:
    key = {"budget_id": now.date(), "business_entity_id": business_entity.pk}
    use = BrandModelUse.objects.filter(**key)
    if not use.exists():
        BrandModelUse.objects.bulk_create([BrandModelUse(**key)], ignore_conflicts=True)
    allowed, limit = use, business_entity.model_tokens_per_day
    if limit is not None:
        allowed = use.alias(total=F("spent") + F("reserved")).filter(total__lte=limit - tokens)
    if not allowed.update(reserved=F("reserved") + tokens):
        raise _Beyond
    return use.values_list("pk", flat=True).get()
