"""What Contactflow remembers of Notion: which databases, which page is whose, and what both sides agreed on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from contacts.models import Contact
from engagement.models import Task
from workflows.models import WorkflowInstance


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


class NotionConnection(models.Model):
    """The one connection: whether Notion is monitored, who we are there, and what its webhook needs."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    monitoring = models.BooleanField(default=False)
    switched_at = models.DateTimeField(null=True, blank=True, editable=False)
    switched_by = models.CharField(max_length=150, blank=True, editable=False)
    handshake_until = models.DateTimeField(null=True, blank=True, help_text="Notion's handshake is accepted till then.")
    webhook_token = models.CharField(max_length=200, blank=True, editable=False)
    token_shown = models.BooleanField(default=False, editable=False)
    bot_id = models.CharField(max_length=36, blank=True, editable=False)
    bot_name = models.CharField(max_length=200, blank=True, editable=False)
    workspace = models.CharField(max_length=200, blank=True, editable=False)
    paused_because = models.TextField(blank=True, editable=False, help_text="Empty: it runs.")
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    refused_key = models.CharField(max_length=64, blank=True, editable=False, help_text="Digest of the refused key.")
    changed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "connection"
        # Whoever reads or switches it means the same row.
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_notion_connection")]

    def __str__(self) -> str:
        return "Notion"

    @classmethod
    def current(cls) -> NotionConnection:
        return cls.objects.filter(pk=cls.ONLY).first() or cls()


