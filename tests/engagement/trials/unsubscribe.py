"""`unsubscribe [SIZE=1]`: people who leave while their emails go, tokens that were changed, looks that must not act.

Ends with 1 when an email was handed over after the answer, a changed token was taken, or a look changed a row.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.smtp import Sink

RACES, MUTATIONS, LOOKS = 2_000, 1_000_000, 10_000
TOGETHER = 4  # people whose emails become due at once
LATER = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
AT_THE_SERVER = 0.004  # seconds it takes over an email
SLOW, SLOW_RACES = 2.5, 20  # so that the last of those recorded together leaves after anybody has waited


@dataclass
class Clocked(Sink):
    """Notes when each address was written to: when the whole of the email was there."""

    at: dict[str, float] = field(default_factory=dict)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd calls it
        self.at[envelope.rcpt_tos[0]] = time.monotonic()
        return await super().handle_DATA(server, session, envelope)


@dataclass
class Races:
    never: int = 0
    before: int = 0
    close: int = 0
    """Of those before: less than 20 milliseconds."""
    after: int = 0
    slowest: float = 0.0
    """Seconds until an answer."""


def races(sink: Clocked, *, number: int = RACES, intents: int = 1, seed: int = 1) -> Races:
    """Two workers send what is due while two browsers unsubscribe those it is for."""
    from django.db.models.functions import Now
    from django.test import override_settings

    from workflows.models import ScheduledAction

    found, chance = Races(), random.Random(seed)
    with override_settings(SEND_INTENTS=intents), _workers(2), ThreadPoolExecutor(TOGETHER) as browsers:
        for start in range(0, number, TOGETHER):
            links = _due(min(TOGETHER, number - start))
            pauses = [chance.uniform(0, chance.choice((0.02, 0.1, 0.4))) for _ in links]
            leaving = [browsers.submit(_leave, *one) for one in zip(links, pauses, strict=True)]
            ScheduledAction.objects.filter(status="pending").update(next_attempt_at=Now())
            answers = [one.result() for one in leaving]
            _until_nothing_is_due()
            for email, asked, answered in answers:
                _note(found, sink.at.get(email), asked, answered)
    return found


def mutated(*, number: int = MUTATIONS, seed: int = 1) -> int:
    """How many changed tokens were taken for one purpose or another."""
    from contactflow.core import tokens

    chance, taken = random.Random(seed), 0
    purposes = ("unsubscribe", "preferences", "click", "open")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for turn in range(number):
        if turn % 100 == 0:
            purpose = chance.choice(purposes)
            token = tokens.make(purpose, uuid.uuid4(), uuid.uuid4())
            other = tokens.make(purpose, uuid.uuid4(), uuid.uuid4())
        changed = _changed(token, other, chance, letters)
        if changed != token and any(tokens.read(one, changed, count=2) for one in purposes if changed != other):
            taken += 1
        if turn % 100 == 0 and any(tokens.read(one, token, count=2) for one in purposes if one != purpose):
            taken += 1
    return taken


def looks(*, number: int = LOOKS, seed: int = 1) -> list[str]:
    """The tables that are not as they were after so many GET and HEAD: of what came to a picture or a link of an email
    just the hits are kept, one each, and nothing else."""
    from django.test import Client

    from engagement.models import MessageEvent

    chance, browser = random.Random(seed), Client(SERVER_NAME="localhost")
    hooks, hits = _hooks(), _hits(20)
    nowhere = ["/u/x", "/p/x", "/u/", "/p/", "/t/o/x.gif", "/t/c/x", "/t/c/", "/hooks/email/postmark/x"]
    addresses = [*_addresses(20), *hits, *hooks, "/p/look/7c3f58.css", *nowhere]
    before, told = _rows(), 0
    for _ in range(number):
        address = chance.choice(addresses)
        if chance.random() < 0.3 and len(address) > 40:
            address = address[:-1] + chance.choice("AB_") + chance.choice(["", "/", "?List-Unsubscribe=One-Click"])
        ask = chance.choice((browser.get, browser.head))
        answer = ask(address)
        assert answer.status_code in (200, 301, 302, 404)
        told += address in hits if address.startswith("/t/o/") else answer.status_code == 302
    after, kept = _rows(), MessageEvent.objects.filter(type__in=("opened", "clicked")).count()
    changed = [table for table, rows in before.items() if after[table] != rows]
    return changed if kept == told else [*changed, f"{kept} hits of {told}"]


def main(arguments: Sequence[str]) -> int:
    from django.test import override_settings

    from tests.notion_bridge.trials import stage

    size = float(next((one[5:] for one in arguments if one.startswith("SIZE=")), "1"))
    with Clocked(delay=AT_THE_SERVER) as sink, stage.own(mail_port=sink.port):
        failed = False
        for intents in (1, 10):
            found = races(sink, number=max(1, round(RACES * size / 2)), intents=intents, seed=intents)
            print(f"races, {intents} intents: {found}")
            failed |= found.after > 0
        with Clocked(delay=SLOW) as slow, override_settings(EMAIL_URL=slow.url):
            found = races(slow, number=max(4, round(SLOW_RACES * size)), intents=10)
        print(f"races, 10 intents, a slow server: {found}")
        failed |= found.after > 0
        changed = looks(number=max(1, round(LOOKS * size)))
        print(f"looks: {round(LOOKS * size):,}, tables changed: {changed or 'none'}")
        taken = mutated(number=max(1, round(MUTATIONS * size)))
        print(f"changed tokens: {round(MUTATIONS * size):,}, taken: {taken}")
    return 1 if failed or changed or taken else 0


def _note(found: Races, arrived: float | None, asked: float, answered: float) -> None:
    found.slowest = max(found.slowest, answered - asked)
    if arrived is None:
        found.never += 1
    elif arrived > answered:
        found.after += 1
    else:
        found.before += 1
        found.close += answered - arrived < 0.02


def _leave(link: tuple[str, str], pause: float) -> tuple[str, float, float]:
    from django.db import connection
    from django.test import Client

    email, path = link
    time.sleep(pause)
    asked = time.monotonic()
    try:
        answer = Client(SERVER_NAME="localhost").post(
            path, b"List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code == 200
        return email, asked, time.monotonic()
    finally:
        connection.close()


def _due(number: int) -> list[tuple[str, str]]:
    """People with an email that is about to be due: their address, and the link that the email has."""
    from contactflow.core import tokens
    from tests import factories as f

    template = f.EngagementTemplateFactory()
    found = []
    for _ in range(number):
        contact = f.ContactFactory(email=f"{uuid.uuid4().hex}@example.org")
        action = f.ScheduledActionFactory(
            instance__contact=contact,
            step__action_type="send_email",
            step__template=template,
            step__target=None,
            next_attempt_at=LATER,
        )
        found.append((contact.email, f"/u/{tokens.make('unsubscribe', contact.pk, action.pk)}"))
    return found


@contextmanager
def _workers(number: int) -> Iterator[None]:
    """Threads that send what is due, as long as it lasts."""
    over = threading.Event()

    def work() -> None:
        from django.db import connection

        from engagement.channels import registry
        from workflows.execution import outside

        while not over.is_set():
            if not outside.run_outside(deadline=time.monotonic() + 2):
                time.sleep(0.001)
        registry.release_all()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _until_nothing_is_due() -> None:
    from workflows.models import ScheduledAction

    until = time.monotonic() + 30
    while ScheduledAction.objects.filter(status__in=["pending", "claimed", "sending"]).exists():
        assert time.monotonic() < until, "what is due is not done"
        time.sleep(0.005)


def _changed(token: str, other: str, chance: random.Random, letters: str) -> str:
    place = chance.randrange(len(token))
    match chance.randrange(6):
        case 0:
            return token[:place] + chance.choice(letters) + token[place + 1 :]
        case 1:
            return token[:place] + token[place + 1 :]
        case 2:
            return token[:place] + chance.choice(letters) + token[place:]
        case 3:
            return token[:place] + other[place:]  # the ids of one with the signature of the other
        case 4:
            return token[:place] + token[place:].swapcase()
        case _:
            return token + chance.choice(("=", "==", "A", "/", "%00", " "))


def _addresses(number: int) -> list[str]:
    from contactflow.core import tokens
    from contacts.models import Consent
    from engagement.models import Message
    from tests import factories as f

    found = []
    for _ in range(number):
        contact = f.ContactFactory(email=f"{uuid.uuid4().hex}@example.org")
        message = Message.objects.create(
            contact=contact, recipient=contact.email, subject="x", text="", html="", status="sent"
        )
        found += [f"/{one[0]}/{tokens.make(one, contact.pk, message.pk)}" for one in ("unsubscribe", "preferences")]
        pending = Consent.objects.create(contact=contact, state="pending", source="form")
        found.append(f"/p/confirm/{tokens.make('confirm', pending.key)}")
    return found


def _hits(number: int) -> list[str]:
    """Pictures and links of emails, which note who comes."""
    from contactflow.core import tokens
    from engagement.models import Message
    from tests import factories as f

    targets = ["https://a.example/", "https://b.example/"]
    found = []
    for _ in range(number):
        message = Message.objects.create(contact=f.ContactFactory(), status="sent", links=targets)
        links = [tokens.make("click", message.pk, uuid.UUID(int=link)) for link in range(len(targets))]
        found += [f"/t/o/{tokens.make('open', message.pk)}.gif", *(f"/t/c/{token}" for token in links)]
    return found


def _hooks() -> list[str]:
    """The secret addresses of every provider."""
    from engagement.providers import catalogue

    return [urlsplit(catalogue.address(name, kind)).path for name, kinds in catalogue.KINDS.items() for kind in kinds]


def _rows() -> dict[str, str | None]:
    """Every row of every table but for hits, as one digest a table."""
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            told = "WHERE row.type NOT IN ('opened', 'clicked')" if table == "engagement_messageevent" else ""
            digest = "md5(string_agg(row::text, chr(10) ORDER BY row::text))"
            cursor.execute(f'SELECT {digest} FROM "{table}" AS row {told}')
            found[table] = cursor.fetchone()[0]
    return found
