"""What staff decide about many steps at once, and what they are told each day: rows that know no others by key."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class BulkDecision(models.Model):
    """One decision over every step with a cause, or over a choice of steps; carried out a batch at a time."""

    class Verb(models.TextChoices):
        RETRY = "retry", "Try again"
        SKIP = "skip", "Leave out"
        RESOLVE_SENT = "resolve_sent", "They arrived"
        RESOLVE_NOT_SENT = "resolve_not_sent", "They did not arrive: send them now"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    verb = models.CharField(max_length=20, choices=Verb)
    cause = models.CharField(max_length=120, blank=True, help_text="Empty: the steps in `chosen`.")
    chosen = ArrayField(models.UUIDField(), default=list, blank=True)
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=150)
    decided_at = models.DateTimeField(help_text="What went wrong later is not touched.")
    expected = models.PositiveIntegerField(default=0, help_text="How many steps the preview counted.")
    reached = models.UUIDField(null=True, editable=False, help_text="The step that was looked at last.")
    done = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0, help_text="Steps whose state did not allow it any more.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-decided_at", "-id")
        indexes: ClassVar = [
            # failures.run_pump_step: what is not carried out yet.
            models.Index(
                fields=["decided_at"], condition=models.Q(finished_at__isnull=True), name="bulk_decision_open"
            ),
            models.Index(fields=["-decided_at"], name="bulk_decision_newest_first"),  # the page of failures
        ]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} by {self.actor}"


class DigestLetter(models.Model):
    """The digest of one day for one colleague. The row is the claim: who has one gets no second."""

    class Status(models.TextChoices):
        SENDING = "sending", "Being handed over"  # claimed; a crash leaves it here, and it is not repeated
        WAITING = "waiting", "Refused for now"  # definitely not sent; again at next_attempt_at
        SENT = "sent", "Sent"  # the mail server took it
        QUIET = "quiet", "Nothing to say"  # nothing needed anybody that day
        UNCLEAR = "unclear", "Unclear"  # handed over without an answer; not repeated
        FAILED = "failed", "Refused"  # refused for good, or too often

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digest_letters")
    day = models.DateField(help_text="In the time zone of this installation.")
    status = models.CharField(max_length=10, choices=Status)
    since = models.DateTimeField(help_text="What happened from here on is told.")
    until = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=1)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("-day", "user")
        constraints: ClassVar = [
            # Never two digests of a day to one person, whoever sends them.
            models.UniqueConstraint(fields=["user", "day"], name="one_digest_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.user_id}"


class DigestChoice(models.Model):
    """Whether a colleague wants the digest. No row: as their role says."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="digest_choice"
    )
    wanted = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.user_id}: {'yes' if self.wanted else 'no'}"
