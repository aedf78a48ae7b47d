"""Emails, alerts and tasks of one contact, for the timeline."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q, QuerySet

from contactflow.core import datetimes
from contacts.models import Contact
from contacts.timeline import BAD, GOOD, INFO, WARN, Entry, Source
from engagement import describe, touches
from engagement.models import HITS, Alert, HumanTouch, Message, MessageEvent, Reply, Task

MAIL, ALERT, TASK, TOUCH = "mail", "alert", "task", "touch"
Status = Message.Status
FOLLOWED = ("bounced", "complained", "unsubscribed")
SAID = {
    Status.PENDING: ("Email is waiting to leave", INFO),
    Status.HELD: ("Email held, something is missing", WARN),
    Status.SENDING: ("Email is being handed over", INFO),
    Status.SENT: ("Email sent", GOOD),
    Status.FAILED: ("Email refused", BAD),
    Status.AMBIGUOUS: ("Email unclear: handed over, but no answer came back", WARN),
    Status.CANCELLED: ("Email not sent", ""),
}


def _tell_mail(message: Message) -> Entry:
    said, tone = SAID[Status(message.status)]
    if message.status == Status.SENT and message.transport == Message.Transport.OUTBOX:
        said = "Email kept here, since there is no mail server"
    brand = f"From {message.business_entity}" if message.business_entity else ""
    missing = f"Missing: {', '.join(message.missing)}" if message.missing and message.status == Status.HELD else ""
    return Entry(
        kind=MAIL,
        at=message.sent_at or message.created_at,
        title=f"{said}: {message.subject}",
        lines=tuple(line for line in (brand, missing or describe.why(message.reason)) if line),
        tone=tone,
        row=message,
        text=message.text,
        text_title="The email as it was sent" if message.sent_at else "The email as it would have been sent",
        action=message.action,
    )


CAME_BACK = {
    "hard": ("Email came back for good", BAD),
    "soft": ("Email came back, for a passing reason", WARN),
    "sender": ("Email refused because of how we send", WARN),
}


def _tell_fact(fact: MessageEvent) -> Entry:
    """What became of it with others: bounced, complained of, or left by the provider's own link."""
    said, tone = CAME_BACK.get(str(fact.detail.get("kind", "")), ("Email came back", WARN))
    if fact.type != MessageEvent.Type.BOUNCED:
        said, tone = f"Email: {fact.get_type_display().lower()}", BAD
    reason = str(fact.detail.get("reason", "")).replace("_", " ").capitalize()
    return Entry(
        kind=MAIL,
        at=fact.at,
        title=f"{said}: {fact.message.subject}",
        lines=tuple(line for line in (reason, str(fact.detail.get("said", ""))) if line),
        tone=tone,
        row=fact.message,
    )


def _tell_alert(alert: Alert) -> Entry:
    seen = alert.acknowledged_at
    answer = (
        f"Acknowledged by {alert.acknowledged_by}, {datetimes.words(seen)}" if seen else "Nobody acknowledged it yet"
    )
    return Entry(
        kind=ALERT,
        at=alert.created_at,
        title=f"{alert.target} alerted: {alert.title}",
        lines=(answer,),
        tone="" if seen else WARN,
        row=alert,
        text=alert.message,
        text_title="What the alert said",
        action=alert.action,
    )


def _tell_task(task: Task) -> Entry:
    whose = task.assignee or task.target
    stands = f"{task.get_status_display()}{f', for {whose}' if whose else ''}"
    due = f"Due {datetimes.words(task.due_at)}" if task.due_at and task.completed_at is None else ""
    return Entry(
        kind=TASK,
        at=task.created_at,
        title=f"Task: {task.title}",
        lines=tuple(line for line in (stands, due) if line),
        row=task,
        text=task.description,
        text_title="What is to be done",
        action=task.action,
    )


def _tell_done(task: Task) -> Entry:
    at = task.completed_at or task.updated_at
    return Entry(kind=TASK, at=at, title=f"Task done: {task.title}", tone=GOOD, row=task)


def _tell_reply(reply: Reply) -> Entry:
    machine = reply.kind != Reply.Kind.HUMAN
    said = reply.get_kind_display() if machine else "They wrote"
    return Entry(
        kind=MAIL,
        at=reply.received_at,
        title=f"{said}: {reply}",
        lines=(reply.get_state_display(),),
        tone="" if machine else INFO,
        row=reply,
        text=reply.text,
        text_title="What it says",
    )


def _tell_hit(event: MessageEvent) -> Entry:
    did = "Clicked a link" if event.type == MessageEvent.Type.CLICKED else "Opened"
    return Entry(
        kind=MAIL,
        at=event.at,
        title=f"{did}: {event.message.subject}",
        lines=(event.url,) if event.url else (),
        tone=GOOD,
        row=event.message,
    )


def _tell_touch(touch: HumanTouch) -> Entry:
    brand = f"For {touch.business_entity}" if touch.business_entity else ""
    return Entry(
        kind=TOUCH,
        at=touch.at,
        title=touch.get_kind_display(),
        lines=(brand,) if brand else (),
        by=touch.colleague,
        tone=GOOD,
        row=touch,
        text=touch.note,
        text_title="What was noted",
    )


def _mails(*, sent: bool) -> Callable[[Contact], QuerySet[Message]]:
    rows = Message.objects.filter(sent_at__isnull=not sent).select_related("business_entity").defer("html")
    return lambda contact: rows.filter(contact=contact)


def _tasks(contact: Contact) -> QuerySet[Task]:
    return Task.objects.filter(contact=contact)


SOURCES = (
    Source(
        name="engagement.alert", kinds={ALERT: Q()}, time="created_at", tell=_tell_alert,
        rows=lambda contact: Alert.objects.filter(contact=contact).select_related("target"),
    ),
    Source(name="engagement.sent", kinds={MAIL: Q()}, time="sent_at", tell=_tell_mail, rows=_mails(sent=True)),
    Source(name="engagement.unsent", kinds={MAIL: Q()}, time="created_at", tell=_tell_mail, rows=_mails(sent=False)),
    Source(
        name="engagement.reply", kinds={MAIL: Q()}, time="received_at", tell=_tell_reply,
        rows=lambda contact: Reply.objects.filter(contact=contact).defer("raw", "body"),
    ),
    Source(
        name="engagement.hit", kinds={MAIL: Q()}, time="at", tell=_tell_hit,  # of people alone
        rows=lambda contact: MessageEvent.objects.filter(HITS, message__contact=contact, label="human")
        .select_related("message")
        .defer("message__text", "message__html"),
    ),
    Source(
        name="engagement.came_back", kinds={MAIL: Q()}, time="at", tell=_tell_fact,
        rows=lambda contact: MessageEvent.objects.filter(message__contact=contact, type__in=FOLLOWED).select_related(
            "message"
        ),
    ),
    Source(
        name="engagement.task", kinds={TASK: Q()}, time="created_at", tell=_tell_task,
        rows=lambda contact: _tasks(contact).select_related("target", "assignee"),
    ),
    Source(
        name="engagement.task_done", kinds={TASK: Q()}, time="completed_at", tell=_tell_done,
        rows=lambda contact: _tasks(contact).filter(completed_at__isnull=False),
    ),
    Source(
        name="engagement.touch", kinds={TOUCH: Q()}, time="at", tell=_tell_touch,  # the others are told by their rows
        rows=lambda contact: HumanTouch.objects.filter(contact=contact, kind__in=touches.BY_HAND).select_related(
            "business_entity"
        ),
    ),
)  # fmt: skip
