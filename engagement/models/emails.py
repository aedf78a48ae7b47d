"""Emails that staff write, and their versions."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from contacts.models import BusinessEntity, slug_field_help, validate_language, validate_slug


class Purpose(models.TextChoices):
    """Why something is written to a person: what permission it needs."""

    MARKETING = "marketing", "Marketing"  # can be unsubscribed from
    TRANSACTIONAL = "transactional", "Transactional: an answer somebody asked for"


class EngagementTemplate(models.Model):
    """An email that staff write. What is sent is always its current version; staff edit a draft and publish it."""

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
    category = models.CharField(
        max_length=20, choices=Category, default=Category.INFORMATION, help_text="A kind that people may refuse."
    )
    purpose = models.CharField(
        max_length=15, choices=Purpose, default=Purpose.MARKETING, db_default=Purpose.MARKETING,
        help_text="Transactional goes also to who unsubscribed: only for an answer somebody asked for.",
    )  # fmt: skip
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

    @property
    def is_marketing(self) -> bool:
        return self.purpose == Purpose.MARKETING


class TemplateVersion(models.Model):
    """The words of an email at one time. A draft while `published_at` is null; afterwards a trigger in the database
    refuses any change, so that every message can be explained by the words it had.

    `body` is Markdown with variables such as {{ first_name }}. `fallbacks` maps a variable to what stands in for it
    when a contact has no value ("" means the variable may be left out); a variable without a fallback here uses the
    registry's. `passages` (premium) maps a passage's name to {"instruction", "fallback"}. `translations` maps a
    language to the same in it (engagement.translations).
    """

    template = models.ForeignKey(
        EngagementTemplate, on_delete=models.PROTECT, related_name="versions", verbose_name="email"
    )
    number = models.PositiveIntegerField()
    # 300 for those who write them; what former releases stored grew by up to 420 when it became Liquid.
    subject = models.CharField(max_length=750)
    preheader = models.CharField(max_length=750, blank=True)
    body = models.TextField()
    fallbacks = models.JSONField(default=dict, blank=True)
    passages = models.JSONField(default=dict, blank=True)
    sender_name = models.CharField(
        max_length=120, blank=True, default="", db_default="", help_text="Empty: as the brand calls itself."
    )
    language = models.CharField(
        max_length=35, default="en", db_default="en", validators=[validate_language],
        help_text="What these words are written in, such as en or de.",
    )  # fmt: skip
    translations = models.JSONField(default=dict, blank=True)
    # Level and brand are the template's. A draft carries those that the template will have once it is published.
    level = models.CharField(
        "personalisation level", max_length=10, choices=EngagementTemplate.Level, blank=True, default="", db_default="",
        editable=False,
    )  # fmt: skip
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+",
        verbose_name="brand",
    )  # fmt: skip
    created_at = models.DateTimeField(db_default=Now(), editable=False, help_text="When the words were saved last.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    published_at = models.DateTimeField(null=True, blank=True, db_default=Now(), editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = "email version"
        verbose_name_plural = "email versions"
        ordering = ("-number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["template", "number"], name="one_template_version_number"),
            models.UniqueConstraint(
                fields=["template"], condition=models.Q(published_at__isnull=True), name="one_draft_per_email"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None

    @property
    def speaks_for(self) -> BusinessEntity | None:
        """The brand of the email, or the one that it will have once the draft is published."""
        return self.business_entity if self.is_draft else self.template.business_entity

    @property
    def allowed_level(self) -> str:
        """What the words may use; of versions that do not say, what the email may use now."""
        return self.level or self.template.level


class PassageBudget(models.Model):
    """How often a language model was asked on one day (UTC); counted before the call."""

    day = models.DateField(primary_key=True)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "language model use"
        verbose_name_plural = "language model use"

    def __str__(self) -> str:
        return f"{self.day}: {self.calls}"
