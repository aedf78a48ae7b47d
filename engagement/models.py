"""What goes out and what it left behind: emails, alerts and tasks.

Rows carry the id of the scheduled action that made them as a plain UUID; engagement does not know workflows.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now, Upper

from contactflow.core.clock import validate_moment
from contacts.models import BusinessEntity, Contact, slug_field_help, validate_slug

UNSENT, SENT = models.Q(sent_at__isnull=True), models.Q(status="sent")
UNSEEN, SEEN = models.Q(acknowledged_at__isnull=True), models.Q(acknowledged_at__isnull=False)
OPEN, DONE = ~models.Q(status__in=["done", "cancelled"]), models.Q(status="done")
FINISHED = models.Q(completed_at__isnull=False)


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

    class Meta:
        verbose_name = "team"
        verbose_name_plural = "teams"
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class EngagementTemplate(models.Model):
    """An email that staff write. What is sent is always a TemplateVersion; saving a change makes the next one."""

    class Level(models.TextChoices):
        BASIC = "basic", "Basic: name and email"
        STANDARD = "standard", "Standard: + type, source, brand"
        ADVANCED = "advanced", "Advanced: + profile, company, custom fields, behaviour"
        PREMIUM = "premium", "Premium: + passages by a language model"

    class Category(models.TextChoices):
        WELCOME = "welcome", "Welcome"
        FOLLOW_UP = "follow_up", "Follow-up"
        LEAD_SOURCE = "lead_source", "Lead source"
        INFORMATION = "information", "Information"

    slug = models.CharField(max_length=64, unique=True, validators=[validate_slug], help_text=slug_field_help)
    name = models.CharField(max_length=120)
    category = models.CharField(max_length=20, choices=Category, default=Category.INFORMATION)
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand",
        help_text="Empty: speaks for the brand of the workflow that sends it.",
    )  # fmt: skip
    level = models.CharField("personalisation level", max_length=10, choices=Level, default=Level.BASIC)
    channel = models.CharField(
        max_length=20, default="email", help_text="What it leaves by: a name of settings.ENGAGEMENT_CHANNELS."
    )
    active = models.BooleanField(default=True)
    current_version = models.ForeignKey(
        "TemplateVersion", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    loaded_digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Digest of the content a deployment loaded last."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "email"
        verbose_name_plural = "emails"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """The words of an email at one time; immutable, so that every message can be explained by the words it had.

    `body` is Markdown with variables such as {{ first_name }}. `fallbacks` maps a variable to what stands in for it
    when a contact has no value ("" means the variable may be left out); a variable without a fallback here uses the
    registry's. `passages` (premium) maps a passage's name to {"instruction", "fallback"}.
    """

    template = models.ForeignKey(
        EngagementTemplate, on_delete=models.PROTECT, related_name="versions", verbose_name="email"
    )
    number = models.PositiveIntegerField()
    subject = models.CharField(max_length=300)
    preheader = models.CharField(max_length=300, blank=True)
    body = models.TextField()
    fallbacks = models.JSONField(default=dict, blank=True)
    passages = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = "email version"
        verbose_name_plural = "email versions"
        ordering = ("-number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["template", "number"], name="one_template_version_number")
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"


class Message(models.Model):
    """An email to one contact, kept as it was sent. One row per action, whatever the number of attempts."""

    class Status(models.TextChoices):
        HELD = "held", "Held: something is missing"  # rendering found a hole; nothing was handed over
        SENDING = "sending", "Being handed over"  # recorded before the hand-over; its outcome is not known yet
        SENT = "sent", "Sent"  # the server accepted it, or the outbox took it
        FAILED = "failed", "Refused"  # the server refused it for now or for good
        AMBIGUOUS = "ambiguous", "Unclear"  # handed over, but no answer: no machine sends it again
        CANCELLED = "cancelled", "Cancelled"  # staff decided that it is not to be sent

    class Transport(models.TextChoices):
        OUTBOX = "outbox", "Local outbox"
        SMTP = "smtp", "SMTP"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.UUIDField(null=True, blank=True, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="messages")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand"
    )
    version = models.ForeignKey(
        TemplateVersion, on_delete=models.PROTECT, null=True, related_name="messages", db_index=False
    )
    sender = models.CharField(max_length=320, blank=True)
    recipient = models.EmailField(max_length=254)
    reply_to = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=998)
    text = models.TextField()
    html = models.TextField()
    message_id = models.CharField(
        max_length=255, blank=True, help_text="What the other side calls it; of an email the Message-ID header."
    )
    status = models.CharField(max_length=10, choices=Status)
    transport = models.CharField(max_length=20, choices=Transport, blank=True)
    missing = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    reason = models.JSONField(default=dict, blank=True, help_text="Why it is not sent; engagement.describe says it.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "sent email"
        verbose_name_plural = "sent mail"
        ordering = ("-created_at", "-id")
        # One message per action: sending twice would need a second row.
        constraints: ClassVar = [models.UniqueConstraint(fields=["action"], name="one_message_per_action")]
        indexes: ClassVar = [
            # A touch asks what went to this contact lately; the contact's timeline reads the same order.
            models.Index(fields=["contact", "-sent_at"], name="message_of_contact"),
            # The contact's timeline: what was held, refused or given up.
            models.Index(fields=["contact", "-created_at"], condition=UNSENT, name="message_unsent_of_contact"),
            models.Index(fields=["-created_at", "-id"], name="message_newest_first"),  # the outbox and its pages
            # The list of one email, newest first, also for one brand; the index of the foreign key, too.
            models.Index(
                fields=["version", "-created_at", "-id"], include=["business_entity"], name="message_of_version"
            ),
            models.Index(fields=["message_id"], name="message_by_message_id"),  # provider events and replies
            # The start page: what was sent in the last month, per brand.
            models.Index(fields=["business_entity", "sent_at"], condition=SENT, name="message_sent_by_brand"),
            # What is held or unclear and waits for a person: the start page counts it.
            models.Index(
                fields=["status", "created_at"],
                condition=models.Q(status__in=["held", "ambiguous", "failed"]),
                name="message_needs_person",
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class MessageEvent(models.Model):
    """What became of a message: sent, delivered, opened, clicked, bounced, replied; `machine` marks a scanner."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="events")
    type = models.CharField(max_length=20)
    at = models.DateTimeField(db_default=Now())
    machine = models.BooleanField(default=False)
    provider_event_id = models.CharField(max_length=200, null=True, blank=True, unique=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return self.type


class Alert(models.Model):
    """A call for a colleague's attention. Done when it is stored; its deliveries say whom it reached and how."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.UUIDField(null=True, blank=True, editable=False)
    title = models.CharField(max_length=300)
    message = models.TextField(blank=True)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.MEDIUM)
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="alerts", verbose_name="team")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    acknowledged_at = models.DateTimeField(null=True, blank=True, editable=False)
    acknowledged_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["action"], name="one_alert_per_action")]
        indexes: ClassVar = [
            # watch_alerts and the event stream read on from the last one seen.
            models.Index(fields=["created_at", "id"], name="alert_oldest_first"),
            models.Index(fields=["contact", "-created_at"], name="alert_of_contact"),  # the contact's timeline
            # Search by any part of the title (worklist.matching uses __icontains, that is UPPER() LIKE).
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="alert_search"),
            # What a target still has to look at; the list of open alerts; what was acknowledged last (worklist).
            models.Index(fields=["target", "-created_at"], condition=UNSEEN, name="alert_open"),
            models.Index(fields=["-created_at", "-id"], condition=UNSEEN, name="alert_open_newest_first"),
            models.Index(fields=["-acknowledged_at"], condition=SEEN, name="alert_acknowledged_latest"),
        ]

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """One message on its way to one address of a colleague: of an alert, or with its own words (a digest, a test)."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"  # to be delivered at next_attempt_at
        CLAIMED = "claimed", "Being prepared"  # a worker holds it until lease_until; nothing has left
        SENDING = "sending", "Being handed over"  # intent recorded; past lease_until its outcome is unknown
        SENT = "sent", "Sent"  # the channel accepted it
        FAILED = "failed", "Failed"  # refused for good, too late, or tried too often
        AMBIGUOUS = "ambiguous", "Unclear"  # handed over without an answer; not repeated
        UNDELIVERABLE = "undeliverable", "Nobody behind the target"  # staff are warned

    identity = models.UUIDField(default=uuid.uuid4, editable=False, help_text="The same on every try.")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries", null=True, blank=True)
    parts = models.JSONField(default=dict, blank=True, help_text="What it says, of one without an alert, until sent.")
    channel = models.CharField(max_length=20, default="email")
    sender = models.JSONField(default=dict, blank=True, help_text="Who speaks. Empty: this installation.")
    address = models.CharField(max_length=254, blank=True)
    status = models.CharField(max_length=15, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True, help_text="From here on it is of no use any more.")
    lease_until = models.DateTimeField(null=True, blank=True)
    token = models.UUIDField(null=True, blank=True, editable=False, help_text="Fence: who holds the lease.")
    transport = models.CharField(max_length=20, blank=True)
    reason = models.JSONField(default=dict, blank=True, help_text="Why it is not sent; engagement.describe says it.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "channel", "address"], name="one_delivery_per_address"),
        ]
        indexes: ClassVar = [
            # engagement.deliveries: what is due, and apart from it whose lease ran out.
            models.Index(fields=["next_attempt_at", "id"], condition=models.Q(status="pending"), name="delivery_due"),
            models.Index(
                fields=["lease_until"], condition=models.Q(status__in=["claimed", "sending"]), name="delivery_leased"
            ),
            # engagement.deliveries: whom alerts reached a moment ago, so that the next ones travel together.
            models.Index(fields=["address", "finished_at"], condition=models.Q(status="sent"), name="delivery_sent_to"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.get_status_display()}"


class Task(models.Model):
    """Work for a person."""

    class Status(models.TextChoices):
        TO_DO = "to_do", "To do"  # nobody began yet
        IN_PROGRESS = "in_progress", "In progress"  # somebody works on it
        ON_HOLD = "on_hold", "On hold"  # waits for something
        DONE = "done", "Done"  # completed_at says when
        CANCELLED = "cancelled", "Cancelled"  # not needed any more

    class Source(models.TextChoices):
        WORKFLOW = "workflow", "Workflow"
        MANUAL = "manual", "Manual"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.UUIDField(null=True, blank=True, editable=False)
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=60, blank=True)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.MEDIUM)
    status = models.CharField(max_length=12, choices=Status, default=Status.TO_DO)
    source = models.CharField(max_length=10, choices=Source, default=Source.MANUAL)
    target = models.ForeignKey(
        Target, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks", verbose_name="team"
    )
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="tasks")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand"
    )
    effort_hours = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, validators=[validate_moment])
    due_date = models.DateField(null=True, editable=False)  # a whole day; `due_at` is its end
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("due_at", "created_at")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["action"], name="one_task_per_action"),
            models.CheckConstraint(
                condition=models.Q(status="done", completed_at__isnull=False)
                | (~DONE & models.Q(completed_at__isnull=True)),
                name="task_done_has_completed_at",
            ),
        ]
        indexes: ClassVar = [
            # Open ones, due first: the list, mine and those nobody has taken, my team's, a column of the board.
            models.Index(fields=["due_at"], condition=OPEN, name="task_open_by_due"),
            models.Index(fields=["assignee", "due_at"], condition=OPEN, name="task_open_of_assignee"),
            models.Index(fields=["target", "due_at"], condition=OPEN, name="task_open_of_target"),
            models.Index(fields=["status", "due_at"], condition=OPEN, name="task_open_by_status"),
            models.Index(fields=["-completed_at"], condition=DONE, name="task_done_latest"),  # the board: done today
            # The contact's timeline.
            models.Index(fields=["contact", "-created_at"], name="task_of_contact"),
            models.Index(fields=["contact", "-completed_at"], condition=FINISHED, name="task_done_of_contact"),
            models.Index(fields=["-created_at", "-id"], name="task_newest_first"),  # the API's list and its pages
            # The list of cancelled ones, which are few among all that was done.
            models.Index(fields=["-created_at", "-id"], condition=models.Q(status="cancelled"), name="task_cancelled"),
            # Search by any part of the title (worklist.matching uses __icontains, that is UPPER() LIKE).
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="task_search"),
            models.Index(fields=["updated_at", "id"], name="task_changed"),  # what Notion does not know yet
        ]

    def __str__(self) -> str:
        return self.title


class PassageBudget(models.Model):
    """How often a language model was asked on one day (UTC); counted before the call."""

    day = models.DateField(primary_key=True)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "language model use"
        verbose_name_plural = "language model use"

    def __str__(self) -> str:
        return f"{self.day}: {self.calls}"


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
