"""What happens to whom and when: instances, their actions and the attempts at them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from contacts.models import BusinessEntity, Contact, ContactEvent
from engagement.models import EngagementTemplate, Target
from workflows import describe
from workflows.models import action_types
from workflows.models.templates import Step, WorkflowTemplate, WorkflowVersion


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
    template = models.ForeignKey(
        WorkflowTemplate, on_delete=models.PROTECT, related_name="instances", db_index=False, verbose_name="workflow"
    )
    version = models.ForeignKey(WorkflowVersion, on_delete=models.PROTECT, related_name="instances", db_index=False)
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, db_index=False, verbose_name="brand"
    )
    event = models.ForeignKey(ContactEvent, on_delete=models.SET_NULL, null=True, related_name="instances")
    trigger_event = models.CharField(max_length=64)
    because = models.JSONField(default=dict, blank=True, help_text="Why it started: contacts.describe.because.")
    reentry_key = models.CharField(max_length=64, editable=False, help_text='"once", or the event that started it.')
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    started_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "execution"
        verbose_name_plural = "executions"
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
            # workflows.goals: who completed it since when.
            models.Index(
                fields=["template", "ended_at"],
                condition=models.Q(status="completed"),
                name="instance_completed",
            ),
            # How many people are under way in each workflow, and on which version of it.
            models.Index(
                fields=["template", "version"],
                condition=models.Q(status__in=["active", "paused"]),
                name="instance_under_way",
            ),
        ]

    @property
    def ended_or_started_at(self) -> dt.datetime:
        return self.ended_at or self.started_at

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

    class Lane(models.TextChoices):
        INSIDE = "inside", "Inside"  # works in our database alone: whole or not at all
        OUTSIDE = "outside", "Outside"  # leaves the house, and may be unclear

    id = models.UUIDField(primary_key=True, editable=False, help_text="uuid5 of instance, step and occurrence.")
    instance = models.ForeignKey(WorkflowInstance, on_delete=models.CASCADE, related_name="actions")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="+")
    occurrence = models.PositiveSmallIntegerField(default=0, help_text="0 for the step itself, the day for a touch.")
    position = models.PositiveSmallIntegerField()
    action_type = models.CharField(max_length=40, choices=action_types.choices)
    lane = models.CharField(max_length=10, choices=Lane, editable=False, help_text="The action type's.")
    target = models.ForeignKey(Target, on_delete=models.PROTECT, null=True, blank=True, verbose_name="team")
    template = models.ForeignKey(
        EngagementTemplate, on_delete=models.PROTECT, null=True, blank=True, verbose_name="email"
    )
    due_at = models.DateTimeField(help_text="As planned; retries do not change it.")
    next_attempt_at = models.DateTimeField()
    paused = models.BooleanField(default=False, editable=False, help_text="Its instance is paused: no claim reads it.")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    token = models.BigIntegerField(null=True, blank=True, editable=False, help_text="Fence: who holds the lease.")
    held_by = models.CharField(max_length=100, blank=True, editable=False)
    suspect = models.BooleanField(default=False, editable=False, help_text="Was held by a worker that died.")
    lone_crashes = models.PositiveSmallIntegerField(default=0, editable=False)
    reason = models.JSONField(
        default=dict, blank=True, editable=False, help_text="Why it is not done; engagement.describe says it."
    )
    cause = models.CharField(
        max_length=120,
        blank=True,
        editable=False,
        help_text="Why it failed, is unclear or gave up: workflows.failure_causes.",
    )
    result = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "scheduled step"
        verbose_name_plural = "scheduled steps"
        ordering = ("due_at", "position", "occurrence")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(lane__in=["inside", "outside"]), name="action_has_lane"),
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
            # leases, one per lane: what is due inside the database, what goes out, and what must go alone.
            models.Index(
                fields=["next_attempt_at", "due_at"],
                condition=models.Q(status="pending", suspect=False, paused=False, lane="inside"),
                name="action_claim_inside",
            ),
            models.Index(
                fields=["next_attempt_at", "due_at"],
                condition=models.Q(status="pending", suspect=False, paused=False, lane="outside"),
                name="action_claim_outside",
            ),
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(status="pending", suspect=True, paused=False),
                name="action_claim_suspect",
            ),
            # leases.reap: whose lease ran out.
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

    @property
    def why_left_out(self) -> str:
        """Why it was skipped or cancelled: a reason of ours, or what a colleague wrote."""
        return describe.left_out(self.result)

    @property
    def last_error(self) -> str:
        """Why it is not done, in words."""
        return describe.why(self.reason)

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
    reason = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        verbose_name = "attempt"
        verbose_name_plural = "attempts"
        ordering = ("started_at", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["action", "token"], name="one_attempt_per_token")]

    @property
    def error(self) -> str:
        """Why it did not succeed, in words."""
        return describe.why(self.reason)

    def __str__(self) -> str:
        return f"{self.number}: {self.get_outcome_display()}"


class WorkerHeartbeat(models.Model):
    """The last sign of life of a cluster of workers, by the database's clock."""

    name = models.CharField(max_length=120, primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "worker"
        verbose_name_plural = "workers"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
