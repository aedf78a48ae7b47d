"""The arithmetic of A/B tests: intervals, when a difference is one, and which words to send more of.

`planned` tests are looked at five times, with O'Brien and Fleming's bounds (Biometrics 35, 1979), so that looking early
costs no false alarm. `shifting` ones may be looked at any time: their evidence is a Bayes factor that is a martingale
when nothing differs (Grünwald, de Heide, Koolen: Safe Testing, 2019), so that 1 / E bounds the chance of a false alarm.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

FALSE_ALARM = 0.05
"""At most this share of tests in which nothing differs ends with a winner, however many variants it has."""
LOOKS = 5
# By the number of variants: |z| at look i is to exceed this times sqrt(LOOKS / i). Computed over 20 million random
# walks for 5 % divided by the comparisons with the first variant.
_BOUND = {2: 2.04, 3: 2.303, 4: 2.448, 5: 2.546}
_UNEVEN = {1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47}  # chi-squared that chance exceeds once in 1,000, by degrees
_PRIOR = 20  # conversions that the evidence of a shifting test is spread over
FLOOR = 0.1  # the least share of a variant, however bad it looks
_Z95 = NormalDist().inv_cdf(0.975)
DRAWS = 2_000


@dataclass(frozen=True, kw_only=True)
class Count:
    """Of so many people whose time is over, so many did what the test counts."""

    people: int
    successes: int

    @property
    def rate(self) -> float:
        return self.successes / self.people if self.people else 0.0


def interval(count: Count) -> tuple[float, float]:
    """Wilson's 95 % interval of the rate; 0 to 1 of nobody."""
    if not count.people:
        return 0.0, 1.0
    n, z2 = count.people, _Z95**2
    centre = (count.rate + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 / (1 + z2 / n) * math.sqrt(count.rate * (1 - count.rate) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def difference(first: Count, other: Count) -> tuple[float, float]:
    """Newcombe's 95 % interval of how much higher the other's rate is."""
    (low_first, high_first), (low_other, high_other) = interval(first), interval(other)
    apart = other.rate - first.rate
    below = math.hypot(other.rate - low_other, high_first - first.rate)
    above = math.hypot(high_other - other.rate, first.rate - low_first)
    return apart - below, apart + above


def z(first: Count, other: Count) -> float:
    """How many standard errors the other's rate is above the first's; 0 where nothing can be said."""
    people, successes = first.people + other.people, first.successes + other.successes
    if not first.people or not other.people or not 0 < successes < people:
        return 0.0
    pooled = successes / people
    return (other.rate - first.rate) / math.sqrt(pooled * (1 - pooled) * (1 / first.people + 1 / other.people))


def bound(*, look: int, variants: int) -> float:
    """What |z| is to exceed at this look of LOOKS, counted from 1."""
    return _BOUND[variants] * math.sqrt(LOOKS / look)


def evidence(first: int, other: int) -> float:
    """How much better "they differ" explains the successes of two equal shares than "they do not": the Bayes factor of
    a Beta prior worth 20 successes around one half."""
    half = _PRIOR / 2
    log = _log_beta(half + first, half + other) - _log_beta(half, half) + (first + other) * math.log(2)
    return math.exp(min(log, 700.0))


def needed_evidence(variants: int) -> float:
    return (variants - 1) / FALSE_ALARM


def is_uneven(people: Sequence[int], shares: Sequence[float]) -> bool:
    """Whether chance gives so uneven a split less than once in a thousand: then something is broken."""
    total = sum(people)
    if not total:
        return False
    expected = [total * share / sum(shares) for share in shares]
    chi = sum((found - wanted) ** 2 / wanted for found, wanted in zip(people, expected, strict=True))
    return chi > _UNEVEN[len(people) - 1]


def chances(counts: Mapping[str, Count], *, seed: int = 0) -> dict[str, float]:
    """How probable it is that each is the best one, by draws from the posteriors; the same counts give the same."""
    dice = random.Random(f"{seed}:{counts}")  # noqa: S311  nothing secret
    won = dict.fromkeys(counts, 0)
    for _ in range(DRAWS):
        drawn = {
            key: dice.betavariate(1 + one.successes, 1 + one.people - one.successes) for key, one in counts.items()
        }
        won[max(drawn, key=drawn.__getitem__)] += 1
    return {key: number / DRAWS for key, number in won.items()}


def shifted(counts: Mapping[str, Count], *, seed: int = 0) -> dict[str, float]:
    """The shares by which the next people are sent to the variants: Thompson sampling, none below FLOOR."""
    spare = 1 - FLOOR * len(counts)
    return {key: FLOOR + spare * chance for key, chance in chances(counts, seed=seed).items()}


def people_needed(*, rate: float, lift: float, variants: int) -> int:
    """How many people a planned test needs in all, to find with 80 % probability that a variant's rate is higher by
    this share of it (0.2: a fifth)."""
    higher = min(rate * (1 + lift), 0.999)
    alpha = FALSE_ALARM / (variants - 1)
    spread = NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(0.8)
    each = spread**2 * (rate * (1 - rate) + higher * (1 - higher)) / (higher - rate) ** 2
    return math.ceil(each * 1.03) * variants  # five looks cost three in a hundred


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
