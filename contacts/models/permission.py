"""Who may be written to, what they chose, and which addresses receive nothing."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Lower, Now

from contacts.models.people import Contact
from contacts.models.reference import BusinessEntity


class Consent(models.Model):
    """A permission for marketing, given or withdrawn; append-only, the newest row for a brand and channel holds."""

    class State(models.TextChoices):
        GRANTED = "granted", "Granted"
        PENDING = "pending", "Waits for their confirmation"  # double opt-in: asked, and not confirmed yet
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Basis(models.TextChoices):
        """What makes it lawful (Art. 6 GDPR), as far as it was said."""

        CONSENT = "consent", "Consent"
        LEGITIMATE_INTEREST = "legitimate_interest", "Legitimate interest"
        CONTRACT = "contract", "Contract"
        LEGAL_OBLIGATION = "legal_obligation", "Legal obligation"
        UNKNOWN = "", "Not said"

    key = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)  # the API's id
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand",
        help_text="Empty: every brand.",
    )  # fmt: skip
    channel = models.CharField(max_length=20, default="email")
    state = models.CharField(max_length=10, choices=State)
    basis = models.CharField("lawful basis", max_length=20, choices=Basis, blank=True, default="", db_default="")
    source = models.CharField(max_length=200, help_text="How it was given or withdrawn.")
    wording = models.TextField(
        blank=True,
        max_length=5000,
        default="",
        db_default="",
        help_text="The words they agreed to, as they were shown.",
    )
    wording_version = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="Which version of these words it was."
    )
    actor = models.CharField(
        max_length=160,
        blank=True,
        default="",
        db_default="",
        help_text="Who said so; empty: a source.",
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "consent"
        verbose_name_plural = "consents"
        ordering = ("-recorded_at", "-id")
        indexes: ClassVar = [
            # The newest record holds; the contact's timeline.
            models.Index(fields=["contact", "-recorded_at"], name="consent_of_contact"),
            models.Index(fields=["-recorded_at", "-id"], name="consent_newest_first"),  # the list and its pages
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"


class Preference(models.Model):
    """What a person chose of a brand's marketing (of everybody's without one) short of a withdrawal.

    Append-only: the newest choice for a brand and the newest for every brand hold together.
    """

    class Frequency(models.TextChoices):
        ALL = "all", "Everything"
        WEEKLY = "weekly", "At most one email a week"

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="preferences", db_index=False)
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand",
        help_text="Empty: every brand.",
    )  # fmt: skip
    frequency = models.CharField(max_length=10, choices=Frequency, default=Frequency.ALL)
    paused_until = models.DateTimeField(null=True, blank=True)
    refused_kinds = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, help_text="Categories of emails they do not want."
    )
    source = models.CharField(max_length=200, help_text="How it was chosen.")
    actor = models.CharField(
        max_length=150, blank=True, default="", db_default="", help_text="Who chose so; empty: the person."
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "choice of emails"
        verbose_name_plural = "choices of emails"
        ordering = ("-recorded_at", "-id")
        # The newest choice holds: permission is judged by it.
        indexes: ClassVar = [models.Index(fields=["contact", "-recorded_at"], name="preference_of_contact")]

    def __str__(self) -> str:
        return self.frequency


class Suppression(models.Model):
    """An address that receives nothing, whoever asks: hard bounce, complaint, erased, entered by staff.

    Whoever unsubscribes has withdrawn a consent; of that kind an entry here comes with a list of addresses.
    """

    class Reason(models.TextChoices):
        BOUNCED = "bounced", "Address does not exist"
        COMPLAINED = "complained", "Reported as spam"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        ERASED = "erased", "Erased, and not to be written to"
        MANUAL = "manual", "Entered by staff"
        LIMIT = "limit", "Too many new people by one key in a day"

    class Scope(models.TextChoices):
        EVERYTHING = "everything", "Nothing leaves to it"
        MARKETING = "marketing", "No marketing; answers that somebody asked for do leave"

    key = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)  # the API's id
    email = models.EmailField(max_length=254)
    reason = models.CharField(max_length=20, choices=Reason)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.EVERYTHING, db_default=Scope.EVERYTHING)
    detail = models.CharField(max_length=300, blank=True)
    actor = models.CharField(max_length=160, blank=True, default="", db_default="", help_text="Who or what entered it.")
    until = models.DateTimeField(null=True, blank=True, help_text="Empty: for good.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="one_suppression_per_email")]
        # The start page: who waits to be released.
        indexes: ClassVar = [
            models.Index(fields=["reason"], condition=models.Q(reason="limit"), name="suppression_by_limit"),
            models.Index(fields=["-created_at", "-id"], name="suppression_newest_first"),  # the list and its pages
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_reason_display()})"


class RecipientCount(models.Model):
    """How many new people an API key brought on one day (UTC): contacts.new_recipients."""

    key = models.UUIDField()
    day = models.DateField()
    people = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "day"], name="one_count_per_key_and_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.people}"
