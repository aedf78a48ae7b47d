"""What a language model was asked, what it wrote and what that cost."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from contacts.models import BusinessEntity, Contact
from engagement.models.emails import PassageBudget, TemplateVersion


class GeneratedPassage(models.Model):
    """One passage of one email to one person: what was asked and told, what came, what stands in the email and why.

    `action` is the id of the email's step and of its message, which is stored later than this.
    """

    class Status(models.TextChoices):
        WANTED = "wanted", "To be written"
        ASKED = "asked", "Being written"  # until `lease_until`; a process that died is asked again or given up
        WRITTEN = "written", "Written"  # it passed every check
        REFUSED = "refused", "Refused by a check"  # `checks` says which
        FAILED = "failed", "No usable answer"  # `reason` says why
        NOT_ASKED = "not_asked", "Not asked for"  # beyond a budget, or the server was in trouble

    action = models.UUIDField(editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="generated_passages")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand", db_index=False
    )
    version = models.ForeignKey(TemplateVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField("passage", max_length=100)
    status = models.CharField(max_length=10, choices=Status, default=Status.WANTED)
    facts = models.JSONField(default=dict, help_text="What the model is told of the person, as it was sent.")
    prompt = models.JSONField(default=list, help_text="The messages as sent, the facts among them.")
    language = models.CharField(max_length=5, blank=True, help_text="Of the email; empty where it cannot be told.")
    allowed = models.JSONField(default=list, help_text="The statements that the brand approved.")
    fallback = models.TextField("approved text")
    model = models.CharField(max_length=200, blank=True)
    answer = models.TextField(blank=True, help_text="What came, word for word.")
    checks = models.JSONField(default=list, help_text="Codes of what speaks against the answer, with what was found.")
    reason = models.CharField(max_length=40, blank=True, help_text="A code of why there is no usable answer.")
    text = models.TextField("what stands in the email", blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="Of text, model, prompt and facts together.")
    tokens = models.PositiveIntegerField(null=True, blank=True)
    seconds = models.FloatField("seconds waited", null=True, blank=True)
    wanted_at = models.DateTimeField(db_default=Now(), editable=False)
    wait_until = models.DateTimeField(editable=False, help_text="How long its email waits at most.")
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "passage by a language model"
        verbose_name_plural = "passages by a language model"
        ordering = ("name", "id")
        constraints: ClassVar = [
            # One question per passage of an email. Its index also finds the passages of a message.
            models.UniqueConstraint(fields=["action", "version", "name"], name="one_passage_per_email")
        ]
        indexes: ClassVar = [
            # engagement.language_model.passages: what is to be asked, oldest first.
            models.Index(
                fields=["wanted_at"], condition=models.Q(status__in=["wanted", "asked"]), name="passage_to_be_written"
            ),
            models.Index(fields=["wanted_at", "id"], name="passage_by_age"),  # retention
        ]

    def __str__(self) -> str:
        return self.name


class BrandModelUse(models.Model):
    """What a brand's part of a day's budget is, in tokens; what is reserved counts as spent until it is settled."""

    budget = models.ForeignKey(PassageBudget, on_delete=models.CASCADE, related_name="brands")
    business_entity = models.ForeignKey(BusinessEntity, on_delete=models.CASCADE, verbose_name="brand")
    spent = models.PositiveBigIntegerField(default=0)
    reserved = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "language model use of a brand"
        verbose_name_plural = "language model use of brands"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["budget", "business_entity"], name="one_model_use_per_brand_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.business_entity}: {self.spent + self.reserved:,} tokens"


class ModelBreaker(models.Model):
    """Whether the server of the language model is left alone for a while, for all processes. No row: it is asked."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    troubles = models.PositiveSmallIntegerField(default=0, help_text="In a row; the next success ends them.")
    quiet_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_model_breaker")]

    def __str__(self) -> str:
        return f"{self.troubles} troubles in a row"
