"""Notion delivers its events to a running server: from the handshake to the effect."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from contacts.models import Contact
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.workflows import world

DOOR = "/contact-workflows/notion-webhook"

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_subscription_from_handshake_to_effect(
    notion: Sandbox, settings: Any, live_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world.deploy()
    ids = bridge.in_step(notion, settings, "contacts")
    bridge.watch()
    call_command("notion_webhook", "--open", "15")
    token = notion.subscribe(f"{live_server.url}{DOOR}")
    capsys.readouterr()
    call_command("notion_webhook")
    shown = capsys.readouterr().out
    confirmed = notion.confirm(token)
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})

    accepted = notion.deliver_now()
    bridge.turn(poll=False)

    assert (token in shown, confirmed) == (True, True)
    assert accepted >= 1
    assert bridge.person("ada@example.org").contact_types.get().name == "Artist"


def test_events_lost_doubled_and_shuffled_leave_both_sides_equal(
    notion: Sandbox, settings: Any, live_server: Any
) -> None:
    world.deploy()
    ids = bridge.in_step(notion, settings, "contacts")
    bridge.watch()
    call_command("notion_webhook", "--open", "15")
    notion.confirm(notion.subscribe(f"{live_server.url}{DOOR}"))
    mischief = notion.webhooks.mischief
    mischief.lose, mischief.double, mischief.shuffle = 0.3, 0.3, True
    for number in range(8):
        about = {"Email": f"p{number}@example.org", "Contact Type": ["Artist"]}
        page = notion.person_creates(ids["contacts"], about)
        notion.person_edits(page, {"Company": f"Company {number}"})

    notion.deliver_now()
    bridge.turn(poll=False)
    bridge.turn()

    companies = {contact.email: contact.company for contact in Contact.objects.all()}
    assert companies == {f"p{number}@example.org": f"Company {number}" for number in range(8)}
