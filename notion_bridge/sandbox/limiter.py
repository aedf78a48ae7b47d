"""The limit of requests: so many a second on average, with a burst."""

from __future__ import annotations

import math
import threading


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
