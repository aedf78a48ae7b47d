"""What the measurements work on: a deployed installation, due actions in any number, patterns for the references."""

from __future__ import annotations

import io
import time
import uuid
from contextlib import redirect_stdout
from dataclasses import dataclass

import psycopg
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client

from contactflow.core.clock import database_now
from contactflow.models import ApiKey
from contacts.models import BusinessEntity, Contact, ContactEvent, ContactStatus, LeadSource
from engagement import delivery
from tests.benchmarks import client, rows
from tests.benchmarks.reference import ActionPattern, ContactPattern, Letter
from workflows import scheduling, wake
from workflows.execution import inside, outside
from workflows.models import ScheduledAction, Step, WorkflowInstance

WORKFLOW = "the7space_artist_discovery"  # its one email and its first task are what the engine is measured with
EMPTIED = "contacts_contact, django_q_ormq"  # and all that hangs on them


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
def make_due(action_type: str, number: int) -> None:
    """As many contacts, each with one action that is due; a worker is woken on commit."""
    now, doing = database_now(), step(action_type)
    status = ContactStatus.objects.get(is_default=True)
    source = LeadSource.objects.get(is_fallback=True)
    entity = BusinessEntity.objects.get(slug="the_7_space")
    people = Contact.objects.bulk_create(
        Contact(email=f"{uuid.uuid4().hex}@example.org", first_name="Ada", status=status, lead_source=source)
        for _ in range(number)
    )
    instances = WorkflowInstance.objects.bulk_create(
        WorkflowInstance(
            contact=person,
            template=doing.version.template,
            version=doing.version,
            business_entity=entity,
            trigger_event="new_contact",
            because="contact type is Artist",
            reentry_key="once",
            started_at=now,
        )
        for person in people
    )
    actions = [action for instance in instances for action in scheduling.plan_steps(instance=instance, steps=[doing])]
    for action in actions:
        action.due_at = action.next_attempt_at = now
    ScheduledAction.objects.bulk_create(actions)
    with connection.cursor() as cursor:  # statistics, before autovacuum finds the time
        cursor.execute("ANALYZE contacts_contact, workflows_workflowinstance, workflows_scheduledaction")
    wake.on_commit()


def call_off() -> None:
    """Leave nothing for the engine to do."""
    ScheduledAction.objects.filter(status="pending").update(status="cancelled", finished_at=Now())


def contact_pattern(installation: Installation) -> ContactPattern:
    """What one POST new-contact writes."""
    clear()
    caller = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {installation.key}"})
    email = f"{uuid.uuid4().hex}@example.org"
    answer = caller.post(client.PATH, {"email": email} | client.ARTIST, content_type="application/json")
    contact_id = answer.json()["contact_id"]
    of_contact = {
        "contacts_contact": "id = %s",
        "contacts_contact_contact_types": "contact_id = %s",
        "contacts_entitymembership": "contact_id = %s",
        "contacts_contactevent": "contact_id = %s",
        "workflows_workflowinstance": "contact_id = %s",
        "workflows_scheduledaction": "instance_id IN (SELECT id FROM workflows_workflowinstance WHERE contact_id = %s)",
    }
    event = ContactEvent.objects.get(contact=contact_id)
    with psycopg.connect(installation.database_url) as bare:
        return ContactPattern(
            database_url=installation.database_url,
            patterns=tuple(rows.read(bare, table, where, contact_id) for table, where in of_contact.items()),
            texts=(email, event.event_key),
            wake=rows.read(bare, "django_q_ormq", "true"),
        )


def task_pattern(installation: Installation) -> ActionPattern:
    """What one create_task writes."""
    clear()
    make_due("create_task", 1)
    inside.run_inside()
    return _pattern(installation, inside.INSIDE_BATCH, intent=(), result=("engagement_task", "workflows_actionattempt"))


def mail_pattern(installation: Installation) -> ActionPattern:
    """What one send_email writes."""
    clear()
    make_due("send_email", 1)
    outside.run_outside(deadline=time.monotonic() + 60)
    delivery.release()
    return _pattern(
        installation,
        outside.OUTSIDE_BATCH,
        intent=("engagement_message", "workflows_actionattempt"),
        result=("engagement_messageevent",),
    )


def letter(port: int) -> Letter:
    """The mail of one due send_email, rendered and not sent."""
    clear()
    make_due("send_email", 1)
    action = ScheduledAction.objects.select_related("instance__contact", "instance__business_entity").get()
    assert action.template is not None
    draft = delivery.prepare(
        action_id=action.pk,
        template=action.template,
        contact=action.instance.contact,
        business_entity=action.instance.business_entity,
        now=database_now(),
    )
    delivery.release()
    content = b"\r\n".join(draft.envelope.content.splitlines()) + b"\r\n"
    return Letter(port, draft.envelope.sender, draft.envelope.recipient, content)


def _pattern(
    installation: Installation, batch: int, *, intent: tuple[str, ...], result: tuple[str, ...]
) -> ActionPattern:
    """Of the one action there is, which was done."""
    action = ScheduledAction.objects.select_related("instance").get()
    if action.status != ScheduledAction.Status.DONE:
        raise SystemExit(f"The {action.action_type} that was tried first ended as {action.status}: {action.last_error}")
    with psycopg.connect(installation.database_url) as bare:
        read = {table: rows.read(bare, table, "true") for table in intent + result}
    return ActionPattern(
        database_url=installation.database_url,
        action_id=action.pk,
        instance_id=action.instance_id,
        contact_id=action.instance.contact_id,
        action_type=action.action_type,
        intent=tuple(read[table] for table in intent),
        result=tuple(read[table] for table in result),
        batch=batch,
    )
