"""What people of the team did with a contact."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from contacts.models import BusinessEntity, Contact


class HumanTouch(models.Model):
    """Something a colleague did with a contact; append-only. Machines never touch.

    `reference` is the row they did it with: the task, alert or message.
    """

    class Kind(models.TextChoices):
        ANSWERED = "answered", "Answered"
        WROTE = "wrote", "Wrote"
        CALLED = "called", "Called"
        MET = "met", "Met"
        TASK_DONE = "task_done", "Task done"
        ALERT_ACKNOWLEDGED = "alert_acknowledged", "Alert acknowledged"
        REPLIED_ELSEWHERE = "replied_elsewhere", "Heard from them elsewhere"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="touches")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand",
        help_text="Empty: for whichever brand.",
    )  # fmt: skip
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    colleague = models.CharField(max_length=150)
    note = models.TextField(blank=True)
    reference = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "human touch"
        verbose_name_plural = "human touches"
        ordering = ("-at", "-id")
        indexes: ClassVar = [
            # The contact's timeline; the first one after somebody wrote.
            models.Index(fields=["contact", "-at"], name="touch_of_contact"),
            models.Index(fields=["contact", "kind", "-at"], name="touch_of_contact_by_kind"),  # touches.last_of
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.colleague}"
