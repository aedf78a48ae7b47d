"""Whole passes: how many requests they take, and what is in step afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from contacts.models import Contact
from notion_bridge.models import PageLink
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


def test_the_first_pull_takes_a_query_for_a_hundred_pages(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    for _ in range(101):
        notion.person_creates(ids["contacts"], {})

    bridge.sync(pull=True, push=False)

    assert PageLink.objects.filter(state="waiting").count() == 101
    assert notion.requests.count("POST", f"/v1/data_sources/{ids['contacts']}/query") == 2


def test_a_person_of_the_first_pull_starts_no_workflow(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})

    bridge.sync()

    assert not Contact.objects.get(email="ada@example.org").workflow_instances.exists()


def test_a_person_typed_into_notion_later_starts_the_right_workflows(notion: Sandbox, settings: Any) -> None:
    ids = bridge.in_step(notion, settings)
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})

    bridge.sync()

    started = Contact.objects.get(email="ada@example.org").workflow_instances.values_list("template__slug", flat=True)
    assert set(started) == {"the7space_artist_discovery", "website_lead_nurturing"}
