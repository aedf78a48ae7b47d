"""What spans all rooms: API keys, the answers remembered for repeated requests, and how often intake keys were used."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Scope(models.TextChoices):
    INTAKE = "intake", "Intake: POST new-contact only"
    READ = "read", "Read: every GET"
    OPERATE = "operate", "Operate: read, and everything a colleague does"
    ADMIN = "admin", "Admin: everything"


def _digest(plaintext: str) -> str:
    """SHA-256 is enough for a key of 256 random bits: there is nothing to guess."""
    return hashlib.sha256(plaintext.encode()).hexdigest()


class ApiKeyManager(models.Manager["ApiKey"]):
    def issue(self, *, name: str, scope: str) -> tuple[ApiKey, str]:
        """Create a key of one scope, or of several separated by spaces; the plaintext is returned this once."""
        plaintext = "cf_" + secrets.token_urlsafe(32)
        key = self.create(name=name, scope=scope, prefix=plaintext[:8], digest=_digest(plaintext))
        return key, plaintext

    def match(self, plaintext: str) -> ApiKey | None:
        """The live key with this plaintext, or None for an unknown or revoked one."""
        return self.filter(digest=_digest(plaintext), revoked_at__isnull=True).first()


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
