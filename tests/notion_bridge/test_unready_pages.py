"""Pages that cannot be a person yet, and values that Contactflow does not know: nothing is lost and nothing crashes."""

from __future__ import annotations

from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts.models import Contact, ContactEvent, ContactType
from notion_bridge import conflicts
from notion_bridge.models import PageLink
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from workflows.models import WorkflowInstance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    return bridge.in_step(notion, settings, "contacts")


def states() -> list[str]:
    return list(PageLink.objects.values_list("state", flat=True))


# Without a usable address


def test_a_page_without_a_usable_address_is_reported_and_waits(notion: Sandbox, ids: dict[str, str]) -> None:
    for address in (None, "not an address", "ada@", "a b@example.org"):
        notion.person_creates(ids["contacts"], {"First Name": "Ada", "Email": address})

    bridge.sync()

    assert not Contact.objects.exists()
    assert states() == ["waiting"] * 4
    assert len(bridge.problems("page_refused")) == 4


def test_the_report_of_a_page_says_where_it_is_and_what_it_lacks(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["contacts"], {"First Name": "Ada"})

    bridge.sync()

    (problem,) = bridge.problems("page_refused")
    assert page.replace("-", "") in problem.details["url"].replace("-", "")
    assert "email" in problem.message.casefold()


def test_an_empty_page_waits_without_a_word(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["contacts"], {})

    bridge.sync()

    assert states() == ["waiting"]
    assert bridge.problems("page_refused") == []


def test_nothing_is_written_to_a_page_that_waits(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["contacts"], {"First Name": "Ada"})
    notion.requests.clear()

    bridge.sync()

    assert notion.requests.writes() == 0


def test_a_waiting_page_is_taken_over_when_it_gets_an_address(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["contacts"], {"First Name": "Ada", "Contact Type": ["Artist"]})
    bridge.sync()
    notion.person_edits(page, {"Email": "ada@example.org"})

    bridge.sync()

    assert bridge.page_of(bridge.person("ada@example.org")) == page
    assert bridge.problems("page_refused") == []
    assert WorkflowInstance.objects.exists()


def test_a_waiting_page_of_the_first_pull_that_gets_an_address_starts_workflows(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    page = notion.person_creates(ids["contacts"], {"First Name": "Ada", "Contact Type": ["Artist"]})
    bridge.sync()
    notion.person_edits(page, {"Email": "ada@example.org"})

    bridge.sync()

    assert WorkflowInstance.objects.filter(contact__email="ada@example.org").exists()


def test_a_waiting_page_that_is_trashed_is_forgotten(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["contacts"], {"First Name": "Ada"})
    bridge.sync()
    bridge.let_pass(notion, minutes=10)
    notion.person_trashes(page)

    bridge.sync(full=True)

    assert bridge.problems("page_refused") == []


def test_one_bad_page_holds_up_no_other(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["contacts"], {"Email": "nonsense"})
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})

    bridge.sync()

    assert Contact.objects.get().email == "ada@example.org"


