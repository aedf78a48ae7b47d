"""Contacts and their events over HTTP. Whatever is written goes through the door, contacts.intake."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import CreateModelMixin, DestroyModelMixin, UpdateModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from contactflow.core.clock import database_now
from contacts import deletion, filters, intake, serializers
from contacts.models import Contact, ContactEvent, EntityMembership

TEXTS = ("first_name", "last_name", "phone", "company", "job_title", "lead_source", "timezone", "locale", "notes")
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


def _edit(contact: Contact, told: dict[str, Any], *, everything: bool) -> intake.Arrival:
    """In an edit an empty value erases; only what is not named at all stays."""
    empty: dict[str, Any] = {**dict.fromkeys(TEXTS, ""), **{name: [] for name in LISTS}, "custom": {}}
    named = empty if everything else empty.keys() & told
    values = {name: empty[name] if told.get(name) is None else told[name] for name in named}
    values |= {"email": told.get("email", contact.email), "status": told.get("status") or None}
    return intake.Arrival(**values, payload=dict(told))
