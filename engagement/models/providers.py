"""What mail providers send us: events about messages, and mail that arrived with them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class ProviderDelivery(models.Model):
    """One request of a provider's webhook, kept as it came until it is understood; the same one again is known by its
    digest."""

    class Kind(models.TextChoices):
        TRACKING = "tracking", "Events"
        INBOUND = "inbound", "Mail that arrived"

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits"  # to be read, or to be tried again
        DONE = "done", "Done"  # read; the payload is let go
        PARKED = "parked", "Not understood"  # failed too often; somebody looks at it

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    content_type = models.CharField(max_length=200, blank=True)
    body = models.BinaryField(default=bytes, blank=True)
    facts = models.PositiveIntegerField(default=0, help_text="How many new facts, or mails, it told.")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "delivery of a mail provider"
        verbose_name_plural = "deliveries of mail providers"
        ordering = ("-received_at", "-id")
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(status="waiting"), name="provider_delivery_waiting"
            ),
            models.Index(fields=["-received_at", "-id"], name="provider_delivery_newest"),  # the list
            # The start page: what nobody understood.
            models.Index(fields=["received_at"], condition=models.Q(status="parked"), name="provider_delivery_parked"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind}"
