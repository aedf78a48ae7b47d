"""Workflows by name and their immutable versions, with the steps and touches of each."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from contacts.models import BusinessEntity, ContactType, LeadSource, slug_field_help, validate_slug
from engagement.models import EngagementTemplate, Priority, Target
from workflows.models import action_types


class WorkflowTemplate(models.Model):
    """A workflow by name. What runs is `current_version`; staff edit a draft version and publish it."""

    slug = models.CharField(max_length=64, unique=True, validators=[validate_slug], help_text=slug_field_help)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    business_entity = models.ForeignKey(
        BusinessEntity,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text="Starts only for contacts of this brand. Empty: for any, speaking for the contact's first brand.",
        verbose_name="brand",
    )
    active = models.BooleanField(default=True)
    is_tracked = models.BooleanField(
        default=True, db_default=True, help_text="Whether opens and clicks of its emails may be followed."
    )
    current_version = models.ForeignKey(
        "WorkflowVersion", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    loaded_digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Digest of the content a deployment loaded last."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "workflow"
        verbose_name_plural = "workflows"
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(models.Model):
    """Triggers and steps at one time. A draft while `published_at` is null; afterwards a trigger in the database
    refuses any change, and instances stay pinned to it.

    It starts when the event is one of `events`, and every group that names something holds: any of `contact_types`,
    any of `lead_sources`, any of `interests` or `tags` (one group: a contact who cares about it, or is marked so).
    """

    class Reentry(models.TextChoices):
        ONCE = "once", "Once per contact"  # a contact goes through it once, ever
        AFTER_DAYS = "after_days", "Again after some days"  # reentry_days since the last start
        ALWAYS = "always", "With every event"  # each event starts it

    class OnReply(models.TextChoices):
        STOP = "stop", "Writes no more"  # what is planned to be written to them is skipped
        PAUSE = "pause", "Waits some days"  # it is put off by reply_pause_days
        GO_ON = "go_on", "Goes on"  # answers are expected and change nothing

    template = models.ForeignKey(
        WorkflowTemplate, on_delete=models.PROTECT, related_name="versions", verbose_name="workflow"
    )
    number = models.PositiveIntegerField()
    events = ArrayField(models.CharField(max_length=64), default=list, help_text="Any of these events starts it.")
    contact_types = models.ManyToManyField(ContactType, blank=True)
    lead_sources = models.ManyToManyField(LeadSource, blank=True)
    interests = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    reentry = models.CharField(max_length=10, choices=Reentry, default=Reentry.ONCE)
    reentry_days = models.PositiveSmallIntegerField(null=True, blank=True)
    on_reply = models.CharField(max_length=10, choices=OnReply, default=OnReply.STOP, db_default=OnReply.STOP)
    reply_pause_days = models.PositiveSmallIntegerField(null=True, blank=True)
    # The brand is the template's. A draft carries the one it will have once published, from its first edit on.
    business_entity = models.ForeignKey(
        BusinessEntity,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name="brand",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="The last edit of the draft.")
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["template", "number"], name="one_workflow_version_number"),
            models.UniqueConstraint(
                fields=["template"], condition=models.Q(published_at__isnull=True), name="one_draft_per_workflow"
            ),
            models.CheckConstraint(
                condition=~models.Q(reentry="after_days") | models.Q(reentry_days__isnull=False, reentry_days__gte=1),
                name="reentry_days_given",
                violation_error_message="Say after how many days the workflow may start again.",
            ),
            models.CheckConstraint(
                condition=~models.Q(on_reply="pause")
                | models.Q(reply_pause_days__isnull=False, reply_pause_days__gte=1),
                name="reply_pause_days_given",
                violation_error_message="Say how many days the workflow waits after a reply.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template.slug} v{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None


class Step(models.Model):
    """One step of a version. The delay counts from the start of the instance."""

    version = models.ForeignKey(WorkflowVersion, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    delay_hours = models.DecimalField(max_digits=9, decimal_places=4, default=0)
    action_type = models.CharField(max_length=40, choices=action_types.step_choices)
    target = models.ForeignKey(Target, on_delete=models.PROTECT, null=True, blank=True, verbose_name="team")
    template = models.ForeignKey(
        EngagementTemplate, on_delete=models.PROTECT, null=True, blank=True, verbose_name="email"
    )
    title = models.CharField(max_length=500, blank=True)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=60, blank=True)
    priority = models.CharField(max_length=10, choices=Priority, blank=True)
    effort_hours = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "position"], name="one_step_per_position"),
            models.CheckConstraint(
                condition=~models.Q(action_type__in=["send_notification", "create_task"])
                | models.Q(target__isnull=False),
                name="step_has_target",
                violation_error_message="Choose who is alerted or gets the task.",
            ),
            models.CheckConstraint(
                condition=~models.Q(action_type="send_email") | models.Q(template__isnull=False),
                name="step_has_email",
                violation_error_message="Choose the email to send.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.title or self.get_action_type_display()}"


class PlannedTouch(models.Model):
    """One touch of a schedule_follow_up step: which email, how many days after the start of the instance."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="touches")
    day = models.PositiveSmallIntegerField()
    template = models.ForeignKey(EngagementTemplate, on_delete=models.PROTECT, verbose_name="email")

    class Meta:
        ordering = ("day", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["step", "day"], name="one_touch_per_day")]

    def __str__(self) -> str:
        return f"day {self.day}: {self.template}"
