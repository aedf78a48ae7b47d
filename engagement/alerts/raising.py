"""An alert is done when it is stored; whom it reaches are rows of their own, made in the same transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from contacts.models import BusinessEntity, Contact
from engagement.models import Alert, AlertDelivery, Priority, Target


@transaction.atomic
def raise_alert(  # noqa: PLR0913  what an alert consists of
    *,
    action_id: UUID | None,
    title: str,
    message: str = "",
    priority: str = Priority.MEDIUM,
    target: Target,
    contact: Contact | None,
    business_entity: BusinessEntity | None = None,
    now: datetime,
) -> Alert:
    """The alert of this action; the one that exists when it was raised before.

    `created_at` is the database's at the insert: the feed relies on it being close to the commit.
    """
    values = {
        "title": title[:300],
        "message": message,
        "priority": priority or Priority.MEDIUM,
        "target": target,
        "contact": contact,
        "business_entity": business_entity,
    }
    if action_id is None:
        alert, is_new = Alert.objects.create(**values), True
    else:
        alert, is_new = Alert.objects.get_or_create(action=action_id, defaults=values)
    if is_new:
        AlertDelivery.objects.bulk_create(_deliveries(alert, target, now))
    return alert


def _deliveries(alert: Alert, target: Target, now: datetime) -> list[AlertDelivery]:
    if not target.alert_by_email:
        return []
    if addresses := addresses_of(target):
        return [AlertDelivery(alert=alert, address=address, next_attempt_at=now) for address in addresses]
    nobody = AlertDelivery(
        alert=alert,
        status=AlertDelivery.Status.UNDELIVERABLE,
        error=f"Nobody is behind {target.name}: add people or addresses to it.",
        next_attempt_at=now,
        finished_at=now,
    )
    return [nobody]


def addresses_of(target: Target) -> list[str]:
    """Where alerts for a role go: its active people, then its further addresses, each once."""
    people = target.people.filter(is_active=True).exclude(email="").order_by("pk").values_list("email", flat=True)
    unique: dict[str, str] = {}
    for address in (*people, *target.extra_emails):
        unique.setdefault(address.casefold(), address)
    return list(unique.values())


def raise_test(*, target: Target, by: str, now: datetime) -> Alert:
    """An alert like any other, to see whom one for this target reaches."""
    return raise_alert(
        action_id=None,
        title=f"Test alert for {target.name}",
        message=f"{by} wanted to see whom an alert for {target.name} reaches. There is nothing to do.",
        priority=Priority.LOW,
        target=target,
        contact=None,
        business_entity=target.business_entity,
        now=now,
    )


def acknowledge(*, alert: Alert, by: str, now: datetime) -> Alert:
    """Somebody looks after it. The first one counts; later calls change nothing."""
    Alert.objects.filter(pk=alert.pk, acknowledged_at__isnull=True).update(
        acknowledged_at=now, acknowledged_by=by[:150]
    )
    alert.refresh_from_db(fields=["acknowledged_at", "acknowledged_by"])
    return alert
