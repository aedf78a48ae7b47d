"""Lists of people on their way in, as an import brings them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contacts import intake
from contacts.intake import Arrival, EnrolmentPolicy
from tests.factories import NOW
from workflows import entrypoints


def take_in(arrivals: Sequence[tuple[str, Arrival]], policy: EnrolmentPolicy = intake.BASELINE) -> list[Any]:
    """What is answered to each (event key, arrival)."""
    changes = [intake.Change(arrival=arrival, source="csv", event_key=key) for key, arrival in arrivals]
    return [answer for answer, _ in entrypoints.apply_many(changes=changes, policy=policy, now=NOW, is_listed=True)]
