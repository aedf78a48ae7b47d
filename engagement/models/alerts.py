"""Calls for a colleague's attention, and how they reach them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now, Upper

from contacts.models import BusinessEntity, Contact
from engagement.models.messages import Message
from engagement.models.teams import Priority, Target

KEPT = models.Q(transport="outbox") & ~models.Q(parts={})
UNSEEN, SEEN = models.Q(acknowledged_at__isnull=True), models.Q(acknowledged_at__isnull=False)


class Alert(models.Model):
    """A call for a colleague's attention. Done when it is stored; its deliveries say whom it reached and how."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.UUIDField(null=True, blank=True, editable=False)
    title = models.CharField(max_length=300)
    message = models.TextField(blank=True)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.MEDIUM)
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="alerts", verbose_name="team")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    acknowledged_at = models.DateTimeField(null=True, blank=True, editable=False)
    acknowledged_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["action"], name="one_alert_per_action")]
        indexes: ClassVar = [
            # watch_alerts and the event stream read on from the last one seen.
            models.Index(fields=["created_at", "id"], name="alert_oldest_first"),
            models.Index(fields=["contact", "-created_at"], name="alert_of_contact"),  # the contact's timeline
            # Search by any part of the title (worklist.matching uses __icontains, that is UPPER() LIKE).
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="alert_search"),
            # What a target still has to look at; the list of open alerts; what was acknowledged last (worklist).
            models.Index(fields=["target", "-created_at"], condition=UNSEEN, name="alert_open"),
            models.Index(fields=["-created_at", "-id"], condition=UNSEEN, name="alert_open_newest_first"),
            models.Index(fields=["-acknowledged_at"], condition=SEEN, name="alert_acknowledged_latest"),
        ]

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """One message on its way to one address: of an alert, with its own words (a digest, a test), or a mail that a
    colleague wrote to a contact (engagement.correspondence)."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"  # to be delivered at next_attempt_at
        CLAIMED = "claimed", "Being prepared"  # a worker holds it until lease_until; nothing has left
        SENDING = "sending", "Being handed over"  # intent recorded; past lease_until its outcome is unknown
        SENT = "sent", "Sent"  # the channel accepted it
        FAILED = "failed", "Failed"  # refused for good, too late, or tried too often
        AMBIGUOUS = "ambiguous", "Unclear"  # handed over without an answer; not repeated
        UNDELIVERABLE = "undeliverable", "Nobody behind the target"  # staff are warned

    identity = models.UUIDField(default=uuid.uuid4, editable=False, help_text="The same on every try.")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries", null=True, blank=True)
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="delivery", null=True, blank=True)
    parts = models.JSONField(default=dict, blank=True, help_text="What it says, of one without an alert, until sent.")
    channel = models.CharField(max_length=20, default="email")
    sender = models.JSONField(default=dict, blank=True, help_text="Who speaks. Empty: this installation.")
    address = models.CharField(max_length=254, blank=True)
    status = models.CharField(max_length=15, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True, help_text="From here on it is of no use any more.")
    lease_until = models.DateTimeField(null=True, blank=True)
    token = models.UUIDField(null=True, blank=True, editable=False, help_text="Fence: who holds the lease.")
    transport = models.CharField(max_length=20, blank=True)
    reason = models.JSONField(default=dict, blank=True, help_text="Why it is not sent; engagement.describe says it.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "channel", "address"], name="one_delivery_per_address"),
        ]
        indexes: ClassVar = [
            # engagement.deliveries: what is due, and apart from it whose lease ran out.
            models.Index(fields=["next_attempt_at", "id"], condition=models.Q(status="pending"), name="delivery_due"),
            models.Index(
                fields=["lease_until"], condition=models.Q(status__in=["claimed", "sending"]), name="delivery_leased"
            ),
            # engagement.deliveries: whom alerts reached a moment ago, so that the next ones travel together.
            models.Index(fields=["address", "finished_at"], condition=models.Q(status="sent"), name="delivery_sent_to"),
            models.Index(fields=["-id"], condition=KEPT, name="delivery_kept"),  # the list of kept tests
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.get_status_display()}"


class KeptTest(Delivery):
    """A test that a colleague sent to themselves while no mail server was connected: read here (condition KEPT)."""

    class Meta:
        proxy = True
        ordering = ("-id",)
        verbose_name = "test email"
        verbose_name_plural = "test emails"

    def __str__(self) -> str:
        return str(self.parts.get("subject") or self.address)
