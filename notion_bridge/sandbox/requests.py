"""A record of all requests, for whoever wants to count them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """`at` and `answered_at` are time.monotonic() values; status 0: the connection was cut without an answer."""

    method: str
    path: str
    status: int
    at: float
    answered_at: float
    fault: str = ""
    too_early: bool = False  # it came before a Retry-After had passed

    @property
    def is_query(self) -> bool:
        return self.method == "POST" and self.path.endswith("/query")

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and not self.is_query


@dataclass
class RequestLog:
    """Every request under /v1 in the order of the answers."""

    forbidden_until: float = 0.0  # time.monotonic() value; what comes before it disregards a Retry-After
    grace: float = 0.05  # what was under way when the Retry-After left does not count
    _all: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _announced_at: float = 0.0

    def __iter__(self) -> Iterator[Request]:
        return iter(list(self._all))

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, at: int) -> Request:
        return self._all[at]

    def add(self, request: Request) -> None:
        with self._lock:
            self._all.append(request)

    def forbid(self, *, until: float, now: float) -> None:
        """A Retry-After left just now."""
        with self._lock:
            if until > self.forbidden_until:
                if now >= self.forbidden_until:
                    self._announced_at = now
                self.forbidden_until = until

    def is_too_early(self, at: float) -> bool:
        return self._announced_at + self.grace < at < self.forbidden_until - self.grace

    def clear(self) -> None:
        """Count from here on; a Retry-After stays in force."""
        with self._lock:
            self._all.clear()

    def count(self, method: str = "", path: str = "", status: int | None = None) -> int:
        """How many had this method, this in their path, and this status."""
        return sum(
            (not method or one.method == method) and path in one.path and status in (None, one.status) for one in self
        )

    def writes(self) -> int:
        """How many wanted to change something."""
        return sum(one.is_write for one in self)

    def queries(self) -> int:
        return sum(one.is_query for one in self)

    def violations(self) -> list[Request]:
        """Those that did not wait as a Retry-After asked."""
        return [one for one in self if one.too_early]
