"""Questions that change nothing: dry runs, explanations, the status."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.management import CommandError, call_command

from contactflow.core.reasons import Reason
from contacts.models import Contact
from engagement.channels import state
from engagement.models import Message
from tests.workflows import world
from workflows import analytics, drafts, explain, heartbeat, simulation
from workflows.actions.base import Foreseen
from workflows.models import ScheduledAction, WorkflowInstance, WorkflowTemplate

pytestmark = pytest.mark.django_db


@pytest.fixture
def artist(deployed: None, db: None) -> Contact:
    return world.arrive(
        email="ada@example.org", first_name="Ada", contact_types=("Artist",), lead_source="Referral"
    ).receipt.contact


def template(slug: str) -> WorkflowTemplate:
    return WorkflowTemplate.objects.get(slug=slug)


# Dry runs


def simulated(workflow: WorkflowTemplate, contact: Contact, start: dt.datetime) -> list[Foreseen]:
    plan = drafts.plan_of(workflow.current_version, workflow)
    return simulation.simulate_plan(plan=plan, someone=simulation.real(contact=contact, plan=plan), start=start)


def test_a_dry_run_foresees_every_step_at_its_time(artist: Contact) -> None:
    start = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)

    foreseen = simulated(template("the7space_artist_discovery"), artist, start)

    assert [((one.at - start) / dt.timedelta(hours=1), one.action_type) for one in foreseen] == [
        (0, "send_notification"),
        (2, "create_task"),
        (24, "send_email"),
        (48, "create_task"),
    ]


def test_a_dry_run_renders_the_emails(artist: Contact) -> None:
    foreseen = simulated(template("the7space_artist_discovery"), artist, world.database_now())

    email = next(one for one in foreseen if one.action_type == "send_email")
    assert "Ada" in email.text
    assert email.subject
    assert email.missing == []


def test_a_dry_run_foresees_the_touches(artist: Contact) -> None:
    start = world.database_now()

    foreseen = simulated(template("referral_vip_treatment"), artist, start)

    days = [(one.at - start).days for one in foreseen if one.action_type == "follow_up"]
    assert days == [1, 2, 5]


def test_a_dry_run_writes_nothing(artist: Contact) -> None:
    before = (ScheduledAction.objects.count(), Message.objects.count(), WorkflowInstance.objects.count())

    for workflow in WorkflowTemplate.objects.all():
        simulated(workflow, artist, world.database_now())

    assert (ScheduledAction.objects.count(), Message.objects.count(), WorkflowInstance.objects.count()) == before


def test_simulate_workflow_prints_the_calendar(artist: Contact, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("simulate_workflow", "the7space_artist_discovery", "--contact", "ADA@example.org")

    printed = capsys.readouterr().out
    assert "Artist Portfolio Review" in printed
    assert "Subject:" in printed


def test_simulate_workflow_prints_json(artist: Contact, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("simulate_workflow", "the7space_artist_discovery", "--contact", "ada@example.org", "--json")

    printed = json.loads(capsys.readouterr().out)
    assert [one["action_type"] for one in printed][:2] == ["send_notification", "create_task"]


@pytest.mark.parametrize(
    ("slug", "email", "sentence"),
    [
        ("nope", "ada@example.org", "There is no workflow nope"),
        ("website_lead_nurturing", "x@y.example", "No contact has"),
    ],
)
def test_simulate_workflow_says_what_is_unknown(artist: Contact, slug: str, email: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("simulate_workflow", slug, "--contact", email)


# Why and why not


def test_the_stored_decision_is_told_with_the_one_of_now(artist: Contact) -> None:
    told = explain.explain(contact=artist, template=template("the7space_artist_discovery"), now=world.database_now())

    assert [(one.stored, one.matched) for one in told] == [(False, False), (True, True)]
    assert told[0].because.startswith("starts once per contact, and did on ")
    assert told[1].because == "belongs to The 7 Space; contact type Artist"


def test_an_inactive_workflow_explains_itself(artist: Contact) -> None:
    WorkflowTemplate.objects.update(active=False)

    told = explain.explain(contact=artist, template=template("website_lead_nurturing"), now=world.database_now())

    assert told[0].because == "is not active: it is switched off"


# Status


def test_status_counts_what_is_there(artist: Contact) -> None:
    heartbeat.beat(name="host:1")

    status = analytics.status(now=world.database_now())

    assert (status["active_workflows"], status["total_contacts_processed"]) == (2, 1)
    assert (status["system_status"], status["problems"]) == ("operational", [])


def test_recent_executions_are_the_newest_ten(artist: Contact) -> None:
    for _ in range(6):
        world.arrive(contact_types=("Artist",), lead_source="Website")

    recent = analytics.recent_executions()

    assert len(recent) == 10
    assert {one.status for one in recent} == {"active"}


def test_without_a_worker_the_system_is_degraded(artist: Contact) -> None:
    status = analytics.status(now=world.database_now())

    assert status["system_status"] == "degraded"
    assert status["problems"] == ["No worker gave a sign of life lately. Start one with: manage.py worker"]


def test_a_paused_channel_degrades_the_system(artist: Contact) -> None:
    heartbeat.beat(name="host:1")
    state.pause("email", Reason.of("login_refused", said="535 no"), world.database_now())

    status = analytics.status(now=world.database_now())

    assert status["system_status"] == "degraded"
    assert "535 no" in status["problems"][0]
