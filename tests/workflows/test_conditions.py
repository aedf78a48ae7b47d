from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import describe
from workflows.conditions import Facts, Triggers, judge, judge_contact, judge_entity

ARRIVAL = ("new_contact", "contact_updated")


def test_event_outside_the_triggers_does_not_start() -> None:
    verdict = judge(triggers=Triggers(events=("consultation_completed",)), facts=Facts(), event="new_contact")

    assert not verdict.matched
    assert describe.because(verdict.because) == "starts with “consultation completed”, not with a new contact"


def test_manual_trigger_is_judged_like_a_new_contact() -> None:
    verdict = judge(triggers=Triggers(events=ARRIVAL), facts=Facts(), event="manual_trigger")

    assert verdict.matched


def test_manual_trigger_does_not_start_a_named_business_event() -> None:
    verdict = judge(triggers=Triggers(events=("consultation_completed",)), facts=Facts(), event="manual_trigger")

    assert not verdict.matched


def test_any_one_of_the_contact_types_is_enough() -> None:
    triggers = Triggers(events=ARRIVAL, contact_types=("Artist", "Gallery Contact"))

    verdict = judge(triggers=triggers, facts=Facts(contact_types=("Gallery Contact",)), event="new_contact")

    assert verdict.matched
    assert describe.because(verdict.because) == "contact type Gallery Contact"


def test_a_missing_contact_type_is_named() -> None:
    triggers = Triggers(events=ARRIVAL, contact_types=("Artist", "Gallery Contact"))

    verdict = judge(triggers=triggers, facts=Facts(contact_types=("Business Contact",)), event="new_contact")

    assert not verdict.matched
    assert (
        describe.because(verdict.because)
        == "needs contact type Artist or Gallery Contact, and the contact's is Business Contact"
    )


def test_every_group_has_to_hold() -> None:
    triggers = Triggers(events=ARRIVAL, contact_types=("Artist",), lead_sources=("Event",))

    verdict = judge(
        triggers=triggers, facts=Facts(contact_types=("Artist",), lead_source="Website"), event="new_contact"
    )

    assert not verdict.matched
    assert describe.because(verdict.because) == "needs lead source Event, and the contact's is Website"


@pytest.mark.parametrize("facts", [Facts(interests=("Wellness",)), Facts(tags=("wellness",))])
def test_an_interest_or_a_tag_is_enough_whatever_its_case(facts: Facts) -> None:
    triggers = Triggers(events=ARRIVAL, interests=("wellness",), tags=("wellness",))

    assert judge(triggers=triggers, facts=facts, event="new_contact").matched


def test_without_the_interest_the_reason_names_it() -> None:
    triggers = Triggers(events=ARRIVAL, interests=("wellness",), tags=("wellness",))

    verdict = judge(triggers=triggers, facts=Facts(interests=("pottery",)), event="new_contact")

    assert describe.because(verdict.because) == "needs an interest in wellness or the tag wellness"


def test_a_workflow_of_a_brand_starts_only_for_its_contacts() -> None:
    triggers = Triggers(events=ARRIVAL, business_entity="The 7 Space")

    verdict = judge_entity(triggers=triggers, facts=Facts(business_entities=("AM Consulting",)))

    assert verdict is not None
    assert not verdict.matched
    assert describe.because(verdict.because) == "is only for contacts of The 7 Space, not of AM Consulting"


def test_a_workflow_for_any_brand_asks_for_none() -> None:
    assert judge_entity(triggers=Triggers(events=ARRIVAL), facts=Facts()) is None


def test_all_that_held_is_named() -> None:
    triggers = Triggers(events=ARRIVAL, business_entity="The 7 Space", contact_types=("Artist",))
    facts = Facts(business_entities=("The 7 Space",), contact_types=("Artist",))

    assert (
        describe.because(judge_contact(triggers=triggers, facts=facts).because)
        == "belongs to The 7 Space; contact type Artist"
    )


def test_facts_of_an_event_may_lack_anything() -> None:
    assert Facts.from_event({"lead_source": None, "tags": None}) == Facts()


words = st.lists(st.text(min_size=1, max_size=8), max_size=4).map(tuple)


@given(asked=words, present=words)
def test_a_group_matches_exactly_when_something_is_shared(asked: tuple[str, ...], present: tuple[str, ...]) -> None:
    triggers = Triggers(events=ARRIVAL, contact_types=asked)
    shared = {word.casefold() for word in asked} & {word.casefold() for word in present}

    verdict = judge(triggers=triggers, facts=Facts(contact_types=present), event="new_contact")

    assert verdict.matched == (not asked or bool(shared))
    assert describe.because(verdict.because)
