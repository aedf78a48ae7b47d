"""One time for the sandbox and the database, which a trial may move ahead."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.notion_bridge.observed import Sandbox

LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


class Time:
    """Moves the sandbox's clock, and the database's with it where its server was started with `environment`."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file
        self._ahead = dt.timedelta()

    @property
    def moves_both(self) -> bool:
        return self._file is not None

    @property
    def environment(self) -> Mapping[str, str]:
        """For the database server."""
        if self._file is None:
            return {}
        self._write()
        return {
            "LD_PRELOAD": library() or "",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def begin(self, sandbox: Sandbox, *, skew: float = 0) -> None:
        """Let the sandbox have the time of the database, some seconds off."""
        sandbox.clock.run()
        sandbox.clock.advance(self._ahead.total_seconds() + skew)

    def pass_by(self, sandbox: Sandbox, seconds: float) -> None:
        sandbox.clock.advance(seconds)
        if self._file is not None:
            self._ahead += dt.timedelta(seconds=seconds)
            self._write()

    def _write(self) -> None:
        assert self._file is not None
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"+{self._ahead.total_seconds():.3f}\n")
        fresh.chmod(0o644)
        fresh.replace(self._file)


def library() -> str | None:
    """What gives a program another time, if this machine has it."""
    if shutil.which("faketime") is None:
        return None
    return next((path for path in LIBRARIES if Path(path).exists()), None)
