"""What the measurements work on: a deployed installation, due actions in any number, patterns for the references."""

from __future__ import annotations

import atexit
import csv
import datetime as dt
import functools
import io
import itertools
import shutil
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client, override_settings
from django.utils.module_loading import import_string

from contactflow.core.clock import database_now
from contactflow.models import ApiKey
from contacts.models import BusinessEntity, Contact, ContactEvent, ContactStatus, LeadSource
from tests import smtp
from tests.benchmarks import client, rows
from tests.benchmarks.reference import ActionPattern, ContactPattern, Letter
from workflows import scheduling, wake
from workflows.models import ScheduledAction, Step, WorkflowInstance

WORKFLOW = "the7space_artist_discovery"  # its one email and its first task are what the engine is measured with
EMPTIED = "contacts_contact, django_q_ormq"  # and all that hangs on them
OPEN = ("pending", "claimed", "sending")
BATCH = 50  # actions that a reference claims at once
MOST_ROUNDS = 1000  # of the engine, for what should be done in far fewer


@dataclass(frozen=True)
class Installation:
    database_url: str
    key: str


def deploy(database_url: str) -> Installation:
    """Migrations and the default content, as `make run` has them, and a key."""
    said = io.StringIO()
    call_command("migrate", verbosity=0)
    try:
        with redirect_stdout(said):
            call_command("deploy_contact_workflows", stdout=said)
    except SystemExit:
        raise SystemExit(said.getvalue()) from None
    _, key = ApiKey.objects.issue(name="benchmark", scope="operate")
    return Installation(database_url, key)


def clear() -> None:
    """Every contestant begins with empty tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {EMPTIED} CASCADE")


def step(action_type: str) -> Step:
    found = Step.objects.filter(version__template__slug=WORKFLOW, action_type=action_type).order_by("position").first()
    if found is None:
        raise SystemExit(f"The workflow {WORKFLOW} has no {action_type} any more: choose another one to measure.")
    return found


@transaction.atomic
def make_due(action_type: str, number: int, *, spread: float = 0.0) -> None:
    """As many contacts, each with one action that is due; or becomes due, evenly over so many seconds. A worker is
    woken on commit."""
    now, doing = database_now(), step(action_type)
    entity = BusinessEntity.objects.get(slug="the_7_space")
    people = Contact.objects.bulk_create(_people(uuid.uuid4() for _ in range(number)))
    instances = WorkflowInstance.objects.bulk_create(
        WorkflowInstance(
            contact=person,
            template=doing.version.template,
            version=doing.version,
            business_entity=entity,
            trigger_event="new_contact",
            because={"code": "contact_type", "has": ["Artist"]},
            reentry_key="once",
            started_at=now,
        )
        for person in people
    )
    actions = [action for instance in instances for action in scheduling.plan_steps(instance=instance, steps=[doing])]
    for place, action in enumerate(actions):
        action.due_at = action.next_attempt_at = now + dt.timedelta(seconds=spread * place / number)
    ScheduledAction.objects.bulk_create(actions)
    with connection.cursor() as cursor:  # statistics, before autovacuum finds the time
        cursor.execute("ANALYZE contacts_contact, workflows_workflowinstance, workflows_scheduledaction")
    wake.on_commit()


def bring_back(contact_id: uuid.UUID) -> None:
    """A contact of that id."""
    Contact.objects.bulk_create(_people([contact_id]))


def _people(ids: Iterable[uuid.UUID]) -> Iterator[Contact]:
    status, source = ContactStatus.objects.get(is_default=True), LeadSource.objects.get(is_fallback=True)
    for pk in ids:
        yield Contact(pk=pk, email=f"{pk.hex}@example.org", first_name="Ada", status=status, lead_source=source)


def call_off() -> None:
    """Leave nothing for the engine to do."""
    ScheduledAction.objects.filter(status="pending").update(status="cancelled", finished_at=Now())


def run_engine(*, rounds: int = 0) -> None:
    """The first of the pump's steps, so many times; or until nothing is due any more."""
    step = import_string(settings.PUMP_STEPS[0])
    left = rounds or MOST_ROUNDS
    while left and (rounds or ScheduledAction.objects.filter(status__in=OPEN).exists()):
        step(time.monotonic() + 60)
        left -= 1


def done() -> int:
    """Actions done; that any other end was reached ends the run."""
    ended = Counter(ScheduledAction.objects.exclude(status__in=OPEN).values_list("status", flat=True))
    if set(ended) != {"done"}:
        raise SystemExit(f"The actions ended as {dict(ended)}, not all as done: the figure would mean nothing.")
    return ended["done"]


def post_contacts(installation: Installation, number: int) -> None:
    """Through the whole stack of Django, without a server."""
    caller = _caller(installation.key)
    for _ in range(number):
        known = {"email": f"{uuid.uuid4().hex}@example.org"} | client.ARTIST
        answer = caller.post(client.PATH, known, content_type="application/json")
        if answer.status_code != 201:
            raise SystemExit(f"new-contact answered {answer.status_code}: {answer.content[:500]!r}")


@functools.cache
def _caller(key: str) -> Client:
    return Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {key}"})


def list_of_people(lines: int) -> Path:
    """A file of so many people, for each of whom workflows start; gone when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="contactflow-list-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    people = zip(range(lines), itertools.cycle(itertools.product(client.TYPES, client.SOURCES)), strict=False)
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Email", "First Name", "Last Name", "Contact Type", "Lead Source", "Company"))
        for number, (kind, source) in people:
            address = f"person{number}.{uuid.uuid4().hex[:8]}@example.org"
            writer.writerow((address, "Ada", f"Moreau {number}", kind, source, f"Company {number % 997}"))
    return folder / "people.csv"


def import_list(file: Path) -> None:
    call_command("import_contacts", str(file), start_workflows=True, stdout=io.StringIO())


def contact_pattern(installation: Installation) -> ContactPattern:
    """What one arrival writes, with two workflows."""
    clear()
    post_contacts(installation, 1)
    event = ContactEvent.objects.select_related("contact").get()
    with psycopg.connect(installation.database_url) as bare:
        return ContactPattern(
            database_url=installation.database_url,
            patterns=tuple(rows.read(bare, table, "true") for table in rows.filled(bare)),
            contact_id=event.contact_id,
            email=event.contact.email,
            event_key=event.event_key,
            wake=rows.read(bare, "django_q_ormq", "true"),
        )


def action_pattern(installation: Installation, action_type: str) -> ActionPattern:
    """What doing one action writes."""
    clear()
    make_due(action_type, 1)
    with psycopg.connect(installation.database_url, autocommit=True) as bare:
        before = set(rows.filled(bare))
        run_engine()
        done()
        added = tuple(rows.read(bare, table, "true") for table in rows.filled(bare) if table not in before)
    action = ScheduledAction.objects.select_related("instance").get()
    return ActionPattern(
        database_url=installation.database_url,
        action_id=action.pk,
        instance_id=action.instance_id,
        contact_id=action.instance.contact_id,
        action_type=action_type,
        lane=action.lane,
        rows=added,
        batch=BATCH,
    )


def letter(port: int) -> Letter:
    """The mail of one due send_email, as it came over the wire."""
    clear()
    make_due("send_email", 1)
    with smtp.Sink() as sink, override_settings(EMAIL_URL=sink.url):
        run_engine()
    received = sink.received[0]
    return Letter(port, received.sender, received.recipients[0], received.content)
