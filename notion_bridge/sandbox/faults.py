"""What goes wrong on request: refusals, cuts, delays, before or after the work was done."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from notion_bridge.sandbox.checks import Refusal

CUT_AFTER = "cut_after"  # the work is done and the connection cut: nobody learns of it
CUT_BEFORE = "cut_before"  # the connection is cut and nothing was done
RATE_LIMITED = "rate_limited"  # 429 with Retry-After
OVERLOAD = "overload"  # 529 service_overload, nothing was done
ERROR_BEFORE = "error_before"  # a 5xx (`status`), nothing was done
ERROR_AFTER = "error_after"  # a 5xx (`status`), and the work was done
SLOW_BEFORE = "slow_before"  # silence for `seconds`, then the work and the answer
SLOW_AFTER = "slow_after"  # the work, then silence for `seconds`, then the answer
CONFLICT = "conflict"  # 409, nothing was done
REVOKED = "revoked"  # 401, as for a key that somebody revoked
FORBIDDEN = "forbidden"  # 403, as for an integration without the right
ENDLESS = "endless"  # every list says that there is more, and where: where it began

KINDS = (
    *(CUT_AFTER, CUT_BEFORE, RATE_LIMITED, OVERLOAD, ERROR_BEFORE, ERROR_AFTER),
    *(SLOW_BEFORE, SLOW_AFTER, CONFLICT, REVOKED, FORBIDDEN, ENDLESS),
)
CODES = {
    500: ("internal_server_error", "Unexpected error occurred."),
    502: ("bad_gateway", "Notion encountered an issue while attempting to complete this request."),
    503: ("service_unavailable", "Notion is unavailable. Please try again later."),
    504: ("gateway_timeout", "Notion timed out while completing this request. Please try again later."),
}
KEY_REFUSED = "API token is invalid."
LACKING = "Insufficient permissions for this endpoint."
BEGINNING = "00000000-0000-4000-8000-000000000000"  # the cursor of a list that never ends


@dataclass
class Fault:
    """One thing that goes wrong: with a probability, or so many times; for a method, paths that contain `path`, and
    lists of at least `above`."""

    kind: str
    probability: float = 1.0
    times: int | None = None
    method: str = ""
    path: str = ""
    above: int = 0
    status: int = 500
    seconds: float | None = None  # Retry-After, or how long it is slow

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Unknown kind of fault {self.kind!r}; there are {', '.join(KINDS)}.")
        if self.status not in CODES:
            raise ValueError(f"Unknown status {self.status}; there are {', '.join(map(str, CODES))}.")

    def concerns(self, method: str, path: str, size: int) -> bool:
        return (not self.method or self.method == method) and self.path in path and size >= self.above

    def refusal(self) -> Refusal | None:
        """The error it answers with, if it answers at all."""
        wait = None if self.seconds is None else int(self.seconds)
        if self.kind in (ERROR_BEFORE, ERROR_AFTER):
            return Refusal(self.status, *CODES[self.status])
        refusals = {
            RATE_LIMITED: rate_limited(1 if wait is None else wait),
            OVERLOAD: Refusal(
                529, "service_overload", "Notion is overloaded. Please try again later.", retry_after=wait
            ),
            CONFLICT: Refusal(409, "conflict_error", "Conflict occurred while saving. Please try again."),
            REVOKED: Refusal(401, "unauthorized", KEY_REFUSED),
            FORBIDDEN: Refusal(403, "restricted_resource", LACKING),
        }
        return refusals.get(self.kind)


def rate_limited(seconds: int, reason: str = "connection_limit_exceeded") -> Refusal:
    message = "You have been rate limited. Please try again in a few minutes."
    return Refusal(
        429, "rate_limited", message, retry_after=seconds, more={"additional_data": {"rate_limit_reason": reason}}
    )


@dataclass
class Faults:
    """The faults in force. Seeded: the same requests in the same order fail in the same way."""

    seed: int = 0
    active: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - repeats from run to run
        self._lock = threading.Lock()

    def add(self, kind: str, **options: Any) -> Fault:
        """Let something go wrong from now on; the options are Fault's fields."""
        fault = Fault(kind, **options)
        with self._lock:
            self.active.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self.active.clear()

    def strike(self, method: str, path: str, size: int = 0) -> Fault | None:
        """The fault that meets this request, if one does."""
        if not self.active:
            return None
        with self._lock:
            for fault in self.active:
                if fault.concerns(method, path, size) and self._random.random() < fault.probability:
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self.active.remove(fault)
                    return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self.active]
