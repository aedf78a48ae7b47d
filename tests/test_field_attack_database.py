"""What was tried against a running system whose database goes, which is why no rows are kept here between tests."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import psycopg
import pytest
from django.db import connection
from django.test import Client

from contactflow.api import idempotency
from contactflow.models import ApiKey
from workflows.models import WorkerHeartbeat

NEW_CONTACT = "/contact-workflows/new-contact"


# Without a database, or with a full disk


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize("path", [NEW_CONTACT, "/contact-workflows/trigger", "/api/v1/contacts/", "/admin/login/"])
@pytest.mark.parametrize("header", [{}, {"idempotency-key": "one"}, {"cookie": "sessionid=abcdefghijklmnop"}])
def test_without_a_database_everybody_is_told_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str, header: dict[str, str]
) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    caller = Client(headers={"authorization": "Bearer cf_unknown", **header}, raise_request_exception=False)

    answer = caller.generic(method, path, b"{}", "application/json")

    if path == "/admin/login/" and "cookie" not in header:
        return  # it asks the database nothing, or finds the form lacking
    assert (answer.status_code, answer.headers.get("Retry-After")) in {(503, "5"), (405, None)}


@pytest.mark.django_db
def test_a_full_disk_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    WorkerHeartbeat.objects.create(name="fresh")
    assert Client().get("/readyz").status_code == 200
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_000))

    answer = Client().get("/readyz")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["checks"]["disk"]["state"] == "full"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [NEW_CONTACT, "/contact-workflows/trigger", "/api/v1/contacts/", "/api/v1/tasks/"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_database_that_goes_while_a_key_is_held_is_a_503(monkeypatch: pytest.MonkeyPatch, path: str, when: str) -> None:
    _, key = ApiKey.objects.issue(name="operator", scope="operate")
    claim = idempotency._claim

    def go(*about: str) -> int | None:
        taken = claim(*about) if when == "after" else None
        host, name = connection.settings_dict["HOST"], connection.settings_dict["NAME"]
        with psycopg.connect(f"postgresql://contactflow@:5432/{name}?host={host}", autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        return taken if when == "after" else claim(*about)

    monkeypatch.setattr(idempotency, "_claim", go)
    caller = Client(headers={"authorization": f"Bearer {key}", "idempotency-key": "one"}, raise_request_exception=False)
    body = {"email": "ada@example.com"}
    body = {"contact_email": "ada@example.com", "trigger_event": "x"} if "trigger" in path else body
    body = {"title": "Call"} if "tasks" in path else body

    answer = caller.post(path, body, "application/json")

    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), answer.content
