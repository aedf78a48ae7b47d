"""Roles, and the colleagues behind them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from contacts.models import BusinessEntity, slug_field_help, validate_slug


class Priority(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    URGENT = "urgent", "Urgent"


class Target(models.Model):
    """A role ("gallery_curator") and the people and channels behind it."""

    slug = models.CharField(max_length=64, unique=True, validators=[validate_slug], help_text=slug_field_help)
    name = models.CharField(max_length=120)
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand"
    )
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="targets")
    extra_emails = ArrayField(
        models.EmailField(), default=list, blank=True, help_text="Addresses besides those of the people."
    )
    alert_by_email = models.BooleanField(default=True)
    hears_of_missed = models.BooleanField(
        "hears of missed promises",
        default=False,
        help_text="Is alerted when nobody of its brand (without one: of any) answered somebody within the promise.",
    )

    class Meta:
        verbose_name = "team"
        verbose_name_plural = "teams"
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name
