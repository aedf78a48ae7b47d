from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contactflow.api import idempotency
from contactflow.models import ApiKey, IdempotentAnswer
from contacts.models import Contact, ContactEvent
from engagement.models import Task
from tests import factories
from tests.api.caller import Caller

NEW, TASKS = "/contact-workflows/new-contact", "/api/v1/tasks/"
ADA = {"email": "ada@example.org"}
TASK = {"title": "Call back"}


@pytest.fixture
def catalogue(db: None) -> None:
    """What every contact needs, and nothing more."""
    factories.ContactTypeFactory(slug="general_contact", is_fallback=True)
    factories.LeadSourceFactory(is_fallback=True)
    factories.BusinessEntityFactory(is_fallback=True)
    factories.ContactStatusFactory()


@pytest.mark.django_db
def test_same_request_is_done_once_and_answered_the_same(operator: Caller, catalogue: None) -> None:
    first = operator.post(NEW, ADA, Idempotency_Key="one")

    second = operator.post(NEW, ADA, Idempotency_Key="one")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert ContactEvent.objects.count() == 1


@pytest.mark.django_db
def test_without_a_key_each_request_counts(operator: Caller) -> None:
    operator.post(TASKS, TASK)
    operator.post(TASKS, TASK)

    assert Task.objects.count() == 2
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.django_db
def test_another_body_is_refused(operator: Caller) -> None:
    operator.post(TASKS, TASK, Idempotency_Key="one")

    answer = operator.post(TASKS, {"title": "Write"}, Idempotency_Key="one")

    assert answer.status_code == 422
    assert "new key" in answer.json()["detail"]
    assert Task.objects.count() == 1


@pytest.mark.django_db
def test_another_address_is_refused(operator: Caller) -> None:
    operator.post(TASKS, TASK, Idempotency_Key="one")

    assert operator.post("/api/v1/contacts/", TASK, Idempotency_Key="one").status_code == 422


@pytest.mark.django_db
def test_closing_slash_makes_no_other_request(operator: Caller) -> None:
    operator.post("/api/v1/tasks", TASK, Idempotency_Key="one")

    assert operator.post("/api/v1/tasks/", TASK, Idempotency_Key="one").status_code == 201
    assert Task.objects.count() == 1


@pytest.mark.django_db
def test_keys_of_different_callers_do_not_meet(caller: Callable[[str | None], Caller]) -> None:
    caller("operate").post(TASKS, TASK, Idempotency_Key="one")
    caller("admin").post(TASKS, {"title": "Write"}, Idempotency_Key="one")

    assert Task.objects.count() == 2


@pytest.mark.django_db
def test_staff_have_keys_of_their_own(staff: Callable[..., Caller]) -> None:
    colleague = staff(is_superuser=True)

    colleague.post(TASKS, TASK, Idempotency_Key="one")
    colleague.post(TASKS, TASK, Idempotency_Key="one")

    assert Task.objects.count() == 1


@pytest.mark.django_db
def test_refusal_is_answered_the_same_too(operator: Caller) -> None:
    first = operator.post(TASKS, {}, Idempotency_Key="one")

    second = operator.post(TASKS, {}, Idempotency_Key="one")

    assert (first.status_code, second.status_code) == (400, 400)
    assert second.headers["Content-Type"] == "application/problem+json"
    assert second.content == first.content


@pytest.mark.django_db
def test_conflict_undoes_what_the_control_did(operator: Caller) -> None:
    instance = factories.WorkflowInstanceFactory()

    answer = operator.post(
        f"/api/v1/workflow-instances/{instance.pk}/resume/", {"reason": "back"}, Idempotency_Key="one"
    )

    assert answer.status_code == 409
    assert not instance.controls.exists()


@pytest.mark.django_db
def test_key_is_free_again_after_a_day(operator: Caller) -> None:
    operator.post(TASKS, TASK, Idempotency_Key="one")
    IdempotentAnswer.objects.update(created_at=Now() - timedelta(hours=24, seconds=1))

    answer = operator.post(TASKS, {"title": "Write"}, Idempotency_Key="one")

    assert answer.status_code == 201
    assert Task.objects.count() == 2


@pytest.mark.django_db
def test_key_is_held_for_a_whole_day(operator: Caller) -> None:
    operator.post(TASKS, TASK, Idempotency_Key="one")
    IdempotentAnswer.objects.update(created_at=Now() - timedelta(hours=23, minutes=59))

    operator.post(TASKS, TASK, Idempotency_Key="one")

    assert Task.objects.count() == 1


