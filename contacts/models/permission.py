"""Who may be written to, and which addresses may not."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower, Now

from contacts.models.people import Contact
from contacts.models.reference import BusinessEntity


class Consent(models.Model):
    """A permission given or withdrawn; append-only, the newest row for a brand and channel holds."""

    class State(models.TextChoices):
        GRANTED = "granted", "Granted"
        WITHDRAWN = "withdrawn", "Withdrawn"

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand",
        help_text="Empty: every brand.",
    )  # fmt: skip
    channel = models.CharField(max_length=20, default="email")
    state = models.CharField(max_length=10, choices=State)
    source = models.CharField(max_length=200, help_text="How it was given or withdrawn.")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "consent"
        verbose_name_plural = "consents"
        ordering = ("-recorded_at", "-id")
        indexes: ClassVar = [
            # The newest record holds; the contact's timeline.
            models.Index(fields=["contact", "-recorded_at"], name="consent_of_contact"),
            models.Index(fields=["-recorded_at", "-id"], name="consent_newest_first"),  # the list and its pages
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"


class Suppression(models.Model):
    """An address that receives nothing, whoever asks: hard bounce, complaint, unsubscription from everything."""

    class Reason(models.TextChoices):
        BOUNCED = "bounced", "Address does not exist"
        COMPLAINED = "complained", "Reported as spam"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        MANUAL = "manual", "Entered by staff"
        LIMIT = "limit", "Too many new people by one key in a day"

    email = models.EmailField(max_length=254)
    reason = models.CharField(max_length=20, choices=Reason)
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        ordering = ("-created_at",)
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="one_suppression_per_email")]
        # The start page: who waits to be released.
        indexes: ClassVar = [
            models.Index(fields=["reason"], condition=models.Q(reason="limit"), name="suppression_by_limit")
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_reason_display()})"


class RecipientCount(models.Model):
    """How many new people an API key brought on one day (UTC): contacts.new_recipients."""

    key = models.UUIDField()
    day = models.DateField()
    people = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "day"], name="one_count_per_key_and_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.people}"
