"""The sandbox's time: the real one until a test takes it in hand."""

from __future__ import annotations

import datetime as dt


class Clock:
    """Real UTC; after `set` it stands still and moves only as told."""

    def __init__(self) -> None:
        self._standing: dt.datetime | None = None
        self._ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        if self._standing is not None:
            return self._standing
        return dt.datetime.now(dt.UTC) + self._ahead

    def set(self, moment: dt.datetime) -> None:
        """Stop at that moment."""
        self._standing = moment.astimezone(dt.UTC)

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> dt.datetime:
        """Jump ahead, whether it stands or runs, and say where to."""
        step = dt.timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        if self._standing is not None:
            self._standing += step
        else:
            self._ahead += step
        return self.now()

    def run(self) -> None:
        """Go back to real time."""
        self._standing, self._ahead = None, dt.timedelta()


def to_the_minute(moment: dt.datetime) -> dt.datetime:
    """As Notion keeps edit times: the seconds are gone."""
    return moment.replace(second=0, microsecond=0)


def spelled(moment: dt.datetime) -> str:
    """As Notion writes timestamps."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
