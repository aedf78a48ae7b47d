"""What happens to whom and when: templates, their immutable versions, instances, actions and attempts."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from contacts.models import (
    BusinessEntity,
    Contact,
    ContactEvent,
    ContactType,
    LeadSource,
    slug_field_help,
    validate_slug,
)
from engagement.models import EngagementTemplate, Priority, Target
from workflows.list_models import (
    ExportChunk,
    ExportPerson,
    ExportRun,
    ImportChunk,
    ImportLine,
    ImportRun,
    SavedMapping,
)
from workflows.oversight import BulkDecision, DigestChoice, DigestLetter

__all__ = [
    "ActionAttempt",
    "ActionType",
    "BulkDecision",
    "ControlEntry",
    "DigestChoice",
    "DigestLetter",
    "ExportChunk",
    "ExportPerson",
    "ExportRun",
    "ImportChunk",
    "ImportLine",
    "ImportRun",
    "PlannedTouch",
    "SavedMapping",
    "ScheduledAction",
    "StartOrder",
    "Step",
    "WorkerHeartbeat",
    "WorkflowInstance",
    "WorkflowTemplate",
    "WorkflowVersion",
]


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
    )
    active = models.BooleanField(default=True)
    current_version = models.ForeignKey(
        "WorkflowVersion", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    loaded_digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Digest of the content a deployment loaded last."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
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

    template = models.ForeignKey(WorkflowTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    events = ArrayField(models.CharField(max_length=64), default=list, help_text="Any of these events starts it.")
    contact_types = models.ManyToManyField(ContactType, blank=True)
    lead_sources = models.ManyToManyField(LeadSource, blank=True)
    interests = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    reentry = models.CharField(max_length=10, choices=Reentry, default=Reentry.ONCE)
    reentry_days = models.PositiveSmallIntegerField(null=True, blank=True)
    # The brand is the template's. A draft carries the one it will have once published, from its first edit on.
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
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
        ]

    def __str__(self) -> str:
        return f"{self.template.slug} v{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None


class ActionType(models.TextChoices):
    SEND_NOTIFICATION = "send_notification", "Alert a colleague"
    CREATE_TASK = "create_task", "Create a task"
    SEND_EMAIL = "send_email", "Send an email"
    SCHEDULE_FOLLOW_UP = "schedule_follow_up", "Schedule follow-up"
    FOLLOW_UP = "follow_up", "Follow-up touch"


class Step(models.Model):
    """One step of a version. The delay counts from the start of the instance."""

    version = models.ForeignKey(WorkflowVersion, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    delay_hours = models.DecimalField(max_digits=9, decimal_places=4, default=0)
    action_type = models.CharField(
        max_length=20, choices=[c for c in ActionType.choices if c[0] != ActionType.FOLLOW_UP]
    )
    target = models.ForeignKey(Target, on_delete=models.PROTECT, null=True, blank=True)
    template = models.ForeignKey(EngagementTemplate, on_delete=models.PROTECT, null=True, blank=True)
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=60, blank=True)
    priority = models.CharField(max_length=10, choices=Priority, blank=True)
    effort_hours = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "position"], name="one_step_per_position"),
            models.CheckConstraint(
                condition=models.Q(action_type__in=["send_email", "schedule_follow_up"])
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
    template = models.ForeignKey(EngagementTemplate, on_delete=models.PROTECT)

    class Meta:
        ordering = ("day", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["step", "day"], name="one_touch_per_day")]

    def __str__(self) -> str:
        return f"day {self.day}: {self.template}"


class WorkflowInstance(models.Model):
    """One contact going through one version of one template, speaking for `business_entity`."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"  # an action is pending or unclear
        PAUSED = "paused", "On hold"  # staff stopped the clock; resuming shifts what is due
        COMPLETED = "completed", "Completed"  # all actions are final and none failed
        CANCELLED = "cancelled", "Cancelled"  # staff or the contact ended it
        FAILED = "failed", "Failed"  # all actions are final and one failed or is dead

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The indexes of these four are among those below.
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="workflow_instances", db_index=False)
    template = models.ForeignKey(WorkflowTemplate, on_delete=models.PROTECT, related_name="instances", db_index=False)
    version = models.ForeignKey(WorkflowVersion, on_delete=models.PROTECT, related_name="instances", db_index=False)
    business_entity = models.ForeignKey(BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    event = models.ForeignKey(ContactEvent, on_delete=models.SET_NULL, null=True, related_name="instances")
    trigger_event = models.CharField(max_length=64)
    because = models.TextField(blank=True, help_text="Why it started, as enrolment said it.")
    reentry_key = models.CharField(max_length=64, editable=False, help_text='"once", or the event that started it.')
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    started_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("-started_at", "-id")
        constraints: ClassVar = [
            # Re-entry: "once" is once, and one event starts a workflow once.
            models.UniqueConstraint(fields=["template", "contact", "reentry_key"], name="no_second_start"),
            models.CheckConstraint(
                condition=models.Q(status="paused", paused_at__isnull=False)
                | (~models.Q(status="paused") & models.Q(paused_at__isnull=True)),
                name="instance_paused_has_paused_at",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["completed", "cancelled", "failed"], ended_at__isnull=False)
                | models.Q(status__in=["active", "paused"], ended_at__isnull=True),
                name="instance_ended_has_ended_at",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["contact", "-started_at"], name="instance_of_contact"),  # timeline, ?contact_email=
            models.Index(
                fields=["contact", "-ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="instance_ended_of_contact",
            ),  # the contact's timeline
            models.Index(
                fields=["contact"],
                condition=models.Q(status__in=["active", "paused"]),
                name="instance_running_of_contact",
            ),  # what runs for a contact: their page, the list of contacts and its filter
            models.Index(fields=["-started_at", "-id"], name="instance_newest_first"),  # lists, recent executions
            # ?status=, active count, and the lists of one state, workflow, version or brand, newest first. They carry
            # the brand, so that the list for the chosen brand is found in them alone, also where it is empty.
            models.Index(
                fields=["status", "-started_at", "-id"], include=["business_entity"], name="instance_of_status"
            ),
            models.Index(
                fields=["template", "-started_at", "-id"], include=["business_entity"], name="instance_of_workflow"
            ),
            models.Index(
                fields=["version", "-started_at", "-id"], include=["business_entity"], name="instance_of_version"
            ),
            models.Index(fields=["business_entity", "-started_at", "-id"], name="instance_by_brand"),
            models.Index(fields=["updated_at", "id"], name="instance_changed"),  # what Notion does not know yet
            # How many people are under way in each workflow, and on which version of it.
            models.Index(
                fields=["template", "version"],
                condition=models.Q(status__in=["active", "paused"]),
                name="instance_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_id}: {self.contact_id}"


class ScheduledAction(models.Model):
    """One step of one instance with its due time, state and attempts. ARCHITECTURE.md draws the states."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"  # due at next_attempt_at
        CLAIMED = "claimed", "Being prepared"  # a worker holds it until lease_until; nothing has left
        SENDING = "sending", "Being handed over"  # intent recorded; past lease_until the outcome is unknown
        DONE = "done", "Done"  # final
        FAILED = "failed", "Failed"  # final: refused for good, or something is missing; staff may retry
        AMBIGUOUS = "ambiguous", "Unclear"  # handed over without an answer; only a person or a provider settles it
        DEAD = "dead", "Gave up"  # final: crashed a worker three times on its own
        SKIPPED = "skipped", "Skipped"  # final: a condition said no; result says which
        CANCELLED = "cancelled", "Cancelled"  # final: its instance ended, or staff

    id = models.UUIDField(primary_key=True, editable=False, help_text="uuid5 of instance, step and occurrence.")
    instance = models.ForeignKey(WorkflowInstance, on_delete=models.CASCADE, related_name="actions")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="+")
    occurrence = models.PositiveSmallIntegerField(default=0, help_text="0 for the step itself, the day for a touch.")
    position = models.PositiveSmallIntegerField()
    action_type = models.CharField(max_length=20, choices=ActionType)
    target = models.ForeignKey(Target, on_delete=models.PROTECT, null=True, blank=True)
    template = models.ForeignKey(EngagementTemplate, on_delete=models.PROTECT, null=True, blank=True)
    due_at = models.DateTimeField(help_text="As planned; retries do not change it.")
    next_attempt_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    token = models.BigIntegerField(null=True, blank=True, editable=False, help_text="Fence: who holds the lease.")
    held_by = models.CharField(max_length=100, blank=True, editable=False)
    suspect = models.BooleanField(default=False, editable=False, help_text="Was held by a worker that died.")
    lone_crashes = models.PositiveSmallIntegerField(default=0, editable=False)
    last_error = models.TextField(blank=True)
    cause = models.CharField(
        max_length=120, blank=True, editable=False, help_text="Why it failed, is unclear or gave up: workflows.causes."
    )
    result = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("due_at", "position", "occurrence")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["instance", "step", "occurrence"], name="one_action_per_occurrence"),
            models.CheckConstraint(
                condition=models.Q(status__in=["claimed", "sending"], lease_until__isnull=False, token__isnull=False)
                | models.Q(~models.Q(status__in=["claimed", "sending"]), lease_until__isnull=True, token__isnull=True),
                name="action_held_has_lease",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["done", "failed", "dead", "skipped", "cancelled"], finished_at__isnull=False
                )
                | models.Q(status__in=["pending", "claimed", "sending", "ambiguous"], finished_at__isnull=True),
                name="action_final_has_finished_at",
            ),
        ]
        indexes: ClassVar = [
            # execution.claim, one per lane: what is due inside the database, what goes out, and what must go alone.
            models.Index(
                fields=["next_attempt_at", "due_at"],
                condition=models.Q(
                    status="pending",
                    suspect=False,
                    action_type__in=["send_notification", "create_task", "schedule_follow_up"],
                ),
                name="action_claim_inside",
            ),
            models.Index(
                fields=["next_attempt_at", "due_at"],
                condition=models.Q(status="pending", suspect=False, action_type__in=["send_email", "follow_up"]),
                name="action_claim_outside",
            ),
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(status="pending", suspect=True),
                name="action_claim_suspect",
            ),
            # execution.reap: whose lease ran out.
            models.Index(
                fields=["lease_until"], condition=models.Q(status__in=["claimed", "sending"]), name="action_leases"
            ),
            # What needs a person, and the counts of the status page.
            models.Index(
                fields=["status", "due_at"],
                condition=models.Q(status__in=["failed", "ambiguous", "dead"]),
                name="action_needs_person",
            ),
            # failures: how many went wrong for which cause since when (from the index alone), and which, by id.
            models.Index(
                fields=["cause", "id"],
                include=["status", "finished_at", "started_at", "due_at"],
                condition=models.Q(status__in=["failed", "ambiguous", "dead"]),
                name="action_by_cause",
            ),
            # The list of steps in one state or of one target, newest first.
            models.Index(fields=["status", "-due_at", "-id"], name="action_by_status"),
            models.Index(
                fields=["target", "-due_at", "-id"], condition=models.Q(target__isnull=False), name="action_by_target"
            ),
            # The list of planned touches, which are few among all the other steps.
            models.Index(
                fields=["-due_at", "-id"], condition=models.Q(action_type="follow_up"), name="action_follow_ups"
            ),
            models.Index(fields=["due_at", "id"], name="action_by_due"),  # ?due_before=, lists and their pages
            # Whose instance has come a step further: what Notion does not know yet.
            models.Index(fields=["finished_at"], condition=models.Q(finished_at__isnull=False), name="action_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_type_display()} ({self.get_status_display()})"


class ActionAttempt(models.Model):
    """One try of an action, recorded before it acts; append-only but for its outcome."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"  # recorded at intent
        DONE = "done", "Done"
        RETRY = "retry", "Refused for now"
        FAILED = "failed", "Refused for good"
        PAUSED = "paused", "Channel in trouble"  # costs the action no attempt
        AMBIGUOUS = "ambiguous", "Unclear"
        CRASHED = "crashed", "Worker died"  # before anything had left

    action = models.ForeignKey(ScheduledAction, on_delete=models.CASCADE, related_name="attempt_log")
    number = models.PositiveSmallIntegerField()
    token = models.BigIntegerField()
    worker = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("started_at", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["action", "token"], name="one_attempt_per_token")]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_outcome_display()}"


class ControlEntry(models.Model):
    """What a person did to an instance or an action: which control, why, who, when. Append-only."""

    class Verb(models.TextChoices):
        PAUSE = "pause", "Paused"
        RESUME = "resume", "Resumed"
        CANCEL = "cancel", "Cancelled"
        RETRY = "retry", "Tried again"
        SKIP = "skip", "Skipped"
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
        ordering = ("-at", "-id")
        verbose_name_plural = "control entries"
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="control_newest_first"),  # the list and its pages
        ]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} by {self.actor}"


class StartOrder(models.Model):
    """Staff asked to start a workflow for people who are here already; the workers go through them, by id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.ForeignKey(WorkflowTemplate, on_delete=models.CASCADE, related_name="start_orders")
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


class WorkerHeartbeat(models.Model):
    """The last sign of life of a cluster of workers, by the database's clock."""

    name = models.CharField(max_length=120, primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
