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

from contactflow.core.clock import database_now
from contactflow.models import ErasureRequest, Scope
from contactflow.personal_data import erasure, export
from contacts import api
from contacts.serializers import ContactOutput, Output, Strict, Text
from engagement.models import HumanTouch

LAST = HumanTouch.objects.filter(contact=OuterRef("pk")).order_by().values("kind").annotate(last=Max("at"))


class ErasureOrder(Strict):
    reason = Text(max_length=300, help_text="Why; kept without the person's name and address.")


class ErasureOutput(Output[ErasureRequest]):
    class Meta:
        model = ErasureRequest
        fields = ("id", "contact_keys", "reason", "actor", "asked_at", "finished_at", "steps")


class PersonOutput(ContactOutput):
    last_touches = serializers.SerializerMethodField(
        help_text="When a colleague last did something with them, by kind: answered, wrote, called, met, ..."
    )

    class Meta(ContactOutput.Meta):
        fields = (*ContactOutput.Meta.fields, "last_touches")  # type: ignore[assignment]  # one more

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "format": "date-time"}})
    def get_last_touches(self, contact: Any) -> dict[str, str]:
        return {one["kind"]: one["at"] for one in contact.found_touches}


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


class Erasures(ReadOnlyModelViewSet[ErasureRequest]):
    """Who was erased, by ids alone, and what each step did."""

    queryset = ErasureRequest.objects.all()
    serializer_class = ErasureOutput
    scopes: ClassVar[dict[str, str]] = {"GET": Scope.ADMIN}
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("-asked_at", "-id")
