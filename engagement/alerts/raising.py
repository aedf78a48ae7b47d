"""An alert is done when it is stored; whom it reaches are rows of their own, made in the same transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from contactflow.core import bulk
from contactflow.core.reasons import Reason
from contacts import consent
from contacts.models import BusinessEntity, Contact, Suppression
from engagement import touches
from engagement.models import Alert, Delivery, HumanTouch, Priority, Target


def raise_alert(  # noqa: PLR0913  what an alert consists of
    *,
    action_id: UUID | None,
    title: str,
    message: str = "",
    priority: str = Priority.MEDIUM,
    target: Target,
    contact: Contact | None,
    business_entity: BusinessEntity | None = None,
    only: Sequence[str] | None = None,
    now: datetime,
) -> Alert:
    """The alert of this action; the one that exists when it was raised before. `only` are the addresses it goes to in
    place of the whole team's."""
    alert = Alert(
        action=action_id,
        title=title,
        message=message,
        priority=priority or Priority.MEDIUM,
        target=target,
        contact=contact,
        business_entity=business_entity,
    )
    return Alert.objects.get(pk=raise_many([alert], now=now, only=only)[0])


@transaction.atomic(savepoint=False)
def raise_many(alerts: Sequence[Alert], *, now: datetime, only: Sequence[str] | None = None) -> list[UUID]:
    """Store the alerts, each once per action, with their deliveries; the ids of those that stand there, in order.

    `created_at` is the database's at the insert: the feed relies on it being close to the commit.
    """
    for alert in alerts:
        alert.title = alert.title[:300]
    ids = bulk.insert_once(alerts, key="action")
    new = [alert for alert, pk in zip(alerts, ids, strict=True) if alert.pk == pk]
    addresses = addresses_behind([alert.target for alert in new])
    bulk.insert([delivery for alert in new for delivery in _deliveries(alert, only or addresses[alert.target_id], now)])
    return ids


def _deliveries(alert: Alert, addresses: Sequence[str], now: datetime) -> list[Delivery]:
    if not alert.target.alert_by_email:
        return []
    if addresses:
        return [Delivery(alert=alert, address=address, next_attempt_at=now) for address in addresses]
    nobody = Delivery(
        alert=alert,
        status=Delivery.Status.UNDELIVERABLE,
        reason=Reason.of("nobody_behind", target=alert.target.name).as_json(),
        next_attempt_at=now,
        finished_at=now,
    )
    return [nobody]


def addresses_of(target: Target) -> list[str]:
    """Where alerts for a role go: its active people, then its further addresses, each once."""
    return addresses_behind([target])[target.pk]


def addresses_behind(targets: Iterable[Target]) -> dict[int, list[str]]:
    """`addresses_of` for several roles at once."""
    known = {target.pk: target for target in targets}
    behind = Target.people.through.objects.filter(target__in=known, user__is_active=True).exclude(user__email="")
    people: dict[int, list[str]] = defaultdict(list)
    for pk, email in behind.order_by("user").values_list("target", "user__email"):
        people[pk].append(email)
    return {pk: _each_once([*people[pk], *target.extra_emails]) for pk, target in known.items()}


def blocks(addresses: Iterable[str]) -> dict[str, Suppression]:
    """What keeps everything from addresses of colleagues, by address. That somebody was erased as a contact does not:
    who works here gets what they need for it.
    """
    found = consent.suppressions_of(emails=addresses)
    total, erased = Suppression.Scope.EVERYTHING, Suppression.Reason.ERASED
    return {address: one for address, one in found.items() if one.scope == total and one.reason != erased}


def unreachable() -> dict[str, Suppression]:
    """The addresses of colleagues and teams to which nothing leaves because they are blocked."""
    people = User.objects.filter(is_active=True).exclude(email="").values_list("email", flat=True)
    further = Target.objects.exclude(extra_emails=[]).values_list("extra_emails", flat=True)
    return blocks([*people, *(address for addresses in further for address in addresses)])


def _each_once(addresses: Iterable[str]) -> list[str]:
    unique: dict[str, str] = {}
    for address in addresses:
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
    with transaction.atomic():
        is_first = Alert.objects.filter(pk=alert.pk, acknowledged_at__isnull=True).update(
            acknowledged_at=now, acknowledged_by=by[:150]
        )
        if is_first:
            touches.with_row(alert, kind=HumanTouch.Kind.ALERT_ACKNOWLEDGED, by=by, now=now)
    alert.refresh_from_db(fields=["acknowledged_at", "acknowledged_by"])
    return alert
