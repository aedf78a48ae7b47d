"""The one way out: whatever leaves the house, to contacts and to colleagues, is handed over here.

    claim -> prepare -> intent (committed) -> hand over -> result

A queue keeps rows and says what becomes of them; this says when. Connected hand-overs share commits: the results of
those that were handed over and the intents of the next are one transaction. A process has at most
settings.SEND_INTENTS rows between intent and result; a crash leaves those unclear, and no machine sends them again.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from contactflow.core import disconnects
from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from engagement.channels import registry, state
from engagement.channels.base import ChannelError, Parcel, Receipt, Unclear

BATCH_SECONDS = 20.0  # a batch that takes longer gives back the rest, well within its lease
CLAIM_LEASE = dt.timedelta(seconds=90)  # longer than a batch may take to its last intent
SENDING_LEASE = dt.timedelta(seconds=240)  # longer than all time-outs of one hand-over together
HAND_OVER_WITHIN = 30.0  # seconds from the intent; a process that was held up longer does not send any more
RECHECK_AFTER = 1.0  # seconds from the intent: then it is asked again; who forbids a mail waits for longer than that
PERSISTENCE = 120.0  # seconds a known result waits for the database, within the lease of the hand-over
TURN_SECONDS = 0.2  # how long what else is due waits while mail goes out quickly
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=30), dt.timedelta(hours=6)
MAX_ATTEMPTS = 12  # refused for now that often (about a day and a half): refused for good
# Counts on while the machine sleeps, where the system has such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a hand-over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for good
    PUT_OFF = "put_off"  # refused for now: later again, and it counts
    HELD_BACK = "held_back"  # not handed over, or the channel's own trouble: later again, and it counts nothing
    UNCLEAR = "unclear"  # it left, and no answer came


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One row that is ready to leave; queues extend it by their own."""

    channel: str
    parcel: Parcel | None = None
    refusal: ChannelError | None = None
    """Why there is no parcel."""
    takes_locks: bool = False
    """Whether its intent waits for rows that others may hold: then it shares its commit with no result."""


L = TypeVar("L", bound=Letter)


@dataclass(frozen=True)
class Result(Generic[L]):
    letter: L
    outcome: Outcome
    reason: Reason | None = None
    receipt: Receipt | None = None
    again_at: dt.datetime | None = None
    """When the channel may be used again, where it is to blame."""


class Queue(Protocol[L]):
    """Rows that want to leave. What is called within a transaction of the dispatcher says so."""

    def claim(self, *, limit: int, paused: Sequence[str]) -> int:
        """Take up to `limit` rows that are due and leave by none of the paused channels; how many."""

    def prepare(self, *, until: float) -> list[L]:
        """What is claimed, ready to leave or refused by its channel already, until time.monotonic() passes `until` or
        a channel as a whole is in trouble. What is not to leave for other reasons is settled here."""

    def intend(self, letters: Sequence[L]) -> list[L]:
        """Within a transaction: record that they are about to be handed over. Those that may be: the others are given
        back."""

    def still_holds(self, letter: L) -> bool:
        """Whether it may leave, some time after its intent: nobody forbade or paused it since."""

    def settle(self, results: Sequence[Result[L]]) -> None:
        """Within a transaction: write what became of them, under their tokens."""

    def fail(self, letter: L, error: Exception) -> None:
        """A fault of ours with this row: settle it so that it keeps no other waiting."""

    def release(self) -> None:
        """Give back what is still claimed."""


def run(
    queue: Queue[L], *, deadline: float, limit: int, between: Callable[[], object] = lambda: None, heed: bool = True
) -> int:
    """Hand over a batch, at least one; returns how many rows were claimed. `deadline` is of time.monotonic().

    `between` is what else is due: it waits for one hand-over at most, not for the batch. Unless told to `heed` the
    pauses of channels, they are neither kept nor made.
    """
    channels = _Channels(heed=heed)
    claimed = queue.claim(limit=limit, paused=channels.paused)
    if not claimed:
        registry.release_all()
        return 0
    until = min(deadline, time.monotonic() + BATCH_SECONDS)
    try:
        letters = queue.prepare(until=time.monotonic() + BATCH_SECONDS / 2)
        _Batch(queue, channels, until, between).work(letters)
    finally:
        persistently(queue.release)
    return claimed


def persistently(work: Callable[[], object]) -> None:
    """Write what is known until the database takes it: a restart must not make a known result unknown."""
    disconnects.retry_on_disconnect(work, seconds=PERSISTENCE)


def retry_delay(attempts: int) -> dt.timedelta:
    """How long to wait after so many attempts: twice as long each time, and not all at once."""
    wait: dt.timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(max(attempts, 1) - 1, 10))
    return wait * random.uniform(0.5, 1)  # noqa: S311  no secret


@dataclass
class _Channels:
    """Which channels are paused or were in trouble, as read at the beginning of the batch and every turn."""

    heed: bool
    paused: list[str] = field(default_factory=list)
    _troubled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.look()

    def look(self) -> None:
        if self.heed:
            self.paused, self._troubled = state.of_all()

    def pause(self, name: str, reason: Reason) -> dt.datetime | None:
        """The trouble is known to all from here on, whoever holds the row by now."""
        if not self.heed:
            return None
        until: list[dt.datetime] = []
        persistently(lambda: until.append(state.pause(name, reason, database_now())))
        self.paused = [*self.paused, name]
        self._troubled.add(name)
        return until[-1]

    def works(self, name: str) -> None:
        if name in self._troubled and name not in self.paused:
            state.clear(name)
            self._troubled.discard(name)


