"""Signs of life of the workers, by the database's clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from workflows.models import WorkerHeartbeat

FORGET_AFTER = dt.timedelta(days=1)


@dataclass(frozen=True)
class Health:
    name: str
    age: dt.timedelta
    fresh: bool


def beat(*, name: str) -> None:
    """Renew the sign of life of a cluster."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO workflows_workerheartbeat (name, started_at, beat_at)
            VALUES (%(name)s, clock_timestamp(), clock_timestamp())
            ON CONFLICT (name) DO UPDATE SET beat_at = clock_timestamp()
            """,
            {"name": name},
        )


def age_of(*, name: str) -> dt.timedelta | None:
    """How old the sign of life is; None when there was none."""
    row = WorkerHeartbeat.objects.filter(name=name).annotate(age=Now() - F("beat_at")).first()
    return row.age if row else None


def forget(*, name: str) -> None:
    """A cluster that ended leaves no sign of life, and takes those older than a day with it."""
    WorkerHeartbeat.objects.filter(name=name).delete()
    WorkerHeartbeat.objects.filter(beat_at__lt=Now() - FORGET_AFTER).delete()


def all_health() -> list[Health]:
    """Every cluster that gave a sign of life lately, freshest first."""
    rows = WorkerHeartbeat.objects.annotate(age=Now() - F("beat_at")).order_by("age")
    limit = dt.timedelta(seconds=settings.WORKER_STUCK_SECONDS)
    return [Health(name=row.name, age=row.age, fresh=row.age <= limit) for row in rows]
