"""What follows from a reply of a person, and from an out-of-office answer. Within the transaction that stores it.

A reply leaves a fact about the message, the event `replied` (which stops and starts workflows, as staff chose), and an
alert to the owner or the team. An absence leaves an event alone: it is nothing the person did. What only bears the
address of somebody is told to colleagues and stops, withdraws and pauses nothing: anybody can write in any name.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from contacts import consent, intake
from contacts.models import BusinessEntity, Contact, ContactEvent
from engagement import alerts, message_events, response_clock
from engagement.message_events import Fact, Label, Type
from engagement.models import Alert, Priority, Reply, Target
from engagement.tracking import engaged

REPLIED, AWAY, OUT = "replied", "out_of_office", "unsubscribed"
DEFAULT_ABSENCE = dt.timedelta(days=3)
QUIET = dt.timedelta(hours=1)  # between alerts about what may not be of the person
SHOWN = 2_000  # characters of a reply that an alert repeats
UNPROVEN = (
    "It answers no email of ours and only bears their address, which anybody can write: nothing was stopped or "
    "withdrawn. Where it is theirs, do on their page what they ask for.\n\n"
)


def of_human(reply: Reply, *, now: dt.datetime) -> None:
    """Of one whose contact is known; again without effect."""
    contact = reply.contact
    if contact is None:
        return
    _record(reply, Type.REPLIED)
    _leave_event(reply, contact, REPLIED, now, subject=reply.subject, wants_out=reply.wants_out)
    if reply.wants_out:
        _let_go(reply, contact, now)
    else:
        about = {"reply": str(reply.pk), "message": str(reply.message_id) if reply.message_id else None}
        brand = reply.business_entity
        engaged.record(contact=contact, brand=brand, what=REPLIED, at=reply.received_at, now=now, about=about)
        response_clock.of_replies([reply])
    _assign(reply, contact)
    _alert(reply, contact, now)


def of_history(reply: Reply) -> None:
    """Of one that was here before its mailbox was connected: the facts, dated then, so that later words stand."""
    _record(reply, Type.REPLIED)
    if reply.wants_out and reply.contact is not None:
        _withdraw(reply, reply.contact, reply.received_at)
        _record(reply, Type.UNSUBSCRIBED)


def of_unproven(reply: Reply, *, now: dt.datetime) -> None:
    """Of one that nothing but its sender says is theirs: it waits in the inbox, and of many an hour one alert tells."""
    contact = reply.contact
    if contact is None:
        return
    response_clock.of_replies([reply])
    _assign(reply, contact)
    if not Alert.objects.filter(contact=contact, action=None, created_at__gt=now - QUIET).exists():
        _alert(reply, contact, now, is_proven=False)


def _record(reply: Reply, kind: str) -> bool:
    """Leave the fact with the message it answers, where that is known."""
    if reply.message is None or reply.matched_by == Reply.MatchedBy.SENDER:
        return False
    fact = Fact(
        message_id=reply.message.pk, type=kind, at=reply.received_at, key=f"{kind}:reply:{reply.pk}",
        label=Label.HUMAN, label_reasons=["reply"], detail={"reply": str(reply.pk)},
    )  # fmt: skip
    message_events.record([fact])
    return True


def _let_go(reply: Reply, contact: Contact, now: dt.datetime) -> None:
    """No more marketing of the brand, from this moment on; the event comes with the fact, or alone."""
    _withdraw(reply, contact, now)
    if not _record(reply, Type.UNSUBSCRIBED):
        _leave_event(reply, contact, OUT, now)


def _withdraw(reply: Reply, contact: Contact, at: dt.datetime) -> None:
    how = f"wrote “{reply.text[:60]}” and nothing else"
    consent.withdraw(contact=contact, business_entity=reply.business_entity, source=how, actor=consent.PERSON, now=at)


def of_absence(reply: Reply, *, now: dt.datetime) -> None:
    """Marketing waits for them until a working day after they are back; three days where they do not say when."""
    if reply.contact is not None:
        until = paused_until(reply)
        _leave_event(reply, reply.contact, AWAY, now, returns_on=reply.returns_on, until=until)


def paused_until(reply: Reply) -> dt.datetime:
    """The end of the working day after the return date (no holidays are known here), else three days on."""
    if reply.returns_on is None:
        return reply.received_at + DEFAULT_ABSENCE
    day = reply.returns_on + dt.timedelta(days=1)
    while day.weekday() >= 5:
        day += dt.timedelta(days=1)
    zone = reply.received_at.tzinfo
    return dt.datetime.combine(day, reply.received_at.timetz().replace(tzinfo=None), tzinfo=zone)


def _leave_event(reply: Reply, contact: Contact, kind: str, now: dt.datetime, **about: Any) -> None:
    brand = reply.business_entity
    told = {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in about.items()}
    message = str(reply.message_id) if reply.message_id else None
    intake.record_event(
        email=contact.email,
        kind=kind,
        source=ContactEvent.Source.SYSTEM,
        business_entities=[brand.name] if brand else None,
        metadata={"reply": str(reply.pk), "message": message, "business_entity": brand.slug if brand else None, **told},
        event_key=f"{kind}:reply:{reply.pk}",
        now=now,
    )


def _assign(reply: Reply, contact: Contact) -> None:
    """To the owner, else to the team that looks after them."""
    reply.assignee = contact.owner if contact.owner is not None and contact.owner.is_active else None
    reply.target = team_of(contact, reply.business_entity)
    if reply.assignee is not None and reply.state == Reply.State.NEW:
        reply.state = Reply.State.ASSIGNED
    reply.save(update_fields=["assignee", "target", "state"])


def team_of(contact: Contact, brand: BusinessEntity | None) -> Target | None:
    """The team that was alerted about them last for the brand; else the brand's first one, else the first of all."""
    alerted = Alert.objects.filter(contact=contact, business_entity=brand).select_related("target")
    if alert := alerted.order_by("-created_at").first():
        return alert.target
    teams = Target.objects.order_by("pk")
    return teams.filter(business_entity=brand).first() or teams.filter(business_entity=None).first()


def _alert(reply: Reply, contact: Contact, now: dt.datetime, *, is_proven: bool = True) -> None:
    if reply.target is None:
        return
    wish = "They only wrote that they want no more emails, and get no more.\n\n" if reply.wants_out else ""
    wish = wish if is_proven else UNPROVEN
    alerts.raise_alert(
        action_id=None,
        title=f"{contact} {'replied' if is_proven else 'wrote, it seems'}: {reply.subject or 'no subject'}",
        message=f"{wish}{reply.text[:SHOWN]}",
        priority=Priority.MEDIUM if reply.wants_out else Priority.HIGH,
        target=reply.target,
        contact=contact,
        business_entity=reply.business_entity,
        only=[reply.assignee.email] if reply.assignee and reply.assignee.email else None,
        now=now,
    )
