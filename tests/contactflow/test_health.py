from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from workflows.models import WorkerHeartbeat


@pytest.fixture
def probe() -> Client:
    """A probe knows an address, not our name."""
    return Client(headers={"host": "10.1.2.3"})


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_healthz_needs_neither_database_nor_host_name(probe: Client, path: str) -> None:
    response = probe.get(path)

    assert (response.status_code, response.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_readyz_is_ready_with_a_fresh_worker(probe: Client) -> None:
    WorkerHeartbeat.objects.create(name="fresh")

    response = probe.get("/readyz/")

    assert response.status_code == 200
    assert {name: check["state"] for name, check in response.json()["checks"].items()} == {
        "database": "ok",
        "migrations": "ok",
        "worker": "ok",
        "disk": "ok",
    }


@pytest.mark.django_db
def test_readyz_is_not_ready_without_a_worker(probe: Client) -> None:
    response = probe.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["worker"]["state"] == "missing"


@pytest.mark.django_db
def test_readyz_tells_a_worker_that_stopped_beating(probe: Client) -> None:
    WorkerHeartbeat.objects.create(name="stuck", beat_at=Now() - timedelta(minutes=5))

    response = probe.get("/readyz")

    assert response.json()["checks"]["worker"]["state"] == "stale"


@pytest.mark.django_db
def test_readyz_tells_missing_migrations(probe: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'contactflow'")

    response = probe.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["migrations"]["state"] == "missing"


@pytest.mark.django_db
def test_readyz_answers_without_a_database(probe: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")

    response = probe.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["database"]["state"] == "down"


def test_probes_are_not_redirected_to_https(probe: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert probe.get("/healthz").status_code == 200
