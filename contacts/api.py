"""Contacts and their events over HTTP. Whatever is written goes through the door, contacts.intake."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db.models import Prefetch
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import CreateModelMixin, DestroyModelMixin, UpdateModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from contactflow.core.clock import database_now
from contacts import addresses, cleaning, consent, deletion, filters, intake, serializers
from contacts.models import Consent, Contact, ContactEvent, EntityMembership, Suppression

TEXTS = ("first_name", "last_name", "phone", "company", "job_title", "lead_source", "timezone", "locale", "notes")
RECORDS = {"granted": consent.grant, "withdrawn": consent.withdraw, "pending": consent.ask}
LISTS = ("contact_types", "business_entities", "interests", "tags")


class Contacts(CreateModelMixin, UpdateModelMixin, DestroyModelMixin, ReadOnlyModelViewSet[Contact]):
    """People."""

    queryset = Contact.objects.select_related("status", "lead_source").prefetch_related(
        "contact_types",
        Prefetch("memberships", queryset=EntityMembership.objects.select_related("business_entity")),
    )
    serializer_class = serializers.ContactOutput
    filterset_class = filters.ContactFilters
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("-created_at", "-id")

    @extend_schema(
        request=serializers.ContactInput,
        responses={201: serializers.ContactOutput, 200: serializers.ContactOutput},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create the contact, or fill and update the one with this address (200)."""
        valid = serializers.ContactInput.validated(request.data)
        told = {name: value for name, value in valid.items() if value not in (None, "", [], {})}
        arrival = intake.Arrival(**told, payload=cast(dict[str, Any], request.data))
        receipt = intake.receive(arrival=arrival, source="api", now=database_now())
        warnings = {"warnings": receipt.event.warnings} if receipt.event.warnings else {}
        return Response({**self._shown(receipt.contact), **warnings}, status=201 if receipt.created else 200)

    @extend_schema(request=serializers.ContactInput, responses=serializers.ContactOutput)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Set the contact to what is given; what is left out is emptied, but for its status."""
        return self._amend(request, everything=True)

    @extend_schema(request=serializers.ContactChange, responses=serializers.ContactOutput)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Set the fields that are given; null, "" and [] empty them."""
        return self._amend(request, everything=False)

    def perform_destroy(self, instance: Contact) -> None:
        deletion.delete_contacts(contacts=[instance])

    def _amend(self, request: Request, *, everything: bool) -> Response:
        contact = self.get_object()
        told = serializers.ContactChange.validated(request.data, partial=not everything)
        arrival = _edit(contact, told, everything=everything)
        intake.amend(contact=contact, arrival=arrival, source="api", now=database_now())
        return Response(self._shown(contact))

    def _shown(self, contact: Contact) -> Any:
        return self.get_serializer(self.get_queryset().get(pk=contact.pk)).data


class Events(ReadOnlyModelViewSet[ContactEvent]):
    """What happened with contacts, and what every workflow said to it."""

    queryset = ContactEvent.objects.select_related("contact").defer("payload", "facts", "decisions", "changes", "error")
    serializer_class = serializers.EventOutput
    filterset_class = filters.EventFilters
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("-received_at", "-id")


class Consents(CreateModelMixin, ReadOnlyModelViewSet[Consent]):
    """What people said about being written to, newest first; nothing of it is changed or deleted."""

    queryset = Consent.objects.select_related("contact", "business_entity")
    serializer_class = serializers.ConsentOutput
    filterset_class = filters.ConsentFilters
    lookup_field, lookup_url_kwarg, lookup_value_converter = "key", "id", "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("-recorded_at", "-id")

    @extend_schema(request=serializers.NewConsent, responses={201: serializers.ConsentOutput})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record what somebody said. It holds for everything that is not being handed over yet."""
        told = serializers.NewConsent.validated(request.data)
        said = {name: value for name, value in told.items() if value not in (None, "")}
        record = RECORDS[said.pop("state")]
        contact = _contact(said.pop("contact_email"))
        made = record(contact=contact, now=database_now(), actor=request.user.get_username(), **said)
        if made is None:
            raise ValidationError({"state": ["They gave their word already, which nothing pending changes."]})
        self.recorded(made)
        return Response(self.get_serializer(made).data, status=201)

    def recorded(self, made: Consent) -> None:
        """What follows in rooms above."""


class Suppressions(CreateModelMixin, DestroyModelMixin, ReadOnlyModelViewSet[Suppression]):
    """Addresses that receive nothing, whoever asks."""

    queryset = Suppression.objects.all()
    serializer_class = serializers.SuppressionOutput
    filterset_class = filters.SuppressionFilters
    lookup_field, lookup_url_kwarg, lookup_value_converter = "key", "id", "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("-created_at", "-id")

    @extend_schema(request=serializers.NewSuppression, responses={201: serializers.SuppressionOutput})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Block an address; where one stands already that weighs as much, that one stays."""
        told = serializers.NewSuppression.validated(request.data)
        said = {name: value for name, value in told.items() if value is not None}
        said["email"] = _address(said["email"], field="email")
        made = consent.suppress(actor=request.user.get_username(), **said)
        return Response(self.get_serializer(made).data, status=201)

    @extend_schema(parameters=[OpenApiParameter("reason", str, description="Why; kept in the person's timeline.")])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Release the address. It lifts neither Do Not Contact nor what the person said themselves."""
        why = request.query_params.get("reason", "").replace("\0", "")[:200] or "Released by the API"
        consent.lift_suppression(suppression=self.get_object(), why=why, colleague=request.user.get_username())
        return Response(status=204)


def _contact(typed: str) -> Contact:
    contact = addresses.find(email=_address(typed, field="contact_email"))
    if contact is None:
        raise ValidationError({"contact_email": ["There is no contact with this address: create it first."]})
    return contact


def _address(typed: str, *, field: str) -> str:
    try:
        return cleaning.email(typed)
    except cleaning.Unacceptable as error:
        raise ValidationError({field: [str(error)]}) from None


def _edit(contact: Contact, told: dict[str, Any], *, everything: bool) -> intake.Arrival:
    """In an edit an empty value erases; only what is not named at all stays."""
    empty: dict[str, Any] = {**dict.fromkeys(TEXTS, ""), **{name: [] for name in LISTS}, "custom": {}}
    named = empty if everything else empty.keys() & told
    values = {name: empty[name] if told.get(name) is None else told[name] for name in named}
    values |= {"email": told.get("email", contact.email), "status": told.get("status") or None}
    return intake.Arrival(**values, payload=dict(told))
