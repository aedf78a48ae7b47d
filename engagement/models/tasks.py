"""What colleagues are to do."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now, Upper

from contactflow.core.clock import validate_moment
from contacts.models import BusinessEntity, Contact
from engagement.models.teams import Priority, Target

OPEN, DONE = ~models.Q(status__in=["done", "cancelled"]), models.Q(status="done")
FINISHED = models.Q(completed_at__isnull=False)


class Task(models.Model):
    """Work for a person."""

    class Status(models.TextChoices):
        TO_DO = "to_do", "To do"  # nobody began yet
        IN_PROGRESS = "in_progress", "In progress"  # somebody works on it
        ON_HOLD = "on_hold", "On hold"  # waits for something
        DONE = "done", "Done"  # completed_at says when
        CANCELLED = "cancelled", "Cancelled"  # not needed any more

    class Source(models.TextChoices):
        WORKFLOW = "workflow", "Workflow"
        MANUAL = "manual", "Manual"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.UUIDField(null=True, blank=True, editable=False)
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=60, blank=True)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.MEDIUM)
    status = models.CharField(max_length=12, choices=Status, default=Status.TO_DO)
    source = models.CharField(max_length=10, choices=Source, default=Source.MANUAL)
    target = models.ForeignKey(
        Target, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks", verbose_name="team"
    )
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="tasks")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand"
    )
    effort_hours = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, validators=[validate_moment])
    due_date = models.DateField(null=True, editable=False)  # a whole day; `due_at` is its end
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("due_at", "created_at")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["action"], name="one_task_per_action"),
            models.CheckConstraint(
                condition=models.Q(status="done", completed_at__isnull=False)
                | (~DONE & models.Q(completed_at__isnull=True)),
                name="task_done_has_completed_at",
            ),
        ]
        indexes: ClassVar = [
            # Open ones, due first: the list, mine and those nobody has taken, my team's, a column of the board.
            models.Index(fields=["due_at"], condition=OPEN, name="task_open_by_due"),
            models.Index(fields=["assignee", "due_at"], condition=OPEN, name="task_open_of_assignee"),
            models.Index(fields=["target", "due_at"], condition=OPEN, name="task_open_of_target"),
            models.Index(fields=["status", "due_at"], condition=OPEN, name="task_open_by_status"),
            models.Index(fields=["-completed_at"], condition=DONE, name="task_done_latest"),  # the board: done today
            # The contact's timeline.
            models.Index(fields=["contact", "-created_at"], name="task_of_contact"),
            models.Index(fields=["contact", "-completed_at"], condition=FINISHED, name="task_done_of_contact"),
            models.Index(fields=["-created_at", "-id"], name="task_newest_first"),  # the API's list and its pages
            # The list of cancelled ones, which are few among all that was done.
            models.Index(fields=["-created_at", "-id"], condition=models.Q(status="cancelled"), name="task_cancelled"),
            # Search by any part of the title (worklist.matching uses __icontains, that is UPPER() LIKE).
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="task_search"),
            models.Index(fields=["updated_at", "id"], name="task_changed"),  # what Notion does not know yet
        ]

    def __str__(self) -> str:
        return self.title
