"""Dry runs, and why a workflow started or did not: pages that tell and write nothing."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.models import Contact
from tests import factories as f
from tests.workflows import world
from workflows import drafts, publishing
from workflows.models import WorkflowTemplate

pytestmark = pytest.mark.django_db
WHY = "admin:workflows_why"


@pytest.fixture
def artist(deployed: None, db: None) -> Contact:
    return world.arrive(
        email="ada@example.org", first_name="Ada", contact_types=("Artist",), lead_source="Referral"
    ).receipt.contact


def of(slug):
    return WorkflowTemplate.objects.get(slug=slug)


def dry_run(slug):
    return reverse("admin:workflows_workflowtemplate_dry_run", args=[of(slug).pk])


def all_rows():
    ours = ("contacts", "engagement", "workflows", "notion_bridge")
    models = [model for app in ours for model in apps.get_app_config(app).get_models()]
    return {model._meta.label: model._base_manager.count() for model in models}


def test_dry_run_for_a_contact_shows_every_email_in_a_frame_without_scripts(desk, artist):
    shown = desk.get(dry_run("the7space_artist_discovery"), {"contact": artist.pk}).content.decode()

    assert 'sandbox=""' in shown
    assert "Artist Portfolio Review" in shown
    assert "for Gallery team" in shown


def test_dry_run_for_an_example_person_needs_nobody(desk, artist):
    asked = {"example": "yes", "first_name": "Robin", "start": "2026-03-02T09:00"}

    response = desk.get(dry_run("event_lead_hot_follow_up"), asked)

    shown = response.context["shown"]
    assert [entry["theirs"] for entry in shown][:2] == ["Mon 2 Mar 2026, 9:00", "Mon 2 Mar 2026, 13:00"]
    assert "It would not start by itself" in response.content.decode()


def test_dry_run_tells_the_contacts_time_and_the_teams(desk, artist):
    Contact.objects.filter(pk=artist.pk).update(timezone="Asia/Tokyo")
    asked = {"contact": artist.pk, "start": "2026-03-02T09:00"}

    first = desk.get(dry_run("the7space_artist_discovery"), asked).context["shown"][0]

    assert (first["ours"], first["theirs"]) == ("Mon 2 Mar 2026, 9:00", "Mon 2 Mar 2026, 18:00")


@pytest.mark.parametrize(("version", "steps"), [("draft", 0), ("published", 4)])
def test_dry_run_is_of_the_draft_or_of_what_runs(desk, artist, version, steps):
    drafts.draft_of(of("the7space_artist_discovery")).steps.all().delete()

    response = desk.get(dry_run("the7space_artist_discovery"), {"contact": artist.pk, "version": version})

    assert len(response.context["shown"]) == steps


def test_pages_that_foresee_write_nothing(desk, artist):
    before = all_rows()

    for workflow in WorkflowTemplate.objects.all():
        desk.get(dry_run(workflow.slug), {"contact": artist.pk})
        desk.get(dry_run(workflow.slug), {"example": "yes"})
        desk.get(reverse(WHY), {"contact": artist.pk, "workflow": workflow.slug})
    desk.get(reverse(WHY), {"contact": artist.pk})

    assert all_rows() == before


@pytest.mark.parametrize("contact", ["", "nobody", "00000000-0000-0000-0000-000000000000"])
def test_dry_run_for_nobody_offers_to_choose(desk, artist, contact):
    response = desk.get(dry_run("the7space_artist_discovery"), {"contact": contact})

    assert "Find a contact" in response.content.decode()
    assert "shown" not in response.context


def test_why_ticks_what_holds_and_says_what_the_contact_has_instead(desk, artist):
    shown = desk.get(reverse(WHY), {"contact": artist.pk, "workflow": "website_lead_nurturing"})

    (check,) = shown.context["checks"]
    assert (check.about, check.holds, check.asks, check.has) == ("Lead source", False, "Website", "Referral")
    assert "does not hold" in shown.content.decode()


def test_why_tells_the_stored_decision(desk, artist):
    shown = desk.get(reverse(WHY), {"contact": artist.pk, "workflow": "the7space_artist_discovery"})

    (past,) = shown.context["past"]
    assert (past["it"].matched, past["event"]) == (True, "New contact")
    assert "Started 20" in shown.content.decode() or "What ran" in shown.content.decode()


def test_why_of_a_contact_lists_every_workflow_with_few_questions(desk, artist):
    desk.get(reverse(WHY), {"contact": artist.pk})

    def questions():
        with CaptureQueriesContext(connection) as captured:
            response = desk.get(reverse(WHY), {"contact": artist.pk})
        return len(captured), len(response.context["standings"])

    few, nine = questions()
    for _ in range(4):
        version = f.StepFactory(version__template__active=True).version
        publishing.publish(version=version, by=None, now=f.NOW)
    questions()  # what is kept in memory is read anew once
    more, thirteen = questions()

    assert (nine, thirteen, more) == (9, 13, few)


def test_why_needs_a_look_at_contacts(client, artist):
    client.force_login(f.UserFactory())

    assert client.get(reverse(WHY), {"contact": artist.pk}).status_code == 403


@pytest.mark.parametrize(("asked", "found"), [("ad", 1), ("example.org ada", 1), ("a", 0), ("nobody", 0)])
def test_contact_is_found_while_one_types(desk, artist, asked, found):
    address = reverse("admin:workflows_workflowtemplate_find_person")

    response = desk.get(address, {"person": asked, "workflow": "x"}, headers={"HX-Current-URL": "http://s/admin/why/"})

    assert response.content.decode().count(f"/admin/why/?workflow=x&amp;contact={artist.pk}") == found
