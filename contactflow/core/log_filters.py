"""What a line of the log says."""

from __future__ import annotations

import logging
import re

# What follows these places in an address is as good as a password.
_SECRET = re.compile(r"(/(?:u|p/confirm|p|t/[co]|hooks/email/[^/\s]+)/)[^\s/?]+")


class OneLine(logging.Filter):
    """What we refuse is no fault of ours: a line without a traceback. A probe or caller told to wait has its answer."""

    def filter(self, record: logging.LogRecord) -> bool:
        status: int = getattr(record, "status_code", 0)
        if 400 <= status < 500:  # HTTP
            record.exc_info = record.exc_text = None
        return status != 503


class WithoutTokens(logging.Filter):
    """Addresses that need no login stand in no log."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if (cut := _SECRET.sub(r"\1...", said)) != said:
            record.msg, record.args = cut, ()
        return True
