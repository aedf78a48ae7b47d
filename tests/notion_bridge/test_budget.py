"""The budget of requests to Notion: the average, the lanes, and the pauses Notion asks for."""

from __future__ import annotations

import random
import runpy
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F, Sum

from contactflow.core.clock import database_now
from notion_bridge import budget
from notion_bridge.budget import Lane, Later
from notion_bridge.models import RequestBudget, RequestTally

pytestmark = pytest.mark.django_db

INTERVAL = 4.0  # seconds; so long that what a test itself takes does not count
SLACK = 1.0
SETTINGS = str(Path(__file__).parents[2] / "contactflow" / "settings.py")


class Naps(list[float]):
    """A sleeper that lets the time of the budget pass instead of sleeping."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)
        pass_time(seconds)

    @property
    def total(self) -> float:
        return sum(self)


def pass_time(seconds: float) -> None:
    span = timedelta(seconds=seconds)
    RequestBudget.objects.update(tat=F("tat") - span, blocked_until=F("blocked_until") - span)


def now_or_never(lane: Lane) -> bool:
    """Whether the lane gets a slot without waiting."""
    try:
        budget.acquire(lane, time.monotonic())
    except Later:
        return False
    return True


def row() -> RequestBudget:
    return RequestBudget.objects.get()


@pytest.fixture(autouse=True)
def slow_rate(settings: Any) -> None:
    settings.NOTION_REQUESTS_PER_SECOND = 1 / INTERVAL


@pytest.fixture
def naps() -> Naps:
    return Naps()


# The average


def test_first_request_ever_leaves_at_once(naps: Naps) -> None:
    budget.acquire(Lane.BULK, sleep=naps)

    assert naps == []


def test_second_request_of_a_backlog_waits_one_interval(naps: Naps) -> None:
    budget.acquire(Lane.BULK, sleep=naps)

    budget.acquire(Lane.BULK, sleep=naps)

    assert naps.total == pytest.approx(INTERVAL, abs=SLACK)


@pytest.mark.parametrize("seed", range(5))
def test_average_holds_whatever_lanes_are_mixed(naps: Naps, seed: int) -> None:
    dice = random.Random(seed)

    for _ in range(30):
        budget.acquire(dice.choice(list(Lane)), sleep=naps)

    assert (30 - 3) * INTERVAL - SLACK <= naps.total <= 30 * INTERVAL


def test_rate_is_the_settings(naps: Naps, settings: Any) -> None:
    settings.NOTION_REQUESTS_PER_SECOND = 0.5
    budget.acquire(Lane.BULK, sleep=naps)

    budget.acquire(Lane.BULK, sleep=naps)

    assert naps.total == pytest.approx(2, abs=SLACK)


def test_idle_time_is_not_saved_up() -> None:
    budget.acquire(Lane.BULK)
    pass_time(1000 * INTERVAL)

    granted = [now_or_never(Lane.PERSON) for _ in range(6)]

    assert granted == [True] * 3 + [False] * 3


def test_clock_set_back_holds_nobody_for_hours() -> None:
    RequestBudget.objects.create(tat=database_now() + timedelta(hours=5))

    granted = [now_or_never(Lane.BULK) for _ in range(2)]

    assert granted == [True, False]


def test_raised_rate_counts_at_once(settings: Any) -> None:
    settings.NOTION_REQUESTS_PER_SECOND = 0.001
    budget.acquire(Lane.BULK)

    settings.NOTION_REQUESTS_PER_SECOND = 3

    assert now_or_never(Lane.BULK)


# The lanes


@pytest.mark.parametrize(("lane", "burst"), [(Lane.PERSON, 3), (Lane.SYNC, 2), (Lane.BULK, 1)])
def test_lane_bursts_as_far_as_its_urgency_allows(lane: Lane, burst: int) -> None:
    granted = [now_or_never(lane) for _ in range(burst + 2)]

    assert granted == [True] * burst + [False] * 2


@pytest.mark.parametrize(
    ("urgent", "patient"), [(Lane.PERSON, Lane.SYNC), (Lane.PERSON, Lane.BULK), (Lane.SYNC, Lane.BULK)]
)
def test_urgent_lane_goes_where_a_patient_one_has_to_wait(urgent: Lane, patient: Lane) -> None:
    while now_or_never(patient):
        pass

    assert now_or_never(urgent)


def test_person_overtakes_a_backlog_that_is_already_waiting() -> None:
    overtaken = Naps()

    def wait(seconds: float) -> None:
        if not overtaken:
            assert now_or_never(Lane.PERSON)
        overtaken(seconds)

    budget.acquire(Lane.BULK)
    budget.acquire(Lane.BULK, sleep=wait)

    assert overtaken.total == pytest.approx(2 * INTERVAL, abs=SLACK)


def test_backlog_pays_for_the_burst_of_a_person(naps: Naps) -> None:
    for _ in range(3):
        budget.acquire(Lane.PERSON)

    budget.acquire(Lane.BULK, sleep=naps)

    assert naps.total == pytest.approx(3 * INTERVAL, abs=SLACK)


# Deadlines


def test_nothing_before_the_deadline_is_said_without_sleeping(naps: Naps) -> None:
    budget.acquire(Lane.BULK)

    with pytest.raises(Later):
        budget.acquire(Lane.BULK, time.monotonic() + INTERVAL / 2, sleep=naps)

    assert naps == []


def test_later_says_when_to_ask_again() -> None:
    budget.acquire(Lane.BULK)

    with pytest.raises(Later) as later:
        budget.acquire(Lane.BULK, time.monotonic())

    assert later.value.until == row().tat


def test_later_books_nothing() -> None:
    budget.acquire(Lane.BULK)
    before = row().tat

    assert not now_or_never(Lane.BULK)

    assert row().tat == before


def test_wait_that_fits_the_deadline_is_waited(naps: Naps) -> None:
    budget.acquire(Lane.BULK)

    budget.acquire(Lane.BULK, time.monotonic() + 2 * INTERVAL, sleep=naps)

    assert naps.total == pytest.approx(INTERVAL, abs=SLACK)


def test_free_slot_is_granted_after_the_deadline(naps: Naps) -> None:
    budget.acquire(Lane.BULK, time.monotonic() - 60, sleep=naps)

    assert naps == []


# Pauses


@pytest.mark.parametrize("lane", Lane)
def test_pause_holds_every_lane(lane: Lane) -> None:
    budget.block(30)

    assert not now_or_never(lane)


def test_pause_ends_when_notion_said(naps: Naps) -> None:
    budget.block(30)

    budget.acquire(Lane.PERSON, sleep=naps)

    assert naps.total == pytest.approx(30, abs=SLACK)


def test_long_pause_is_honoured_in_full() -> None:
    before = database_now()

    budget.block(7200)

    with pytest.raises(Later) as later:
        budget.acquire(Lane.PERSON, time.monotonic() + 7000)
    assert timedelta(seconds=7200) <= later.value.until - before < timedelta(seconds=7205)


def test_shorter_pause_does_not_cut_a_longer_one() -> None:
    longer = budget.block(600)

    assert budget.block(5) == longer


def test_longer_pause_extends_a_shorter_one() -> None:
    shorter = budget.block(5)

    assert budget.block(600) > shorter


@pytest.mark.parametrize("seconds", [-5.0, 0.0])
def test_pause_of_no_time_holds_nobody(seconds: float) -> None:
    budget.block(seconds)

    assert now_or_never(Lane.BULK)


def test_absurd_pause_is_still_a_time() -> None:
    until = budget.block(1e18)

    assert until - database_now() < timedelta(days=367)


def test_pause_that_staff_lift_is_noticed_soon() -> None:
    naps: list[float] = []

    def lift(seconds: float) -> None:
        naps.append(seconds)
        RequestBudget.objects.update(blocked_until=None)

    budget.block(3600)

    budget.acquire(Lane.BULK, sleep=lift)

    assert naps == [budget.LONGEST_NAP]


def pause_length(block: Callable[[], datetime]) -> float:
    before = database_now()
    return (block() - before).total_seconds()


def test_pauses_without_a_named_time_grow_to_a_minute() -> None:
    lengths = []

    for _ in range(9):
        lengths.append(pause_length(lambda: budget.block(None)))
        pass_time(3600)

    assert lengths == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60], abs=0.5)


def test_endless_refusals_overflow_nothing() -> None:
    RequestBudget.objects.create(troubles=32_000)

    length = pause_length(lambda: budget.block(None))

    assert length == pytest.approx(60, abs=0.5)


def test_requests_refused_together_count_once() -> None:
    for _ in range(5):
        budget.block(None)

    assert row().troubles == 1


def test_answer_after_the_pause_ends_the_row_of_refusals() -> None:
    budget.block(20)
    pass_time(21)

    budget.settle("ok")

    assert (row().troubles, row().blocked_until) == (0, None)


def test_answer_to_a_request_from_before_the_pause_ends_nothing() -> None:
    until = budget.block(20)

    budget.settle("ok")

    assert (row().troubles, row().blocked_until) == (1, until)


def test_failure_after_the_pause_ends_nothing() -> None:
    budget.block(20)
    pass_time(21)

    budget.settle("timeout")

    assert row().troubles == 1


# The tally


def tally() -> dict[str, int]:
    return dict(RequestTally.objects.values_list("outcome").annotate(Sum("count")))


def test_requests_are_counted_by_outcome() -> None:
    for outcome in ["ok", "ok", "rate_limited", "ok"]:
        budget.settle(outcome)

    assert tally() == {"ok": 3, "rate_limited": 1}


def test_requests_are_counted_by_whole_minutes() -> None:
    budget.settle("ok")

    minute = RequestTally.objects.get().minute

    assert (minute.second, minute.microsecond) == (0, 0)
    assert timedelta(0) <= database_now() - minute < timedelta(seconds=65)


def test_outcome_longer_than_its_column_is_counted_all_the_same() -> None:
    budget.settle("x" * 100)

    assert tally() == {"x" * 40: 1}


# Transactions and processes


@pytest.mark.parametrize(
    "statement", [lambda: budget.acquire(Lane.PERSON), lambda: budget.block(1), lambda: budget.settle("ok")]
)
def test_budget_is_refused_to_an_open_transaction(statement: Callable[[], object]) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        statement()


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_somebody_waits() -> None:
    seen: list[bool] = []

    def wait(seconds: float) -> None:
        seen.append(connection.in_atomic_block)
        pass_time(seconds)

    budget.acquire(Lane.BULK)
    budget.acquire(Lane.BULK, sleep=wait)

    assert set(seen) == {False}


def in_threads(number: int, work: Callable[[], object]) -> None:
    """Run the work that often at once, each on a connection of its own, as processes would."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_average_holds_for_many_at_once(settings: Any) -> None:
    settings.NOTION_REQUESTS_PER_SECOND = 100
    left: list[float] = []

    def send_ten() -> None:
        for _ in range(10):
            budget.acquire(Lane.SYNC)
            left.append(time.monotonic())

    began = time.monotonic()
    in_threads(4, send_ten)

    assert len(left) == 40
    assert max(left) - began >= (40 - 2) / 100


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("lane", "burst"), [(Lane.PERSON, 3), (Lane.BULK, 1)])
def test_two_never_get_the_same_slot(lane: Lane, burst: int) -> None:
    granted: list[bool] = []

    in_threads(8, lambda: granted.append(now_or_never(lane)))

    assert sorted(granted) == [False] * (8 - burst) + [True] * burst


@pytest.mark.django_db(transaction=True)
def test_counting_at_once_loses_no_request() -> None:
    def count_five() -> None:
        for _ in range(5):
            budget.settle("ok")

    in_threads(6, count_five)

    assert tally() == {"ok": 30}


@pytest.mark.django_db(transaction=True)
def test_pause_that_one_process_learns_of_holds_the_others() -> None:
    granted: list[bool] = []
    in_threads(1, lambda: budget.block(60))

    in_threads(3, lambda: granted.append(now_or_never(Lane.PERSON)))

    assert granted == [False] * 3


# The setting


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_rate_that_lets_nothing_through_is_refused_at_the_start(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_REQUESTS_PER_SECOND", value)

    with pytest.raises(SystemExit, match="NOTION_REQUESTS_PER_SECOND"):
        runpy.run_path(SETTINGS)


@pytest.mark.parametrize(("value", "rate"), [("", 3.0), ("0.5", 0.5), ("10", 10.0)])
def test_rate_is_read_from_the_environment(value: str, rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTION_REQUESTS_PER_SECOND", value)

    assert runpy.run_path(SETTINGS)["NOTION_REQUESTS_PER_SECOND"] == rate
