"""What changes rarely: brands, types, sources, statuses."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from contactflow.core import mail_addresses, working_hours
from contactflow.core.working_hours import WorkingTime

slug_field_help = "Lower-case letters, digits and underscores; used by the API and never shown to recipients."
follow_up_days_help = "Proposed for each new email of a follow-up."
validate_slug = RegexValidator(r"^[a-z0-9][a-z0-9_]*\Z", "Use lower-case letters, digits and underscores only.")
validate_language = RegexValidator(
    r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?\Z", "Give a language such as de, pt-BR or zh-Hant."
)
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


def validate_site(address: str) -> None:
    """Scheme and host, and nothing behind them."""
    parts = urlsplit(address)
    if (
        parts.scheme not in ("http", "https")
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
        or "@" in address
    ):
        raise ValidationError("Give scheme and host alone, such as https://links.example.com.")


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
    working_hours = ArrayField(
        models.CharField(max_length=100, validators=[working_hours.validate_line]),
        default=list,
        blank=True,
        help_text="In which the promise counts, such as Mon-Fri 9:00-12:30, 13:30-17:00. Empty: around the clock.",
    )
    holidays_country = models.CharField(
        max_length=3, blank=True, help_text="Whose public holidays are off: two letters, such as DE. Empty: none are."
    )
    holidays_subdivision = models.CharField(
        "holidays of the region", max_length=10, blank=True, help_text="Such as BY for Bavaria."
    )
    closed_days = ArrayField(
        models.DateField(), default=list, blank=True, verbose_name="more days off", help_text="Such as 2026-12-24."
    )
    quiet_hours_after_touch = models.PositiveSmallIntegerField(
        default=0, help_text="How many hours marketing emails wait after a colleague was in touch. 0: they do not wait."
    )

    requires_consent = models.BooleanField(
        "marketing needs permission",
        default=False,
        db_default=False,
        help_text="Only who is on record as having said yes gets marketing of this brand; everybody gets what they "
        "asked for.",
    )

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
    language = models.CharField(
        max_length=35, blank=True, default="", db_default="", validators=[validate_language],
        help_text="Such as de: who reads none of an email's languages gets it in this one. Empty: as it was written.",
    )  # fmt: skip
    translated_signatures = models.TextField(
        "signature in other languages", blank=True, default="", db_default="", validators=[validate_no_variables],
        help_text="A line with the language in brackets, such as [de], then the signature; as many as there are.",
    )  # fmt: skip
    postal_address = models.TextField(blank=True, validators=[validate_no_variables])
    website = models.URLField(blank=True)

    # What is followed of its emails
    tracks_opens = models.BooleanField(
        "follow opens", default=True, help_text="An invisible picture in the email tells that it was opened."
    )
    tracks_clicks = models.BooleanField(
        "follow clicks", default=True, help_text="Links in the email lead through Contactflow, which notes the click."
    )
    tracks_by_hand = models.BooleanField(
        "also in mails written by hand", default=False, db_default=False,
        help_text="Follow in what colleagues write themselves whatever is ticked above. What one person "
        "writes to another is usually not watched.",
    )  # fmt: skip
    tracking_url = models.URLField(
        "host of these links", blank=True, validators=[validate_site],
        help_text="Such as https://links.example.com, which has to lead here, too. Empty: the host of TRACKING_URL.",
    )  # fmt: skip

    # What a language model is told when it writes in the brand's name
    approved_statements = models.TextField(
        blank=True, default="", db_default="", validators=[validate_no_variables],
        help_text="One a line, as it may be said word for word: opening hours, prices, promises. A language model may "
        "say no figure, price or promise that stands neither here nor in what is known of the person.",
    )  # fmt: skip
    voice_examples = models.TextField(
        "examples of its voice", blank=True, default="", db_default="",
        help_text="A few sentences of the brand, as they should sound.",
    )  # fmt: skip
    voice_do = models.TextField(
        "what it does", blank=True, default="", db_default="", help_text="Such as: short sentences."
    )
    voice_dont = models.TextField(
        "what it does not", blank=True, default="", db_default="", help_text="Such as: no exclamation marks."
    )
    model_tokens_per_day = models.PositiveIntegerField(
        "tokens a day", null=True, blank=True,
        help_text="How much a language model may read and write for the brand. Past it the approved texts stand. "
        "Empty: no limit of its own. 0: it is never asked.",
    )  # fmt: skip

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

    def clean(self) -> None:
        super().clean()
        working_hours.validate_holidays(self.holidays_country, self.holidays_subdivision)

    @property
    def statements(self) -> list[str]:
        """What may be said in its name, word for word."""
        return [line.strip() for line in self.approved_statements.splitlines() if line.strip()]

    @property
    def working_time(self) -> WorkingTime:
        """In which what it promises counts."""
        return WorkingTime(
            zone=self.timezone,
            hours=tuple(self.working_hours),
            country=self.holidays_country,
            subdivision=self.holidays_subdivision,
            closed=frozenset(self.closed_days),
        )


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
