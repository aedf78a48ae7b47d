"""Problems and conflicts: what staff read about them, and what their buttons do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from contacts.models import Contact, ContactType
from notion_bridge.models import NotionDatabase, PageLink, PropertyMapping, SyncConflict, SyncProblem
from tests.factories import ContactFactory
from tests.notion_bridge import bridge
from tests.notion_bridge.admin.colleagues import colleague, said
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def page(ids: dict[str, str], notion: Sandbox) -> str:
    """Ada's page, in step with her contact."""
    return bridge.once("Ada in step", notion, lambda: bridge.typed(notion, ids, ADA))


ADA = {"Email": "ada@example.org", "First Name": "Ada", "Company": "Mill"}


def ada() -> Contact:
    return Contact.objects.get(email="ada@example.org")


# Conflicts


@pytest.fixture
def conflict(page: str, notion: Sandbox) -> SyncConflict:
    """Both sides renamed Ada's company, and nobody has decided."""

    def build() -> None:
        PropertyMapping.objects.filter(field="company").update(rule="ask")
        bridge.edit(ada(), company="Ours")
        notion.person_edits(page, {"Company": "Theirs"})
        bridge.sync()

    bridge.once("a conflict about Ada", notion, build)
    return SyncConflict.objects.get()


def test_both_values_are_shown_beside_the_one_before(desk: Client, address: Any, conflict: SyncConflict) -> None:
    shown = desk.get(address.change(conflict)).content.decode()

    assert all(f">{value}</td>" in shown for value in ("Mill", "Ours", "Theirs"))


@pytest.mark.parametrize(("button", "value"), [("keep_notion", "Theirs"), ("keep_contactflow", "Ours")])
def test_the_chosen_value_stands_on_both_sides(
    desk: Client, address: Any, conflict: SyncConflict, notion: Sandbox, page: str, button: str, value: str
) -> None:
    desk.post(address.button(conflict, button))

    bridge.sync()

    assert ada().company == value
    assert notion.values_of(page)["Company"] == value


def test_who_settled_it_is_kept(desk: Client, address: Any, conflict: SyncConflict) -> None:
    desk.post(address.button(conflict, "keep_notion"))

    conflict.refresh_from_db()
    assert (conflict.winner, conflict.settled_by) == ("notion", "boss")


def test_staff_may_change_their_mind(desk: Client, address: Any, conflict: SyncConflict) -> None:
    desk.post(address.button(conflict, "keep_notion"))

    shown = desk.get(address.change(conflict)).content.decode()

    assert address.button(conflict, "keep_contactflow") in shown
    assert address.button(conflict, "keep_notion") not in shown


def test_a_conflict_of_a_field_that_stands_still_is_refused(desk: Client, address: Any, conflict: SyncConflict) -> None:
    PropertyMapping.objects.filter(field="company").update(property_id="")

    told = said(desk.post(address.button(conflict, "keep_notion"), follow=True))

    assert told == ["The field is not synchronised at present. Map it to a property first."]


def test_several_conflicts_are_settled_at_once(desk: Client, address: Any, conflict: SyncConflict) -> None:
    chosen = {"action": "keep_contactflow_chosen", "_selected_action": [conflict.pk]}

    told = said(desk.post(address.list(SyncConflict), chosen, follow=True))

    conflict.refresh_from_db()
    assert told == ["1 settled."]
    assert conflict.winner == "contactflow"


def test_what_cannot_be_settled_is_named(desk: Client, address: Any, conflict: SyncConflict) -> None:
    PropertyMapping.objects.filter(field="company").update(property_id="")
    chosen = {"action": "keep_notion_chosen", "_selected_action": [conflict.pk]}

    told = said(desk.post(address.list(SyncConflict), chosen, follow=True))

    assert told[0] == "0 settled."
    assert told[1].startswith("Company: Ada: The field is not synchronised")


@pytest.mark.parametrize(("state", "count"), [("open", 1), ("settled", 0), ("", 1)])
def test_conflicts_are_filtered_by_state(
    desk: Client, address: Any, conflict: SyncConflict, state: str, count: int
) -> None:
    listing = desk.get(address.list(SyncConflict), {"state": state} if state else {})

    assert listing.context["cl"].result_count == count


def test_whoever_may_only_look_settles_nothing(address: Any, conflict: SyncConflict) -> None:
    onlooker = colleague("notion_bridge.view_syncconflict")

    assert onlooker.get(address.change(conflict)).status_code == 200
    assert onlooker.post(address.button(conflict, "keep_notion")).status_code == 403


# Problems


@pytest.fixture
def unknown(page: str, notion: Sandbox, ids: dict[str, str]) -> SyncProblem:
    """Somebody in Notion invented a contact type."""
    notion.person_edits(page, {"Contact Type": ["Collector"]})
    bridge.sync()
    return SyncProblem.objects.get(cause="unknown_option")


def test_an_unknown_option_is_added_with_a_button(desk: Client, address: Any, unknown: SyncProblem) -> None:
    desk.post(address.button(unknown, "add_option"))

    unknown.refresh_from_db()
    assert ContactType.objects.filter(name="Collector").exists()
    assert (unknown.closed_at is not None, unknown.closed_by) == (True, "boss")


