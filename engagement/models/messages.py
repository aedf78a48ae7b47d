"""What was sent to contacts, and what became of it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from contacts.models import BusinessEntity, Contact
from engagement.models.emails import Purpose, TemplateVersion

TROUBLES = models.Q(type__in=["bounced", "complained"])
HITS = models.Q(type__in=["opened", "clicked"])
UNSENT, SENT = models.Q(sent_at__isnull=True), models.Q(status="sent")


class Message(models.Model):
    """An email to one contact, kept as it was sent. One row per action, whatever the number of attempts."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting to leave"  # a colleague wrote it; nothing was handed over
        HELD = "held", "Held: something is missing"  # rendering found a hole; nothing was handed over
        SENDING = "sending", "Being handed over"  # recorded before the hand-over; its outcome is not known yet
        SENT = "sent", "Sent"  # the server accepted it, or the outbox took it
        FAILED = "failed", "Refused"  # the server refused it for now or for good
        AMBIGUOUS = "ambiguous", "Unclear"  # handed over, but no answer: no machine sends it again
        CANCELLED = "cancelled", "Cancelled"  # staff decided that it is not to be sent

    class Transport(models.TextChoices):
        OUTBOX = "outbox", "Local outbox"
        SMTP = "smtp", "SMTP"
        PROVIDER = "provider", "Mail provider"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.UUIDField(null=True, blank=True, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="messages")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand"
    )
    answers = models.ForeignKey(
        "Reply", on_delete=models.SET_NULL, null=True, blank=True, related_name="answers", help_text="What it answers."
    )
    author = models.CharField(
        max_length=150, blank=True, default="", db_default="", help_text="The colleague who wrote it by hand."
    )
    version = models.ForeignKey(
        TemplateVersion, on_delete=models.PROTECT, null=True, related_name="messages", db_index=False
    )
    locale = models.CharField(
        "language", max_length=35, blank=True, default="", db_default="", help_text="Which translation it was."
    )
    sender = models.CharField(max_length=320, blank=True)
    recipient = models.EmailField(max_length=254)
    reply_to = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=998)
    text = models.TextField()
    html = models.TextField()
    links = ArrayField(
        models.TextField(), default=list, blank=True, editable=False, help_text="Where its links lead, by their number."
    )
    message_id = models.CharField(
        max_length=255, blank=True, help_text="What the other side calls it; of an email the Message-ID header."
    )
    provider_id = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="What the provider that took it calls it."
    )
    purpose = models.CharField(max_length=15, choices=Purpose, default=Purpose.MARKETING, db_default=Purpose.MARKETING)
    status = models.CharField(max_length=10, choices=Status)
    transport = models.CharField(max_length=20, choices=Transport, blank=True)
    missing = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    reason = models.JSONField(default=dict, blank=True, help_text="Why it is not sent; engagement.describe says it.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "sent email"
        verbose_name_plural = "sent mail"
        ordering = ("-created_at", "-id")
        # One message per action: sending twice would need a second row.
        constraints: ClassVar = [models.UniqueConstraint(fields=["action"], name="one_message_per_action")]
        indexes: ClassVar = [
            # A touch asks what went to this contact lately; the contact's timeline reads the same order.
            models.Index(fields=["contact", "-sent_at"], name="message_of_contact"),
            # The contact's timeline: what was held, refused or given up.
            models.Index(fields=["contact", "-created_at"], condition=UNSENT, name="message_unsent_of_contact"),
            models.Index(fields=["-created_at", "-id"], name="message_newest_first"),  # the outbox and its pages
            # The list of one email, newest first, also for one brand; the index of the foreign key, too.
            models.Index(
                fields=["version", "-created_at", "-id"], include=["business_entity"], name="message_of_version"
            ),
            models.Index(fields=["message_id"], name="message_by_message_id"),  # provider events and replies
            models.Index(fields=["provider_id"], condition=~models.Q(provider_id=""), name="message_by_provider_id"),
            # The start page: what was sent in the last month, per brand.
            models.Index(fields=["business_entity", "sent_at"], condition=SENT, name="message_sent_by_brand"),
            # What is held or unclear and waits for a person: the start page counts it.
            models.Index(
                fields=["status", "created_at"],
                condition=models.Q(status__in=["held", "ambiguous", "failed"]),
                name="message_needs_person",
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class MessageEvent(models.Model):
    """One fact about a message, from whoever knows it; what holds of it is derived from its facts, in any order.

    Opens and clicks carry who that was as far as it can be told, and why: that may be told anew.
    """

    class Type(models.TextChoices):
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        DEFERRED = "deferred", "Delayed"
        BOUNCED = "bounced", "Bounced"
        COMPLAINED = "complained", "Reported as spam"
        OPENED = "opened", "Opened"
        CLICKED = "clicked", "Clicked"
        REPLIED = "replied", "Replied"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        FAILED = "failed", "Refused"
        AMBIGUOUS = "ambiguous", "Unclear"
        CANCELLED = "cancelled", "Not sent"

    class Label(models.TextChoices):
        HUMAN = "human", "A person"
        MACHINE = "machine", "A machine"
        UNKNOWN = "unknown", "Not known"

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="events")
    type = models.CharField(max_length=20, choices=Type)
    at = models.DateTimeField(db_default=Now())
    label = models.CharField(max_length=10, choices=Label, default=Label.UNKNOWN)
    label_reasons = ArrayField(models.CharField(max_length=40), default=list, blank=True, help_text="Codes of why.")
    label_version = models.PositiveSmallIntegerField(
        null=True, blank=True, editable=False, help_text="Of the rules that labelled an open or click; empty: not yet."
    )
    provider_event_id = models.CharField(
        max_length=200, null=True, blank=True, unique=True, help_text="The same fact twice is one."
    )
    url = models.TextField(blank=True, help_text="Which link was clicked.")
    detail = models.JSONField(default=dict, blank=True)
    follow_up_at = models.DateTimeField(
        null=True, editable=False, help_text="When what follows from it is to be done; empty: it is, or nothing does."
    )

    class Meta:
        ordering = ("at", "id")
        indexes: ClassVar = [
            # engagement.message_consequences: what is to be followed up.
            models.Index(
                fields=["follow_up_at"], condition=models.Q(follow_up_at__isnull=False), name="event_to_follow_up"
            ),
            models.Index(fields=["at"], condition=TROUBLES, name="event_of_trouble"),  # the start page, the breakers
            # engagement.tracking.labelling: what is to be labelled; and whose traces are to go, oldest first.
            models.Index(fields=["at"], condition=HITS & models.Q(label_version=None), name="hit_without_label"),
            models.Index(fields=["at"], condition=HITS & models.Q(detail__has_key="agent"), name="hit_with_traces"),
        ]

    def __str__(self) -> str:
        return self.type

    @property
    def machine(self) -> bool:
        return self.label == self.Label.MACHINE
