"""How contacts and events look over HTTP, and the strict shapes every body is held to."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

from django.db.models import Model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from contactflow.core.clock import validate_moment
from contacts import campaigns, describe
from contacts.models import BusinessEntity, Consent, Contact, ContactEvent, Suppression

Row = TypeVar("Row", bound=Model)
TEXT = "This has to be text."


class Text(serializers.CharField):
    """Text and nothing that could be read as text. Null and "" both say: not known."""

    def __init__(self, **options: Any) -> None:
        if not options.get("required"):
            options = {"required": False, "allow_null": True, "allow_blank": True, **options}
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(TEXT)
        value: str = super().to_internal_value(data)
        return value


class Flag(serializers.BooleanField):
    """true or false, not the many words for them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("This has to be true or false.")
        return data


class Texts(serializers.ListField):
    """A list of texts. Null says: not known."""

    def __init__(self, *, longest: int, **options: Any) -> None:
        options = {"required": False, "allow_null": True, "max_length": 100, **options}
        super().__init__(child=Text(required=True, max_length=longest), **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            raise serializers.ValidationError("This has to be a list of texts.")
        if self.max_length is not None and len(data) > self.max_length:
            raise serializers.ValidationError(f"At most {self.max_length} entries; these are {len(data)}.")
        value: list[Any] = super().to_internal_value(data)
        return value


@extend_schema_field({"type": "object", "additionalProperties": True, "nullable": True})
class Object(serializers.JSONField):
    """A JSON object with whatever inside, up to 64 kB."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "allow_null": True, **options})

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("This has to be an object: {...}.")
        if len(str(data)) > 65_536:
            raise serializers.ValidationError("This is larger than 64 kB.")
        return data


class _AsTold:
    """A detail as it comes: behind the door it is understood, or left out with a warning, and turns nobody away."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return self.validate_empty_values(data)[1]  # type: ignore[attr-defined]  # of the field beside it


class Detail(_AsTold, Text):
    """Text, as it comes."""


class Details(_AsTold, Texts):
    """A list of texts, as it comes."""


class DetailObject(_AsTold, Object):
    """An object, as it comes."""


class Name(serializers.SlugRelatedField[Any]):
    """A row by its name."""

    def __init__(self, **options: Any) -> None:
        super().__init__("name", **options)


class Slug(serializers.SlugRelatedField[Any]):
    """A row by its slug."""

    def __init__(self, **options: Any) -> None:
        super().__init__("slug", **options)


class Output(serializers.ModelSerializer[Row]):
    """A row as it is answered: nothing of it is taken in."""

    def get_extra_kwargs(self) -> dict[str, Any]:
        return {name: {"read_only": True} for name in self.Meta.fields}


class Strict(serializers.Serializer[Any]):
    """Refuses fields it does not know, naming them and the ones it does."""

    default_error_messages = {"null": "No data was sent: send an object."}
    campaign_field: ClassVar[str] = ""
    """Where the parameters of campaigns go that a form sends along as fields of their own."""

    @classmethod
    def validated(cls, data: Any, *, partial: bool = False) -> dict[str, Any]:
        """What a body says, cleaned. Raises ValidationError. The fields are built once, not for each request."""
        value: dict[str, Any] = cls._built(partial).run_validation(data)
        return value

    @classmethod
    @functools.cache
    def _built(cls, partial: bool) -> Self:
        return cls(partial=partial)

    def to_internal_value(self, data: Any) -> Any:
        campaign = campaigns.of(data) if self._takes_campaigns(data) else {}
        errors = _unknown_fields(data, [*self.fields, *campaign])
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {}
            raise serializers.ValidationError({**errors, **detail}) from None
        if errors:
            raise serializers.ValidationError(errors)
        told = value.get(self.campaign_field) or {}
        return {**value, self.campaign_field: {**campaign, **told}} if campaign and isinstance(told, Mapping) else value

    def _takes_campaigns(self, data: Any) -> bool:
        return bool(self.campaign_field) and isinstance(data, Mapping)


def _unknown_fields(data: Any, allowed: list[str]) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        return {}
    message = f"Unknown field. Allowed: {', '.join(allowed)}."
    return {str(name)[:100]: [message] for name in [name for name in data if name not in allowed][:20]}


class Reason(Strict):
    """Why a person does what they do; kept with who and when."""

    reason = Text(required=True, max_length=500)


class Person(Strict):
    """What a caller may tell about a person. What is left out, null or "" stays as it is known."""

    email = Text(required=True, max_length=320)
    first_name = Detail(max_length=150)
    last_name = Detail(max_length=150)
    phone = Detail(max_length=60)
    company = Detail(max_length=200)
    job_title = Detail(max_length=200)
    contact_types = Texts(longest=100, help_text="Names of contact types.")
    lead_source = Text(max_length=100, help_text="Name of a lead source.")
    business_entities = Texts(longest=120, help_text="Names of brands; then they are taken as given.")
    interests = Details(longest=100)
    tags = Details(longest=60)
    timezone = Detail(max_length=64, help_text="IANA name such as Europe/Berlin.")
    locale = Detail(max_length=35, help_text="BCP 47 language tag such as en-GB.")
    custom = DetailObject()


class ContactInput(Person):
    """A contact as the resource takes it."""

    campaign_field = "source_metadata"

    status = Text(max_length=100, help_text="Name of a contact status.")
    notes = Detail(max_length=50_000)


class ContactChange(ContactInput):
    """As ContactInput; what only Contactflow sets may come back as it was read, and is left alone."""

    campaign_field = ""

    id = serializers.UUIDField(required=False, write_only=True)
    created_at = serializers.DateTimeField(required=False, write_only=True)
    last_interaction_at = serializers.DateTimeField(required=False, allow_null=True, write_only=True)
    last_touches = Object(write_only=True)


class ContactOutput(Output[Contact]):
    contact_types = Name(many=True, read_only=True)
    lead_source = Name(read_only=True, allow_null=True)
    business_entities = serializers.SerializerMethodField()
    status = Name(read_only=True)
    custom = Object(read_only=True, required=False)

    class Meta:
        model = Contact
        fields = (
            "id", "email", "first_name", "last_name", "phone", "company", "job_title", "contact_types", "lead_source",
            "business_entities", "status", "tags", "interests", "timezone", "locale", "custom", "notes", "created_at",
            "last_interaction_at",
        )  # fmt: skip

    def get_business_entities(self, contact: Contact) -> list[str]:
        """In their order: the first is the one that workflows for any brand speak for."""
        return [membership.business_entity.name for membership in contact.memberships.all()]


class Remark(serializers.Serializer[Any]):
    """A detail that was left out, or taken in another way than it came."""

    field = serializers.CharField()
    message = serializers.CharField()


class Judgement(serializers.Serializer[Any]):
    """Enrolment's answer for one workflow."""

    workflow = serializers.CharField()
    matched = serializers.BooleanField()
    because = serializers.CharField()

    def to_representation(self, instance: Any) -> Any:
        return super().to_representation({**instance, "because": describe.because(instance["because"])})


class EventOutput(Output[ContactEvent]):
    contact = serializers.PrimaryKeyRelatedField[Contact](read_only=True)
    contact_email = serializers.CharField(source="contact.email", read_only=True)
    outcome = Judgement(many=True, read_only=True)
    warnings = Remark(many=True, read_only=True)

    class Meta:
        model = ContactEvent
        fields = (
            "id", "contact", "contact_email", "kind", "source", "received_at", "processed_at", "outcome", "warnings",
        )  # fmt: skip


class ConsentOutput(Output[Consent]):
    """A word on being written to; the newest one for a brand (null: every brand) holds."""

    id = serializers.UUIDField(source="key", read_only=True)
    contact = serializers.PrimaryKeyRelatedField[Contact](read_only=True)
    contact_email = serializers.CharField(source="contact.email", read_only=True)
    business_entity = Name(read_only=True, allow_null=True)

    class Meta:
        model = Consent
        fields = (
            "id", "contact", "contact_email", "business_entity", "channel", "state", "basis", "source", "wording",
            "wording_version", "actor", "recorded_at",
        )  # fmt: skip


class NewConsent(Strict):
    """What a person said, as a colleague or a program of theirs records it: it also lifts what they said before."""

    contact_email = Text(required=True, max_length=320, help_text="Address of a contact that exists.")
    business_entity = Name(
        queryset=BusinessEntity.objects.all(), required=False, allow_null=True, help_text="Null: every brand."
    )
    state = serializers.ChoiceField(
        Consent.State.choices, help_text="pending: they still have to confirm; it changes no word they gave."
    )
    channel = Text(max_length=20, help_text="email, if nothing is said.")
    basis = serializers.ChoiceField(Consent.Basis.choices, required=False, allow_blank=True)
    source = Text(  # type: ignore[assignment]  # a field of ours, not that of DRF
        required=True, max_length=200, help_text="How it was given or withdrawn."
    )
    wording = Text(max_length=5_000, help_text="The words they agreed to, as they were shown.")
    wording_version = Text(max_length=40)


class SuppressionOutput(Output[Suppression]):
    """An address that receives nothing; of somebody who was erased it is a hash."""

    id = serializers.UUIDField(source="key", read_only=True)

    class Meta:
        model = Suppression
        fields = ("id", "email", "reason", "scope", "detail", "actor", "until", "created_at")


class NewSuppression(Strict):
    email = Text(required=True, max_length=254)
    reason = serializers.ChoiceField(
        [one for one in Suppression.Reason.choices if one[0] not in ("limit", "erased")], default="manual"
    )
    scope = serializers.ChoiceField(Suppression.Scope.choices, default=Suppression.Scope.EVERYTHING)
    detail = Text(max_length=300)
    until = serializers.DateTimeField(
        required=False, allow_null=True, validators=[validate_moment], help_text="Null: for good."
    )
