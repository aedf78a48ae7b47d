"""Whether what came of a test says anything: pure, over its counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from contactflow.core.reasons import Reason
from engagement.experiments import statistics
from engagement.experiments.statistics import LOOKS, Count

FEWEST_PEOPLE = 30  # of a variant: below, only counts are shown
FEWEST_SUCCESSES = 25  # a variant on average: below, nothing is compared


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`winner` is the key of the better one; `is_final` ends the test. `reason` says why, or why not yet."""

    reason: Reason
    winner: str = ""
    is_final: bool = False

    @property
    def compares(self) -> bool:
        """Whether there is enough to show which is ahead."""
        return self.reason.code not in ("too_few_people", "too_few_successes", "uneven_split")


def judge_planned(*, counts: Mapping[str, Count], planned: int, looks: int, is_full: bool = False) -> Verdict:
    """Of a test with equal shares and a planned number of people, of which `looks` were taken before.

    `counts` are of people whose time is over; the first key is what the others are compared with. `is_full`: nobody
    joins any more and everybody's time is over, so that this is the last look, with fewer people than planned too.
    """
    reached = LOOKS if is_full else look(counts=counts, planned=planned)
    if blocked := _blocked(counts):
        return _ended(blocked) if reached >= LOOKS else blocked
    if reached <= looks:
        return Verdict(reason=Reason.of("still_counting", look=reached, looks=LOOKS))
    bound = statistics.bound(look=reached, variants=len(counts))
    if verdict := _decided({key: value / bound for key, value in _against_first(counts).items()}, counts):
        return verdict
    if reached >= LOOKS:
        return Verdict(reason=Reason.of("no_difference"), is_final=True)
    return Verdict(reason=Reason.of("still_counting", look=reached, looks=LOOKS))


def look(*, counts: Mapping[str, Count], planned: int) -> int:
    """How many of the five looks are reached."""
    people = sum(count.people for count in counts.values())
    return min(LOOKS, people * LOOKS // planned) if planned else 0


def judge_shifting(*, counts: Mapping[str, Count], is_full: bool) -> Verdict:
    """Of the evenly spread part of a shifting test; may be asked at any time. `is_full`: nobody joins it any more and
    everybody's time is over."""
    blocked = _blocked(counts)
    if blocked is None:
        first, *others = counts
        needed = statistics.needed_evidence(len(counts))
        strengths = {}
        for other in others:
            found = statistics.evidence(counts[first].successes, counts[other].successes) / needed
            strengths[other] = found if counts[other].successes > counts[first].successes else -found
        if verdict := _decided(strengths, counts):
            return verdict
    if is_full:
        return _ended(blocked)
    return blocked or Verdict(reason=Reason.of("still_counting", look=0, looks=0))


def _ended(blocked: Verdict | None) -> Verdict:
    """Too little to say anything of when all are counted is an answer: nothing was found. A split that chance does not
    explain stays the reason."""
    if blocked and blocked.reason.code == "uneven_split":
        return Verdict(reason=blocked.reason, is_final=True)
    return Verdict(reason=Reason.of("no_difference"), is_final=True)


def _blocked(counts: Mapping[str, Count]) -> Verdict | None:
    people = [count.people for count in counts.values()]
    if min(people) < FEWEST_PEOPLE:
        return Verdict(reason=Reason.of("too_few_people", least=FEWEST_PEOPLE))
    if statistics.is_uneven(people, [1.0] * len(people)):
        return Verdict(reason=Reason.of("uneven_split", people=people))
    if sum(count.successes for count in counts.values()) < FEWEST_SUCCESSES * len(counts):
        return Verdict(reason=Reason.of("too_few_successes", least=FEWEST_SUCCESSES))
    return None


def _against_first(counts: Mapping[str, Count]) -> dict[str, float]:
    first = next(iter(counts.values()))
    return {key: statistics.z(first, count) for key, count in islice(counts.items(), 1, None)}


def _decided(strengths: Mapping[str, float], counts: Mapping[str, Count]) -> Verdict | None:
    """`strengths` are of the others against the first; beyond 1, up or down, they count."""
    better = [key for key, strength in strengths.items() if strength >= 1]
    if better:
        winner = max(better, key=lambda key: counts[key].rate)
        return Verdict(reason=Reason.of("better", variant=winner), winner=winner, is_final=True)
    if all(strength <= -1 for strength in strengths.values()):
        winner = next(iter(counts))
        return Verdict(reason=Reason.of("better", variant=winner), winner=winner, is_final=True)
    return None
