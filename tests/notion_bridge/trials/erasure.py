"""Erasing people while the system works: workers send, the web takes people in, a list is imported, Notion is edited.

Afterwards nothing of them is left in a dump of every table, in files under var/, in logs, nor in a page of Notion that
is not in the trash; and nobody else lost anything.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from contactflow.core.clock import database_now
from contactflow.models import ApiKey, ErasureRequest
from contacts import consent, contact_actions
from contacts.models import Contact, Suppression
from engagement import goals, touches
from engagement.inbound import taking
from engagement.models import Goal, Message, MessageEvent
from notion_bridge import monitoring
from tests.benchmarks import measures, stand
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.trials.figures import Figure, exactly
from tests.notion_bridge.trials.latency import _environment
from tests.notion_bridge.trials.stage import Stage
from workflows.models import ScheduledAction

PEOPLE = 1_000
CANARY = "qzanarix"
PATIENCE = 1_800  # seconds
CALLERS = 4
PAUSE = 0.5  # between two who come, and two edits


def run(stage: Stage, *, people: int = PEOPLE, say: Callable[[str], None] = print) -> list[Figure]:
    """As many canaries as others, who stay."""
    stage.clear()
    with Sandbox() as sandbox, stand.mailbox() as mailbox, _log() as log, tempfile.TemporaryDirectory() as folder:
        bridge.connect(sandbox, stage.settings)
        os.environ |= _environment(sandbox, stage) | {"NOTION_REQUESTS_PER_SECOND": "200", "LOG_LEVEL": "INFO"}
        os.environ |= {"EMAIL_URL": f"smtp://127.0.0.1:{mailbox.port}"}
        with stand.web_server() as port, measures.workers():
            monitoring.switch(on=True, actor="robin", now=database_now())
            door = Door(port)
            door.all_arrive([made(number) for number in range(people) for made in (_canary, _other)])
            _until_written_to(people)
            _leave_traces(people)
            _until(lambda: len(_pages(sandbox)) >= people, "pages in Notion")
            say(f"{people} canaries, {len(_pages(sandbox))} pages of theirs in Notion, {mailbox.count} mails")
            kept = Contact.objects.exclude(email__startswith=CANARY).count()
            with _at_work(door, sandbox, Path(folder), people):
                began = time.monotonic()
                door.all_erased()
                say(f"all erasures are asked for after {time.monotonic() - began:.0f} s")
                _until(_are_done, "erasures")
                took = time.monotonic() - began
            _until(lambda: not _pages(sandbox), "pages in the trash")
        said = log.read_bytes().lower()
    left = _left()
    for table, number in left.items():
        say(f"left in {table}: {number}")
    return [
        exactly("tables in whose dump somebody is left", len(left), 0),
        exactly("files under var/ that name somebody", _files(stage.settings.VAR_DIR), 0),
        exactly("lines of logs that name somebody", said.count(CANARY.encode()), 0),
        exactly("pages in Notion that are not in the trash", len(_pages(sandbox)), 0),
        exactly("addresses kept as a hash", Suppression.objects.filter(email__startswith="hmac:").count(), people),
        exactly("others who were lost", max(0, kept - Contact.objects.count()), 0),
        Figure("lines of logs", said.count(b"\n")),
        Figure("seconds from the first to the last", took),
    ]


class Door:
    """The public face, with a key that may do everything."""

    def __init__(self, port: int) -> None:
        _, key = ApiKey.objects.issue(name="trial", scope="admin")
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=120
        )

    def arrives(self, person: dict[str, Any]) -> None:
        headers = {"Idempotency-Key": person["email"]}
        answer = self.client.post("/contact-workflows/new-contact", json=person, headers=headers)
        assert answer.status_code in (200, 201), answer.text

    def all_arrive(self, people: list[dict[str, Any]]) -> None:
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(self.arrives, people))

    def erases(self, contact: Contact) -> None:
        reason = {"reason": f"{contact.first_name} ({contact.email}) asked for it, signed {contact.full_name}"}
        answer = self.client.post(f"/api/v1/contacts/{contact.pk}/erase/", json=reason)
        assert answer.status_code == 202, answer.text

    def all_erased(self) -> None:
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(self.erases, Contact.objects.filter(email__startswith=CANARY)))


def _canary(number: int) -> dict[str, Any]:
    name, kinds = f"{CANARY}{number}", ("Artist", "Business Contact", "General Contact")
    return {
        "email": f"{name}@example.org",
        "first_name": name.title(),
        "last_name": f"{CANARY.title()}son",
        "company": f"{CANARY} Ltd",
        "message": f"I am {name}, {CANARY}",
        "contact_types": [kinds[number % 3]],
        "lead_source": ("Website", "Event", "Referral")[number % 3],
        "custom": {"nick": name},
    }


def _other(number: int, kind: str = "stays") -> dict[str, Any]:
    return {"email": f"{kind}{number}@example.net", "first_name": "Robin", "contact_types": ["Artist"]}


def _leave_traces(people: int) -> None:
    """What the other doors leave of each tenth: replies, clicks, touches, goals, notes, consents, blocks."""
    now, goal = database_now(), Goal.objects.first()
    assert goal is not None
    for number in range(0, people, 10):
        person = Contact.objects.get(email=f"{CANARY}{number}@example.org")
        contact_actions.leave_note(contact=person, text=f"{CANARY} called", colleague="max", now=now)
        touches.log(contact=person, kind="called", business_entity=None, at=now, colleague="max", note=CANARY, now=now)
        consent.grant(contact=person, source=f"told by {CANARY}", now=now)
        consent.suppress(email=person.email, reason="bounced", detail=f"{person.email}: no such user")
        reached = goals.Reached(goal=goal, contact=person.pk, at=now, source="hand", key=f"{number}", note=CANARY)
        goals.record([reached], now=now)
        for message in Message.objects.filter(contact=person)[:1]:
            hit = {"ip": "192.0.2.1", "agent": CANARY}
            MessageEvent.objects.create(message=message, type="clicked", url=f"https://x.example/{CANARY}", detail=hit)
        for sender in (f"{CANARY} <{person.email}>", "Somebody Else <stranger@example.com>"):
            raw = f"From: {sender}\nTo: us@brand.example\nSubject: {number}\n\nIt is {person.email}, of {sender}\n"
            taking.take_in(raw.encode(), via="trial", key=f"{sender}{number}", now=now)


def _until_written_to(people: int) -> None:
    """Emails that are planned for the next days leave now."""
    emails = ScheduledAction.objects.filter(action_type="send_email", status="pending")
    emails.update(due_at=database_now(), next_attempt_at=database_now())
    of_canaries = Message.objects.filter(contact__email__startswith=CANARY, status="sent")
    _until(lambda: of_canaries.count() >= people, "emails")


@contextlib.contextmanager
def _at_work(door: Door, sandbox: Sandbox, folder: Path, people: int) -> Iterator[None]:
    """People come in, somebody edits in Notion, and a list with all canaries at its end is being imported."""
    stop = threading.Event()
    workers = [
        threading.Thread(target=_people_come, args=(door, stop)),
        threading.Thread(target=_somebody_edits, args=(sandbox, stop)),
    ]
    for one in workers:
        one.start()
    file = folder / "people.csv"
    lines = [f"list{number}@example.com,Robin" for number in range(people * 3)]
    lines += [f"{CANARY}{number}@example.org,{CANARY}" for number in range(people)]
    file.write_text("\n".join(["Email,First Name", *lines]))
    command = [sys.executable, "manage.py", "import_contacts", str(file)]
    importing = subprocess.Popen(command, cwd=stand.ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        stop.set()
        for one in workers:
            one.join()
        importing.wait(timeout=PATIENCE)


def _people_come(door: Door, stop: threading.Event) -> None:
    number = 0
    while not stop.wait(PAUSE):
        number += 1
        door.arrives(_other(number, "comes"))


def _somebody_edits(sandbox: Sandbox, stop: threading.Event) -> None:
    while not stop.wait(PAUSE):
        if pages := _pages(sandbox):
            with contextlib.suppress(Exception):  # it went to the trash meanwhile
                sandbox.person_edits(pages[0], {"Company": f"{CANARY} edited"})


def _pages(sandbox: Sandbox) -> list[str]:
    """Those that name a canary and are not in the trash."""
    with sandbox.workspace.lock:
        pages = list(sandbox.workspace.pages.values())
        return [page.id for page in pages if not page.in_trash and CANARY in repr(page).lower()]


def _are_done() -> bool:
    return not ErasureRequest.objects.filter(finished_at=None).exists()


def _until(holds: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > give_up:
            raise SystemExit(f"Waited too long for {what}.")
        time.sleep(0.5)


def _left() -> dict[str, int]:
    """Of every table, how many rows still say the word, in text or in bytes."""
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SET bytea_output = 'escape'")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text ILIKE %s', [f"%{CANARY}%"])
            if number := cursor.fetchone()[0]:
                found[table] = number
    return found


def _files(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(CANARY.encode() in path.read_bytes().lower() for path in files)


@contextlib.contextmanager
def _log() -> Iterator[Path]:
    """What all processes log, ours too, in one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        kept = os.dup(2)
        with path.open("wb") as file:
            os.dup2(file.fileno(), 2)
            try:
                yield path
            finally:
                os.dup2(kept, 2)
                os.close(kept)
