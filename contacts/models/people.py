"""People, the addresses they had, the brands they belong to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower, Now, Trim

from contacts import search
from contacts.models.reference import BusinessEntity, ContactStatus, ContactType, LeadSource


def marks(*columns: Any) -> models.Func:
    return models.Func(*columns, function="contacts_marks", output_field=ArrayField(models.TextField()))


class ContactQuerySet(models.QuerySet["Contact"]):
    def search(self, words: str) -> ContactQuerySet:
        """People of whom every word is part of the name, address, company or telephone number, by the index
        contact_search; case, accents and the way a number is written make no difference. A whole address finds also who
        was known by it.

        In no order: asked for the newest, the database might walk through everybody until it has met enough that match.
        """
        found = self.order_by()
        for term in search.terms(words):
            former = FormerAddress.objects.filter(email=search.address(term)).values_list("contact", flat=True)
            if "@" in term and (known := list(former)):  # nobody else can have it
                found = found.filter(pk__in=known)
            else:
                found = found.holding(search.patterns(term))
        return found

    def marked(
        self,
        *,
        tags: Sequence[str] = (),
        interests: Sequence[str] = (),
        custom: Mapping[str, Sequence[str]] | None = None,
    ) -> ContactQuerySet:
        """Those who have all of these, whatever the case, by the index contact_marks. Of a custom field without values:
        who has the field."""
        words = ArrayField(models.TextField())
        asked = marks(
            models.Value(list(tags), words),
            models.Value(list(interests), words),
            models.Value(custom or {}, models.JSONField()),
        )
        return self.alias(marks=marks("tags", "interests", "custom")).filter(marks__contains=asked)

    def holding(self, phrases: Iterable[str]) -> ContactQuerySet:
        """Those of whom one of the phrases is part of Contact.searched, whatever its case and accents."""
        anywhere = models.Q()
        for phrase in phrases:
            folded = models.Func(models.Value(phrase), function="contacts_folded", output_field=models.TextField())
            anywhere |= models.Q(searched__contains=folded)
        return self.filter(anywhere)


class Contact(models.Model):
    """A person, once, whatever the number of brands; identified by a normalised email address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, help_text="Normalised: trimmed and lower-case.")
    email_typed = models.CharField(max_length=320, blank=True, help_text="The form in which it was first typed.")
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    phone = models.CharField(max_length=60, blank=True, help_text="E.164 where it could be read, else as typed.")
    company = models.CharField(max_length=200, blank=True)
    job_title = models.CharField(max_length=200, blank=True)
    contact_types = models.ManyToManyField(ContactType, blank=True, related_name="contacts")
    lead_source = models.ForeignKey(LeadSource, on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    business_entities = models.ManyToManyField(
        BusinessEntity, through="EntityMembership", blank=True, related_name="contacts", verbose_name="brands"
    )
    status = models.ForeignKey(ContactStatus, on_delete=models.PROTECT, db_index=False)
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    interests = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    timezone = models.CharField(max_length=64, blank=True, help_text="IANA name; empty: the brand's.")
    locale = models.CharField(max_length=35, blank=True, help_text="BCP 47 language tag.")
    custom = models.JSONField(default=dict, blank=True)
    notes = models.TextField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    added_on = models.DateField(null=True, blank=True, help_text="The date the source gives for the first meeting.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    is_tracked = models.BooleanField(
        default=True, help_text="Whether opens and clicks of their emails may be followed."
    )
    last_interaction_at = models.DateTimeField(null=True, blank=True)
    searched = models.GeneratedField(
        expression=models.Func("email", "first_name", "last_name", "company", "phone", function="contacts_searched"),
        output_field=models.TextField(),
        db_persist=True,
        help_text="What a search looks through, without case and accents; of the number its digits.",
    )

    objects = ContactQuerySet.as_manager()

    class Meta:
        permissions: ClassVar = [("export_contact", "Can take lists of contacts out")]
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            # One person, one row, whatever the case of the address.
            models.UniqueConstraint(Lower("email"), name="one_contact_per_email"),
            models.CheckConstraint(
                condition=models.Q(email=Lower(Trim("email"))) & ~models.Q(email=""), name="contact_email_normalised"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["email"], name="contact_email"),  # exact look-up by ?email=
            models.Index(fields=["-created_at", "-id"], name="contact_newest_first"),  # lists and their pages
            # The list filtered by one of these, newest first; also the index of the foreign key.
            models.Index(fields=["lead_source", "-created_at", "-id"], name="contact_of_source"),
            models.Index(fields=["status", "-created_at", "-id"], name="contact_of_status"),
            models.Index(fields=["owner", "-created_at", "-id"], name="contact_of_owner"),
            models.Index(fields=["updated_at", "id"], name="contact_changed"),  # what Notion does not know yet
            # contactflow.contact_merge.duplicates: who has the same number.
            models.Index(fields=["phone"], condition=~models.Q(phone=""), name="contact_phone"),
            # Search by any part of it.
            GinIndex(OpClass("searched", name="gin_trgm_ops"), name="contact_search"),
            # `marked`: who has these tags, interests, custom fields.
            GinIndex(models.Func("tags", "interests", "custom", function="contacts_marks"), name="contact_marks"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class FormerAddress(models.Model):
    """An address somebody was known by until they were merged with another row of theirs: it still finds them.

    Triggers in the database (see the migration) let no other contact have it.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="former_addresses")
    email = models.EmailField(max_length=254, help_text="Normalised: trimmed and lower-case.")
    since = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("email",)
        verbose_name_plural = "former addresses"
        constraints: ClassVar = [
            # contacts.addresses: an address leads to one person.
            models.UniqueConstraint(fields=["email"], name="one_contact_per_former_address"),
            models.CheckConstraint(
                condition=models.Q(email=Lower(Trim("email"))) & ~models.Q(email=""), name="former_address_normalised"
            ),
        ]

    def __str__(self) -> str:
        return self.email


class EntityMembership(models.Model):
    """That a contact belongs to a brand, in which order, and because of what."""

    # Their indexes: the constraint, and membership_of_brand.
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, related_name="memberships", db_index=False, verbose_name="brand"
    )
    position = models.PositiveSmallIntegerField(default=0)
    because = models.JSONField(default=dict, blank=True, help_text="Why: contacts.describe.because.")
    since = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("position", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact", "business_entity"], name="one_membership_per_entity"),
        ]
        indexes: ClassVar = [
            # The start page: who came to each brand in the last month, and the newest people for the response clock.
            models.Index(fields=["business_entity", "since"], include=["contact"], name="membership_since"),
            # Who belongs to a brand, in the order of contacts, so that it joins with other filters from indexes alone.
            models.Index(fields=["business_entity", "contact"], name="membership_of_brand"),
        ]

    def __str__(self) -> str:
        return f"{self.business_entity}"
