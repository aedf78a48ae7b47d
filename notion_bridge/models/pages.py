"""Which page belongs to which object, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from contacts.models import Contact
from engagement.models import Task
from notion_bridge.models.databases import NotionDatabase, Rule
from workflows.models import WorkflowInstance


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
