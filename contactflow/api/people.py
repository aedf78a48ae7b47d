"""Contacts over HTTP, with what spans all rooms: what colleagues did last, everything that is kept about one person."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Max, OuterRef
from django.db.models.functions import JSONObject
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from contactflow.core.clock import database_now, validate_moment
from contactflow.models import ErasureRequest, Scope
from contactflow.permission_pages import confirming
from contactflow.personal_data import erasure, export
from contacts import api, consent
from contacts.models import BusinessEntity, Consent, Contact, Preference
from contacts.serializers import ContactOutput, Name, Output, Strict, Text
from engagement.models import EngagementTemplate, HumanTouch

LAST = HumanTouch.objects.filter(contact=OuterRef("pk")).order_by().values("kind").annotate(last=Max("at"))


class ErasureOrder(Strict):
    reason = Text(max_length=300, help_text="Why; kept without the person's name and address.")


class ErasureOutput(Output[ErasureRequest]):
    class Meta:
        model = ErasureRequest
        fields = ("id", "contact_keys", "reason", "actor", "asked_at", "finished_at", "steps")


class ChoiceOutput(Output[Preference]):
    """What the person chose of a brand's marketing; null: of every brand's. Both hold together."""

    business_entity = Name(read_only=True, allow_null=True)

    class Meta:
        model = Preference
        fields = ("business_entity", "frequency", "paused_until", "refused_kinds", "source", "actor", "recorded_at")


class ChoiceChange(Strict):
    business_entity = Name(
        queryset=BusinessEntity.objects.all(), required=False, allow_null=True, help_text="Null: every brand."
    )
    frequency = serializers.ChoiceField(
        Preference.Frequency.choices, required=False, help_text="weekly: at most one marketing email a week."
    )
    paused_until = serializers.DateTimeField(
        required=False, allow_null=True, validators=[validate_moment], help_text="No marketing until then; null: none."
    )
    refused_kinds = serializers.ListField(
        child=serializers.ChoiceField(EngagementTemplate.Category.choices), required=False, max_length=100,
        help_text="Kinds of emails that they do not want.",
    )  # fmt: skip
    source = Text(  # type: ignore[assignment]  # a field of ours, not that of DRF
        required=True, max_length=200, help_text="How they said so."
    )


class PersonOutput(ContactOutput):
    last_touches = serializers.SerializerMethodField(
        help_text="When a colleague last did something with them, by kind: answered, wrote, called, met, ..."
    )

    class Meta(ContactOutput.Meta):
        fields = (*ContactOutput.Meta.fields, "last_touches")  # type: ignore[assignment]  # one more

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "format": "date-time"}})
    def get_last_touches(self, contact: Any) -> dict[str, str]:
        return {one["kind"]: one["at"] for one in contact.found_touches}


class Consents(api.Consents):
    """What people said of marketing: given, withdrawn, or waiting for their confirmation, for which they get a mail
    where the brand requires a recorded yes."""

    def recorded(self, made: Consent) -> None:
        if made.state == Consent.State.PENDING:
            confirming.send(pending=made, now=database_now())


@extend_schema_view(
    create=extend_schema(responses={201: PersonOutput, 200: PersonOutput}),
    update=extend_schema(responses=PersonOutput),
    partial_update=extend_schema(responses=PersonOutput),
)
class Contacts(api.Contacts):
    """People."""

    queryset = api.Contacts.queryset.annotate(
        found_touches=ArraySubquery(LAST.values(json=JSONObject(kind="kind", at="last")))
    )
    serializer_class = PersonOutput
    scopes: ClassVar[dict[str, str]] = {}
    permissions: ClassVar[dict[str, tuple[str, ...]]] = {}

    @extend_schema(operation_id="contacts_export", request=None, responses={(200, "application/json"): dict[str, Any]})
    @action(
        detail=True, url_path="export", scopes={"GET": Scope.ADMIN}, permissions={"GET": ("contacts.export_contact",)}
    )
    def everything(self, request: Request, **where: Any) -> Response:
        """Everything that is kept about the person, by table; the same as `manage.py export_person`."""
        return Response(json.loads(export.of(contact=self.get_object(), now=database_now()).as_json()))

    @extend_schema(operation_id="contacts_preferences", request=None, responses=ChoiceOutput(many=True))
    @action(detail=True, url_path="preferences", pagination_class=None, filterset_class=None)
    def preferences(self, request: Request, **where: Any) -> Response:
        """What the person chose of the marketing they get, short of leaving it: the newest for each brand."""
        return Response(_choices(self.get_object()))

    @extend_schema(operation_id="contacts_preferences_change", request=ChoiceChange, responses=ChoiceOutput(many=True))
    @preferences.mapping.patch
    def choose(self, request: Request, **where: Any) -> Response:
        """Record what they chose of one brand's, or of every brand's; what is left out stays as they chose it before.

        It holds for everything that is not being handed over yet.
        """
        told, contact = ChoiceChange.validated(request.data), self.get_object()
        brand = told.get("business_entity")
        before = consent.choices_of(contact=contact).get(brand.pk if brand else None) or Preference()
        held = {name: getattr(before, name) for name in ("frequency", "paused_until", "refused_kinds")}
        new = held | {name: told[name] for name in held if name in told}
        if new != held or before.pk is None:
            about = {"business_entity": brand, "source": told["source"], "actor": request.user.get_username()}
            consent.choose(contact=contact, now=database_now(), **about, **new)
        return Response(_choices(contact))

    @extend_schema(operation_id="contacts_erase", request=ErasureOrder, responses={202: ErasureOutput})
    @action(
        detail=True,
        methods=["post"],
        scopes={"POST": Scope.ADMIN},
        permissions={"POST": ("contactflow.add_erasurerequest",)},
    )
    def erase(self, request: Request, **where: Any) -> Response:
        """Erase the person for good; `erasures` says how far it is. DELETE only deletes the contact."""
        contact, told = self.get_object(), ErasureOrder.validated(request.data)
        by = request.user if request.auth is None else None
        about = {"reason": told.get("reason", ""), "actor": request.user.get_username(), "user": by}
        done = erasure.erase(contacts=[contact], now=database_now(), **about)
        if not done:
            raise NotFound
        return Response(ErasureOutput(done[0]).data, status=202)


def _choices(contact: Contact) -> Any:
    rows = sorted(consent.choices_of(contact=contact).values(), key=lambda one: one.business_entity_id or 0)
    return ChoiceOutput(rows, many=True).data


class Erasures(ReadOnlyModelViewSet[ErasureRequest]):
    """Who was erased, by ids alone, and what each step did."""

    queryset = ErasureRequest.objects.all()
    serializer_class = ErasureOutput
    scopes: ClassVar[dict[str, str]] = {"GET": Scope.ADMIN}
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("-asked_at", "-id")
