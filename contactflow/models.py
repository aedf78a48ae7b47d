"""What spans all rooms: API keys, the answers remembered for repeated requests, how often intake keys were used, and
what staff changed.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models.functions import Now, Upper

from contacts.models import Contact


class Scope(models.TextChoices):
    INTAKE = "intake", "Intake: POST new-contact only"
    READ = "read", "Read: every GET"
    OPERATE = "operate", "Operate: read, and everything a colleague does"
    ADMIN = "admin", "Admin: everything"


def _digest(plaintext: str) -> str:
    """SHA-256 is enough for a key of 256 random bits: there is nothing to guess."""
    return hashlib.sha256(plaintext.encode()).hexdigest()


_KEY_COLUMNS = ("id", "name", "scope", "prefix", "digest", "created_at", "last_used_at", "revoked_at")
_MATCH = f"SELECT {', '.join(_KEY_COLUMNS)} FROM contactflow_apikey WHERE digest = %s AND revoked_at IS NULL"  # noqa: S608  # names of our own


class ApiKeyManager(models.Manager["ApiKey"]):
    def issue(self, *, name: str, scope: str) -> tuple[ApiKey, str]:
        """Create a key of one scope, or of several separated by spaces; the plaintext is returned this once."""
        plaintext = "cf_" + secrets.token_urlsafe(32)
        key = self.create(name=name, scope=scope, prefix=plaintext[:8], digest=_digest(plaintext))
        return key, plaintext

    def match(self, plaintext: str) -> ApiKey | None:
        """The live key with this plaintext, or None for an unknown or revoked one."""
        with connection.cursor() as cursor:  # each request asks it: no SQL is built for it
            cursor.execute(_MATCH, [_digest(plaintext)])
            row = cursor.fetchone()
        return self.model.from_db(connection.alias, _KEY_COLUMNS, row) if row else None


class ApiKey(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    scope = models.CharField(
        max_length=40, choices=Scope, help_text="One scope, or several separated by spaces (RFC 6749, section 3.3)."
    )
    prefix = models.CharField(max_length=8, editable=False, help_text="The first characters, to recognise a key by.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[ApiKeyManager] = ApiKeyManager()

    class Meta:
        ordering = ("name", "created_at")
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def has_scope(self, *names: str) -> bool:
        """Whether the key has one of these scopes."""
        return not set(self.scope.split()).isdisjoint(names)

    def revoke(self) -> None:
        """End the key at once; requests that carry it are answered 401."""
        ApiKey.objects.filter(pk=self.pk, revoked_at__isnull=True).update(revoked_at=Now())


class IdempotentAnswer(models.Model):
    """What was answered to a request with an Idempotency-Key; kept for a day."""

    caller = models.CharField(max_length=80, help_text="The API key or user the request came from.")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["caller", "key"], name="one_answer_per_key")]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], name="answer_age"),  # the sweep of those older than a day
        ]

    def __str__(self) -> str:
        return self.key


class IntakeWindow(models.Model):
    """How many requests with an intake key came from one address since `began_at`; a row per address, used again."""

    address = models.CharField(max_length=64, unique=True)
    began_at = models.DateTimeField(db_default=Now())
    requests = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["began_at"], name="intake_window_age")]  # the sweep of old windows

    def __str__(self) -> str:
        return self.address


class AuditEntry(models.Model):
    """What a person changed in one row: who, when, before, after. A trigger in the database writes it (0002_triggers).

    `changes` is {column: [before, after]}, as the database holds them; the members of a list of rows (groups, contact
    types) are {field: [taken away, given]} by id. When a contact is deleted, what was kept about them goes from here
    too: the names of the columns stay, the values do not.
    """

    class Verb(models.TextChoices):
        CREATED = "created", "Added"
        CHANGED = "changed", "Changed"
        DELETED = "deleted", "Deleted"

    at = models.DateTimeField(db_default=Now())
    # No constraint: who deletes their own account is still named by the entries that follow from it.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name="person",
    )
    actor = models.CharField("who", max_length=150, help_text="The name of the account, kept when the account goes.")
    table = models.CharField(max_length=63)
    object_id = models.CharField(max_length=64)
    label = models.CharField(max_length=300, blank=True, help_text="What the row was called then.")
    verb = models.CharField(max_length=10, choices=Verb)
    changes = models.JSONField(default=dict, blank=True)
    path = models.CharField(max_length=300, blank=True, help_text="The page on which it was done.")
    contact_key = models.UUIDField(null=True, blank=True, help_text="The contact it concerns.")

    class Meta:
        verbose_name = "change"
        verbose_name_plural = "changes"
        ordering = ("-at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="audit_newest_first"),  # the list and its pages
            models.Index(fields=["user", "-at", "-id"], name="audit_of_person"),  # the list, filtered by person
            models.Index(fields=["table", "-at", "-id"], name="audit_of_table"),  # the list, filtered by kind of thing
            models.Index(fields=["table", "object_id", "-at", "-id"], name="audit_of_object"),  # a row's history
            GinIndex(OpClass(Upper("label"), name="gin_trgm_ops"), name="audit_search"),  # search by __icontains
            # A contact's timeline, and what is forgotten with a contact.
            models.Index(
                fields=["contact_key", "-at", "-id"],
                condition=models.Q(contact_key__isnull=False),
                name="audit_of_contact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} by {self.actor}"


class ContactMerge(models.Model):
    """That two rows were one person: who said so, when, and all that is needed to take it back.

    `record` holds the values of both as they were, the ids of what moved, and what was changed on the way; see
    contactflow.contact_merge. It goes when the person is deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kept = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="merges")
    kept_key = models.UUIDField(help_text="Who was kept; another than `kept` once that one was merged in turn.")
    dropped_key = models.UUIDField()
    dropped_name = models.CharField(max_length=320)
    choices = models.JSONField(default=dict, blank=True)
    record = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = "merge of contacts"
        verbose_name_plural = "merges of contacts"

    def __str__(self) -> str:
        return f"merged with {self.dropped_name}"


