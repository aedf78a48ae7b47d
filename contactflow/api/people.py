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
from rest_framework.request import Request
from rest_framework.response import Response

from contactflow.core.clock import database_now
from contactflow.models import Scope
from contactflow.personal_data import export
from contacts import api
from contacts.serializers import ContactOutput
from engagement.models import HumanTouch

LAST = HumanTouch.objects.filter(contact=OuterRef("pk")).order_by().values("kind").annotate(last=Max("at"))


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
