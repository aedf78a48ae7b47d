from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from contactflow.api import schema
from tests.api.caller import Caller
from tests.matrix import matrix

PROMISED = [
    "/contact-workflows/new-contact",
    "/contact-workflows/trigger",
    "/contact-workflows/status",
    "/contact-workflows/templates",
    "/contact-workflows/start-monitoring",
    "/contact-workflows/stop-monitoring",
    "/contact-workflows/notion-webhook",
    "/contact-workflows/alerts/stream",
    *(
        f"/api/v1/{name}/"
        for name in (
            "contacts",
            "consents",
            "suppressions",
            "workflow-templates",
            "workflow-instances",
            "scheduled-actions",
            "messages",
            "tasks",
            "alerts",
            "events",
        )
    ),
]

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document(rows_of_a_file: None) -> dict[str, Any]:
    described: dict[str, Any] = Client().get("/api/schema/?format=json").json()
    return described


def test_schema_is_valid_and_has_no_gap() -> None:
    said = io.StringIO()

    call_command("spectacular", validate=True, fail_on_warn=True, stdout=said, stderr=said)

    assert "openapi: 3" in said.getvalue()


@matrix("path", PROMISED)
def test_every_promised_address_is_described(document: dict[str, Any], path: str) -> None:
    assert path in document["paths"]


@pytest.mark.parametrize("path", ["/api/schema", "/api/schema/"])
def test_schema_needs_no_key(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_every_operation_describes_its_problems(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            assert {"400", "401", "403", "default"} <= set(operation["responses"])
            assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]


def test_every_post_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        if "post" in operations:
            assert schema.IDEMPOTENCY_KEY in operations["post"]["parameters"]


def test_keys_are_described_as_bearers(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["ApiKey"]

    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/api/v1/contacts/", {"email", "search"}),
        ("/api/v1/workflow-instances/", {"contact_email", "workflow", "status"}),
        ("/api/v1/scheduled-actions/", {"instance", "status", "due_before"}),
        ("/api/v1/messages/", {"contact_email", "status"}),
        ("/api/v1/tasks/", {"contact_email", "status"}),
        ("/api/v1/alerts/", {"target"}),
        ("/api/v1/events/", {"contact_email"}),
    ],
)
def test_promised_filters_are_described(document: dict[str, Any], path: str, parameters: set[str]) -> None:
    described = {parameter["name"] for parameter in document["paths"][path]["get"]["parameters"]}

    assert parameters | {"cursor", "page_size"} <= described


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/"])
def test_docs_are_shown_to_everybody(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert b"swagger-ui" in answer.content


def test_docs_work_under_their_policy(client: Client) -> None:
    answer = client.get("/api/docs/")
    script = client.get("/api/docs/?script=")

    policy = answer.headers["Content-Security-Policy"]
    assert b"<script>" not in answer.content
    assert b"cdn" not in answer.content
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert b"SwaggerUIBundle" in script.content


def test_loosened_policy_holds_for_the_docs_alone(client: Client) -> None:
    policy = client.get("/api/schema/").headers["Content-Security-Policy"]

    assert "unsafe-inline" not in policy


def test_status_says_when_the_database_is_down(reader: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr("workflows.analytics.status", fail)

    answer = reader.get("/contact-workflows/status")

    assert answer.status_code == 503
    assert answer.json()["system_status"] == "down"
    assert answer.json()["problems"] == ["The database does not answer."]