class ErasureRequest(models.Model):
    """That somebody is to be erased, how far that is, and what each step did. It outlives the person, whom it names by
    ids alone: after a restore it says who has to go again.

    `emails` and `names` are what traces are found by, and empty once there are none; `pages` are the links to Notion's
    pages that go to the trash. `steps` is {step: what it did}.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contact_keys = ArrayField(models.UUIDField(), help_text="The person, and whoever became part of them by a merge.")
    reason = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    actor = models.CharField("who", max_length=150)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="When the next step is.")
    finished_at = models.DateTimeField(null=True, blank=True)
    emails = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    names = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    pages = ArrayField(models.BigIntegerField(), default=list, blank=True)
    steps = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-asked_at", "-id")
        verbose_name = "erasure"
        indexes: ClassVar = [
            models.Index(fields=["-asked_at", "-id"], name="erasure_newest_first"),  # the list and its pages
            # personal_data.erasure: what is to be gone on with.
            models.Index(fields=["due_at"], condition=models.Q(finished_at=None), name="erasure_open"),
        ]

    def __str__(self) -> str:
        return f"erasure of {self.asked_at:%Y-%m-%d %H:%M}"


class Profile(models.Model):
    """What a colleague set for themselves. No row: as their browser says."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="profile"
    )
    timezone = models.CharField(max_length=64, blank=True)
    put_away = ArrayField(models.CharField(max_length=30), default=list, blank=True, help_text="Notices read for good.")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.timezone}"

    @classmethod
    def put_away_by(cls, user: Any) -> list[str]:
        return cls.objects.filter(user=user).values_list("put_away", flat=True).first() or []


class RetentionPeriod(models.Model):
    """For how many days a kind of data (of contactflow.personal_data.retention) is kept. No row: for ever."""

    kind = models.CharField(max_length=40, primary_key=True)
    days = models.PositiveIntegerField()

    class Meta:
        verbose_name = "retention period"

    def __str__(self) -> str:
        return f"{self.kind}: {self.days} days"


class RetentionRun(models.Model):
    """What one pass over a kind of data took away: all that is older than `before`. `reached` is how far it came."""

    kind = models.CharField(max_length=40)
    before = models.DateTimeField()
    reached = models.DateTimeField(null=True, editable=False)
    rows = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-began_at", "-id")
        verbose_name = "retention run"
        constraints: ClassVar = [
            # personal_data.retention: one pass at a time; two processes that begin one do not both.
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(finished_at=None), name="one_open_retention_run"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-began_at", "-id"], name="retention_newest_first"),  # the list and its pages
            models.Index(fields=["kind", "-began_at"], name="retention_of_kind"),  # when the last one was
        ]

    def __str__(self) -> str:
        return f"{self.kind} before {self.before:%Y-%m-%d}"