class RequestBudget(models.Model):
    """When the next request may leave, for all workers together (generic cell rate algorithm)."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    tat = models.DateTimeField(db_default=Now(), help_text="Theoretical arrival time of the next request.")
    blocked_until = models.DateTimeField(null=True, blank=True, help_text="As Notion asked with Retry-After.")
    troubles = models.PositiveSmallIntegerField(default=0, help_text="Refusals in a row; lengthens the next pause.")

    def __str__(self) -> str:
        return "Requests to Notion"


class RequestTally(models.Model):
    """How many requests ended how in one minute."""

    minute = models.DateTimeField()
    outcome = models.CharField(max_length=40, help_text='"ok", or the code of the error.')
    count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-minute", "outcome")
        constraints: ClassVar = [models.UniqueConstraint(fields=["minute", "outcome"], name="one_tally_per_outcome")]

    def __str__(self) -> str:
        return f"{self.minute:%H:%M} {self.outcome}: {self.count}"


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


class PageLink(models.Model):
    """That an object here and a page in Notion are the same thing, and the values both sides agreed on last.

    `local` and `remote` hold, per field, what each side said when they last agreed (they may differ in spelling).
    A side has changed when it differs from its own. An object that was deleted here leaves nothing but `object_key`.
    """

    class State(models.TextChoices):
        CREATING = "creating", "Page is being created"  # intent; an unanswered creation is looked up before a second
        LINKED = "linked", "In step"  # changes travel both ways
        WAITING = "waiting", "Not taken over"  # a page that cannot be an object yet; `error` says what it lacks
        DUPLICATE = "duplicate", "Second page"  # another page speaks for the same object
        TRASHED = "trashed", "In Notion's trash"  # the object here stays, the page is not made anew
        UNSHARED = "unshared", "Out of reach"  # not shared with the integration any more, or deleted for good
        MOVED = "moved", "Moved away"  # to another database or page
        RESTORING = "restoring", "Being restored"  # its object came back; the page is taken out of the trash
        DELETED = "deleted", "Deleted here"  # the page went to the trash, and nobody takes it over again unasked

    database = models.ForeignKey(NotionDatabase, on_delete=models.CASCADE, related_name="links")
    state = models.CharField(max_length=10, choices=State)
    contact = models.OneToOneField(Contact, models.SET_NULL, null=True, blank=True, related_name="notion_link")
    task = models.OneToOneField(Task, models.SET_NULL, null=True, blank=True, related_name="notion_link")
    instance = models.OneToOneField(
        WorkflowInstance, models.SET_NULL, null=True, blank=True, related_name="notion_link"
    )
    object_key = models.UUIDField(null=True, blank=True)
    page_id = models.UUIDField(null=True, blank=True, unique=True)
    url = models.URLField(max_length=500, blank=True)
    local = models.JSONField(default=dict, blank=True)
    remote = models.JSONField(default=dict, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True, help_text="Notion's last_edited_time, a whole minute.")
    agreed_at = models.DateTimeField(null=True, blank=True)
    wanted_at = models.DateTimeField(null=True, blank=True, help_text="When it is looked at next; empty: never.")
    attempts = models.PositiveSmallIntegerField(default=0)
    came_first = models.BooleanField(default=False, editable=False, help_text="Taken over by the first pull.")
    is_unclear = models.BooleanField(default=False, help_text="A creation was not answered: the page may exist.")
    error = models.TextField(blank=True)
    digest = models.CharField(max_length=32, blank=True, editable=False, help_text="Of our values, when compared last.")
    seen_in = models.CharField(max_length=40, blank=True, editable=False, help_text="The full pass that saw it last.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("-id",)
        verbose_name = "page"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(task=None, instance=None)
                | models.Q(contact=None, instance=None)
                | models.Q(contact=None, task=None),
                name="link_has_one_object",
            ),
            models.CheckConstraint(
                condition=models.Q(page_id__isnull=False) | models.Q(state__in=["creating", "deleted"]),
                name="link_has_page",
            ),
        ]
        indexes: ClassVar = [
            # push.due: what is to be looked at next.
            models.Index(
                fields=["database", "wanted_at"], condition=models.Q(wanted_at__isnull=False), name="link_wanted"
            ),
            # push.find_deleted: links whose object was deleted here.
            models.Index(
                fields=["database"],
                condition=models.Q(contact=None, task=None, instance=None, state__in=["creating", "linked"]),
                name="link_orphaned",
            ),
            models.Index(fields=["object_key"], name="link_of_object"),  # an object that was deleted, a copied page
            models.Index(fields=["database", "state", "-id"], name="link_by_state"),  # lists and counts
        ]

    def __str__(self) -> str:
        return f"{self.database} page {self.page_id or 'to be created'}"


class SyncEntry(models.Model):
    """What was carried over for one page, one way. Append-only. `fields` is {field: [before, after]}."""

    class Direction(models.TextChoices):
        TO_NOTION = "to_notion", "To Notion"
        FROM_NOTION = "from_notion", "From Notion"

    link = models.ForeignKey(PageLink, on_delete=models.CASCADE, related_name="entries")
    direction = models.CharField(max_length=12, choices=Direction)
    what = models.CharField(max_length=40, help_text="created, changed, linked, trashed, restored, ...")
    fields = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-at", "-id")
        verbose_name_plural = "sync entries"
        indexes: ClassVar = [
            models.Index(fields=["link", "-at"], name="entry_of_link"),  # the history of one object
            models.Index(fields=["-at", "-id"], name="entry_newest_first"),  # the list and its pages
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()}: {self.what}"


class SyncConflict(models.Model):
    """Both sides changed a field. Both values are kept; staff may choose the other one, or the first where asked."""

    class Winner(models.TextChoices):
        NOBODY = "", "Not settled"  # the rule says to ask
        NOTION = "notion", "Notion"
        CONTACTFLOW = "contactflow", "Contactflow"

    link = models.ForeignKey(PageLink, on_delete=models.CASCADE, related_name="conflicts")
    field = models.CharField(max_length=40)
    base = models.JSONField(null=True, blank=True, help_text="What both sides agreed on before.")
    local = models.JSONField(null=True, blank=True)
    remote = models.JSONField(null=True, blank=True)
    rule = models.CharField(max_length=12, choices=Rule)
    because = models.CharField(max_length=300, blank=True)
    winner = models.CharField(max_length=12, choices=Winner, default=Winner.NOBODY, blank=True)
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-opened_at", "-id")
        verbose_name = "conflict"
        constraints: ClassVar = [
            # reconciliation: while a question is open, its values are renewed instead of asking again.
            models.UniqueConstraint(
                fields=["link", "field"], condition=models.Q(winner=""), name="one_open_conflict_per_field"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.get_winner_display()}"


class SyncProblem(models.Model):
    """Something staff should know or decide. Reported once: while it is open, meeting it again only counts."""

    class Cause(models.TextChoices):
        KEY_REFUSED = "key_refused", "Key refused"
        DATABASE_OUT_OF_REACH = "database_out_of_reach", "Database out of reach"
        RIGHT_MISSING = "right_missing", "Right missing"
        ENDLESS_LIST = "endless_list", "List without an end"
        PROPERTY_MISSING = "property_missing", "Property missing"
        PROPERTY_VANISHED = "property_vanished", "Property gone"
        PROPERTY_RENAMED = "property_renamed", "Property renamed"
        PROPERTY_RETYPED = "property_retyped", "Property with another type"
        PROPERTY_ADDED = "property_added", "New property"
        OPTION_ADDED = "option_added", "New option"
        OPTION_RENAMED = "option_renamed", "Option renamed"
        OPTION_REMOVED = "option_removed", "Option removed"
        UNKNOWN_OPTION = "unknown_option", "Unknown option"
        VALUE_REFUSED = "value_refused", "Value not taken over"
        PAGE_REFUSED = "page_refused", "Page not taken over"
        LIMIT = "limit", "Limit of Notion"
        DUPLICATE_CONTACT = "duplicate_contact", "Two pages, one address"
        TWO_PAGES = "two_pages", "Two pages for one object"
        TRASHED = "trashed", "Trashed in Notion"
        MOVED = "moved", "Moved away in Notion"
        UNSHARED = "unshared", "Out of reach in Notion"
        RESTORED = "restored", "Restored after deletion"
        REFUSED_BY_NOTION = "refused_by_notion", "Refused by Notion"

    cause = models.CharField(max_length=30, choices=Cause)
    database = models.ForeignKey(NotionDatabase, on_delete=models.CASCADE, null=True, blank=True)
    link = models.ForeignKey(PageLink, on_delete=models.SET_NULL, null=True, blank=True, related_name="problems")
    subject = models.CharField(max_length=300, help_text="What it is about, so that it is reported once.")
    message = models.TextField(help_text="What is wrong and what to do.")
    details = models.JSONField(default=dict, blank=True)
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(db_default=Now(), editable=False)
    last_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-last_at", "-id")
        verbose_name = "problem"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cause", "subject"], condition=models.Q(closed_at=None), name="one_open_problem_per_subject"
            ),
        ]

    def __str__(self) -> str:
        return self.message[:100]


class SyncRun(models.Model):
    """One pass that found something to do, was asked for, or failed. `counts` says how much of what."""

    class Trigger(models.TextChoices):
        MONITORING = "monitoring", "Monitoring"
        COMMAND = "command", "sync_notion"
        NIGHT = "night", "Nightly full pass"
        ADMIN = "admin", "Admin"

    trigger = models.CharField(max_length=12, choices=Trigger)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        indexes: ClassVar = [models.Index(fields=["-started_at"], name="run_newest_first")]  # health, lists

    def __str__(self) -> str:
        return f"{self.get_trigger_display()} {self.started_at:%Y-%m-%d %H:%M}"


class WebhookDelivery(models.Model):
    """An event Notion sent us. It only says where to look; delivered again, it is one event."""

    event_id = models.CharField(max_length=100, unique=True)
    type = models.CharField(max_length=100)
    entity_type = models.CharField(max_length=40, blank=True)
    entity_id = models.CharField(max_length=36, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    processed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-received_at", "-id")
        verbose_name = "webhook event"
        indexes: ClassVar = [
            # webhooks.next_waiting: the events nobody followed yet.
            models.Index(fields=["next_attempt_at"], condition=models.Q(processed_at=None), name="webhook_unprocessed"),
            models.Index(fields=["-received_at", "-id"], name="webhook_newest_first"),  # the list and its pages
        ]

    def __str__(self) -> str:
        return self.type