@dataclass
class _Batch(Generic[L]):
    queue: Queue[L]
    channels: _Channels
    until: float
    between: Callable[[], object]
    _results: list[Result[L]] = field(default_factory=list)
    _turn_ends: float = 0.0

    def work(self, letters: Sequence[L]) -> None:
        self._turn_ends = time.monotonic() + TURN_SECONDS
        refused = [self._refused(letter, letter.refusal) for letter in letters if letter.refusal]
        self._results.extend(refused)
        try:
            for group in _groups([letter for letter in letters if letter.parcel]):
                if any(letter.takes_locks for letter in group):
                    self._flush()
                usable = [letter for letter in group if letter.channel not in self.channels.paused]
                began = time.clock_gettime(_CLOCK)
                for letter in self._begin(usable):
                    self._results.append(self._hand_over(letter, began))
                if time.monotonic() > self._turn_ends:
                    self._turn()
                if time.monotonic() > self.until:
                    break
        finally:
            self._flush()
        self.between()

    def _turn(self) -> None:
        self._flush()
        self.between()
        self.channels.look()
        self._turn_ends = time.monotonic() + TURN_SECONDS

    def _begin(self, letters: Sequence[L]) -> list[L]:
        """One commit: the results so far, and the intents of these. Those that may go."""
        results = self._results
        if not (results or letters):
            return []
        try:
            with transaction.atomic():
                self._settle(results)
                begun = self.queue.intend(letters) if letters else []
        except (OperationalError, InterfaceError):
            # Whether the intents were committed is not known; that nothing was handed over is.
            logger.warning("the database did not answer at a hand-over", exc_info=True)
            disconnects.reconnect()
            away = Reason.of("database_away")
            self._results = [*results, *(Result(one, Outcome.PUT_OFF, away) for one in letters)]
            self._flush()
            return []
        except Exception as error:  # noqa: BLE001  told and settled by _apart
            self._flush()
            return self._apart(letters, error)
        self._results = []
        return begun

    def _apart(self, letters: Sequence[L], error: Exception) -> list[L]:
        """One by one after a fault with several: so that the one to blame is found."""
        if len(letters) > 1:
            logger.warning("%s letters are recorded one by one", len(letters), exc_info=error)
            return [begun for letter in letters for begun in self._begin([letter])]
        if letters:
            logger.error("a letter failed unexpectedly", exc_info=error)
            self.queue.fail(letters[0], error)
        return []

    def _flush(self) -> None:
        """Write the results now, whatever the database does; each alone when they cannot be written together."""
        results, self._results = self._results, []
        if not results:
            return
        try:
            persistently(lambda: self._settle_in_one(results))
        except Exception:
            if len(results) == 1:
                logger.exception("a result could not be written")
                return
            for result in results:
                self._results = [result]
                self._flush()

    @transaction.atomic
    def _settle_in_one(self, results: Sequence[Result[L]]) -> None:
        self._settle(results)

    def _settle(self, results: Sequence[Result[L]]) -> None:
        if results:
            self.queue.settle(results)
        for name in {result.letter.channel for result in results if result.outcome == Outcome.ACCEPTED}:
            self.channels.works(name)

    def _hand_over(self, letter: L, began: float) -> Result[L]:
        waited = time.clock_gettime(_CLOCK) - began
        if waited > HAND_OVER_WITHIN:
            return Result(letter, Outcome.HELD_BACK, Reason.of("held_up"))
        if letter.channel in self.channels.paused:
            return Result(letter, Outcome.HELD_BACK, Reason.of("channel_paused"))
        if waited > RECHECK_AFTER and (changed := self._changed(letter)):
            return changed
        assert letter.parcel is not None  # noqa: S101  work() leaves out the others
        try:
            receipt = registry.channel(letter.channel).hand_over(letter.parcel)
        except ChannelError as error:
            return self._refused(letter, error)
        except Unclear as error:
            return Result(letter, Outcome.UNCLEAR, error.reason)
        except Exception as error:
            logger.exception("a hand-over failed unexpectedly")
            return Result(letter, Outcome.UNCLEAR, fault(error))
        return Result(letter, Outcome.ACCEPTED, receipt=receipt)

    def _changed(self, letter: L) -> Result[L] | None:
        """Why it does not leave after all, where those before it in its commit took long."""
        try:
            if self.queue.still_holds(letter):
                return None
            return Result(letter, Outcome.HELD_BACK, Reason.of("changed_meanwhile"), again_at=database_now())
        except (OperationalError, InterfaceError):
            logger.warning("the database did not answer before a hand-over", exc_info=True)
            disconnects.reconnect()
            return Result(letter, Outcome.HELD_BACK, Reason.of("database_away"))

    def _refused(self, letter: L, error: ChannelError) -> Result[L]:
        if error.channel_wide:
            until = self.channels.pause(letter.channel, error.reason)
            return Result(letter, Outcome.HELD_BACK, error.reason, again_at=until)
        return Result(letter, Outcome.REFUSED if error.permanent else Outcome.PUT_OFF, error.reason)


def fault(error: Exception) -> Reason:
    """Something of ours that nobody foresaw."""
    return Reason.of("our_fault", said=f"{type(error).__name__}: {error}")


def _groups(letters: Sequence[L]) -> list[list[L]]:
    """As many at a time as may be between intent and result."""
    size = settings.SEND_INTENTS
    return [list(letters[start : start + size]) for start in range(0, len(letters), size)]
