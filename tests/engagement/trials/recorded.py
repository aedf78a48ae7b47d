"""`recorded DIR`: the payloads in a checkout of django-anymail's tests, sent to our addresses. Needs pytest's database.

Their tests run against their own views first, which says what each payload means by their reading; then the same is
sent to /hooks with our secret, signed with our key. Each event has to drive one row about the message it names.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import sys
import time
import unittest
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlencode, urlsplit

import pytest

from tests.engagement.provider_signatures import FORM, SETTINGS, SNS_KEYS, Sent, signed

PLACE, THEIRS = "ANYMAIL_CHECKOUT", "recorded_anymail_tests"
LOGIN = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
# What an event of theirs is to be here; None: nothing that concerns a message that left.
ROWS = {
    **{same: same for same in ("sent", "delivered", "deferred", "bounced", "complained", "opened", "clicked")},
    "unsubscribed": "unsubscribed",
    "rejected": "failed",
    "failed": "failed",
    **dict.fromkeys(("queued", "autoresponded", "inbound", "inbound_failed", "subscribed", "unknown")),
}
# Where we read the same event more narrowly, and why.
NARROWER = {
    ("deferred", "bounced"): "a soft bounce that the provider does not try again",
    ("failed", "bounced"): "the other server refused it",
}


@dataclass
class Recorded:
    """A request that their view took, and the events it read."""

    provider: str
    sent: Sent
    events: list[Any] = field(default_factory=list)


@dataclass
class Outcome:
    payloads: int = 0
    events: int = 0
    driven: int = 0
    narrower: Counter[str] = field(default_factory=Counter)
    nothing: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    os.environ[PLACE] = str(Path(arguments[0]).resolve())
    return pytest.main(["-q", "-s", "-p", "no:cacheprovider", f"{__file__}::test_recorded_payloads_drive_our_rows"])


@pytest.mark.django_db
def test_recorded_payloads_drive_our_rows(settings, monkeypatch):
    from engagement.providers import sns

    found = record(Path(os.environ[PLACE]))
    settings.ANYMAIL = SETTINGS
    monkeypatch.setattr(sns, "keys", SNS_KEYS)
    outcomes: dict[str, Outcome] = defaultdict(Outcome)
    for one in found:
        replay(one, outcomes[one.provider])
    _print(outcomes)
    assert len(outcomes) >= 6
    assert not [said for outcome in outcomes.values() for said in outcome.wrong]


def record(checkout: Path) -> list[Recorded]:
    """What their tests post to their own views, and what these read in it."""
    from django.test import override_settings

    found: list[Recorded] = []
    urls, result = f"{THEIRS}.test_settings.urls", unittest.TestResult()
    with _their_tests(checkout) as suite, _heard(found):
        logging.disable()
        with override_settings(ROOT_URLCONF=urls, MIDDLEWARE=LOGIN, TEMPLATES=[], ALLOWED_HOSTS=["*"]):
            suite.run(result)
        logging.disable(logging.NOTSET)
    failed = len(result.failures) + len(result.errors)  # of another version of their views, most likely
    print(f"\n{result.testsRun} tests of theirs, {failed} failed; {len(found)} payloads with events")
    return found


@contextlib.contextmanager
def _their_tests(checkout: Path) -> Iterator[unittest.TestSuite]:
    """Under a name of their own, since they call their package as ours is called."""
    folder = checkout / "tests"
    init, places = folder / "__init__.py", [str(folder)]
    spec = importlib.util.spec_from_file_location(THEIRS, init, submodule_search_locations=places)
    assert spec is not None
    sys.modules[THEIRS] = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, {"tests.utils": importlib.import_module(f"{THEIRS}.utils")}):
        names = sorted(f"{THEIRS}.{path.stem}" for path in folder.glob("test_*_webhooks.py"))
        yield unittest.defaultTestLoader.loadTestsFromNames(names)


@contextlib.contextmanager
def _heard(found: list[Recorded]) -> Iterator[None]:
    from anymail.signals import tracking
    from django.test import Client

    events: list[Any] = []
    post = Client.post

    def heard(sender: Any, event: Any, **about: Any) -> None:
        events.append(event)

    def recording(client: Any, path: str, data: Any = None, content_type: str = FORM, **about: Any) -> Any:
        events.clear()
        answer = post(client, path, data, **({} if content_type == FORM else {"content_type": content_type}), **about)
        if answer.status_code == 200 and events:
            provider = path.partition("/anymail/")[2].partition("/")[0]
            headers = {name: said for name, said in (about.get("headers") or {}).items() if isinstance(said, str)}
            found.append(Recorded(provider, Sent(_body(data, content_type), content_type, headers), [*events]))
        return answer

    tracking.connect(heard)
    try:
        with mock.patch.object(Client, "post", recording):
            yield
    finally:
        tracking.disconnect(heard)


def _body(data: Any, content_type: str) -> bytes:
    if isinstance(data, str | bytes):
        return data.encode() if isinstance(data, str) else data
    return (urlencode(data, doseq=True) if content_type == FORM else json.dumps(data)).encode()


def replay(one: Recorded, outcome: Outcome) -> None:
    """Send it to our address, about messages that went to those it names, and compare the rows with the events."""
    from engagement.models import ProviderDelivery

    wanted = [event for event in one.events if ROWS[event.event_type]]
    messages = {(event.message_id, event.recipient): _message(event) for event in wanted}
    before = ProviderDelivery.objects.count()
    status = _post(one)
    outcome.payloads, outcome.events = outcome.payloads + 1, outcome.events + len(one.events)
    if status != 200 or ProviderDelivery.objects.count() == before:
        outcome.nothing["told before" if status == 200 else f"answered {status}"] += len(one.events)
        outcome.wrong += [] if status == 200 else [f"answered {status}: {_shown(one)}"]
        return
    for event in one.events:
        if not ROWS[event.event_type]:
            outcome.nothing[str(event.event_type)] += 1
            continue
        rows = list(messages[event.message_id, event.recipient].events.values_list("type", "url", "at"))
        if event.message_id or rows:
            _compare(event, rows, outcome)
        else:
            outcome.nothing["names no message"] += 1
    for message in messages.values():
        message.contact.delete()


def _message(event: Any) -> Any:
    from engagement.models import Message
    from tests.factories import ContactFactory

    return Message.objects.create(
        contact=ContactFactory(),
        recipient=event.recipient or "nobody@example.com",
        subject="x",
        text="x",
        status=Message.Status.SENT,
        provider_id=str(event.message_id or "").strip("<>"),
    )


def _post(one: Recorded) -> int:
    from django.test import Client

    from engagement.providers import catalogue, processing

    url = catalogue.address(one.provider, "tracking")
    sent = signed(one.provider, one.sent, url=url)
    answer = Client().post(urlsplit(url).path, sent.body, content_type=sent.content_type, headers=sent.headers)
    processing.run_pump_step(time.monotonic() + 60)
    return answer.status_code


def _compare(event: Any, rows: list[tuple[Any, ...]], outcome: Outcome) -> None:
    wanted = ROWS[event.event_type]
    url = (event.click_url or "") if wanted == "clicked" else ""
    for row in rows:
        is_narrower = (event.event_type, row[0]) in NARROWER
        if (row[0] == wanted or is_narrower) and row[1] == url and (not event.timestamp or row[2] == event.timestamp):
            outcome.driven += 1
            outcome.narrower[f"{wanted} is {row[0]}"] += is_narrower
            return
    outcome.wrong.append(f"{event.event_type} at {event.timestamp} {url}, and we have {rows}; {_shown(event)}")


def _shown(what: Any) -> str:
    return repr(getattr(what, "esp_event", None) or getattr(what, "sent", what))[:600]


def _print(outcomes: dict[str, Outcome]) -> None:
    print(f"{'provider':15}{'payloads':>9}{'events':>8}{'rows':>6}{'no row':>8}{'wrong':>7}")
    for provider, one in sorted(outcomes.items()):
        said = ", ".join(f"{code} {times}" for code, times in [*one.nothing.items(), *(+one.narrower).items()])
        counts = f"{one.payloads:9}{one.events:8}{one.driven:6}{one.nothing.total():8}{len(one.wrong):7}"
        print(f"{provider:15}{counts}  {said}")
    for provider, one in sorted(outcomes.items()):
        for said in one.wrong:
            print(f"wrong, {provider}: {said}")
