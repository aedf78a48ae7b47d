"""Named outcomes of a brand, and when people reached them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now

from contacts.models import BusinessEntity, Contact, ContactStatus, slug_field_help, validate_slug

CURRENCY = RegexValidator(r"^[A-Z]{3}$", "Give the three letters of a currency, such as EUR.")


class Goal(models.Model):
    """What a brand wants to come of it: a booking, a registration. Whatever is recorded names it by its slug."""

    class ReachedBy(models.TextChoices):
        EVENT = "event", "An event of one of these names"
        STATUS = "status", "A contact status"
        WORKFLOW = "workflow", "A workflow that was completed"
        HAND = "hand", "Nothing by itself: colleagues and the API record it"

    class Counting(models.TextChoices):
        ONCE = "once", "Once for each person"
        EVERY = "every", "Every time"
        SPACED = "spaced", "Once within a number of days"

    slug = models.CharField(max_length=64, unique=True, validators=[validate_slug], help_text=slug_field_help)
    name = models.CharField(max_length=120)
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, related_name="goals", verbose_name="brand"
    )
    reached_by = models.CharField(max_length=10, choices=ReachedBy, default=ReachedBy.EVENT)
    events = ArrayField(
        models.CharField(max_length=64), default=list, blank=True, help_text="Names of events, as the API gives them."
    )
    status = models.ForeignKey(ContactStatus, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    workflow = models.CharField(max_length=64, blank=True, help_text="The slug of a workflow.")
    value = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)],
        help_text="What one is worth; an event that says its own value has that.",
    )  # fmt: skip
    currency = models.CharField(max_length=3, blank=True, validators=[CURRENCY])
    counting = models.CharField(max_length=10, choices=Counting, default=Counting.EVERY)
    every_days = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of “once within”: how many days.")
    window_days = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1)],
        help_text="How long before it a touch or click may lie that it is owed to.",
    )  # fmt: skip
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    looked_until = models.DateTimeField(db_default=Now(), editable=False, help_text="Up to where it was looked for.")

    class Meta:
        ordering = ("business_entity", "name")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(counting="spaced") | models.Q(every_days__gte=1), name="goal_spaced_has_days"
            ),
            models.CheckConstraint(
                condition=models.Q(reached_by="hand")
                | (models.Q(reached_by="event") & ~models.Q(events=[]))
                | models.Q(reached_by="status", status__isnull=False)
                | (models.Q(reached_by="workflow") & ~models.Q(workflow="")),
                name="goal_says_by_what",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Conversion(models.Model):
    """That a person reached a goal; append-only.

    `attribution` is frozen: {"model", "window_days", "last", "first"}, of which the last two are a colleague's touch or
    a person's click within the window before it, or null: {"kind", "at", "email", "message", "action", "touch"}.
    """

    class Source(models.TextChoices):
        API = "api", "API"
        EVENT = "event", "Event"
        STATUS = "status", "Contact status"
        WORKFLOW = "workflow", "Workflow"
        HAND = "hand", "By hand"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="conversions", db_index=False)
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="conversions", db_index=False)
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, db_index=False, verbose_name="brand", editable=False
    )
    at = models.DateTimeField()
    value = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    source = models.CharField(max_length=10, choices=Source)
    key = models.CharField(max_length=200, unique=True, editable=False, help_text="Recorded twice, it is one.")
    actor = models.CharField(max_length=150, blank=True, help_text="Who recorded it, where that was somebody.")
    note = models.CharField(max_length=500, blank=True)
    attribution = models.JSONField(default=dict, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("-at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["contact", "goal", "-at"], name="conversion_of_contact"),  # whether it counts again
            models.Index(fields=["goal", "-at", "-id"], name="conversion_of_goal"),  # the list of one goal
            models.Index(fields=["business_entity", "-at", "-id"], name="conversion_of_brand"),  # the list of one brand
            models.Index(fields=["-at", "-id"], name="conversion_newest_first"),  # the list and its pages
        ]

    def __str__(self) -> str:
        return f"{self.goal_id}: {self.at:%Y-%m-%d}"
