"""The connection, and how much may be asked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class NotionConnection(models.Model):
    """The one connection: whether Notion is monitored, who we are there, and what its webhook needs."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    monitoring = models.BooleanField(default=False)
    switched_at = models.DateTimeField(null=True, blank=True, editable=False)
    switched_by = models.CharField(max_length=150, blank=True, editable=False)
    handshake_until = models.DateTimeField(null=True, blank=True, help_text="Notion's handshake is accepted till then.")
    webhook_token = models.CharField(max_length=200, blank=True, editable=False)
    token_shown = models.BooleanField(default=False, editable=False)
    bot_id = models.CharField(max_length=36, blank=True, editable=False)
    bot_name = models.CharField(max_length=200, blank=True, editable=False)
    workspace = models.CharField(max_length=200, blank=True, editable=False)
    paused_because = models.TextField(blank=True, editable=False, help_text="Empty: it runs.")
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    refused_key = models.CharField(max_length=64, blank=True, editable=False, help_text="Digest of the refused key.")
    changed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "connection"
        # Whoever reads or switches it means the same row.
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_notion_connection")]

    def __str__(self) -> str:
        return "Notion"

    @classmethod
    def current(cls) -> NotionConnection:
        return cls.objects.filter(pk=cls.ONLY).first() or cls()


class RequestBudget(models.Model):
    """When the next request may leave, for all workers together (generic cell rate algorithm)."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    tat = models.DateTimeField(db_default=Now(), help_text="Theoretical arrival time of the next request.")
    blocked_until = models.DateTimeField(null=True, blank=True, help_text="As Notion asked with Retry-After.")
    troubles = models.PositiveSmallIntegerField(default=0, help_text="Refusals in a row; lengthens the next pause.")

    def __str__(self) -> str:
        return "Requests to Notion"


class RequestTally(models.Model):
    """How many requests ended how in one minute."""

    minute = models.DateTimeField()
    outcome = models.CharField(max_length=40, help_text='"ok", or the code of the error.')
    count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-minute", "outcome")
        constraints: ClassVar = [models.UniqueConstraint(fields=["minute", "outcome"], name="one_tally_per_outcome")]

    def __str__(self) -> str:
        return f"{self.minute:%H:%M} {self.outcome}: {self.count}"
