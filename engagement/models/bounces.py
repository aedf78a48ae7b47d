"""When an address is given a rest because mail to it keeps coming back."""

from __future__ import annotations

from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

_DAYS = [MinValueValidator(1), MaxValueValidator(365)]


class BounceRule(models.Model):
    """One row, as staff set it; without it the defaults hold."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    soft_bounces = models.PositiveSmallIntegerField(
        "days with a bounce",
        default=5,
        validators=_DAYS,
        help_text="On so many days mail has to come back for a passing reason, a full mailbox say.",
    )
    within_days = models.PositiveSmallIntegerField(
        "within days", default=30, validators=_DAYS, help_text="A delivery in between begins the count anew."
    )
    rest_days = models.PositiveSmallIntegerField(
        "days of rest", default=30, validators=_DAYS, help_text="How long nothing is sent to the address then."
    )

    class Meta:
        verbose_name = verbose_name_plural = "rule for soft bounces"
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_bounce_rule")]

    def __str__(self) -> str:
        return f"{self.soft_bounces} days within {self.within_days}"

    @classmethod
    def current(cls) -> Self:
        return cls.objects.first() or cls()
