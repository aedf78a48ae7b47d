"""Networks that staff know better than the list that is shipped."""

from __future__ import annotations

import ipaddress

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now


def validate_network(typed: str) -> None:
    try:
        ipaddress.ip_network(typed)
    except ValueError:
        raise ValidationError("Give a network such as 203.0.113.0/24 or 2001:db8::/32.") from None


class Network(models.Model):
    """Who sits in a network; it holds before the shipped list (engagement.tracking.networks)."""

    class Kind(models.TextChoices):
        MICROSOFT = "microsoft", "Microsoft: follows links to check them"
        GATEWAY = "gateway", "A mail gateway: reads emails before people do"
        HOSTING = "hosting", "A data centre: programs rather than people"
        APPLE = "apple", "Apple's privacy proxy"
        PEOPLE = "people", "People"

    network = models.CharField(
        max_length=50, unique=True, validators=[validate_network], help_text="Such as 203.0.113.0/24."
    )
    kind = models.CharField("who sits there", max_length=10, choices=Kind)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "network of machines or people"
        verbose_name_plural = "networks"
        ordering = ("network",)

    def __str__(self) -> str:
        return self.network
