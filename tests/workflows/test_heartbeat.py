from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from workflows import heartbeat
from workflows.models import WorkerHeartbeat

pytestmark = pytest.mark.django_db


def silent_for(name: str, **silence: float) -> None:
    heartbeat.beat(name=name)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_workerheartbeat SET beat_at = beat_at - %s WHERE name = %s",
            [dt.timedelta(**silence), name],
        )


def test_a_cluster_that_never_beat_has_no_age() -> None:
    assert heartbeat.age_of(name="host:1") is None


def test_a_beat_is_young() -> None:
    heartbeat.beat(name="host:1")

    age = heartbeat.age_of(name="host:1")
    assert age is not None
    assert age < dt.timedelta(seconds=5)


def test_beating_again_renews_the_same_sign() -> None:
    silent_for("host:1", seconds=500)

    heartbeat.beat(name="host:1")

    assert WorkerHeartbeat.objects.count() == 1
    assert heartbeat.age_of(name="host:1") < dt.timedelta(seconds=5)


def test_beating_again_keeps_the_start() -> None:
    heartbeat.beat(name="host:1")
    started = WorkerHeartbeat.objects.get().started_at

    heartbeat.beat(name="host:1")

    assert WorkerHeartbeat.objects.get().started_at == started


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (119, True), (121, False), (90_000, False)])
def test_freshness_ends_with_the_limit_of_the_settings(seconds: float, fresh: bool) -> None:
    silent_for("host:1", seconds=seconds)

    assert [health.fresh for health in heartbeat.all_health()] == [fresh]


def test_the_freshest_comes_first() -> None:
    silent_for("old:1", seconds=60)
    silent_for("young:1", seconds=1)

    assert [health.name for health in heartbeat.all_health()] == ["young:1", "old:1"]


def test_a_cluster_that_ends_takes_the_long_dead_along() -> None:
    heartbeat.beat(name="ending:1")
    heartbeat.beat(name="alive:1")
    silent_for("dead:1", days=2)
    silent_for("late:1", hours=2)

    heartbeat.forget(name="ending:1")

    assert {health.name for health in heartbeat.all_health()} == {"alive:1", "late:1"}
