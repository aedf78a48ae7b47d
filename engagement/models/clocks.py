"""How long people wait for an answer, against what was promised."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from contacts.models import BusinessEntity, Contact
from engagement.models.touches import HumanTouch

UNANSWERED = models.Q(answered_at__isnull=True, dropped_at__isnull=True)


class ResponseClock(models.Model):
    """One wait of one person for one brand: from what they did to the first thing a colleague did for them.

    The promise is frozen on the row, and due in the working hours that held when it began.
    """

    class Reason(models.TextChoices):
        ARRIVED = "arrived", "Arrived"  # a new person, or one who wrote through a form
        REPLIED = "replied", "Wrote back"

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="response_clocks")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, db_index=False, verbose_name="brand"
    )  # its index is clock_of_brand
    reason = models.CharField(max_length=10, choices=Reason)
    reference = models.UUIDField(editable=False, help_text="The event or reply that started it.")
    started_at = models.DateTimeField()
    promised_hours = models.PositiveSmallIntegerField()
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    warned_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True, help_text="When it was told that nobody answered in time.")
    answered_at = models.DateTimeField(null=True, blank=True)
    touch = models.ForeignKey(HumanTouch, on_delete=models.SET_NULL, null=True, blank=True, related_name="answered")
    dropped_at = models.DateTimeField(null=True, blank=True, help_text="When it turned out that no answer is needed.")

    class Meta:
        ordering = ("started_at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reference", "business_entity"], name="one_clock_per_cause_and_brand")
        ]
        indexes: ClassVar = [
            # response_alerts: who is to be warned, and who was not answered in time; who waits, the next one first.
            models.Index(
                fields=["warn_at"], condition=UNANSWERED & models.Q(warned_at__isnull=True), name="clock_to_warn"
            ),
            models.Index(
                fields=["due_at"], condition=UNANSWERED & models.Q(missed_at__isnull=True), name="clock_to_miss"
            ),
            models.Index(fields=["due_at"], condition=UNANSWERED, name="clock_unanswered"),
            models.Index(fields=["business_entity", "-started_at"], name="clock_of_brand"),  # the start page's numbers
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}, due {self.due_at:%Y-%m-%d %H:%M} UTC"
