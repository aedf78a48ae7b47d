from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries

from contactflow.api import keys
from contactflow.models import ApiKey, Scope
from engagement.models import Task
from tests import factories
from tests.api.caller import Caller
from tests.matrix import matrix

SOME = uuid.UUID(int=1)
GETS = [
    "/contact-workflows/status",
    "/contact-workflows/templates",
    *(
        f"/api/v1/{resource}/{rest}"
        for resource in (
            "contacts",
            "workflow-instances",
            "scheduled-actions",
            "messages",
            "tasks",
            "alerts",
            "events",
            "consents",
            "suppressions",
            "replies",
            "conversions",
        )
        for rest in ("", f"{SOME}/")
    ),
    f"/api/v1/contacts/{SOME}/preferences/",
    *(f"/api/v1/{resource}/{rest}" for resource in ("workflow-templates", "goals") for rest in ("", "none/")),
]
WRITES = [
    ("POST", "/contact-workflows/trigger"),
    ("POST", "/contact-workflows/start-monitoring"),
    ("POST", "/contact-workflows/stop-monitoring"),
    ("POST", "/api/v1/contacts/"),
    ("PUT", f"/api/v1/contacts/{SOME}/"),
    ("PATCH", f"/api/v1/contacts/{SOME}/"),
    ("DELETE", f"/api/v1/contacts/{SOME}/"),
    ("PATCH", f"/api/v1/contacts/{SOME}/preferences/"),
    ("POST", "/api/v1/tasks/"),
    ("PATCH", f"/api/v1/tasks/{SOME}/"),
    ("POST", f"/api/v1/alerts/{SOME}/acknowledge/"),
    ("POST", "/api/v1/consents/"),
    ("POST", "/api/v1/suppressions/"),
    ("DELETE", f"/api/v1/suppressions/{SOME}/"),
    ("PATCH", f"/api/v1/replies/{SOME}/"),
    ("POST", "/api/v1/conversions/"),
    *(("POST", f"/api/v1/workflow-instances/{SOME}/{verb}/") for verb in ("pause", "resume", "cancel")),
    *(("POST", f"/api/v1/scheduled-actions/{SOME}/{verb}/") for verb in ("retry", "skip", "resolve")),
]
NEW_CONTACT = ("POST", "/contact-workflows/new-contact")
SIMULATE = ("POST", "/api/v1/workflow-templates/none/simulate/")  # writes nothing
WHOLE_PERSON = [
    ("GET", f"/api/v1/contacts/{SOME}/export/"),
    ("POST", f"/api/v1/contacts/{SOME}/erase/"),
    ("GET", "/api/v1/erasures/"),
    ("GET", f"/api/v1/erasures/{SOME}/"),
]
EVERYTHING = [*(("GET", path) for path in GETS), SIMULATE, *WRITES, NEW_CONTACT, *WHOLE_PERSON]
OPENS = {
    Scope.INTAKE: {NEW_CONTACT},
    Scope.READ: {*(("GET", path) for path in GETS), SIMULATE},
    Scope.OPERATE: set(EVERYTHING) - set(WHOLE_PERSON),
    Scope.ADMIN: set(EVERYTHING),
}

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("scope", Scope.values)
@matrix("method, path", EVERYTHING)
def test_key_opens_exactly_what_its_scope_says(
    caller: Callable[[str | None], Caller], scope: str, method: str, path: str
) -> None:
    answer = caller(scope).send(method, path, {})

    if (method, path) in OPENS[Scope(scope)]:
        assert answer.status_code in (200, 204, 400, 404)
    else:
        assert answer.status_code == 403
        assert f"the key has scope {scope}" in answer.json()["detail"]


def test_every_address_of_the_schema_is_in_the_matrix() -> None:
    from drf_spectacular.generators import SchemaGenerator

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]

    known = {(method, path.replace(str(SOME), "{id}").replace("/none/", "/{slug}/")) for method, path in EVERYTHING}
    elsewhere = {("POST", "/contact-workflows/notion-webhook"), ("GET", "/contact-workflows/alerts/stream")}
    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert described - elsewhere == known


@matrix("method, path", EVERYTHING)
def test_without_a_key_everything_is_closed(nobody: Caller, method: str, path: str) -> None:
    answer = nobody.send(method, path, {})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="contactflow"'
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer ", "bearer cf_" + "x" * 43, "Bearer a b", "Bearer \xe9", "Bearer " + "x" * 5000]
)
def test_wrong_key_is_answered_401(nobody: Caller, header: str) -> None:
    answer = nobody.get("/contact-workflows/status", Authorization=header)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Basic dTpw", "Token abc", "", "Bearer"])
