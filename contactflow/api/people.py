"""Contacts over HTTP, with what spans all rooms: everything that is kept about one person."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from contactflow.core.clock import database_now
from contactflow.models import Scope
from contactflow.personal_data import export
from contacts import api


class Contacts(api.Contacts):
    """People."""

    scopes: ClassVar[dict[str, str]] = {}
    permissions: ClassVar[dict[str, tuple[str, ...]]] = {}

    @extend_schema(operation_id="contacts_export", request=None, responses={(200, "application/json"): dict[str, Any]})
    @action(
        detail=True, url_path="export", scopes={"GET": Scope.ADMIN}, permissions={"GET": ("contacts.export_contact",)}
    )
    def everything(self, request: Request, **where: Any) -> Response:
        """Everything that is kept about the person, by table; the same as `manage.py export_person`."""
        return Response(json.loads(export.of(contact=self.get_object(), now=database_now()).as_json()))
