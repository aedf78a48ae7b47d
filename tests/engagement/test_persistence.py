from __future__ import annotations

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, connection

from contactflow.core import disconnects


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(disconnects, "FIRST_WAIT", 0)


def failing(*errors):
    """Raises these in turn, then answers; `calls` counts."""

    def work():
        work.calls += 1
        if work.calls <= len(errors):
            raise errors[work.calls - 1]

    work.calls = 0
    return work


@pytest.mark.django_db(transaction=True)
def test_a_broken_connection_is_replaced():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        first = cursor.fetchone()[0]
    seen = []

    def work():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            seen.append(cursor.fetchone()[0])
            if len(seen) == 1:
                cursor.execute("SELECT pg_terminate_backend(%s)", [first])

    disconnects.retry_on_disconnect(work, seconds=10)

    assert seen[0] == first
    assert seen[-1] != first


@pytest.mark.django_db(transaction=True)
def test_it_is_tried_until_it_is_written():
    work = failing(OperationalError(), InterfaceError())

    disconnects.retry_on_disconnect(work, seconds=10)

    assert work.calls == 3


@pytest.mark.django_db(transaction=True)
def test_it_is_not_tried_for_ever():
    work = failing(*[OperationalError()] * 100)

    with pytest.raises(OperationalError):
        disconnects.retry_on_disconnect(work, seconds=0)

    assert work.calls == 1


def test_a_fault_that_time_does_not_heal_is_not_tried_again():
    work = failing(IntegrityError())

    with pytest.raises(IntegrityError):
        disconnects.retry_on_disconnect(work, seconds=10)

    assert work.calls == 1
