"""Alerts as server-sent events, for a plain `curl -N` or an EventSource.

A stream holds a thread and a database connection, so each process serves only so many at a time. Each ends after a
while; its reader returns with the id of the last event, and a key that was revoked meanwhile is turned away.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from engagement.alerts import letter
from engagement.alerts.feed import Feed
from engagement.models import Alert

HEARTBEAT_SECONDS = 15.0
POLL_SECONDS = 1.0
LONGEST_SECONDS = 600.0
logger = logging.getLogger(__name__)
_lock = threading.Lock()
_open_streams: set[AlertStream] = set()


class StreamsExhausted(Exception):
    """Too many streams are open in this process; str() says what to do."""


def open_stream(
    *,
    target: str | None = None,
    last_event_id: str | None = None,
    caller: str = "",
    is_gone: Callable[[], bool] | None = None,
) -> AlertStream:
    """The open alerts, then every new one as it is raised. Raises StreamsExhausted, also where `caller` has several.

    With the id of the last event (the alert's), it resumes behind that alert and may repeat those of the minute
    before it: a client drops the ids it knows. Whoever opens it must close() it; Django does that for a
    StreamingHttpResponse.
    """
    stream = AlertStream(Feed(target=target, after=_resumed(last_event_id)), caller, is_gone)
    with _lock:
        if caller and sum(one.caller == caller for one in _open_streams) >= settings.ALERT_STREAMS_OF_ONE:
            raise StreamsExhausted(
                f"You have {settings.ALERT_STREAMS_OF_ONE} alert streams open already. Close one, or try again later."
            )
        if len(_open_streams) >= settings.ALERT_STREAM_LIMIT:
            raise StreamsExhausted(
                f"{settings.ALERT_STREAM_LIMIT} alert streams are open already. Close one, or try again later."
            )
        _open_streams.add(stream)
    return stream


def end_all() -> None:
    """This process is about to stop: readers come back to another."""
    with _lock:
        streams = list(_open_streams)
    for stream in streams:
        stream.close()


def _resumed(last_event_id: str | None) -> Alert | None:
    try:
        return Alert.objects.filter(pk=UUID(last_event_id)).first() if last_event_id else None
    except ValueError:
        return None


class AlertStream:
    """An iterator over the bytes of the stream; ends when closed, or after LONGEST_SECONDS."""

    def __init__(self, feed: Feed, caller: str = "", is_gone: Callable[[], bool] | None = None) -> None:
        self.caller = caller
        self._feed = feed
        self._is_gone = is_gone or (lambda: False)  # the web server's: a reader who left writes no more
        self._closed = threading.Event()
        self._chunks = self._produce()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        self._closed.set()
        with _lock:
            _open_streams.discard(self)

    def _produce(self) -> Iterator[bytes]:
        yield b": connected\nretry: 3000\n\n"
        began_at = spoke_at = time.monotonic()
        while not (self._closed.is_set() or self._is_gone()) and time.monotonic() - began_at < LONGEST_SECONDS:
            for alert in self._news():
                yield event_of(alert)
                spoke_at = time.monotonic()
            if time.monotonic() - spoke_at >= HEARTBEAT_SECONDS:
                yield b": still here\n\n"  # a reader that went away is noticed when writing
                spoke_at = time.monotonic()
            self._closed.wait(POLL_SECONDS)

    def _news(self) -> list[Alert]:
        """What the feed has; nothing while the database restarts, so that a reader need not return by itself."""
        try:
            return self._feed.read()
        except (OperationalError, InterfaceError):
            logger.warning("alert stream: the database did not answer")
            connection.close()
            return []


def event_of(alert: Alert) -> bytes:
    """One event. JSON has no bare line break, so the data is a single line."""
    return f"id: {alert.pk}\nevent: alert\ndata: {json.dumps(data_of(alert), ensure_ascii=False)}\n\n".encode()


def data_of(alert: Alert) -> dict[str, str | None]:
    contact = alert.contact
    return {
        "id": str(alert.pk),
        "action": str(alert.action) if alert.action else None,
        "title": alert.title,
        "message": alert.message,
        "priority": alert.priority,
        "target": alert.target.slug,
        "contact_email": contact.email if contact else None,
        "contact_name": contact.full_name if contact else None,
        "business_entity": alert.business_entity.name if alert.business_entity else None,
        "created_at": alert.created_at.isoformat(),
        "acknowledged_at": alert.acknowledged_at.isoformat() if alert.acknowledged_at else None,
        "url": letter.admin_address("alert", alert.pk),
    }
