"""How each channel is."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class ChannelState(models.Model):
    """Whether a channel as a whole is paused, until when and why. No row: it runs."""

    channel = models.CharField(max_length=20, primary_key=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    reason = models.JSONField(default=dict, blank=True)
    troubles = models.PositiveSmallIntegerField(default=0, help_text="Troubles in a row; lengthens the next pause.")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "channel"
        verbose_name_plural = "channels"

    def __str__(self) -> str:
        return self.channel
