"""Rules by which people are classified and routed."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from contacts.models.reference import BusinessEntity, ContactType, LeadSource


class Rule(models.Model):
    """One condition on what is known of a contact. Any of `words` is enough; case does not matter."""

    class Field(models.TextChoices):
        EMAIL_DOMAIN = "email_domain", "Email domain"
        JOB_TITLE = "job_title", "Job title"
        COMPANY = "company", "Company"
        FORM = "form", "Form"
        INTERESTS = "interests", "Interests"
        TAGS = "tags", "Tags"
        MESSAGE = "message", "Message words"
        SOURCE = "source", "Lead source"
        CONTACT_TYPE = "contact_type", "Contact type"

    class Operator(models.TextChoices):
        IS = "is", "is one of"
        ENDS_WITH = "ends_with", "ends with one of"
        HAS_WORD = "has_word", "has one of the words"

    name = models.CharField(max_length=120, unique=True)
    position = models.PositiveSmallIntegerField(default=100, help_text="Rules are tried in this order.")
    active = models.BooleanField(default=True)
    field = models.CharField(max_length=20, choices=Field)
    operator = models.CharField(max_length=20, choices=Operator, default=Operator.HAS_WORD)
    words = ArrayField(models.CharField(max_length=100))

    class Meta:
        abstract = True
        ordering = ("position", "name")

    def __str__(self) -> str:
        return self.name


class ClassificationRule(Rule):
    """Infers a contact type (where a contact arrives without), a lead source (likewise) or an interest."""

    contact_type = models.ForeignKey(ContactType, on_delete=models.CASCADE, null=True, blank=True)
    lead_source = models.ForeignKey(LeadSource, on_delete=models.CASCADE, null=True, blank=True)
    interest = models.CharField(max_length=100, blank=True)

    class Meta(Rule.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(contact_type__isnull=False)
                | models.Q(lead_source__isnull=False)
                | ~models.Q(interest=""),
                name="classification_rule_concludes",
                violation_error_message="Choose what the rule concludes: a contact type, a lead source or an interest.",
            ),
        ]


class RoutingRule(Rule):
    """Sends a contact to a brand."""

    business_entity = models.ForeignKey(BusinessEntity, on_delete=models.CASCADE, verbose_name="brand")
