"""What a line of the log says."""

from __future__ import annotations

import logging


class OneLine(logging.Filter):
    """What we refuse is no fault of ours: a line without a traceback. A probe or caller told to wait has its answer."""

    def filter(self, record: logging.LogRecord) -> bool:
        status: int = getattr(record, "status_code", 0)
        if 400 <= status < 500:  # HTTP
            record.exc_info = record.exc_text = None
        return status != 503
