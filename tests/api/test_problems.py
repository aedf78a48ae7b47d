from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, OperationalError
from django.http import Http404
from django.test import Client, RequestFactory, override_settings
from rest_framework import exceptions

from contactflow.api import problems
from contactflow.core.reasons import Reason
from contacts.intake import IntakeError
from tests.api.caller import Caller
from workflows.controls import NotPossible
from workflows.entrypoints import UnknownWorkflow

PROBLEM = "application/problem+json"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v1/nothing/",
        "/api/v2/contacts/",
        "/api/v1/nothing",
        "/api/v1/contacts/not-a-uuid/",
        "/api/v1/contacts/00000000-0000-0000-0000-00000000000/",
        "/api/v1/contacts/%00/",
        "/api/v1/contacts/%ff%fe/",
        "/api/v1/contacts/%ED%A0%80/",
        "/api/v1/contacts//",
        "/api/v1/workflow-templates/..%2F..%2Fetc/",
        "/api/v1/tasks/'%20OR%201=1--/",
        "/contact-workflows/",
        "/contact-workflows/nothing",
        "/contact-workflows//status",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_address_is_a_problem(operator: Caller, method: str, path: str) -> None:
    answer = operator.send(method, path, {})

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json()["status"] == 404


@pytest.mark.django_db
@override_settings(DEBUG=True)
def test_unknown_address_is_a_problem_while_debugging(operator: Caller) -> None:
    assert operator.get("/api/v1/nothing").headers["Content-Type"] == PROBLEM


@pytest.mark.django_db
def test_unknown_row_is_a_problem(reader: Caller) -> None:
    answer = reader.get("/api/v1/contacts/00000000-0000-0000-0000-000000000001/")

    assert answer.status_code == 404
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such thing here, or it was deleted.",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/contact-workflows/new-contact", "POST"),
        ("DELETE", "/contact-workflows/trigger", "POST"),
        ("POST", "/contact-workflows/status", "GET"),
        ("HEAD", "/contact-workflows/alerts/stream", "GET"),
        ("PUT", "/api/v1/tasks/00000000-0000-0000-0000-000000000001/", "PATCH"),
        ("DELETE", "/api/v1/workflow-instances/00000000-0000-0000-0000-000000000001/", "GET"),
        ("GET", "/api/v1/workflow-instances/00000000-0000-0000-0000-000000000001/pause/", "POST"),
        ("POST", "/api/v1/messages/", "GET"),
        ("OPTIONS", "/api/v1/messages/", "GET"),
        ("TRACE", "/api/v1/messages/", "GET"),
        ("PATCH", "/api/v1/events/", "GET"),
        ("BREW", "/contact-workflows/trigger", "POST"),
    ],
)
@pytest.mark.parametrize("scope", ["read", "operate"])
def test_wrong_method_is_answered_405_with_the_right_ones(
    caller: Callable[[str | None], Caller], method: str, path: str, allowed: str, scope: str
) -> None:
    answer = caller(scope).send(method, path)

    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == PROBLEM
    assert allowed in answer.headers["Allow"]


@pytest.mark.django_db
def test_asking_for_an_unknown_form_is_a_problem(reader: Caller) -> None:
    answer = reader.get("/api/v1/tasks/", Accept="image/png")

    assert answer.status_code == 406
    assert answer.headers["Content-Type"] == PROBLEM


@pytest.mark.django_db
def test_program_that_accepts_html_gets_json(reader: Caller) -> None:
    answer = reader.get("/api/v1/tasks/", Accept="text/html,*/*;q=0.8")

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["results"] == []


@pytest.mark.django_db
def test_program_that_accepts_html_gets_its_problems_as_json(nobody: Caller) -> None:
    answer = nobody.get("/api/v1/tasks/", Accept="text/html")

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json()["status"] == 401


@pytest.mark.django_db
def test_staff_browse_the_api(staff: Callable[..., Caller]) -> None:
    answer = staff("engagement.view_task").get("/api/v1/tasks/", Accept="text/html")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert b"<html" in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/contacts/", "/contact-workflows/status", "/api/v1/workflow-templates/"])
def test_pages_for_staff_hold_nothing_their_policy_forbids(staff: Callable[..., Caller], path: str) -> None:
    answer = staff(is_superuser=True).get(path, Accept="text/html")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<script>" not in page
    assert "onclick=" not in page
    assert "<style>" not in page
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_other_pages_keep_their_own_not_found(client: Client) -> None:
    answer = client.get("/nothing")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.django_db
def test_foreign_host_is_a_problem(client: Client) -> None:
    answer = client.get("/api/v1/tasks/", headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == PROBLEM


@pytest.mark.django_db
def test_failure_of_ours_is_a_problem_without_details(reader: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from engagement import api

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(api.Tasks, "list", fail)

    answer = reader.get("/api/v1/tasks/")

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == PROBLEM
    assert b"secret" not in answer.content


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IntakeError({"email": ["Give one."]}), 400),
        (UnknownWorkflow("There is none."), 400),
        (NotPossible(Reason.of("workflow_cancelled")), 409),
        (Http404(), 404),
        (PermissionDenied(), 403),
        (RequestDataTooBig(), 413),
        (SuspiciousOperation(), 400),
        (DataError("out of range"), 400),
        (OperationalError("the connection is closed"), 503),
        (exceptions.Throttled(wait=3), 429),
    ],
)
def test_anticipated_errors_have_their_status(error: Exception, status: int) -> None:
    response = problems.handle(error, {})

    assert response is not None
    assert response.status_code == status
    assert response.data["status"] == status
    assert response.data["detail"]


def test_unanticipated_error_is_left_to_be_logged() -> None:
    assert problems.handle(ZeroDivisionError(), {}) is None


def test_waiting_time_is_told() -> None:
    response = problems.handle(exceptions.Throttled(wait=7), {})

    assert response is not None
    assert response.headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("detail", "fields"),
    [
        ({"email": ["Wrong."]}, {"email": ["Wrong."]}),
        ({"tags": {2: ["Too long."]}}, {"tags": ["item 3: Too long."]}),
        ({"tags": [{}, {"name": ["Missing."]}]}, {"tags": ["name: Missing."]}),
        ({"non_field_errors": ["No object."]}, {"body": ["No object."]}),
        (["No object."], {"body": ["No object."]}),
        ({"custom": {"a": {"b": ["Wrong."]}}}, {"custom": ["a: b: Wrong."]}),
    ],
)
def test_errors_are_told_by_field(detail: Any, fields: dict[str, list[str]]) -> None:
    assert problems.by_field(detail) == fields


def test_body_too_big_outside_of_a_view_is_answered_413() -> None:
    request = RequestFactory().post("/api/v1/contacts/")

    answer = problems.bad_request(request, RequestDataTooBig())

    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == PROBLEM


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "content_type"), [("/api/v1/contacts", PROBLEM), ("/admin/", "text/html; charset=utf-8")]
)
def test_database_that_is_away_is_said_before_any_view_as_well(
    path: str, content_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", refuse)
    client = Client(raise_request_exception=False, headers={"cookie": "sessionid=" + "s" * 32})

    answer = client.get(path)

    assert (answer.status_code, answer["Retry-After"], answer["Content-Type"]) == (503, "5", content_type)
