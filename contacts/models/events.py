"""What happened with people."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from contacts.models.people import Contact


class ContactEvent(models.Model):
    """Something that happened with a contact: arrived, updated, engaged, a named business event.

    `facts` is what held for this event and what enrolment judges: {"contact_types": [name], "lead_source": name or "",
    "business_entities": [name], "interests": [word], "tags": [word]}.
    `decisions` lists what classification and routing decided: [{"kind", "value", "rule", "because": {"code", ...}}].
    `changes` says what the arrival changed on the contact: {field: [before, after]}; `proposed` likewise what it would
    have changed, had its sender the right to: it waits for staff. `warnings` says what was not understood: [{"field",
    "message"}].
    `mode`, `workflows` and `is_forced` are what whoever applied the change allowed it to start
    (contacts.intake.EnrolmentPolicy); `failures` and `error` are enrolment's notes about an event it cannot judge.
    `outcome` is enrolment's answer for every active template: [{"workflow", "matched", "because": {"code", ...}}].
    """

    class Source(models.TextChoices):
        API = "api", "API"
        ADMIN = "admin", "Admin"
        CSV = "csv", "CSV import"
        NOTION = "notion", "Notion"
        SYSTEM = "system", "Contactflow"

    class Mode(models.TextChoices):
        ARRIVAL = "arrival", "Starts what matches"
        BASELINE = "baseline", "Known before: starts nothing"
        EDIT = "edit", "An edit: of somebody known before, starts what became true by it"
        NAMED = "named", "Starts the workflows the caller named"
        ONLY = "only", "Starts these workflows where their conditions hold"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=64, help_text="new_contact, contact_updated, engagement_detected, ...")
    source = models.CharField(max_length=10, choices=Source)
    event_key = models.CharField(max_length=200, unique=True, help_text="Delivered twice, it is one event.")
    payload = models.JSONField(default=dict, blank=True, help_text="What arrived, as it arrived.")
    facts = models.JSONField(default=dict, blank=True)
    decisions = models.JSONField(default=list, blank=True)
    changes = models.JSONField(default=dict, blank=True)
    proposed = models.JSONField(default=dict, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.ARRIVAL)
    workflows = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    is_forced = models.BooleanField(default=False, help_text="Passes over re-entry.")
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    error = models.TextField(blank=True, editable=False)
    outcome = models.JSONField(default=list, blank=True)
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    processed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "event"
        verbose_name_plural = "events"
        ordering = ("-received_at", "-id")
        indexes: ClassVar = [
            # workflows.enrolment.enrol_waiting: the oldest events nobody enrolled yet.
            models.Index(
                fields=["received_at"], condition=models.Q(processed_at__isnull=True), name="event_unprocessed"
            ),
            models.Index(fields=["contact", "-received_at"], name="event_of_contact"),  # the contact's timeline
            models.Index(fields=["-received_at", "-id"], name="event_newest_first"),  # the list and its pages
            # The list of those that propose something, which are few.
            models.Index(fields=["-received_at", "-id"], condition=~models.Q(proposed={}), name="event_with_proposal"),
            # The list of one source; and of the kinds that are rare, which it would look for among all the others.
            models.Index(fields=["source", "-received_at", "-id"], name="event_of_source"),
            models.Index(
                fields=["kind", "-received_at", "-id"],
                condition=~models.Q(kind__in=["new_contact", "contact_updated"]),
                name="event_of_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.source})"
