"""People, the brands they belong to, what arrived from them and the rules that decided about it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now, Trim

from contactflow.core import mail_addresses
from contacts import search

slug_field_help = "Lower-case letters, digits and underscores; used by the API and never shown to recipients."
follow_up_days_help = "Proposed for each new email of a follow-up."
validate_slug = RegexValidator(r"^[a-z0-9][a-z0-9_]*\Z", "Use lower-case letters, digits and underscores only.")
validate_colour = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", "Give the colour as # and six hexadecimal digits.")


def only_one(mark: str, *, name: str) -> models.UniqueConstraint:
    """At most one row carries the mark."""
    return models.UniqueConstraint(fields=[mark], condition=models.Q((mark, True)), name=name)


def validate_mailbox(address: str) -> None:
    """For addresses of our own: one that no server takes would stop every email."""
    try:
        mail_addresses.on_the_wire(address)
    except ValueError:
        raise ValidationError("No mail server takes this address. Give one like hello@example.com.") from None


def validate_no_variables(text: str) -> None:
    if "{{" in text:
        raise ValidationError("Variables do not work here: this is the same for everybody. Write plain words.")


class BusinessEntity(models.Model):
    """A brand: its own sender, voice, team, hours and promises."""

    slug = models.CharField(max_length=64, unique=True, validators=[validate_slug], help_text=slug_field_help)
    name = models.CharField(max_length=120, unique=True)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=100, help_text="Order in lists, smallest first.")
    is_fallback = models.BooleanField(default=False, help_text="Takes the contacts that no routing rule matches.")
    preferred_channels = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="Told to colleagues in the email of an alert.",
    )
    response_hours = models.PositiveSmallIntegerField(default=24, help_text="Promise: first response within, in hours.")
    follow_up_days = ArrayField(
        models.PositiveSmallIntegerField(), default=list, blank=True, help_text=follow_up_days_help
    )
    success_metrics = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    timezone = models.CharField(max_length=64, default="UTC", help_text="IANA name of the team's time zone.")

    # What a recipient sees of the brand
    sender_name = models.CharField(max_length=120, blank=True, validators=[validate_no_variables])
    sender_email = models.EmailField(
        blank=True, validators=[validate_mailbox], help_text="Empty: the address of DEFAULT_FROM_EMAIL."
    )
    reply_to = models.EmailField(blank=True, validators=[validate_mailbox])
    colour = models.CharField(max_length=7, default="#334155", validators=[validate_colour])
    logo_url = models.URLField(blank=True)
    signature = models.TextField(
        blank=True, validators=[validate_no_variables], help_text="Markdown, below every email of the brand."
    )
    postal_address = models.TextField(blank=True, validators=[validate_no_variables])
    website = models.URLField(blank=True)

    class Meta:
        verbose_name = "brand"
        verbose_name_plural = "brands"
        permissions: ClassVar = [("choose_sender_domain", "Can send from a new domain")]
        ordering = ("position", "name")
        constraints: ClassVar = [
            only_one("is_fallback", name="one_fallback_entity")
        ]  # Routing: at most one brand takes what nothing else matched.

    def __str__(self) -> str:
        return self.name


class ContactType(models.Model):
    slug = models.CharField(max_length=64, unique=True, validators=[validate_slug], help_text=slug_field_help)
    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(default=100)
    is_fallback = models.BooleanField(default=False, help_text="Given to contacts that no classification rule matches.")

    class Meta:
        ordering = ("position", "name")
        constraints: ClassVar = [
            only_one("is_fallback", name="one_fallback_contact_type")
        ]  # Classification: at most one type for what nothing else matched.

    def __str__(self) -> str:
        return self.name


class LeadSource(models.Model):
    """Where a contact came from, and what that promises: how fast to respond, when to follow up."""

    slug = models.CharField(max_length=64, unique=True, validators=[validate_slug], help_text=slug_field_help)
    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(default=100)
    is_fallback = models.BooleanField(default=False, help_text="Given to contacts that arrive without a source.")
    response_hours = models.PositiveSmallIntegerField(default=24)
    hot_tag = models.CharField(max_length=60, blank=True, help_text='Tag that shortens the promise ("Hot", "VIP").')
    hot_response_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    follow_up_days = ArrayField(
        models.PositiveSmallIntegerField(), default=list, blank=True, help_text=follow_up_days_help
    )
    focus = models.CharField(max_length=200, blank=True, help_text="Told to colleagues in the email of an alert.")

    class Meta:
        ordering = ("position", "name")
        constraints: ClassVar = [
            only_one("is_fallback", name="one_fallback_lead_source")
        ]  # Classification: at most one source for contacts that arrive without one.

    def __str__(self) -> str:
        return self.name


class ContactStatus(models.Model):
    slug = models.CharField(max_length=64, unique=True, validators=[validate_slug], help_text=slug_field_help)
    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(default=100)
    is_default = models.BooleanField(default=False, help_text="Given to new contacts.")
    blocks_contact = models.BooleanField(default=False, help_text="Starts no workflow and receives nothing.")

    class Meta:
        ordering = ("position", "name")
        verbose_name_plural = "contact statuses"
        constraints: ClassVar = [
            only_one("is_default", name="one_default_contact_status")
        ]  # Intake: the one status of a new contact.

    def __str__(self) -> str:
        return self.name


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


class ContactEvent(models.Model):
    """Something that happened with a contact: arrived, updated, engaged, a named business event.

    `facts` is what held for this event and what enrolment judges: {"contact_types": [name], "lead_source": name or "",
    "business_entities": [name], "interests": [word], "tags": [word]}.
    `decisions` lists what classification and routing decided: [{"kind", "value", "rule", "because": {"code", ...}}].
    `changes` says what the arrival changed on the contact: {field: [before, after]}; `proposed` likewise what it would
    have changed, had its sender the right to: it waits for staff. `warnings` says what was not understood: [{"field",
    "message"}].
    `mode`, `workflows` and `is_forced` are what whoever applied the change allowed it to start
    (contacts.intake.EnrolmentPolicy); `failures` and `error` are enrolment's notes about an event it cannot judge.
    `outcome` is enrolment's answer for every active template: [{"workflow", "matched", "because": {"code", ...}}].
    """

    class Source(models.TextChoices):
        API = "api", "API"
        ADMIN = "admin", "Admin"
        CSV = "csv", "CSV import"
        NOTION = "notion", "Notion"
        SYSTEM = "system", "Contactflow"

    class Mode(models.TextChoices):
        ARRIVAL = "arrival", "Starts what matches"
        BASELINE = "baseline", "Known before: starts nothing"
        EDIT = "edit", "An edit: of somebody known before, starts what became true by it"
        NAMED = "named", "Starts the workflows the caller named"
        ONLY = "only", "Starts these workflows where their conditions hold"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=64, help_text="new_contact, contact_updated, engagement_detected, ...")
    source = models.CharField(max_length=10, choices=Source)
    event_key = models.CharField(max_length=200, unique=True, help_text="Delivered twice, it is one event.")
    payload = models.JSONField(default=dict, blank=True, help_text="What arrived, as it arrived.")
    facts = models.JSONField(default=dict, blank=True)
    decisions = models.JSONField(default=list, blank=True)
    changes = models.JSONField(default=dict, blank=True)
    proposed = models.JSONField(default=dict, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.ARRIVAL)
    workflows = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    is_forced = models.BooleanField(default=False, help_text="Passes over re-entry.")
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    error = models.TextField(blank=True, editable=False)
    outcome = models.JSONField(default=list, blank=True)
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    processed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "event"
        verbose_name_plural = "events"
        ordering = ("-received_at", "-id")
        indexes: ClassVar = [
            # workflows.enrolment.enrol_waiting: the oldest events nobody enrolled yet.
            models.Index(
                fields=["received_at"], condition=models.Q(processed_at__isnull=True), name="event_unprocessed"
            ),
            models.Index(fields=["contact", "-received_at"], name="event_of_contact"),  # the contact's timeline
            models.Index(fields=["-received_at", "-id"], name="event_newest_first"),  # the list and its pages
            # The list of those that propose something, which are few.
            models.Index(fields=["-received_at", "-id"], condition=~models.Q(proposed={}), name="event_with_proposal"),
            # The list of one source; and of the kinds that are rare, which it would look for among all the others.
            models.Index(fields=["source", "-received_at", "-id"], name="event_of_source"),
            models.Index(
                fields=["kind", "-received_at", "-id"],
                condition=~models.Q(kind__in=["new_contact", "contact_updated"]),
                name="event_of_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.source})"


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


class Consent(models.Model):
    """A permission given or withdrawn; append-only, the newest row for a brand and channel holds."""

    class State(models.TextChoices):
        GRANTED = "granted", "Granted"
        WITHDRAWN = "withdrawn", "Withdrawn"

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents")
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand",
        help_text="Empty: every brand.",
    )  # fmt: skip
    channel = models.CharField(max_length=20, default="email")
    state = models.CharField(max_length=10, choices=State)
    source = models.CharField(max_length=200, help_text="How it was given or withdrawn.")
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


class Suppression(models.Model):
    """An address that receives nothing, whoever asks: hard bounce, complaint, unsubscription from everything."""

    class Reason(models.TextChoices):
        BOUNCED = "bounced", "Address does not exist"
        COMPLAINED = "complained", "Reported as spam"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        MANUAL = "manual", "Entered by staff"
        LIMIT = "limit", "Too many new people by one key in a day"

    email = models.EmailField(max_length=254)
    reason = models.CharField(max_length=20, choices=Reason)
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        ordering = ("-created_at",)
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="one_suppression_per_email")]
        # The start page: who waits to be released.
        indexes: ClassVar = [
            models.Index(fields=["reason"], condition=models.Q(reason="limit"), name="suppression_by_limit")
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


class ConfigRevision(models.Model):
    """One row that gets a fresh value with every change to what contacts.config_revision keeps in memory.

    Triggers on those tables write it, within the transaction of the change: it is seen when the change is, and a value
    that was rolled back never comes again.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    value = models.UUIDField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_config_revision")]

    def __str__(self) -> str:
        return str(self.value)
