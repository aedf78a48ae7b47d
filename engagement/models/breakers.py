"""Whether a brand's marketing is stopped because too much of it comes back."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from contacts.models import BusinessEntity


class SendingBreaker(models.Model):
    """One row a brand (none: the installation itself) that was warned of or stopped at some time.

    ::

        running --too much came back--> warned --more--> stopped --staff--> running, counted anew
    """

    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.CASCADE, null=True, blank=True, verbose_name="brand", related_name="+"
    )
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="Since when its marketing waits for staff.")
    warned_at = models.DateTimeField(null=True, blank=True)
    reason = models.JSONField(default=dict, blank=True, help_text="What came back; engagement.describe says it.")
    counted_from = models.DateTimeField(
        null=True, blank=True, help_text="What was before is not held against it: staff let it go on then."
    )
    resumed_by = models.CharField(max_length=150, blank=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "stop of a brand's marketing"
        verbose_name_plural = "stops of marketing"
        ordering = ("-updated_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business_entity"], nulls_distinct=False, name="one_breaker_a_brand")
        ]

    def __str__(self) -> str:
        return str(self.business_entity or "Contactflow")
