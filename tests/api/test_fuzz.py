"""Schemathesis over the whole schema, in this process: nothing fails, and every answer is one that is described."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from contactflow.models import ApiKey, ErasureRequest
from contacts import consent
from contacts.models import Consent
from engagement.models import Alert, Conversion, Goal, Message, Task
from tests import factories

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]
ENDLESS = "/contact-workflows/alerts/stream"
IS_THOROUGH = os.environ.get("FUZZ") == "thorough"
LEAST = 2_000 if IS_THOROUGH else 240  # requests; whoever waits for the suite gets an eighth of them
EACH = settings(
    max_examples=24 if IS_THOROUGH else 3,
    deadline=None,
    database=None,
    derandomize=True,  # a run is as good as its seed: the same in every run, so that a failure is never a surprise
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def service(deployed: None) -> Iterator[tuple[Any, str, dict[str, Any]]]:
    """The schema of the running application, a key that opens everything, and an id for each resource."""
    contact = factories.ContactFactory()
    target = factories.TargetFactory()
    action = factories.ScheduledActionFactory(instance__contact=contact)
    now, brand = timezone.now(), factories.BusinessEntityFactory()
    goal = Goal.objects.create(slug="visit", name="Visit", business_entity=brand, reached_by="hand")
    reached = {"at": now, "business_entity": brand, "source": "hand", "key": "fuzz"}
    known = {
        "contacts": contact,
        "events": factories.ContactEventFactory(contact=contact),
        "messages": Message.objects.create(contact=contact, recipient=contact.email, subject="Hello", status="sent"),
        "tasks": Task.objects.create(title="Look", contact=contact, target=target),
        "alerts": Alert.objects.create(title="Look", contact=contact, target=target),
        "workflow-instances": action.instance,
        "scheduled-actions": action,
        "consents": Consent.objects.create(contact=contact, state="granted", source="form"),
        "suppressions": consent.suppress(email="gone@fuzz.example", reason="manual"),
        "replies": factories.ReplyFactory(contact=contact),
        "goals": goal,
        "conversions": Conversion.objects.create(goal=goal, contact=contact, **reached),
        "erasures": ErasureRequest.objects.create(contact_keys=[uuid.uuid4()], asked_at=now, due_at=now),
    }
    _, key = ApiKey.objects.issue(name="fuzz", scope="admin")
    # Between requests Django drops a connection with a transaction under way, and ours holds the test's.
    ends = (signals.request_started, signals.request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    loaded = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    yield loaded, key, {name: str(row.pk) for name, row in known.items()}
    for end in ends:
        end.connect(close_old_connections)


pytestmark = [pytest.mark.django_db, pytest.mark.hypothesis]

PARTS = {  # each takes a process of its own where there are several
    "doors": ("/contact-workflows/",),
    "people": ("/api/v1/contacts/", "/api/v1/events/"),
    "permission": ("/api/v1/consents/", "/api/v1/suppressions/", "/api/v1/erasures/"),
    "answers": ("/api/v1/replies/", "/api/v1/goals/", "/api/v1/conversions/"),
    "work": ("/api/v1/messages/", "/api/v1/tasks/", "/api/v1/alerts/"),
    "workflows": ("/api/v1/workflow-templates/", "/api/v1/workflow-instances/", "/api/v1/scheduled-actions/"),
}


@pytest.mark.parametrize("part", PARTS)
def test_no_request_falls_over(service: tuple[Any, str, dict[str, Any]], part: str) -> None:
    loaded, key, known = service
    sent: Counter[int] = Counter()

    attacks = [attack for attack in plan(loaded, known) if attack[0].path.startswith(PARTS[part])]
    for operation, mode, path_parameters in attacks:
        with transaction.atomic():
            bombard(operation, mode, path_parameters, key, sent)
            transaction.set_rollback(True)

    assert sent.total() >= EACH.max_examples * len(attacks) * 0.98  # a few have fewer requests to think of
    assert {200, 400} <= set(sent)


def test_parts_together_are_thousands_of_requests(service: tuple[Any, str, dict[str, Any]]) -> None:
    loaded, _, known = service

    attacks = list(plan(loaded, known))

    everywhere = tuple(prefix for prefixes in PARTS.values() for prefix in prefixes)
    assert all(operation.path.startswith(everywhere) for operation, *_ in attacks)
    assert len(attacks) * EACH.max_examples * 0.98 >= LEAST


def plan(loaded: Any, known: dict[str, Any]) -> Iterator[tuple[Any, GenerationMode, dict[str, Any] | None]]:
    for found in loaded.get_all_operations():
        operation = found.ok()
        if operation.path != ENDLESS:
            for mode, path_parameters in ways(operation, known):
                yield operation, mode, path_parameters


def ways(operation: Any, known: dict[str, Any]) -> Iterator[tuple[GenerationMode, dict[str, Any] | None]]:
    """Sound and unsound requests; where a row is named, once for one that exists."""
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        yield mode, None
    if "{id}" in operation.path:
        resource = operation.path.removeprefix("/api/v1/").split("/")[0]
        yield GenerationMode.POSITIVE, {"id": known[resource]}


def bombard(
    operation: Any, mode: GenerationMode, path_parameters: dict[str, Any] | None, key: str, sent: Counter[int]
) -> None:
    strategy = operation.as_strategy(generation_mode=mode, path_parameters=path_parameters)

    @EACH
    @given(case=strategy)
    def attempt(case: Any) -> None:
        response = case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)
        sent[response.status_code] += 1

    attempt()
