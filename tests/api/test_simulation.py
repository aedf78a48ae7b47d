"""Dry runs over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from contacts.models import Contact
from tests.api.caller import Caller
from tests.workflows import world
from workflows.models import ScheduledAction

ADDRESS = "/api/v1/workflow-templates/the7space_artist_discovery/simulate/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def artist(deployed: None, db: None) -> Contact:
    return world.arrive(email="ada@example.org", first_name="Ada", contact_types=("Artist",)).receipt.contact


def test_dry_run_for_a_contact_tells_when_what_and_how_it_reads(reader: Caller, artist: Contact) -> None:
    actions = ScheduledAction.objects.count()

    answer = reader.post(ADDRESS, {"contact_email": "ADA@example.org", "start": "2026-03-02T09:00:00Z"})

    told = answer.json()
    email = next(one for one in told["actions"] if one["action_type"] == "send_email")
    assert (answer.status_code, told["version"], len(told["actions"])) == (200, 1, 4)
    assert email["at"] == "2026-03-03T09:00:00Z"
    assert "Ada" in email["text"]
    assert ScheduledAction.objects.count() == actions


def test_dry_run_for_an_example_person_needs_nobody(reader: Caller, deployed: None) -> None:
    answer = reader.post(ADDRESS, {"example": {"first_name": "Robin", "contact_types": ["Artist"]}})

    assert answer.status_code == 200
    assert "Robin" in str(answer.json()["actions"])
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"contact_email": "nobody@example.org"}, "contact_email"),
        ({"example": {"contact_types": ["Wizard"]}}, "contact_types"),
        ({"draft": True}, "draft"),
        ({"start": "soon"}, "start"),
        ({"contact_email": "a@example.org", "example": {"first_name": "Robin"}}, "example"),
        ({"person": "Ada"}, "person"),
    ],
)
def test_what_cannot_be_is_refused_by_name(reader: Caller, deployed: None, body: dict[str, Any], field: str) -> None:
    answer = reader.post(ADDRESS, body)

    assert answer.status_code == 400
    assert field in answer.content.decode()


def test_key_for_intake_reads_no_dry_run(caller: Any, deployed: None) -> None:
    assert caller("intake").post(ADDRESS, {}).status_code == 403
