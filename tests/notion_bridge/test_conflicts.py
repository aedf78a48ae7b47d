"""Both sides changed the same thing: who wins, what is kept, and how staff settle it."""

from __future__ import annotations

from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts import consent
from contacts.models import Contact, ContactEvent
from notion_bridge import conflicts
from notion_bridge.models import PropertyMapping, SyncConflict, SyncEntry
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def page(notion: Sandbox, settings: Any) -> str:
    """Ada's page, in step."""
    ids = bridge.connect(notion, settings, "contacts")
    about = {"First Name": "Ada", "Email": "ada@example.org", "Company": "Analytical", "Tags": ["engines"]}
    return bridge.once("Ada and her company", notion, lambda: bridge.typed(notion, ids, about))


def ada() -> Contact:
    return Contact.objects.get(email="ada@example.org")


def rule(field: str, chosen: str) -> None:
    PropertyMapping.objects.filter(database__kind="contacts", field=field).update(rule=chosen)


def clash(notion: Sandbox, page: str, chosen: str = "notion") -> SyncConflict:
    """Both sides changed the company; the record of it after a pass."""
    rule("company", chosen)
    bridge.edit(ada(), company="Ours")
    notion.person_edits(page, {"Company": "Theirs"})
    bridge.sync()
    (conflict,) = bridge.conflicts()
    return conflict


def both_say(notion: Sandbox, page: str) -> tuple[str, str]:
    return ada().company, notion.values_of(page)["Company"]


@pytest.mark.parametrize(("chosen", "winner"), [("notion", "Theirs"), ("contactflow", "Ours")])
def test_a_conflict_follows_the_rule_of_its_field(chosen: str, winner: str, page: str, notion: Sandbox) -> None:
    conflict = clash(notion, page, chosen)

    assert both_say(notion, page) == (winner, winner)
    assert (conflict.rule, conflict.winner) == (chosen, chosen)


@pytest.mark.parametrize("chosen", ["notion", "contactflow", "newest", "ask"])
def test_both_values_and_what_was_agreed_before_are_kept(chosen: str, page: str, notion: Sandbox) -> None:
    conflict = clash(notion, page, chosen)

    assert (conflict.base, conflict.local, conflict.remote) == ("Analytical", "Ours", "Theirs")


def test_the_newest_change_wins_when_it_was_made_in_notion(page: str, notion: Sandbox) -> None:
    rule("company", "newest")
    bridge.edit(ada(), company="Ours")
    notion.clock.advance(minutes=5)
    notion.person_edits(page, {"Company": "Theirs"})

    bridge.sync()

    assert both_say(notion, page) == ("Theirs", "Theirs")


def test_the_newest_change_wins_when_it_was_made_here(page: str, notion: Sandbox) -> None:
    rule("company", "newest")
    notion.clock.advance(minutes=-1)
    notion.person_edits(page, {"Company": "Theirs"})
    bridge.edit(ada(), company="Ours")

    bridge.sync()

    assert both_say(notion, page) == ("Ours", "Ours")


def test_neither_is_overwritten_where_the_rule_is_to_ask(page: str, notion: Sandbox) -> None:
    conflict = clash(notion, page, "ask")

    assert both_say(notion, page) == ("Ours", "Theirs")
    assert (conflict.winner, conflict.settled_at) == ("", None)


def test_an_open_question_is_asked_once(page: str, notion: Sandbox) -> None:
    clash(notion, page, "ask")

    bridge.sync()
    bridge.sync(full=True)

    assert len(bridge.conflicts()) == 1


def test_an_open_question_follows_what_both_sides_say_meanwhile(page: str, notion: Sandbox) -> None:
    clash(notion, page, "ask")
    notion.person_edits(page, {"Company": "Theirs, corrected"})

    bridge.sync()

    (conflict,) = bridge.conflicts()
    assert (conflict.local, conflict.remote) == ("Ours", "Theirs, corrected")


def test_an_open_question_is_over_when_both_sides_say_the_same(page: str, notion: Sandbox) -> None:
    clash(notion, page, "ask")
    notion.person_edits(page, {"Company": "Ours"})

    bridge.sync()

    (conflict,) = bridge.conflicts()
    assert conflict.settled_by == "Both sides say the same now"


def test_other_fields_travel_while_a_question_is_open(page: str, notion: Sandbox) -> None:
    clash(notion, page, "ask")
    notion.person_edits(page, {"Job Title": "Countess"})
    bridge.edit(ada(), last_name="Lovelace")

    bridge.sync()

    assert ada().job_title == "Countess"
    assert notion.values_of(page)["Last Name"] == "Lovelace"


@pytest.mark.parametrize(("winner", "value"), [("notion", "Theirs"), ("contactflow", "Ours")])
def test_staff_settle_an_open_question(winner: str, value: str, page: str, notion: Sandbox) -> None:
    conflict = clash(notion, page, "ask")

    conflicts.settle(conflict=conflict, winner=winner, actor="robin", now=database_now())
    bridge.sync()

    assert both_say(notion, page) == (value, value)
    conflict.refresh_from_db()
    assert (conflict.winner, conflict.settled_by) == (winner, "robin")
    assert len(bridge.conflicts()) == 1


@pytest.mark.parametrize(
    ("chosen", "winner", "value"), [("notion", "contactflow", "Ours"), ("contactflow", "notion", "Theirs")]
)
def test_staff_let_the_other_side_win_afterwards(
    chosen: str, winner: str, value: str, page: str, notion: Sandbox
) -> None:
    conflict = clash(notion, page, chosen)

    conflicts.settle(conflict=conflict, winner=winner, actor="robin", now=database_now())
    bridge.sync()

    assert both_say(notion, page) == (value, value)


