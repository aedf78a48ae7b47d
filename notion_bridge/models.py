"""What Contactflow remembers of its connection to Notion."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class NotionConnection(models.Model):
    """The one connection: whether Notion is monitored, and what its webhook needs."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    monitoring = models.BooleanField(default=False)
    switched_at = models.DateTimeField(null=True, blank=True, editable=False)
    switched_by = models.CharField(max_length=150, blank=True, editable=False)
    handshake_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then Notion's webhook handshake is accepted."
    )
    webhook_token = models.CharField(max_length=200, blank=True, editable=False)
    token_shown = models.BooleanField(default=False, editable=False)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "Notion connection"
        constraints: ClassVar = [
            # Whoever reads or switches it means the same row.
            models.CheckConstraint(condition=models.Q(id=1), name="one_notion_connection"),
        ]

    def __str__(self) -> str:
        return "Notion"
