"""What needs a person today: each room's own counts, for one brand or all of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.urls import reverse
from django.utils import formats, timezone

from contacts import brands
from contacts.models import BusinessEntity, Contact, Suppression
from engagement import alerts, breakers, inbox, worklist
from engagement import describe as engagement_describe
from engagement.channels import registry
from engagement.inbound import mailboxes
from engagement.models import (
    WAITING,
    Alert,
    ChannelState,
    Message,
    MessageEvent,
    ProviderDelivery,
    Reply,
    SendingBreaker,
    Target,
    Task,
)
from engagement.models.messages import TROUBLES
from notion_bridge import describe, health, monitoring
from notion_bridge.models import NotionConnection, SyncConflict, SyncProblem
from workflows import heartbeat
from workflows.models import ScheduledAction, WorkerHeartbeat

Status = ScheduledAction.Status
NEWEST_ALERTS = 5
NAMED = 3  # addresses in a sentence
BLAMED_FROM = 3  # so many refusals of a day are no chance
NOTION_LAG = dt.timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class OfList:
    """Shown to whoever may see the rows, and leads to their list."""

    model: type[Model]
    query: str = ""

    @property
    def address(self) -> str:
        address = reverse(f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_changelist")
        return f"{address}?{self.query}" if self.query else address

    @property
    def permission(self) -> str:
        return f"{self.model._meta.app_label}.view_{self.model._meta.model_name}"


@dataclass(frozen=True, kw_only=True)
class Card(OfList):
    """A number, what it means, and the list behind it."""

    title: str
    value: str
    means: str
    is_calm: bool
    """Nothing for a person to do."""


@dataclass(frozen=True, kw_only=True)
class Notice(OfList):
    """What keeps messages from going out, or data from coming in, in a sentence, and where to read on."""

    sentence: str
    is_linked: bool = True
    name: str = ""
    """By which somebody puts it away who does not want to read it again."""

    @property
    def address(self) -> str:
        return super().address if self.is_linked else ""


@dataclass(frozen=True, kw_only=True)
class Attention:
    notices: list[Notice]
    cards: list[Card]
    alerts: list[Alert]
    """The newest that nobody has acknowledged."""


def gather(*, now: dt.datetime, brand: BusinessEntity | None = None) -> Attention:
    """What the start page shows. The number of queries does not depend on the number of rows."""
    paused = worklist.paused_channels(now=now)
    return Attention(
        notices=[
            *_outbox_notice(),
            *_limit_notice(),
            *_blocked_notice(),
            *(_pause_notice(channel) for channel in paused),
            *(_stop_notice(breaker) for breaker in breakers.stopped()),
            *_blame_notice(now),
            *_parked_notice(),
            *_mailbox_notices(),
            *_notion_notice(now),
        ],
        cards=[
            *_action_cards(brand),
            *_engagement_cards(now, brand),
            _target_card(brand),
            *_notion_card(),
            _worker_card(_what_goes_out(paused)),
        ],
        alerts=_newest_open_alerts(brand),
    )


def _outbox_notice() -> list[Notice]:
    if registry.is_mail_connected():
        return []
    sentence = "Mail is not connected: emails stay here. EMAIL_URL or EMAIL_PROVIDER connects it."
    return [Notice(sentence=sentence, model=Message)]


def _mailbox_notices() -> list[Notice]:
    """Answers arrive and nobody sees them."""
    sentences = [engagement_describe.why(reason) for reason in mailboxes.problems()]
    return [Notice(sentence=sentence, model=Reply, is_linked=False) for sentence in sentences]


def _blocked_notice() -> list[Notice]:
    """Colleagues to whom no alert and no digest goes."""
    blocked = sorted(alerts.unreachable())
    if not blocked:
        return []
    named = ", ".join(blocked[:NAMED]) + (f" and {len(blocked) - NAMED} more" if len(blocked) > NAMED else "")
    sentence = (
        f"No alert and no digest reaches {named}: blocked, as a mailbox that does not exist or by staff. Correct the "
        "address under Users or Teams, or release it."
    )
    return [Notice(sentence=sentence, model=Suppression)]


def _limit_notice() -> list[Notice]:
    """People whom a public key brought beyond the cap, and whom nobody released yet."""
    waiting = worklist.count(Suppression.objects.filter(reason=Suppression.Reason.LIMIT))
    if not waiting:
        return []
    sentence = (
        f"{waiting} new people get no email: a web form brought more in a day than NEW_RECIPIENTS_PER_DAY allows "
        f"({settings.NEW_RECIPIENTS_PER_DAY}). Look who is real, and release their addresses."
    )
    query = f"reason__exact={Suppression.Reason.LIMIT.value}"
    return [Notice(sentence=sentence, model=Suppression, query=query)]


def _notion_notice(now: dt.datetime) -> list[Notice]:
    if not monitoring.is_connected():
        sentence = "Notion is not connected. The page “Connection” says what whoever runs Contactflow has to do."
        return [Notice(sentence=sentence, model=Contact, is_linked=False, name="notion")]
    if because := monitoring.paused_because():
        sentence = f"Nothing is synchronised with Notion: {because}"
    elif (behind := health.lag(now=now)) > NOTION_LAG:
        sentence = f"Notion is {describe.duration(behind)} behind, though it is monitored. See what holds it up."
    else:
        return []
    return [Notice(sentence=sentence, model=NotionConnection)]


def _notion_card() -> list[Card]:
    """One number for problems and conflicts; absent while there is no Notion to decide about."""
    problems, conflicts = health.waiting_for_staff(up_to=worklist.COUNT_UP_TO)
    if not monitoring.is_connected() and not problems + conflicts:
        return []
    model = SyncProblem if problems or not conflicts else SyncConflict
    means = f"Problems: {problems}. Conflicts to settle: {conflicts}."
    return [_count("To decide about Notion", problems + conflicts, means, model, "state=open")]


def _pause_notice(state: ChannelState) -> Notice:
    until = formats.date_format(timezone.localtime(state.paused_until), "G:i")
    reason = engagement_describe.why(state.reason)
    sentence = f"{state.channel.capitalize()} is paused until {until}" + (f": {reason}" if reason else ".")
    return Notice(sentence=sentence, model=ChannelState)


def _stop_notice(breaker: SendingBreaker) -> Notice:
    """Whatever brand is looked at: who leads has to know."""
    sentence = f"Marketing of {breaker} is stopped: {engagement_describe.why(breaker.reason)}"
    return Notice(sentence=sentence, model=SendingBreaker)


def _blame_notice(now: dt.datetime) -> list[Notice]:
    """Other servers do not like who sends: the address is not to blame, and everybody is concerned."""
    count = breakers.held_against_us(now=now)
    if count < BLAMED_FROM:
        return []
    sentence = (
        f"{count} emails were refused since yesterday because of how they are sent: reputation, SPF, DKIM or DMARC. "
        "Nobody was suppressed for it. Look at what the servers say, and tell whoever runs your mail."
    )
    return [Notice(sentence=sentence, model=Message, query="status__exact=failed")]


def _parked_notice() -> list[Notice]:
    parked = worklist.count(ProviderDelivery.objects.filter(status=ProviderDelivery.Status.PARKED))
    if not parked:
        return []
    sentence = f"{parked} deliveries of a mail provider could not be understood. See why, then let them be read again."
    return [Notice(sentence=sentence, model=ProviderDelivery, query="status__exact=parked")]


def _what_goes_out(paused: list[ChannelState]) -> str:
    if paused:
        return f"Tasks go on; {' and '.join(state.channel for state in paused)} waits until its pause is over."
    return (
        "Emails, tasks and alerts go out."
        if registry.is_mail_connected()
        else "Tasks and alerts go on; messages stay here."
    )


def _action_cards(brand: BusinessEntity | None) -> list[Card]:
    # Both served by the partial index action_needs_person.
    failed = _only(ScheduledAction.objects.filter(status__in=[Status.FAILED, Status.DEAD]), brand, via="instance__")
    unclear = _only(ScheduledAction.objects.filter(status=Status.AMBIGUOUS), brand, via="instance__")
    return [
        _count(
            "Failed steps", failed, "Refused for good, or given up. Try again, or skip them.",
            ScheduledAction, "status__exact=failed&status__exact=dead",
        ),
        _count(
            "Unclear steps", unclear, "Handed over without an answer. Say whether they arrived.",
            ScheduledAction, "status__exact=ambiguous",
        ),
    ]  # fmt: skip


def _engagement_cards(now: dt.datetime, brand: BusinessEntity | None) -> list[Card]:
    unfinished = worklist.unfinished(Task.objects.all())
    held = _only(Message.objects.filter(status=Message.Status.HELD), brand)
    open_alerts = _only(worklist.unacknowledged(), brand)
    overdue = _only(unfinished.filter(due_at__lt=now), brand)
    due_today = _only(worklist.due_today(Task.objects.all(), now=now), brand)
    replies = _only(Reply.objects.filter(WAITING, inbox.WRITTEN), brand)
    return [
        _count(
            "Mails to answer", replies, "People wrote, and nobody has answered yet.",
            Reply, "whose=all",
        ),
        _count(
            "Held emails", held, "Something is missing in their words. Fill it in, then try again.",
            Message, "status__exact=held",
        ),
        _count(
            "Given up this week", _given_up(now, brand), "Mail came back for good, or was reported as spam.",
            Suppression, f"reason__exact={Suppression.Reason.BOUNCED}&reason__exact={Suppression.Reason.COMPLAINED}",
        ),
        _count(
            "Open alerts", open_alerts, "Nobody has acknowledged them yet.",
            Alert, "state=open",
        ),
        _count(
            "Overdue tasks", overdue, "Open, and past the time they were due.",
            Task, "due=overdue",
        ),
        _count(
            "Due today", due_today, "Open, and due before midnight.",
            Task, "due=today",
        ),
    ]  # fmt: skip


def _given_up(now: dt.datetime, brand: BusinessEntity | None) -> int:
    """Messages, of the brand or of all, that came back for good or were complained of."""
    gone = Q(type=MessageEvent.Type.COMPLAINED) | Q(type=MessageEvent.Type.BOUNCED, detail__gives_up_at=1)
    rows = MessageEvent.objects.filter(TROUBLES, gone, at__gt=now - dt.timedelta(days=7))
    return _only(rows, brand, via="message__")


def _target_card(brand: BusinessEntity | None) -> Card:
    """Alerts and tasks for a target with nobody behind it reach nobody."""
    empty = _only(Target.objects.filter(people=None, extra_emails=[]), brand)
    return _count(
        "Teams with nobody", empty, "Alerts and tasks for them reach nobody. Say who is in them.",
        Target, "people__isnull=True&extra_emails__len=0",
        )  # fmt: skip


def _newest_open_alerts(brand: BusinessEntity | None) -> list[Alert]:
    waiting = worklist.unacknowledged().select_related("target", "contact")
    rows = brands.only(waiting, brand=brand, path="business_entity")
    return list(rows.order_by("-created_at", "-id")[:NEWEST_ALERTS])


def _worker_card(what_goes_out: str) -> Card:
    alive = sum(health.fresh for health in heartbeat.all_health())
    means = what_goes_out if alive else "Nothing goes out: start manage.py worker."
    return Card(title="Workers running", value=str(alive), means=means, model=WorkerHeartbeat, is_calm=alive > 0)


def _only(rows: QuerySet[Any], brand: BusinessEntity | None, *, via: str = "") -> int:
    """How many of them are the brand's, counted no further than anybody needs to know."""
    found = brands.only(rows, brand=brand, path=f"{via}business_entity")
    return worklist.count(found)


def _count(title: str, count: int, means: str, model: type[Model], query: str) -> Card:
    value = f"{count} or more" if count >= worklist.COUNT_UP_TO else str(count)
    told = means if count else "Nothing to do."
    return Card(title=title, value=value, means=told, model=model, query=query, is_calm=count == 0)
