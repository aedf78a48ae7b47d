from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from workflows import scheduling


def test_delay_counts_from_the_start() -> None:
    assert scheduling.due_at(started_at=NOW, delay_hours=Decimal("1.5")) == NOW + dt.timedelta(minutes=90)


def test_the_same_step_of_the_same_instance_is_the_same_action() -> None:
    instance = uuid.uuid4()

    first = scheduling.action_id(instance_id=instance, step_id=7, occurrence=0)

    assert scheduling.action_id(instance_id=instance, step_id=7, occurrence=0) == first


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 60), st.integers(0, 60))
def test_other_steps_and_occurrences_are_other_actions(step: int, other: int, day: int, later: int) -> None:
    instance = uuid.UUID(int=1)

    same = scheduling.action_id(instance_id=instance, step_id=step, occurrence=day) == scheduling.action_id(
        instance_id=instance, step_id=other, occurrence=later
    )

    assert same == ((step, day) == (other, later))


@pytest.mark.parametrize(("priority", "hours"), [("urgent", 4), ("high", 24), ("medium", 72), ("low", 168), ("", 72)])
def test_task_is_due_by_its_priority(priority: str, hours: int) -> None:
    assert scheduling.task_due_at(now=NOW, priority=priority) == NOW + dt.timedelta(hours=hours)
