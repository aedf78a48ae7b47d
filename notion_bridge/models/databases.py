"""Which databases there are, and which property holds which field."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Kind(models.TextChoices):
    """The databases of the bridge, in the order in which a pass visits them."""

    CONTACTS = "contacts", "Contacts & Profiles"
    TASKS = "tasks", "Master Tasks"
    INSTANCES = "instances", "Active Workflow Instances"


class Rule(models.TextChoices):
    """Who wins a field that both sides changed."""

    NOTION = "notion", "Notion wins"
    CONTACTFLOW = "contactflow", "Contactflow wins"
    NEWEST = "newest", "The newest change wins"
    ASK = "ask", "Ask"  # neither is overwritten until somebody settles it


class NotionDatabase(models.Model):
    """One of the three databases: where it is, how it looked last, and how far it was read.

    `schema` is {property id: {"name", "type", "options": [name]}} as Notion told it last. `page_cursor` is the reading
    under way (see notion_bridge.pull), `comparison` the same for our rows, so that both go on where they stopped.
    `full_pass` sums up the last full pass: {"pages", "missed", "gone", "here", "drift"}.
    """

    class BaselineAnswer(models.TextChoices):
        NONE = "", "Not answered"
        START = "start", "Start their workflows"  # under way: the workers do it, some at a time
        STARTED = "started", "Their workflows were started"
        LEAVE = "leave", "Leave them as they are"

    kind = models.CharField(max_length=10, choices=Kind, unique=True)
    named_id = models.CharField(max_length=36, blank=True, help_text="The database or data source staff named.")
    is_made_here = models.BooleanField(default=False, editable=False, help_text="Created from the admin.")
    database_id = models.CharField(max_length=36, blank=True)
    data_source_id = models.CharField(max_length=36, blank=True)
    title = models.CharField(max_length=300, blank=True)
    url = models.URLField(max_length=500, blank=True)
    schema = models.JSONField(default=dict, blank=True)
    schema_seen_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True, help_text="Why this database cannot be synchronised; empty: it can.")
    retry_at = models.DateTimeField(null=True, blank=True, help_text="Not before, after Notion was unwell.")
    troubles = models.PositiveSmallIntegerField(default=0)
    baseline_at = models.DateTimeField(null=True, blank=True, help_text="When the first pull was complete.")
    baseline_answer = models.CharField(max_length=10, choices=BaselineAnswer, default=BaselineAnswer.NONE, blank=True)
    read_until = models.DateTimeField(null=True, blank=True, help_text="The next poll asks for edits since then.")
    page_cursor = models.JSONField(default=dict, blank=True)
    polled_at = models.DateTimeField(null=True, blank=True)
    full_pass_at = models.DateTimeField(null=True, blank=True)
    full_pass = models.JSONField(default=dict, blank=True)
    compared_until = models.DateTimeField(null=True, blank=True, help_text="Rows here changed since then are compared.")
    comparison = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("id",)
        verbose_name = "database"

    def __str__(self) -> str:
        return self.get_kind_display()


class PropertyMapping(models.Model):
    """Which property of the database holds which field, by the property's id: a rename in Notion changes nothing."""

    class Trouble(models.TextChoices):
        NONE = "", "None"
        VANISHED = "vanished", "The property is gone"
        TYPE_CHANGED = "type_changed", "The property has another type"

    database = models.ForeignKey(NotionDatabase, on_delete=models.CASCADE, related_name="mappings")
    field = models.CharField(max_length=40)
    property_id = models.CharField(max_length=100, blank=True, help_text="Empty: the field is not synchronised.")
    property_name = models.CharField(max_length=300, blank=True)
    property_type = models.CharField(max_length=40, blank=True)
    rule = models.CharField(max_length=12, choices=Rule, default=Rule.NOTION)
    trouble = models.CharField(max_length=20, choices=Trouble, default=Trouble.NONE, blank=True, editable=False)
    by_staff = models.BooleanField(default=False, editable=False, help_text="Chosen by staff, not guessed.")

    class Meta:
        ordering = ("database_id", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["database", "field"], name="one_property_per_field"),
            models.UniqueConstraint(
                fields=["database", "property_id"], condition=~models.Q(property_id=""), name="one_field_per_property"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.property_name or 'not synchronised'}"
