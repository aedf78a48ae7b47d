from __future__ import annotations

import time

import pytest
from django.core.management import call_command
from django_q.models import OrmQ, Schedule

from tests.factories import ContactEventFactory, ScheduledActionFactory
from workflows import analytics, heartbeat, pump, tasks, wake, watchdog
from workflows.models import WorkerHeartbeat

pytestmark = pytest.mark.django_db


def test_a_run_repeats_until_nothing_is_due() -> None:
    ScheduledActionFactory.create_batch(3)

    done = pump.run(max_seconds=30)

    assert done["workflows.execution.run_pump_step"] == 3


def test_every_step_of_the_settings_runs(settings) -> None:
    settings.PUMP_STEPS = [*settings.PUMP_STEPS, "tests.workflows.test_pump.another_room"]
    visits.clear()

    pump.run(max_seconds=30)

    assert visits == ["visited"]


def test_a_step_that_fails_does_not_stop_the_others(settings) -> None:
    settings.PUMP_STEPS = ["tests.workflows.test_pump.broken_room", *settings.PUMP_STEPS]
    ScheduledActionFactory()

    done = pump.run(max_seconds=30)

    assert done["workflows.execution.run_pump_step"] == 1


visits: list[str] = []


def another_room(deadline: float) -> int:
    visits.append("visited")
    return 0


def broken_room(deadline: float) -> int:
    raise ValueError("broken")


def test_the_pump_gives_a_sign_of_life_for_its_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tasks.WORKER_VARIABLE, "host:1")

    tasks.pump()

    assert WorkerHeartbeat.objects.get().name == "host:1"
    assert analytics.worker_is_alive()


def test_a_busy_step_leaves_the_others_their_turn(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PUMP_STEPS = ["tests.workflows.test_pump.busy_room", "tests.workflows.test_pump.another_room"]
    monkeypatch.setattr(pump, "STEP_SECONDS", 0.01)
    visits.clear()

    pump.run(max_seconds=0.05)

    assert visits


def busy_room(deadline: float) -> int:
    while time.monotonic() < deadline:
        pass
    return 1


def test_two_safety_nets_do_no_harm() -> None:
    for _ in range(2):
        Schedule.objects.create(name=watchdog.SAFETY_NET, func=wake.PUMP)

    watchdog.ensure_schedule()

    assert Schedule.objects.count() == 2


def test_without_a_cluster_there_is_no_sign_of_life() -> None:
    tasks.pump()

    assert not analytics.worker_is_alive()


def test_an_old_sign_of_life_is_none(settings) -> None:
    settings.WORKER_STUCK_SECONDS = -1
    heartbeat.beat(name="host:1")

    assert not analytics.worker_is_alive()


def test_a_cluster_that_ended_is_forgotten() -> None:
    heartbeat.beat(name="host:1")

    heartbeat.forget(name="host:1")

    assert heartbeat.age_of(name="host:1") is None


def test_waking_leaves_one_call_however_often() -> None:
    for _ in range(5):
        wake.wake()

    assert OrmQ.objects.count() == 1


def test_a_queue_that_does_not_answer_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ConnectionError

    monkeypatch.setattr(wake, "get_broker", broken)

    wake.wake()


def test_a_commit_wakes_a_worker(django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        wake.on_commit()

    assert OrmQ.objects.get().task["func"] == "workflows.tasks.pump"


def test_the_safety_net_hangs_once() -> None:
    for _ in range(2):
        watchdog.ensure_schedule()

    schedule = Schedule.objects.get()
    assert (schedule.func, schedule.minutes, schedule.repeats) == ("workflows.tasks.pump", 1, -1)


def test_dispatch_once_does_all_and_prints_counts(capsys) -> None:
    ScheduledActionFactory()
    ContactEventFactory()

    call_command("dispatch", "--once")

    printed = capsys.readouterr().out
    assert "workflows.execution.run_pump_step" in printed
    assert "2" in printed
