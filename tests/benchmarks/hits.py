"""Opens and clicks over HTTP, beside bare views behind the same web server."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contactflow.core import tokens
from contacts.models import Contact, ContactStatus
from engagement.models import Message
from engagement.tracking.links import CLICK, OPEN
from tests.benchmarks import bare_hits, client, crowd, stand
from tests.benchmarks.contest import Contestant

MESSAGES = 500
CLIENTS = 4
GOAL, LONGEST = 0.6, 0.020  # of the bare view that writes the same; seconds, p99
STEADY = 100  # requests a second, in the table of latencies


@dataclass(frozen=True)
class Hits:
    """The addresses of emails that went out, and a message that the bare views write of."""

    clicks: Sequence[str]
    pixels: Sequence[str]
    message: uuid.UUID


def send() -> Hits:
    status = ContactStatus.objects.get(is_default=True)
    contact = Contact.objects.create(email=f"{uuid.uuid4().hex}@example.org", status=status)
    rows = [Message(contact=contact, status="sent", links=[bare_hits.TARGET]) for _ in range(MESSAGES)]
    Message.objects.bulk_create(rows)
    first = uuid.UUID(int=0)
    return Hits(
        clicks=[f"/t/c/{tokens.make(CLICK, row.pk, first)}" for row in rows],
        pixels=[f"/t/o/{tokens.make(OPEN, row.pk)}.gif" for row in rows],
        message=rows[0].pk,
    )


@contextlib.contextmanager
def bare_server(hits: Hits) -> Iterator[int]:
    settings = "tests.benchmarks.bare_hit_settings"
    with stand.web_server(DJANGO_SETTINGS_MODULE=settings, **{bare_hits.MESSAGE: str(hits.message)}) as port:
        yield port


def contestants(hits: Hits, ours: int, bare: int, *, seconds: float) -> list[Contestant]:
    def get(port: int, addresses: Sequence[str]) -> float:
        return crowd.per_second(client.keep_getting, port, list(addresses), clients=CLIENTS, seconds=seconds)

    for port in (ours, bare):
        _fetch(port, [*hits.clicks[:20], *hits.pixels[:20]])  # it loads the last of its code, and connects
    same, nothing = "bare view, the same insert, click", "bare view, nothing written"
    return [
        Contestant("a click", lambda: get(ours, hits.clicks), {same: GOAL, nothing: None}),
        Contestant("an open", lambda: get(ours, hits.pixels), {"bare view, the same insert, open": GOAL}),
        Contestant(same, lambda: get(bare, hits.clicks)),
        Contestant("bare view, the same insert, open", lambda: get(bare, hits.pixels)),
        Contestant(nothing, lambda: get(bare, ["/nothing"])),
    ]


def latencies(hits: Hits, ours: int, bare: int, *, seconds: float) -> dict[str, list[float]]:
    """Seconds until the answer, at a steady rate, whether or not earlier ones were answered."""
    return {
        "a click": _steadily(ours, hits.clicks, seconds),
        "the bare view's": _steadily(bare, hits.clicks, seconds),
        "an open": _steadily(ours, hits.pixels, seconds),
    }


def _steadily(port: int, addresses: Sequence[str], seconds: float) -> list[float]:
    begin, took, clients = time.monotonic() + 0.2, list[float](), 8
    moments = [(begin + number / STEADY, addresses[number % len(addresses)]) for number in range(int(seconds * STEADY))]

    def work(mine: Sequence[tuple[float, str]]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for moment, address in mine:
            time.sleep(max(0.0, moment - time.monotonic()))
            client.get(connection, address)
            took.append(time.monotonic() - moment)
        connection.close()

    threads = [threading.Thread(target=work, args=(moments[number::clients],)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def _fetch(port: int, addresses: Sequence[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for address in addresses:
        client.get(connection, address)
    connection.close()