def test_a_bad_address_of_somebody_known_keeps_the_good_one(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync()
    notion.person_edits(page, {"Email": "nonsense", "Company": "Analytical"})

    bridge.sync()

    assert Contact.objects.get().email == "ada@example.org"
    assert Contact.objects.get().company == "Analytical"
    assert notion.values_of(page)["Email"] == "nonsense"
    assert [problem.details["field"] for problem in bridge.problems("value_refused")] == ["email"]


def test_a_bad_address_that_is_mended_is_no_problem_any_more(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync()
    notion.person_edits(page, {"Email": "nonsense"})
    bridge.sync()
    notion.person_edits(page, {"Email": "augusta@example.org"})

    bridge.sync()

    assert Contact.objects.get().email == "augusta@example.org"
    assert bridge.problems("value_refused") == []


def test_a_value_that_is_too_long_is_reported_and_stays_in_notion(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Company": "x" * 1_500})

    bridge.sync()

    assert bridge.person("ada@example.org").company == ""
    assert notion.values_of(page)["Company"] == "x" * 1_500
    assert [problem.details["field"] for problem in bridge.problems("value_refused")] == ["company"]


# Options nobody made here


def test_an_unknown_option_is_a_suggestion_made_once(notion: Sandbox, ids: dict[str, str]) -> None:
    unknown = {
        "Contact Type": ["Sculptor"],
        "Business Entity": ["The 8 Space"],
        "Lead Source": "Podcast",
        "Status": "Dormant",
    }
    pages = [notion.person_creates(ids["contacts"], {"Email": f"{name}@example.org"} | unknown) for name in ("a", "b")]

    bridge.sync()
    bridge.sync(full=True)

    told = {problem.details["field"]: problem.details["option"] for problem in bridge.problems("unknown_option")}
    assert told == {
        "contact_types": "Sculptor",
        "business_entities": "The 8 Space",
        "lead_source": "Podcast",
        "status": "Dormant",
    }
    assert len(bridge.problems("unknown_option")) == 4
    shown = [notion.values_of(page) for page in pages]
    assert all(values["Lead Source"] == "Podcast" and values["Status"] == "Dormant" for values in shown)
    assert all("Sculptor" in values["Contact Type"] for values in shown)
    assert all("The 8 Space" in values["Business Entity"] for values in shown)
    assert not Contact.objects.exists()


def test_known_options_beside_an_unknown_one_arrive(notion: Sandbox, ids: dict[str, str]) -> None:
    page = bridge.typed(notion, ids, {"Email": "ada@example.org"})
    notion.person_edits(page, {"Contact Type": ["Artist", "Sculptor"]})

    bridge.sync()

    types = bridge.person("ada@example.org").contact_types.values_list("name", flat=True)
    assert "Artist" in types
    assert set(notion.values_of(page)["Contact Type"]) >= {"Artist", "Sculptor"}


def test_an_unknown_option_added_to_somebody_known_loses_nothing(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})
    bridge.sync()
    notion.person_edits(page, {"Contact Type": ["Artist", "Sculptor"], "Lead Source": "Podcast"})

    bridge.sync()
    bridge.edit(bridge.person("ada@example.org"), company="Analytical")
    bridge.sync()

    values = notion.values_of(page)
    assert set(values["Contact Type"]) == {"Artist", "Sculptor"}
    assert (values["Lead Source"], values["Company"]) == ("Podcast", "Analytical")


def test_an_unknown_option_survives_a_list_changed_here(notion: Sandbox, ids: dict[str, str]) -> None:
    page = bridge.typed(notion, ids, {"Email": "ada@example.org", "Contact Type": ["Artist"]})
    notion.person_edits(page, {"Contact Type": ["Artist", "Sculptor"]})
    bridge.sync()
    bridge.edit(bridge.person("ada@example.org"), contact_types=("Media Contact",))

    for _ in range(2):
        bridge.sync(full=True)

    assert set(notion.values_of(page)["Contact Type"]) == {"Media Contact", "Sculptor"}


def test_an_option_added_here_arrives_for_who_has_it(notion: Sandbox, ids: dict[str, str]) -> None:
    about = {"Email": "ada@example.org", "Contact Type": ["Sculptor"], "Business Entity": ["The 8 Space"]}
    notion.person_creates(ids["contacts"], about)
    bridge.sync()

    for problem in bridge.problems("unknown_option"):
        conflicts.add_option(problem=problem, actor="robin", now=database_now())
    bridge.sync(full=True)

    ada = bridge.person("ada@example.org")
    assert ada.contact_types.filter(name="Sculptor").exists()
    assert ada.memberships.filter(business_entity__name="The 8 Space").exists()
    assert bridge.problems("unknown_option") == []


def test_a_lead_source_added_here_arrives_for_who_has_it(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Lead Source": "Podcast"})
    bridge.sync()
    (problem,) = bridge.problems("unknown_option")

    conflicts.add_option(problem=problem, actor="robin", now=database_now())
    bridge.sync(full=True)

    source = bridge.person("ada@example.org").lead_source
    assert source is not None
    assert source.name == notion.values_of(page)["Lead Source"] == "Podcast"


def test_an_added_option_is_taken_over_by_the_next_turn_of_the_monitoring(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Sculptor"]})
    bridge.sync()
    bridge.watch()

    conflicts.add_option(problem=bridge.problems("unknown_option")[0], actor="robin", now=database_now())
    bridge.turn()

    assert "Sculptor" in bridge.person("ada@example.org").contact_types.values_list("name", flat=True)


def test_an_option_there_is_already_cannot_be_added(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Sculptor"]})
    bridge.sync()
    ContactType.objects.create(name="sculptor", slug="sculptor", position=900)

    with pytest.raises(conflicts.NotPossible, match="already"):
        conflicts.add_option(problem=bridge.problems("unknown_option")[0], actor="robin", now=database_now())


def test_a_new_tag_needs_nobody(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Tags": ["never seen"]})

    bridge.sync()

    assert "never seen" in bridge.person("ada@example.org").tags
    assert bridge.problems("unknown_option") == []


# While somebody types


def typed(notion: Sandbox, ids: dict[str, str], **about: Any) -> str:
    return notion.person_creates(ids["contacts"], {"Email": "ada@example.org", **about})


def test_monitoring_leaves_a_page_alone_while_it_is_typed(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    typed(notion, ids)

    bridge.turn()

    assert not Contact.objects.exists()
    assert bridge.problems("page_refused") == []


def test_monitoring_takes_a_page_over_when_nobody_types_any_more(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    page = typed(notion, ids)
    bridge.turn()
    notion.person_edits(page, {"Contact Type": ["Artist"], "First Name": "Ada"})
    bridge.let_pass(notion, minutes=3)

    bridge.turn(poll=False)

    contact = bridge.person("ada@example.org")
    assert (contact.first_name, [kind.name for kind in contact.contact_types.all()]) == ("Ada", ["Artist"])
    assert ContactEvent.objects.get(contact=contact).kind == "new_contact"


def test_monitoring_takes_a_page_with_a_type_over_at_once(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    typed(notion, ids, **{"Contact Type": ["Artist"]})

    bridge.turn()

    assert ContactEvent.objects.get(contact__email="ada@example.org").processed_at is None  # the workers enrol


def test_a_pass_that_somebody_asked_for_does_not_wait_for_who_types(notion: Sandbox, ids: dict[str, str]) -> None:
    typed(notion, ids)

    bridge.sync()

    assert Contact.objects.get().email == "ada@example.org"


def test_an_empty_page_made_while_watched_is_taken_over_once_it_is_filled(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    page = notion.person_creates(ids["contacts"], {})
    bridge.turn()
    notion.person_edits(page, {"Email": "ada@example.org", "Contact Type": ["Artist"]})

    bridge.turn()

    assert Contact.objects.get().email == "ada@example.org"
