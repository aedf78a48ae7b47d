from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models.functions import Now

from notion_bridge import monitoring
from notion_bridge.models import NotionConnection
from tests.api.caller import Caller

START, STOP = "/contact-workflows/start-monitoring", "/contact-workflows/stop-monitoring"
WEBHOOK = "/contact-workflows/notion-webhook"
HANDSHAKE = {"verification_token": "secret_abc"}
EVENT = b'{"id": "1", "type": "page.created"}'

pytestmark = pytest.mark.django_db


def sign(body: bytes, token: str = "secret_abc") -> str:
    return "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
def connected() -> None:
    NotionConnection.objects.create(webhook_token="secret_abc")


def test_monitoring_is_switched_on(operator: Caller) -> None:
    answer = operator.post(START)

    assert answer.status_code == 200
    assert set(answer.json()) == {"success", "monitoring", "message"}
    assert (answer.json()["success"], answer.json()["monitoring"]) == (True, True)
    assert monitoring.is_on()


def test_monitoring_is_switched_off(operator: Caller) -> None:
    operator.post(START)

    answer = operator.post(STOP)

    assert (answer.status_code, answer.json()["monitoring"]) == (200, False)
    assert not monitoring.is_on()


def test_switch_says_that_notion_is_not_connected(operator: Caller) -> None:
    message = operator.post(START).json()["message"]

    assert "not connected" in message
    assert "NOTION_API_KEY" in message


def test_switch_says_that_notion_is_monitored(operator: Caller, settings: Any) -> None:
    settings.NOTION_API_KEY = "key"
    settings.NOTION_DATABASES = {"contacts": "id", "tasks": "", "instances": ""}

    assert operator.post(START).json()["message"] == "Notion is monitored."


@pytest.mark.parametrize("path", [START, STOP])
def test_switching_again_changes_nothing(operator: Caller, path: str) -> None:
    operator.post(path)

    assert operator.post(path).status_code == 200
    assert NotionConnection.objects.count() == 1


def test_switch_remembers_who(operator: Caller) -> None:
    operator.post(START)

    connection = NotionConnection.objects.get()
    assert connection.switched_by == "API key the operate key"
    assert connection.switched_at is not None


def test_switch_leaves_the_webhook_alone(operator: Caller, connected: None) -> None:
    operator.post(START)

    assert NotionConnection.objects.get().webhook_token == "secret_abc"


def test_there_is_one_connection() -> None:
    with pytest.raises(IntegrityError):
        NotionConnection.objects.create(pk=2)


@pytest.mark.parametrize("path", [WEBHOOK, WEBHOOK + "/"])
def test_handshake_outside_its_window_is_forbidden(nobody: Caller, path: str) -> None:
    answer = nobody.post(path, HANDSHAKE)

    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "notion_webhook --open" in answer.json()["detail"]


def test_handshake_in_its_window_is_accepted_once(nobody: Caller) -> None:
    NotionConnection.objects.create(handshake_until=Now() + timedelta(minutes=5))

    first, second = nobody.post(WEBHOOK, HANDSHAKE), nobody.post(WEBHOOK, {"verification_token": "secret_other"})

    assert (first.status_code, second.status_code) == (200, 403)
    assert NotionConnection.objects.get().webhook_token == "secret_abc"


def test_handshake_after_its_window_is_forbidden(nobody: Caller) -> None:
    NotionConnection.objects.create(handshake_until=Now() - timedelta(seconds=1))

    assert nobody.post(WEBHOOK, HANDSHAKE).status_code == 403


def test_signed_event_is_accepted(nobody: Caller, connected: None) -> None:
    answer = nobody.post(WEBHOOK, raw=EVENT, X_Notion_Signature=sign(EVENT))

    assert (answer.status_code, answer.json()) == (200, {"success": True})


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha256=" + "0" * 64, sign(EVENT, "another"), sign(b"{}"), sign(EVENT)[7:], "sha1=abc", "é"],
)
def test_wrong_signature_is_refused(nobody: Caller, connected: None, signature: str) -> None:
    answer = nobody.post(WEBHOOK, raw=EVENT, X_Notion_Signature=signature)

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"]


def test_nothing_is_genuine_before_the_handshake(nobody: Caller) -> None:
    NotionConnection.objects.create()

    assert nobody.post(WEBHOOK, raw=EVENT, X_Notion_Signature=sign(EVENT, "")).status_code == 401


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"verification_token": 5}',
        b'{"verification_token": ""}',
        b'{"verification_token": "' + b"a" * 201 + b'"}',
    ],
)
def test_unsigned_nonsense_is_refused(nobody: Caller, raw: bytes) -> None:
    assert nobody.post(WEBHOOK, raw=raw).status_code == 401


def test_other_content_without_a_signature_is_refused(nobody: Caller) -> None:
    assert nobody.post(WEBHOOK, raw=b"a=b", content_type="application/x-www-form-urlencoded").status_code == 401


@pytest.mark.parametrize("signature", ["", "sha256=" + "0" * 64])
def test_event_too_large_is_refused(nobody: Caller, connected: None, signature: str) -> None:
    assert nobody.post(WEBHOOK, raw=b" " * 2_000_000, X_Notion_Signature=signature).status_code == 413


def test_key_opens_no_way_around_the_signature(operator: Caller) -> None:
    assert operator.post(WEBHOOK, raw=EVENT).status_code == 401
