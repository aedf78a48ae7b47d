"""What the bridge did and what it was told."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class SyncRun(models.Model):
    """One pass that found something to do, was asked for, or failed. `counts` says how much of what."""

    class Trigger(models.TextChoices):
        MONITORING = "monitoring", "Monitoring"
        COMMAND = "command", "sync_notion"
        NIGHT = "night", "Nightly full pass"
        ADMIN = "admin", "Admin"

    trigger = models.CharField(max_length=12, choices=Trigger)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        indexes: ClassVar = [models.Index(fields=["-started_at"], name="run_newest_first")]  # health, lists

    def __str__(self) -> str:
        return f"{self.get_trigger_display()} {self.started_at:%Y-%m-%d %H:%M}"


class WebhookDelivery(models.Model):
    """An event Notion sent us. It only says where to look; delivered again, it is one event."""

    event_id = models.CharField(max_length=100, unique=True)
    type = models.CharField(max_length=100)
    entity_type = models.CharField(max_length=40, blank=True)
    entity_id = models.CharField(max_length=36, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    processed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-received_at", "-id")
        verbose_name = "webhook event"
        indexes: ClassVar = [
            # webhooks.next_waiting: the events nobody followed yet.
            models.Index(fields=["next_attempt_at"], condition=models.Q(processed_at=None), name="webhook_unprocessed"),
            models.Index(fields=["-received_at", "-id"], name="webhook_newest_first"),  # the list and its pages
        ]

    def __str__(self) -> str:
        return self.type
