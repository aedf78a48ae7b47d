"""/healthz says that this process answers; /readyz that the database, its migrations and a worker are there.

Both are answered before any other middleware, so that probes need no key, no https and no known host name.
"""

from __future__ import annotations

import functools
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse

from contactflow import embedded
from workflows import heartbeat

logger = logging.getLogger(__name__)

LEAST_FREE = 50_000_000  # bytes; PostgreSQL alone writes files of 16 MiB
QUERY_LIMIT = "3s"  # a probe that waits longer says more than its answer would


class HealthMiddleware:
    """Answers the two probes, with and without a closing slash, and leaves every other request alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info.rstrip("/")
        if path == "/healthz":
            return _answer({"status": "alive"}, ok=True)
        if path == "/readyz":
            checks = examine()
            ok = all(check["state"] == "ok" for check in checks.values())
            return _answer({"status": "ready" if ok else "not ready", "checks": checks}, ok=ok)
        return self.get_response(request)


def examine() -> dict[str, dict[str, str]]:
    """The state of each thing we need; one that could not be looked at is `unknown`."""
    checks = {name: {"state": "unknown", "detail": "the database does not answer"} for name in ("migrations", "worker")}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [QUERY_LIMIT])
            checks["migrations"] = _examine_migrations()
            if checks["migrations"]["state"] == "ok":
                checks["worker"] = _examine_worker()
            else:
                checks["worker"]["detail"] = "waits for the migrations"
    except Error as error:
        logger.warning("The database does not answer: %s", type(error).__name__)
        return {"database": {"state": "down", "detail": type(error).__name__}, **checks}
    return {"database": {"state": "ok"}, **checks, "disk": _examine_disk()}


def _examine_disk() -> dict[str, str]:
    """Of the folders we write to ourselves: what is made here, uploads, and the private database's data."""
    folders = [settings.VAR_DIR, Path(tempfile.gettempdir())]
    folders += [] if os.environ.get("DATABASE_URL") else [embedded.machine_cluster().home]
    for folder in filter(Path.exists, folders):
        if shutil.disk_usage(folder).free < LEAST_FREE:
            return {"state": "full", "detail": f"hardly anything is free where {folder} lies: free some space"}
    return {"state": "ok"}


def _examine_migrations() -> dict[str, str]:
    missing = _migrations_on_disk() - set(MigrationRecorder(connection).applied_migrations())
    if not missing:
        return {"state": "ok"}
    return {"state": "missing", "detail": f"{len(missing)} to apply: run manage.py migrate"}


@functools.cache
def _migrations_on_disk() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(loader.disk_migrations or {})


def _examine_worker() -> dict[str, str]:
    youngest = next(iter(heartbeat.all_health()), None)
    if youngest is None:
        return {"state": "missing", "detail": "none runs: start manage.py worker"}
    if not youngest.fresh:
        return {"state": "stale", "detail": f"the last sign of life is {int(youngest.age.total_seconds())} s old"}
    return {"state": "ok"}


def _answer(body: dict[str, object], *, ok: bool) -> JsonResponse:
    response = JsonResponse(body, status=200 if ok else 503)
    response["Cache-Control"] = "no-store"
    if not ok:
        response["Retry-After"] = "5"
    return response
