"""The inbox: what people wrote and nobody has looked after yet, and what colleagues do about it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, QuerySet

from contacts.models import BusinessEntity, Contact
from engagement import inbound, response_clock, worklist
from engagement.models import WAITING, Message, Reply

if TYPE_CHECKING:
    from django.contrib.auth.models import User

State = Reply.State
SETTLED = (State.ANSWERED, State.DONE)
WRITTEN = Q(kind__in=[Reply.Kind.HUMAN, Reply.Kind.UNREADABLE])
"""What somebody has to look at; what machines answer is kept beside."""
EXCHANGED = 60  # of the newest mails of both sides that a page shows
LATEST = 20


class NotPossible(Exception):
    """It cannot be done in this state; the message says why and what to do."""


def assign(*, reply: Reply, to: User | None) -> Reply:
    """Let a colleague (or nobody in particular) look after it. Raises NotPossible."""
    with transaction.atomic():
        locked = _locked(reply)
        if locked.state not in (State.NEW, State.ASSIGNED):
            raise NotPossible(f"This is “{locked.get_state_display()}”. Open it again first.")
        locked.assignee, locked.state = to, State.ASSIGNED if to else State.NEW
        locked.save(update_fields=["assignee", "state"])
    return locked


def change(*, reply: Reply, contact: Contact | None, told: Mapping[str, Any], by: str, now: dt.datetime) -> None:
    """Several at once: whose it is, then who looks after it (`assignee`), then its `state`. Raises NotPossible."""
    if contact is not None:
        if reply.state != State.QUARANTINED:
            raise NotPossible("Only of a reply that is to be checked one says whose it is.")
        reply = inbound.accept(reply=reply, contact=contact, by=by, now=now)
    if "assignee" in told:
        reply = assign(reply=reply, to=told["assignee"])
    if told.get("state") == State.NEW:
        if reply.state == State.QUARANTINED:
            raise NotPossible("It is to be checked: say whose it is, by contact_email.")
        reopen(reply=reply)
    elif told.get("state"):
        settle(reply=reply, by=by, now=now, state=told["state"])


def settle(*, reply: Reply, by: str, now: dt.datetime, state: str = State.DONE) -> Reply:
    """Nothing (more) to do about it: where nothing else of theirs waits, nobody owes them an answer any more."""
    with transaction.atomic():
        locked = _locked(reply)
        if locked.state not in SETTLED:
            locked.state, locked.settled_at, locked.settled_by = state, now, by[:150]
            locked.save(update_fields=["state", "settled_at", "settled_by"])
            if locked.contact and not _waiting(locked.contact, locked.business_entity).exists():
                response_clock.drop(contact=locked.contact, brand=locked.business_entity, now=now)
    return locked


def reopen(*, reply: Reply) -> Reply:
    """It waits again, for whoever had it."""
    with transaction.atomic():
        locked = _locked(reply)
        if locked.state in SETTLED:
            locked.state = State.ASSIGNED if locked.assignee_id else State.NEW
            locked.settled_at, locked.settled_by = None, ""
            locked.save(update_fields=["state", "settled_at", "settled_by"])
    return locked


def answered(*, message: Message) -> None:
    """A colleague wrote to them: whatever they wrote until then is answered."""
    waiting = _waiting(message.contact, message.business_entity).filter(received_at__lte=message.created_at)
    # The moment of the mail, by which `not_answered` knows what it settled.
    waiting.update(state=State.ANSWERED, settled_at=message.created_at, settled_by=message.author)


def not_answered(*, message: Message) -> None:
    """What was written to them did not go out, or came back: whatever it settled waits again, and its clocks run on."""
    settled = Q(contact=message.contact, settled_at=message.created_at, settled_by=message.author)
    for reply in Reply.objects.filter(Q(pk=message.answers_id) | settled, state=State.ANSWERED).defer("raw"):
        reopen(reply=reply)
    response_clock.run_on(message_id=message.pk)


def _locked(reply: Reply) -> Reply:
    rows = Reply.objects.select_for_update(of=("self",)).defer("raw").select_related("contact", "business_entity")
    return rows.get(pk=reply.pk)


def _waiting(contact: Contact, brand: BusinessEntity | None) -> QuerySet[Reply]:
    rows = Reply.objects.filter(WAITING, WRITTEN, contact=contact)
    return rows.filter(Q(business_entity=brand) | Q(business_entity=None)) if brand else rows


def count(*, user: User) -> int:
    """How many wait for this person: theirs, and what nobody has of their teams or of no team."""
    mine = Q(assignee=user) | Q(state=State.NEW) & (Q(target=None) | Q(target__in=worklist.targets_of(user)))
    return worklist.count(Reply.objects.filter(WAITING, WRITTEN).filter(mine))


def version(*, now: dt.datetime) -> str:
    """Changes when something arrives or a colleague does something about it, and every minute."""
    rows = Reply.objects.order_by("-received_at", "-id").values_list("id", "state", "assignee")[:LATEST]
    settled = Reply.objects.filter(settled_at__isnull=False).order_by("-settled_at").values_list("id", "state")
    parts = (list(rows), list(settled[:LATEST]), int(now.timestamp() // 60))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail of an exchange, theirs or ours."""

    at: dt.datetime
    reply: Reply | None = None
    message: Message | None = None

    @property
    def key(self) -> str:
        row = self.reply or self.message
        return f"{row.pk}" if row else ""

    @property
    def quoted(self) -> str:
        """What they left of earlier mails, below or between their words."""
        if self.reply is None:
            return ""
        text, body = self.reply.text.strip(), self.reply.body.strip()
        return "" if text == body else body.removeprefix(text).strip()


def exchange(*, contact: Contact) -> list[Mail]:
    """The newest mails of both sides, the oldest of them first."""
    theirs = Reply.objects.filter(WRITTEN, contact=contact).defer("raw").order_by("-received_at")
    ours = Message.objects.filter(contact=contact).exclude(status=Message.Status.HELD).defer("html")
    ours = ours.select_related("business_entity").order_by("-created_at")
    mails = [
        *(Mail(at=one.received_at, reply=one) for one in theirs.select_related("business_entity")[:EXCHANGED]),
        *(Mail(at=one.sent_at or one.created_at, message=one) for one in ours[:EXCHANGED]),
    ]
    return sorted(mails, key=lambda mail: mail.at)[-EXCHANGED:]


def seen(mails: Sequence[Mail]) -> str:
    """By which a page knows whether something came meanwhile."""
    parts = [(mail.key, mail.message.status if mail.message else "") for mail in mails]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