@pytest.mark.parametrize("first", ["notion", "contactflow"])
def test_staff_change_their_mind(first: str, page: str, notion: Sandbox) -> None:
    conflict = clash(notion, page, "ask")
    second, value = ("contactflow", "Ours") if first == "notion" else ("notion", "Theirs")
    conflicts.settle(conflict=conflict, winner=first, actor="robin", now=database_now())
    bridge.sync()

    conflicts.settle(conflict=conflict, winner=second, actor="robin", now=database_now())
    bridge.sync()

    assert both_say(notion, page) == (value, value)


def test_settling_is_part_of_the_history_of_the_page(page: str, notion: Sandbox) -> None:
    conflict = clash(notion, page, "ask")

    conflicts.settle(conflict=conflict, winner="notion", actor="robin", now=database_now())

    assert SyncEntry.objects.filter(link=conflict.link, what="settled").exists()


def test_a_conflict_of_somebody_who_was_deleted_cannot_be_settled(page: str, notion: Sandbox) -> None:
    conflict = clash(notion, page, "ask")
    ada().delete()
    conflict.refresh_from_db()

    with pytest.raises(conflicts.NotPossible, match="deleted"):
        conflicts.settle(conflict=conflict, winner="notion", actor="robin", now=database_now())


def test_a_conflict_of_a_field_that_is_not_synchronised_cannot_be_settled(page: str, notion: Sandbox) -> None:
    conflict = clash(notion, page, "ask")
    PropertyMapping.objects.filter(field="company").update(property_id="")

    with pytest.raises(conflicts.NotPossible, match="not synchronised"):
        conflicts.settle(conflict=conflict, winner="notion", actor="robin", now=database_now())


@pytest.mark.parametrize("chosen", ["notion", "contactflow"])
def test_a_settled_conflict_does_not_come_back(chosen: str, page: str, notion: Sandbox) -> None:
    clash(notion, page, chosen)

    for _ in range(2):
        bridge.sync(full=True)

    assert len(bridge.conflicts()) == 1


def test_different_fields_changed_on_both_sides_are_no_conflict(page: str, notion: Sandbox) -> None:
    bridge.edit(ada(), last_name="Lovelace")
    notion.person_edits(page, {"Company": "Theirs"})

    bridge.sync()

    assert (ada().company, notion.values_of(page)["Last Name"]) == ("Theirs", "Lovelace")
    assert bridge.conflicts() == []


def test_what_both_sides_added_to_a_list_is_in_both(page: str, notion: Sandbox) -> None:
    bridge.edit(ada(), tags=("engines", "ours"))
    notion.person_edits(page, {"Tags": ["engines", "theirs"]})

    bridge.sync()

    assert set(ada().tags) == set(notion.values_of(page)["Tags"]) == {"engines", "ours", "theirs"}
    assert bridge.conflicts() == []


def test_what_either_side_removed_from_a_list_is_in_neither(page: str, notion: Sandbox) -> None:
    notion.person_edits(page, {"Tags": ["engines", "poetry", "looms"]})
    bridge.sync()
    bridge.edit(ada(), tags=("poetry", "looms"))
    notion.person_edits(page, {"Tags": ["engines", "poetry"]})

    bridge.sync()

    assert ada().tags == notion.values_of(page)["Tags"] == ["poetry"]


# Do Not Contact


def test_do_not_contact_from_notion_wins_whatever_the_rule(page: str, notion: Sandbox) -> None:
    rule("status", "contactflow")
    bridge.edit(ada(), status="Active Client")
    notion.person_edits(page, {"Status": "Do Not Contact"})

    bridge.sync()

    assert ada().status.name == notion.values_of(page)["Status"] == "Do Not Contact"
    assert not consent.may_contact(contact=ada()).allowed


def test_do_not_contact_from_here_wins_whatever_the_rule(page: str, notion: Sandbox) -> None:
    rule("status", "notion")
    bridge.edit(ada(), status="Do Not Contact")
    notion.person_edits(page, {"Status": "Active Client"})

    bridge.sync()

    assert ada().status.name == notion.values_of(page)["Status"] == "Do Not Contact"
    assert [(one.field, one.winner) for one in bridge.conflicts()] == [("status", "contactflow")]


def test_do_not_contact_set_in_notion_alone_stops_what_runs(page: str, notion: Sandbox) -> None:
    notion.person_edits(page, {"Status": "Do Not Contact"})

    bridge.sync()

    assert not consent.may_contact(contact=ada()).allowed


def test_staff_lift_do_not_contact_in_notion(page: str, notion: Sandbox) -> None:
    notion.person_edits(page, {"Status": "Do Not Contact"})
    bridge.sync()
    notion.person_edits(page, {"Status": "Active Lead"})

    bridge.sync()

    assert ada().status.name == "Active Lead"


# Our own writes


def test_our_own_writes_do_not_come_back_as_changes(page: str, notion: Sandbox) -> None:
    bridge.edit(
        ada(), company="Ours", tags=("engines", "ours"), phone="020 7946 0958", notes="A [link](https://a.example/x)."
    )
    bridge.sync()
    events, entries = ContactEvent.objects.count(), SyncEntry.objects.count()
    notion.requests.clear()

    bridge.sync()
    bridge.sync(full=True)

    assert (ContactEvent.objects.count(), SyncEntry.objects.count()) == (events, entries)
    assert notion.requests.writes() == 0
    assert notion.requests.queries() == 2