def test_other_authorization_is_no_key(nobody: Caller, header: str) -> None:
    assert nobody.get("/contact-workflows/status", Authorization=header).status_code == 401


def test_scheme_is_read_whatever_its_case(reader: Caller) -> None:
    answer = reader.get("/contact-workflows/templates", Authorization=f"BEARER {reader.key}")

    assert answer.status_code == 200


def test_revoked_key_is_closed_at_once(reader: Caller) -> None:
    assert reader.get("/contact-workflows/templates").status_code == 200

    ApiKey.objects.get().revoke()

    assert reader.get("/contact-workflows/templates").status_code == 401


def test_last_use_of_a_key_is_noted(reader: Caller) -> None:
    reader.get("/contact-workflows/templates")

    assert ApiKey.objects.get().last_used_at is not None


def test_last_use_is_written_once_a_minute(
    reader: Caller, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.get("/api/v1/tasks/")

    with django_assert_num_queries(3):  # the key, the count, the page
        reader.get("/api/v1/tasks/")


def test_use_noted_by_another_process_is_not_written_again(reader: Caller) -> None:
    recently = Now() - timedelta(seconds=5)
    ApiKey.objects.update(last_used_at=recently)
    before = ApiKey.objects.get().last_used_at

    reader.get("/api/v1/tasks/")

    assert ApiKey.objects.get().last_used_at == before


def test_old_use_is_written_anew(reader: Caller) -> None:
    ApiKey.objects.update(last_used_at=Now() - timedelta(hours=1))
    before = ApiKey.objects.get().last_used_at

    reader.get("/api/v1/tasks/")

    noted = ApiKey.objects.get().last_used_at
    assert noted is not None
    assert before is not None
    assert noted > before


def test_holder_of_a_key_is_named_in_what_it_did(operator: Caller) -> None:
    instance = factories.WorkflowInstanceFactory()

    operator.post(f"/api/v1/workflow-instances/{instance.pk}/pause/", {"reason": "holiday"})

    assert instance.controls.get().actor == "API key the operate key"


def test_key_holder_is_nobody_of_staff() -> None:
    holder = keys.KeyHolder(ApiKey(name="form"))

    assert (holder.is_authenticated, holder.is_staff, holder.is_superuser) == (True, False, False)
    assert str(holder) == "API key form"


def test_staff_may_read_what_their_permissions_allow(staff: Callable[..., Caller]) -> None:
    colleague = staff("engagement.view_task")

    assert colleague.get("/api/v1/tasks/").status_code == 200
    assert colleague.get("/api/v1/messages/").status_code == 403


def test_staff_need_the_permission_to_write(staff: Callable[..., Caller]) -> None:
    task = Task.objects.create(title="Look")

    refused = staff("engagement.view_task").patch(f"/api/v1/tasks/{task.pk}/", {"status": "done"})
    allowed = staff("engagement.change_task").patch(f"/api/v1/tasks/{task.pk}/", {"status": "done"})

    assert refused.status_code == 403
    assert "engagement.change_task" in refused.json()["detail"]
    assert allowed.status_code == 200


def test_controls_need_the_permission_to_change(staff: Callable[..., Caller]) -> None:
    instance = factories.WorkflowInstanceFactory()

    adder = staff("workflows.add_workflowinstance")
    changer = staff("workflows.change_workflowinstance")

    path = f"/api/v1/workflow-instances/{instance.pk}/pause/"
    assert adder.post(path, {"reason": "holiday"}).status_code == 403
    assert changer.post(path, {"reason": "holiday"}).status_code == 200


def test_superuser_may_do_everything(staff: Callable[..., Caller]) -> None:
    answer = staff(is_superuser=True).post("/contact-workflows/start-monitoring")

    assert answer.status_code == 200


def test_account_that_is_not_of_staff_may_do_nothing(staff: Callable[..., Caller]) -> None:
    answer = staff("engagement.view_task", is_staff=False).get("/api/v1/tasks/")

    assert answer.status_code == 403
    assert "staff" in answer.json()["detail"]


def test_session_needs_the_csrf_token_to_write(staff: Callable[..., Caller]) -> None:
    colleague = staff(is_superuser=True, enforce_csrf_checks=True)

    answer = colleague.post("/contact-workflows/start-monitoring")

    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


def test_key_needs_no_csrf_token(operator: Caller) -> None:
    assert operator.post("/contact-workflows/start-monitoring").status_code == 200
