"""Forged and replayed webhooks: none of the first gets in, none of the second has an effect."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from django.test import Client

from contactflow.core.clock import database_now
from contacts.models import ContactEvent
from notion_bridge import monitoring, syncing, webhooks
from notion_bridge.models import NotionDatabase, SyncEntry, WebhookDelivery
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.trials.figures import Figure, exactly
from tests.notion_bridge.trials.stage import Stage

FORGED = REPLAYED = 10_000
GENUINE = 100
PATH = "/contact-workflows/notion-webhook"
TOKEN, OTHER_TOKEN = "secret_of_the_handshake", "secret_of_somebody_else"


def run(
    stage: Stage, *, forged: int = FORGED, replayed: int = REPLAYED, genuine: int = GENUINE, seed: int = 1
) -> list[Figure]:
    """So many forgeries of genuine events, then so many deliveries of events that came before."""
    stage.clear()
    with Sandbox(seed=seed) as sandbox:
        door = Door(random.Random(seed))
        events = _genuine(sandbox, stage, door, genuine)
        refused = Counter(door.forge(door.chance.choice(events)) for _ in range(forged))
        kept = WebhookDelivery.objects.count()
        accepted = Counter(door.deliver(one) for one in events)
        before = _effects(sandbox)
        replies = Counter(door.deliver(door.chance.choice(events)) for _ in range(replayed))
        after = _effects(sandbox)
    return [
        exactly("forged deliveries answered 401", refused[401], forged),
        exactly("of them kept", kept, 0),
        exactly("genuine deliveries accepted", accepted[200], len(events)),
        exactly("replayed deliveries answered 200", replies[200], replayed),
        *(exactly(f"{what} they brought", after[what] - before[what], 0) for what in before),
    ]


def _genuine(sandbox: Sandbox, stage: Stage, door: Door, people: int) -> list[bytes]:
    """Events of colleagues' edits, as they go over the wire."""
    ids = bridge.connect(sandbox, stage.settings)
    bridge.sync()
    monitoring.switch(on=True, actor="robin", now=database_now())
    webhooks.open_window(until=database_now() + dt.timedelta(minutes=5))
    assert door.post({"verification_token": TOKEN}, {}) == 200
    sandbox.webhooks.active = True
    for number in range(people):
        about = {"First Name": f"P{number}", "Email": f"p{number}@example.org", "Contact Type": ["Artist"]}
        sandbox.person_creates(ids["contacts"], about)
    return [json.dumps(one).encode() for one in sandbox.events()]


def _effects(sandbox: Sandbox) -> dict[str, int]:
    """What there is once everything that waits was followed."""
    asked = {"polled_at": database_now(), "schema_seen_at": database_now()}  # or it would be time to ask Notion again
    NotionDatabase.objects.update(**asked)
    while syncing.run_pump_step(time.monotonic() + 30):
        NotionDatabase.objects.update(**asked)
    return {
        "deliveries": WebhookDelivery.objects.count(),
        "requests": len(sandbox.requests),
        "events of contacts": ContactEvent.objects.count(),
        "entries of the history": SyncEntry.objects.count(),
    }


class Door:
    """Delivers as Notion does, and as others might."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self._client = Client(SERVER_NAME="localhost")
        self._forgeries: list[Callable[[bytes], Mapping[str, str]]] = [
            lambda body: {},
            lambda body: _header(_signature(body, OTHER_TOKEN)),
            lambda body: _header(_signature(body + b" ", TOKEN)),
            lambda body: _header(_signature(body, "")),
            lambda body: _header("sha256=" + self.chance.randbytes(32).hex()),
            lambda body: _header(_signature(body, TOKEN).removeprefix("sha256=")),
            lambda body: _header(_signature(body, TOKEN).replace("sha256", "sha1")),
            lambda body: _header(_signature(body, TOKEN)[:-1]),
            lambda body: _header("sha256="),
        ]

    def deliver(self, body: bytes) -> int:
        return self._send(body, _header(_signature(body, TOKEN)))

    def forge(self, body: bytes) -> int:
        return self._send(body, self.chance.choice(self._forgeries)(body))

    def post(self, body: Any, headers: Mapping[str, str]) -> int:
        return self._send(json.dumps(body).encode(), headers)

    def _send(self, body: bytes, headers: Mapping[str, str]) -> int:
        return int(self._client.post(PATH, body, content_type="application/json", headers=dict(headers)).status_code)


def _signature(body: bytes, token: str) -> str:
    return "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def _header(signature: str) -> dict[str, str]:
    return {"X-Notion-Signature": signature}
