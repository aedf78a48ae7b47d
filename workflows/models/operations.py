"""What people do to what runs, one or many at a time, and what they are told each day."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from engagement.models import Delivery
from workflows.models.engine import ScheduledAction, WorkflowInstance
from workflows.models.templates import WorkflowTemplate


class ControlEntry(models.Model):
    """What was done to an instance or an action, by a person or because of one: what, why, who, when. Append-only."""

    class Verb(models.TextChoices):
        PAUSE = "pause", "Paused"
        RESUME = "resume", "Resumed"
        CANCEL = "cancel", "Cancelled"
        RETRY = "retry", "Tried again"
        SKIP = "skip", "Skipped"
        STOP = "stop", "Stopped writing"  # workflows.exits, because of what the contact did
        POSTPONE = "postpone", "Postponed writing"  # likewise
        RESOLVE_SENT = "resolve_sent", "Settled: it was sent"
        RESOLVE_NOT_SENT = "resolve_not_sent", "Settled: it was not sent"

    instance = models.ForeignKey(WorkflowInstance, on_delete=models.CASCADE, related_name="controls")
    action = models.ForeignKey(
        ScheduledAction, on_delete=models.CASCADE, null=True, blank=True, related_name="controls"
    )
    verb = models.CharField(max_length=20, choices=Verb)
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=150, help_text="User name, API key or part of Contactflow.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "decision"
        verbose_name_plural = "decisions"
        ordering = ("-at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="control_newest_first"),  # the list and its pages
        ]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} by {self.actor}"


class StartOrder(models.Model):
    """Staff asked to start a workflow for people who are here already; the workers go through them, by id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.ForeignKey(
        WorkflowTemplate, on_delete=models.CASCADE, related_name="start_orders", verbose_name="workflow"
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    reached = models.UUIDField(null=True, editable=False, help_text="The contact that was looked at last.")
    looked_at = models.PositiveIntegerField(default=0)
    started = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-asked_at", "-id")
        constraints: ClassVar = [
            # One at a time for a workflow; workflows.starting.bulk finds what is to be done by it.
            models.UniqueConstraint(
                fields=["template"], condition=models.Q(finished_at__isnull=True), name="one_open_start_order"
            ),
        ]

    def __str__(self) -> str:
        return f"start {self.template_id} for people who are here"


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
    """The digest of one day for one colleague. Who has one gets no second; engagement's delivery brings it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digest_letters")
    day = models.DateField(help_text="In the time zone of this installation.")
    since = models.DateTimeField(help_text="What happened from here on is told.")
    until = models.DateTimeField()
    delivery = models.OneToOneField(
        Delivery, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Empty: there was nothing to say."
    )
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