@pytest.mark.django_db
def test_old_answers_are_swept(operator: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "SWEEP_EVERY", 1)
    operator.post(TASKS, TASK, Idempotency_Key="old")
    IdempotentAnswer.objects.update(created_at=Now() - timedelta(days=2))

    operator.post(TASKS, TASK, Idempotency_Key="new")

    assert list(IdempotentAnswer.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.django_db
def test_few_requests_pay_for_the_sweep(operator: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency.random, "randrange", lambda stop: stop - 1)

    with CaptureQueriesContext(connection) as queries:
        operator.post(TASKS, TASK, Idempotency_Key="one")

    assert not [query for query in queries if query["sql"].strip().startswith("DELETE")]


@pytest.mark.django_db
def test_sweep_reads_only_what_it_removes() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {idempotency.EXPIRED}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "Index Cond: (created_at < (statement_timestamp()" in plan


@pytest.mark.django_db
def test_failure_of_ours_is_not_kept(operator: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from engagement import tasking

    create = tasking.create_task

    def make_and_fail(**values: Any) -> None:
        create(**values)
        raise ZeroDivisionError

    monkeypatch.setattr(tasking, "create_task", make_and_fail)
    failed = operator.post(TASKS, TASK, Idempotency_Key="one")
    monkeypatch.undo()

    again = operator.post(TASKS, TASK, Idempotency_Key="one")

    assert (failed.status_code, again.status_code) == (500, 201)
    assert Task.objects.count() == 1


@pytest.mark.django_db
def test_refusal_by_the_database_itself_is_not_kept(operator: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from engagement import tasking

    def make_badly(**_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT '2026-01-01T00:00:00-23:00'::timestamptz")

    monkeypatch.setattr(tasking, "create_task", make_badly)

    answer = operator.post(TASKS, TASK, Idempotency_Key="one")

    assert answer.status_code == 400
    assert "out of the range" in answer.json()["detail"]
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("scope", [None, "read"])
def test_closed_door_keeps_nothing(caller: Callable[[str | None], Caller], scope: str | None) -> None:
    answer = caller(scope).post(TASKS, TASK, Idempotency_Key="one")

    assert answer.status_code in (401, 403)
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.django_db
def test_revoked_key_gets_no_old_answer(operator: Caller) -> None:
    operator.post(TASKS, TASK, Idempotency_Key="one")
    ApiKey.objects.get().revoke()

    assert operator.post(TASKS, TASK, Idempotency_Key="one").status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " " * 3, "a" * 256, "café", "a\tb"])
def test_odd_key_is_refused(operator: Caller, key: str) -> None:
    answer = operator.post(TASKS, TASK, Idempotency_Key=key)

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["detail"]
    assert not Task.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["a", "8e03978e-40d5-43e8-bc93-6894a57f9324", '"quoted"', "a" * 255, "'; DROP--"])
def test_printable_key_is_taken(operator: Caller, key: str) -> None:
    assert operator.post(TASKS, TASK, Idempotency_Key=key).status_code == 201


@pytest.mark.django_db
def test_body_too_large_is_refused_with_a_key_too(operator: Caller) -> None:
    answer = operator.post(TASKS, raw=b" " * 2_000_000, Idempotency_Key="one")

    assert answer.status_code == 413


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_other_methods_ignore_the_key(operator: Caller, method: str) -> None:
    task = Task.objects.create(title="Look")

    operator.send(method, f"{TASKS}{task.pk}/", {"status": "done"}, Idempotency_Key="one")

    assert not IdempotentAnswer.objects.exists()


def send(key: str, path: str, body: bytes, idempotency_key: str) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key}
    try:
        return Client(raise_request_exception=False).post(path, body, content_type="application/json", headers=headers)
    finally:
        connection.close()


def at_once(count: int, work: Callable[[], Any]) -> list[Any]:
    """The answers of as many threads that begin together."""
    answers: list[Any] = []
    gate = threading.Barrier(count)

    def run() -> None:
        gate.wait(timeout=10)
        answers.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


@pytest.mark.django_db(transaction=True)
def test_same_request_several_times_at_once_is_done_once(catalogue: None) -> None:
    _, key = ApiKey.objects.issue(name="form", scope="operate")

    answers = at_once(4, lambda: send(key, NEW, b'{"email": "ada@example.org"}', "one"))

    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.headers.get("Idempotent-Replayed") == "true" for answer in answers) == 3
    assert Contact.objects.count() == ContactEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_request_under_way_is_answered_409(monkeypatch: pytest.MonkeyPatch) -> None:
    api_key, key = ApiKey.objects.issue(name="form", scope="operate")
    monkeypatch.setattr(idempotency, "WAIT", "50ms")
    answers: list[Any] = []

    with transaction.atomic():  # the other request, not yet committed
        IdempotentAnswer.objects.create(caller=f"key:{api_key.pk}", key="one", fingerprint="")
        thread = threading.Thread(target=lambda: answers.append(send(key, TASKS, b'{"title": "Call"}', "one")))
        thread.start()
        thread.join(timeout=10)

    assert answers[0].status_code == 409
    assert int(answers[0].headers["Retry-After"]) > 0
    assert not Task.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_request_that_broke_off_blocks_nobody() -> None:
    api_key, key = ApiKey.objects.issue(name="form", scope="operate")
    with transaction.atomic():
        IdempotentAnswer.objects.create(caller=f"key:{api_key.pk}", key="one", fingerprint="")
        transaction.set_rollback(True)  # what the database does when a process dies

    assert send(key, TASKS, b'{"title": "Call"}', "one").status_code == 201
