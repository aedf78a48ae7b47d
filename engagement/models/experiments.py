"""A/B tests of an email's words."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from contacts.models import Contact
from engagement.models.emails import EngagementTemplate, TemplateVersion
from engagement.models.goals import Goal


class Experiment(models.Model):
    """A test of which words of an email work better. The first variant is what was published when it began.

    Everybody gets the same variant each time (`Assignment`); what counts is what they did within `window_hours` after
    the first email.
    """

    class Counts(models.TextChoices):
        CLICK = "click", "A person clicked"
        REPLY = "reply", "A person replied"
        GOAL = "goal", "A goal was reached"

    class Method(models.TextChoices):
        PLANNED = "planned", "Equal shares, judged at five looks"
        SHIFTING = "shifting", "More and more of what works better"

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        DECIDED = "decided", "Decided"  # one is better
        UNDECIDED = "undecided", "No difference found"  # everybody is counted
        STOPPED = "stopped", "Stopped"  # by staff, or by other words of the email

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.ForeignKey(
        EngagementTemplate, on_delete=models.PROTECT, related_name="experiments", verbose_name="email"
    )
    counts = models.CharField(max_length=10, choices=Counts, default=Counts.CLICK)
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    method = models.CharField(max_length=10, choices=Method, default=Method.PLANNED)
    people = models.PositiveIntegerField(
        validators=[MinValueValidator(100), MaxValueValidator(10_000_000)],
        help_text="How many people take part. Whoever comes later gets the published words.",
    )
    hold_out = models.PositiveSmallIntegerField(
        "nobody writes to (%)", default=0, validators=[MaxValueValidator(50)],
        help_text="So many of 100 get no email at all, to see what happens without.",
    )  # fmt: skip
    window_hours = models.PositiveSmallIntegerField(
        "counted for (hours)", default=72, validators=[MinValueValidator(1), MaxValueValidator(24 * 60)],
        help_text="How long after the email what people do counts.",
    )  # fmt: skip
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING, editable=False)
    reason = models.JSONField(default=dict, blank=True, editable=False, help_text="What is known; describe says it.")
    looks = models.PositiveSmallIntegerField(default=0, editable=False, help_text="How often a planned one was judged.")
    shares = models.JSONField(default=dict, blank=True, editable=False, help_text="Of a shifting one: key to share.")
    winner = models.ForeignKey("Variant", on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    salt = models.UUIDField(default=uuid.uuid4, editable=False, help_text="What people are spread by.")
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    started_by = models.CharField(max_length=150, blank=True, editable=False)
    filled_at = models.DateTimeField(null=True, editable=False, help_text="When as many took part as were wanted.")
    looked_at = models.DateTimeField(db_default=Now(), editable=False, help_text="When it was judged last.")
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = "A/B test"
        verbose_name_plural = "A/B tests"
        ordering = ("-started_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["template"], condition=models.Q(status="running"), name="one_running_experiment"
            ),
            models.CheckConstraint(
                condition=~models.Q(counts="goal") | models.Q(goal__isnull=False), name="experiment_says_its_goal"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template}, {self.started_at:%Y-%m-%d}"

    @property
    def is_running(self) -> bool:
        return self.status == self.Status.RUNNING


class Variant(models.Model):
    """One of the wordings that are compared: "A" is what was published."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="variants")
    key = models.CharField(max_length=1)
    version = models.ForeignKey(TemplateVersion, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("key",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["experiment", "key"], name="one_variant_of_a_key"),
        ]

    def __str__(self) -> str:
        return self.key


class Assignment(models.Model):
    """What a person gets in a test, decided once, when the email is prepared for them the first time."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="assignments", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="assignments")
    person = models.UUIDField(editable=False, help_text="Whom it was decided for; two people may become one contact.")
    variant = models.ForeignKey(
        Variant, on_delete=models.CASCADE, null=True, related_name="+", db_index=False, help_text="Empty: held out."
    )
    is_even = models.BooleanField(help_text="Spread evenly: what a shifting test is judged by.")
    share = models.FloatField(help_text="How probable this variant was.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["experiment", "person"], name="one_assignment_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.variant_id}"
