"""Programs that call the API, each over one connection that it keeps."""

from __future__ import annotations

import http.client
import itertools
import json
import queue
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.crowd import Lap, Watch

PATH = "/contact-workflows/new-contact"
# Starts two workflows with five actions, two of them at once.
ARTIST = {"first_name": "Ada", "last_name": "Moreau", "contact_types": ["Artist"], "lead_source": "Website"}
TYPES = (
    "Artist",
    "Gallery Contact",
    "Business Contact",
    "Potential Client",
    "Academic Contact",
    "Media Contact",
    "General Contact",
)
SOURCES = ("Website", "Event", "Referral")


@dataclass(frozen=True)
class Door:
    """Where new-contact is, and the key for it."""

    port: int
    key: str

    def open(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)


@dataclass(frozen=True)
class Call:
    """One request: when it was sent (seconds since 1970), how long its answer took, whom it made."""

    sent_at: float
    seconds: float
    contact_id: str


def post(door: Door, connection: http.client.HTTPConnection, known: dict[str, Any]) -> dict[str, Any]:
    """The answer to a new contact with a fresh address; anything but 201 ends the run."""
    body = json.dumps({"email": f"{uuid.uuid4().hex}@example.org", **known})
    headers = {"Authorization": f"Bearer {door.key}", "Content-Type": "application/json"}
    connection.request("POST", PATH, body, headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status != 201:
        raise SystemExit(f"new-contact answered {response.status}: {answer[:500]!r}")
    told: dict[str, Any] = json.loads(answer)
    return told


def keep_posting(watch: Watch, door: Door) -> Lap:
    """One client that sends the next contact as soon as it has the answer."""
    connection, done = door.open(), 0
    watch.start()
    while watch.is_running():
        post(door, connection, ARTIST)
        done += 1
    lap = watch.lap(done)
    connection.close()
    return lap


def keep_getting(watch: Watch, port: int, addresses: Sequence[str]) -> Lap:
    """One client that asks for the next of these as soon as it has the answer."""
    connection, done = http.client.HTTPConnection("127.0.0.1", port, timeout=30), 0
    watch.start()
    for address in itertools.cycle(addresses):
        if not watch.is_running():
            break
        get(connection, address)
        done += 1
    lap = watch.lap(done)
    connection.close()
    return lap


def get(connection: http.client.HTTPConnection, address: str) -> None:
    """A page or a redirect; anything else ends the run."""
    connection.request("GET", address, headers={"User-Agent": "benchmark"})
    answer = connection.getresponse()
    answer.read()
    if answer.status not in (200, 302):
        raise SystemExit(f"{address} was answered {answer.status}: the figure would mean nothing.")


def post_steadily(door: Door, *, per_second: float, seconds: float, clients: int = 8) -> list[Call]:
    """Requests at fixed moments, whether or not earlier ones were answered: a slow answer hides nothing."""
    begin = time.monotonic() + 0.5
    waiting: queue.SimpleQueue[float | None] = queue.SimpleQueue()
    for number in range(round(per_second * seconds)):
        waiting.put(begin + number / per_second)
    calls: list[Call] = []
    people = itertools.cycle({"contact_types": [kind], "lead_source": source} for kind in TYPES for source in SOURCES)
    threads = [threading.Thread(target=_post_when_due, args=(door, waiting, people, calls)) for _ in range(clients)]
    for thread in threads:
        waiting.put(None)
        thread.start()
    for thread in threads:
        thread.join()
    return calls


def _post_when_due(
    door: Door,
    waiting: queue.SimpleQueue[float | None],
    people: Iterator[dict[str, Any]],
    calls: list[Call],
) -> None:
    connection = door.open()
    while (moment := waiting.get()) is not None:
        time.sleep(max(0.0, moment - time.monotonic()))
        sent_at, began = time.time(), time.monotonic()
        answer = post(door, connection, next(people))
        calls.append(Call(sent_at, time.monotonic() - began, answer["contact_id"]))
    connection.close()
