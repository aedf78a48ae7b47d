"""The trials in small numbers; `make trials` runs them in large ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from contacts.models import Contact
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.trials import creates, forgery, redesign, requests, twoway
from tests.notion_bridge.trials.figures import Figure, at_most, broken, exactly
from tests.notion_bridge.trials.stage import Stage
from tests.notion_bridge.trials.witness import Witness

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def stage(settings: Any) -> Stage:
    """The database of the test."""
    return Stage(settings)


def silent(line: str) -> None:
    pass


def names(figures: Sequence[Figure]) -> list[str]:
    return [f"{one.what}: {one.value}" for one in figures]


def test_requests_are_as_few_as_promised(stage: Stage) -> None:
    figures = requests.run(stage, people=8, changed=3)

    assert names(broken(figures)) == []


@pytest.mark.parametrize("number", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_lost_answers_make_no_page_twice_and_none_missing(stage: Stage, number: int) -> None:
    figures = creates.run(stage, creates=number, say=silent)

    assert names(one for one in broken(figures) if one.what != "calls for each page") == []


@pytest.mark.parametrize("operations", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_random_edits_on_both_sides_end_equal_with_nothing_lost(stage: Stage, operations: int) -> None:
    outcome = twoway.run(stage, seeds=1, operations=operations, say=silent)

    assert (outcome.losses, outcome.differences, outcome.idle_writes) == ([], [], 0)


def test_forged_webhooks_are_refused_and_replayed_ones_change_nothing(stage: Stage) -> None:
    figures = forgery.run(stage, forged=20, replayed=20, genuine=3)

    assert names(broken(figures)) == []


@pytest.mark.parametrize("edits", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_redesigned_databases_wipe_nothing_and_are_reported(stage: Stage, edits: int) -> None:
    outcome = redesign.run(stage, edits=edits, crowd=3, say=silent)

    assert (outcome.crashes, outcome.wiped, outcome.unreported, outcome.differences) == ([], [], [], [])


@pytest.fixture
def witness(notion: Sandbox, settings: Any) -> Witness:
    """Watches one person on both sides."""
    ids = bridge.connect(notion, settings)
    about = {"Email": "ada@example.org", "Contact Type": ["Artist"], "Tags": ["VIP"]}
    bridge.once("Ada, to be witnessed", notion, lambda: bridge.typed(notion, ids, about))
    witness = Witness(notion, ids)
    witness.begin()
    return witness


def test_witness_misses_a_value_that_was_made_away_with(witness: Witness) -> None:
    bridge.edit(bridge.person("ada@example.org"), company="Typed")
    witness.before_a_step()

    Contact.objects.update(company="Something else")
    witness.after_a_step("a step")

    assert [line.split(" -> ")[1] for line in witness.losses] == ["'Something else', other side ''"]


def test_witness_misses_one_word_of_a_list(witness: Witness, notion: Sandbox) -> None:
    page = bridge.page_of(bridge.person("ada@example.org"))
    notion.person_edits(page, {"Tags": ["VIP", "Hot"]})
    witness.before_a_step()

    notion.person_edits(page, {"Tags": ["VIP"]})
    witness.after_a_step("a step")

    assert len(witness.losses) == 1


def test_witness_finds_an_overwritten_value_in_its_conflict_record(witness: Witness, notion: Sandbox) -> None:
    contact = bridge.person("ada@example.org")
    bridge.edit(contact, company="Typed here")
    notion.person_edits(bridge.page_of(contact), {"Company": "Typed there"})
    witness.before_a_step()

    bridge.sync()
    witness.after_a_step("a step")

    assert (witness.losses, witness.recorded) == ([], 1)


def test_witness_sees_a_difference_that_nobody_was_told_of(witness: Witness) -> None:
    Contact.objects.update(company="Only here")

    differences, told = witness.differences()

    assert (len(differences), told) == (1, 0)


@pytest.mark.parametrize(("value", "holds"), [(3, True), (4, False)])
def test_figure_holds_up_to_its_goal(value: int, holds: bool) -> None:
    assert at_most("writes", value, 3).holds is holds


def test_only_what_was_promised_can_be_broken() -> None:
    figures = [Figure("seconds", 12.0), exactly("lost", 0, 0), exactly("doubled", 1, 0)]

    assert [one.what for one in broken(figures)] == ["doubled"]
