"""What new-contact is measured beside: a bare DRF view that makes the same inserts with bare psycopg."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path

import psycopg
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.benchmarks import client, reference

PATTERN = "BENCHMARK_PATTERN"  # in the environment: the file that says what to insert

_pattern: reference.ContactPattern = pickle.loads(Path(os.environ[PATTERN]).read_bytes())
_of_thread = threading.local()


class NewContact(APIView):
    scopes = {"POST": "intake"}

    def post(self, request: Request) -> Response:
        if not hasattr(_of_thread, "connection"):
            _of_thread.connection = psycopg.connect(_pattern.database_url, autocommit=True)
        contact_id = reference.insert_contact(_of_thread.connection, _pattern, email=request.data["email"])
        return Response({"success": True, "contact_id": str(contact_id)}, status=201)


def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path(client.PATH.lstrip("/"), NewContact.as_view()), path("healthz", alive)]