def test_whoever_has_the_new_option_in_notion_gets_it(desk: Client, address: Any, unknown: SyncProblem) -> None:
    desk.post(address.button(unknown, "add_option"))

    bridge.sync(full=True)

    assert [kind.name for kind in ada().contact_types.all()] == ["Collector"]


def test_an_option_that_came_meanwhile_is_not_added_twice(desk: Client, address: Any, unknown: SyncProblem) -> None:
    ContactType.objects.create(name="collector", slug="collector", position=900)

    (sentence,) = said(desk.post(address.button(unknown, "add_option"), follow=True))

    assert sentence.startswith("There is one called so already")


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        (("notion_bridge.view_syncproblem", "notion_bridge.change_syncproblem"), 403),
        (("notion_bridge.view_syncproblem", "contacts.add_contacttype"), 302),
    ],
)
def test_adding_a_contact_type_needs_the_right_to_add_one(
    address: Any, unknown: SyncProblem, permissions: tuple[str, ...], status: int
) -> None:
    assert colleague(*permissions).post(address.button(unknown, "add_option")).status_code == status


def test_only_what_can_be_added_offers_it(desk: Client, address: Any, unknown: SyncProblem) -> None:
    before = desk.get(address.change(unknown)).content.decode()
    SyncProblem.objects.filter(pk=unknown.pk).update(cause="value_refused")

    assert address.button(unknown, "add_option") in before
    assert address.button(unknown, "add_option") not in desk.get(address.change(unknown)).content.decode()


def test_a_problem_is_dismissed(desk: Client, address: Any, unknown: SyncProblem) -> None:
    desk.post(address.button(unknown, "dismiss"))

    unknown.refresh_from_db()
    assert unknown.closed_by == "boss"
    assert address.button(unknown, "dismiss") not in desk.get(address.change(unknown)).content.decode()


def test_several_problems_are_dismissed_at_once(desk: Client, address: Any, unknown: SyncProblem) -> None:
    chosen = {"action": "dismiss_chosen", "_selected_action": [unknown.pk]}

    assert said(desk.post(address.list(SyncProblem), chosen, follow=True)) == ["1 dismissed."]
    assert not SyncProblem.objects.filter(pk=unknown.pk, closed_at=None).exists()


@pytest.mark.parametrize(("state", "count"), [("open", 1), ("closed", 0)])
def test_problems_are_filtered_by_state(
    desk: Client, address: Any, unknown: SyncProblem, state: str, count: int
) -> None:
    listing = desk.get(address.list(SyncProblem), {"state": state, "cause__exact": "unknown_option"})

    assert listing.context["cl"].result_count == count


def test_open_problems_come_first(desk: Client, address: Any, unknown: SyncProblem) -> None:
    closed = SyncProblem.objects.create(cause="moved", subject="a page", message="Moved.", closed_at=unknown.first_at)

    shown = list(desk.get(address.list(SyncProblem)).context["cl"].result_list)

    assert shown.index(unknown) < shown.index(closed)


def test_two_pages_of_one_person_lead_to_both(
    desk: Client, address: Any, page: str, notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "First Name": "Ada again"})
    bridge.sync()

    shown = desk.get(address.change(SyncProblem.objects.get(cause="duplicate_contact"))).content.decode()

    assert "First page ↗" in shown
    assert "Second page ↗" in shown
    assert address.change(ada()) in shown


def test_pages_of_two_people_with_one_address_lead_to_merging_them(desk: Client, address: Any) -> None:
    first, second = ContactFactory(), ContactFactory()
    bound = NotionDatabase.objects.filter(kind="contacts").first() or NotionDatabase.objects.create(kind="contacts")
    page = PageLink.objects.create(
        database=bound, state="duplicate", page_id=second.pk, object_key=second.pk, contact=second
    )
    problem = SyncProblem.objects.create(
        cause="duplicate_contact", subject="page 2", message="Two pages.", link=page, details={"object": str(first.pk)}
    )

    shown = desk.get(address.change(problem)).content.decode()

    assert f"{address.of(Contact, 'merge', row=first)}?with={second.pk}" in shown


@pytest.fixture
def restored(desk: Client, page: str, notion: Sandbox) -> SyncProblem:
    """Ada was deleted here, and somebody took her page out of Notion's trash."""
    ada().delete()
    bridge.sync()
    notion.person_restores(page)
    bridge.sync(full=True)
    return SyncProblem.objects.get(cause="restored")


def test_what_was_restored_is_taken_over_again(desk: Client, address: Any, restored: SyncProblem) -> None:
    desk.post(address.button(restored, "take_over_again"))

    restored.refresh_from_db()
    assert restored.closed_by == "boss"
    bridge.sync(full=True)
    assert ada().first_name == "Ada"


def test_a_problem_about_no_page_takes_nothing_over(desk: Client, address: Any, unknown: SyncProblem) -> None:
    told = said(desk.post(address.button(unknown, "take_over_again"), follow=True))

    assert told == ["This problem is about no page."]


def test_taking_over_needs_the_right_to_change_pages(address: Any, restored: SyncProblem) -> None:
    onlooker = colleague("notion_bridge.view_syncproblem", "notion_bridge.change_syncproblem")

    assert onlooker.post(address.button(restored, "take_over_again")).status_code == 403
