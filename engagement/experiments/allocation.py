"""Who gets which words: decided by a hash of the person, so that the same person always gets the same.

The number is the first 53 bits of SHA-256("salt:contact"), as many as a float holds, as a share of 2^53. Every
decision has a salt of its own: with one for two of them, who is held out and who gets what would not be independent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import accumulate
from uuid import UUID

EXPLORING = 0.3  # of a shifting test, the share that is spread evenly; only it is judged


def position(*, salt: str, contact: UUID) -> float:
    """Where the person stands between 0 and 1 (1 excluded)."""
    digest = hashlib.sha256(f"{salt}:{contact}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def choose(*, at: float, shares: Mapping[str, float]) -> str:
    """The key whose share covers this place; `shares` are positive, in their order, of any sum."""
    ends = accumulate(shares.values())
    wanted = at * sum(shares.values())
    return next((key for key, end in zip(shares, ends, strict=True) if wanted < end), list(shares)[-1])
