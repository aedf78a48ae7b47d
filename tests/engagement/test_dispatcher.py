"""When things are recorded around hand-overs, and what a fault costs."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

import pytest
from django.db import OperationalError, connection

from contactflow.core import disconnects
from engagement import dispatcher
from engagement.channels.base import Envelope, Parcel, Receipt, Sender
from engagement.channels.outbox import OutboxChannel
from engagement.dispatcher import Letter, Outcome
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, kw_only=True)
class Numbered(Letter):
    number: int


class Shelf:
    """A queue in memory that notes what is asked of it, and within which transaction."""

    def __init__(self, count, *, locks=False):
        self.count, self.locks = count, locks
        self.log, self.settled, self.broken, self.forbidden = [], {}, set(), set()

    def claim(self, *, limit, paused):
        return min(self.count, limit)

    def prepare(self, *, until):
        envelope = Envelope(identity=uuid.UUID(int=1), sender=Sender("", "a@b.example"), address="", parts={}, at=NOW)
        parcel = Parcel(envelope=envelope, reference="", content="")
        return [
            Numbered(channel="email", parcel=parcel, number=number, takes_locks=self.locks)
            for number in range(self.count)
        ]

    def intend(self, letters):
        assert connection.in_atomic_block
        self.log.append(("intend", *(letter.number for letter in letters)))
        if self.broken & {letter.number for letter in letters}:
            raise ValueError("this one cannot be recorded")
        return list(letters)

    def still_holds(self, letter):
        return letter.number not in self.forbidden

    def settle(self, results):
        assert connection.in_atomic_block
        self.log.append(("settle", *(result.letter.number for result in results)))
        self.settled |= {result.letter.number: result.outcome for result in results}

    def fail(self, letter, error):
        self.log.append(("fail", letter.number))

    def release(self):
        self.log.append(("release",))


@pytest.fixture(autouse=True)
def long_turns(monkeypatch, settings):
    """Nothing else comes between, unless a test says so."""
    settings.EMAIL_URL = ""
    monkeypatch.setattr(dispatcher, "TURN_SECONDS", 60)


def run(shelf, monkeypatch, **options):
    def hand_over(channel, parcel):
        shelf.log.append(("leaves",))
        return Receipt("outbox", "kept")

    monkeypatch.setattr(OutboxChannel, "hand_over", hand_over)
    return dispatcher.run(shelf, deadline=time.monotonic() + 20, limit=50, **options)


def test_result_of_one_and_intent_of_the_next_follow_each_other_in_one_commit(monkeypatch):
    shelf = Shelf(2)

    run(shelf, monkeypatch)

    assert shelf.log == [
        ("intend", 0),
        ("leaves",),
        ("settle", 0),
        ("intend", 1),
        ("leaves",),
        ("settle", 1),
        ("release",),
    ]


@pytest.mark.parametrize(("intents", "at_once"), [(1, 1), (3, 3)])
def test_so_many_are_between_intent_and_result(monkeypatch, settings, intents, at_once):
    settings.SEND_INTENTS = intents
    shelf = Shelf(6)

    run(shelf, monkeypatch)

    assert {len(entry) - 1 for entry in shelf.log if entry[0] == "intend"} == {at_once}
    assert set(shelf.settled.values()) == {Outcome.ACCEPTED}


def test_intent_that_waits_for_locks_shares_its_commit_with_no_result(monkeypatch):
    shelf = Shelf(2, locks=True)
    commits = []
    monkeypatch.setattr(dispatcher, "persistently", lambda work: (commits.append(list(shelf.log)), work()))

    run(shelf, monkeypatch)

    assert commits[0][-1] == ("leaves",)  # written before the next is begun
    assert ("intend", 1) not in commits[0]


def test_row_to_blame_keeps_no_other_waiting(monkeypatch, settings):
    settings.SEND_INTENTS = 3
    shelf = Shelf(3)
    shelf.broken = {1}

    run(shelf, monkeypatch)

    assert ("fail", 1) in shelf.log
    assert shelf.settled == {0: Outcome.ACCEPTED, 2: Outcome.ACCEPTED}


def test_database_that_goes_away_at_an_intent_makes_nothing_unclear(monkeypatch):
    shelf = Shelf(2)
    monkeypatch.setattr(disconnects, "reconnect", lambda: None)
    intend, gone = shelf.intend, [OperationalError("gone")]

    def away(letters):
        begun = intend(letters)
        if gone:
            raise gone.pop()
        return begun

    monkeypatch.setattr(shelf, "intend", away)

    run(shelf, monkeypatch)

    assert shelf.settled == {0: Outcome.PUT_OFF, 1: Outcome.ACCEPTED}


def test_what_else_is_due_waits_for_one_hand_over_at_most(monkeypatch):
    monkeypatch.setattr(dispatcher, "TURN_SECONDS", -1)
    shelf = Shelf(3)

    run(shelf, monkeypatch, between=lambda: shelf.log.append(("between",)))

    leaves = [entry[0] for entry in shelf.log if entry[0] in ("leaves", "settle", "between")]
    assert leaves[:3] == ["leaves", "settle", "between"]
    assert leaves.count("between") >= 3


def test_process_that_was_held_up_hands_nothing_over_and_counts_nothing(monkeypatch):
    monkeypatch.setattr(dispatcher, "HAND_OVER_WITHIN", -1.0)
    shelf = Shelf(1)

    run(shelf, monkeypatch)

    assert shelf.settled == {0: Outcome.HELD_BACK}
    assert ("leaves",) not in shelf.log


def test_what_is_forbidden_since_its_intent_stays(monkeypatch, settings):
    settings.SEND_INTENTS = 3
    monkeypatch.setattr(dispatcher, "RECHECK_AFTER", -1.0)
    shelf = Shelf(3)
    shelf.forbidden = {1}

    run(shelf, monkeypatch)

    assert shelf.settled == {0: Outcome.ACCEPTED, 1: Outcome.HELD_BACK, 2: Outcome.ACCEPTED}


def test_time_that_is_up_gives_back_the_rest(monkeypatch):
    shelf = Shelf(3)
    monkeypatch.setattr(dispatcher, "BATCH_SECONDS", -1.0)

    run(shelf, monkeypatch)

    assert shelf.settled == {0: Outcome.ACCEPTED}
    assert shelf.log[-1] == ("release",)
