"""A record of all requests, for whoever wants to count them, and the limit of how many there may be."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """`at` and `answered_at` are time.monotonic() values; status 0: the connection was cut without an answer."""

    method: str
    path: str
    status: int
    at: float
    answered_at: float
    fault: str = ""
    retry_after: int = 0  # what it was told to wait, in seconds

    @property
    def is_query(self) -> bool:
        return self.method == "POST" and self.path.endswith("/query")

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and not self.is_query


class RequestLog(list[Request]):
    """Every request under /v1 in the order of the answers."""

    def writes(self) -> int:
        return sum(one.is_write for one in self)

    def queries(self) -> int:
        return sum(one.is_query for one in self)


class Limiter:
    """Off until a rate is set."""

    def __init__(self) -> None:
        self.per_second: float | None = None
        self.burst = 10
        self._due = 0.0  # when the bucket would be empty again
        self._lock = threading.Lock()

    def seconds_to_wait(self, now: float) -> int:
        """0: the request may pass and is counted; otherwise the whole seconds after which the next one may."""
        if self.per_second is None:
            return 0
        with self._lock:
            step = 1 / self.per_second
            due = max(self._due, now)
            over = due + step - (now + self.burst * step)
            if over > 0:
                return max(1, math.ceil(over))
            self._due = due + step
            return 0
