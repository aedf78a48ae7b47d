"""The pictures of the documentation: `make pictures` makes them anew, of an office after three weeks of work."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse

from contacts.models import Contact
from engagement.models import EngagementTemplate
from tests.browser import crowd
from workflows import heartbeat
from workflows.models import ScheduledAction, WorkflowTemplate

DOCS = Path(__file__).parent.parent.parent / "docs"
WITH_EVERYTHING = False  # what was only made to have a page is no sight
WIDTH = 1280
HEIGHTS = {"today": 1560, "person": 1240, "workflow": 1080, "email": 960, "wrong": 1080, "board": 900}


@pytest.fixture(scope="module")
def weeks(office, django_db_blocker):
    """Three weeks in which people came every day; the last of them is today."""
    with django_db_blocker.unblock():
        crowd.come_and_go(days=21, chance=random.Random(7))
        heartbeat.beat(name="office:1")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def pages() -> dict[str, str]:
    failed = ScheduledAction.objects.filter(status="failed").order_by("due_at").first()
    assert failed is not None
    person = Contact.objects.get(first_name="Hilma")
    workflow = WorkflowTemplate.objects.get(slug="the7space_artist_discovery")
    email = EngagementTemplate.objects.get(slug="artist_welcome")
    return {
        "today": reverse("admin:index"),
        "person": reverse("admin:contacts_contact_change", args=[person.pk]),
        "workflow": reverse("admin:workflows_workflowtemplate_change", args=[workflow.pk]),
        "email": reverse("admin:engagement_engagementtemplate_change", args=[email.pk]),
        "wrong": reverse("admin:workflows_failures"),
        "board": reverse("admin:engagement_task_board") + "?whose=all",
    }


@pytest.mark.usefixtures("weeks")
def test_pictures_are_taken(sign_in):
    page = sign_in("boss")

    for name, address in pages().items():
        page.set_viewport_size({"width": WIDTH, "height": HEIGHTS[name]})
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=DOCS / f"{name}.png")
        assert (DOCS / f"{name}.png").stat().st_size > 20_000, name  # a drawn page, not an empty one
